"""Attempts to read, find and delete the server's files through the events of the page."""

from __future__ import annotations

import json
import os
import re
import secrets
import uuid
from typing import TYPE_CHECKING, Any

from tests.attack.canaries import META, canary, data_of, events, honest_upload, revealed, told_of, upload_event
from tests.attack.outcomes import Attack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor

_VARYING = re.compile(r'[0-9a-f]{32}|"[a-z_]*(?:duration|time|eta)":[0-9.e-]+|"rank[a-z_]*":[^,}]+|"queue_size":\d+')


def _files_of_the_disk(server: Server, trial: Trial) -> None:
    """Paths of other files in the event that takes uploads."""
    with server.visitor() as visitor:
        uploaded = honest_upload(server, trial, visitor)
        index, words = upload_event(visitor), {server.secret}
        for what, path, word in _paths(server, uploaded):
            words.add(word)
            said = told_of(visitor, index, [[data_of(path)]])
            trial.holds(f"{what} is not read.", word not in said and '"added": ["' not in said, said)
            leak = server.leak(said.replace(path, ""))
            trial.holds(f"{what}: the refusal names no folder of the server.", not leak, leak)
        for what, make in _SHAPES.items():
            hidden = canary(server.outside)
            words.add(hidden.word)
            said = told_of(visitor, index, [make(str(hidden.path))])
            trial.holds(f"A file given as {what} is not read.", hidden.word not in said, said)
            leak = server.leak(said.replace(str(hidden.path), ""))
            trial.holds(f"A file given as {what}: the refusal names no folder of the server.", not leak, leak)
        seen = revealed(visitor, words)
        trial.holds("None of these files can be fetched afterwards.", not seen, f"{len(seen)} of {len(words)}")


def _paths(server: Server, uploaded: list[str]) -> Iterator[tuple[str, str, str]]:
    """Ways to name a file outside the upload folder."""
    for what, form in {
        "An absolute path": "{}",
        "A path with dots": "/proc/../{}",
        "A path through /proc": "/proc/self/root{}",
        "A file: address": "file://{}",
        "A file: address with a host": "file://localhost{}",
        "A path that Gradio serves": "/gradio_api/file={}",
        "A path with a NUL": "{}\0.txt",
        "A path with spaces around it": " {} ",
    }.items():
        hidden = canary(server.outside)
        yield what, form.format(hidden.path), hidden.word
    yield "The environment", "/proc/self/environ", server.secret
    yield "The environment by number", f"/proc/{server.pid}/environ", server.secret
    hidden, near = canary(server.outside), canary(server.home / "working")
    yield "A relative path", os.path.relpath(hidden.path, server.home / "working"), hidden.word
    yield "A bare name in the working folder", near.path.name, near.word
    yield "A file of the library's folder", str(canary(server.library).path), "keeper's password"
    yield from _beside_the_upload(server, uploaded)


def _beside_the_upload(server: Server, uploaded: list[str]) -> Iterator[tuple[str, str, str]]:
    """Links and dots from the folder in which uploads lie, whether or not the server says where that is."""
    name = uploaded[0].rsplit("/", 1)[-1] if uploaded else "honest.txt"
    linked, inner = canary(server.outside), canary(server.outside)
    for lying in [path for path in server.home.rglob("honest*.txt") if path.is_file() and not path.is_symlink()]:
        link, folder = (lying.with_name(f"{kind}-{lying.stem}.txt") for kind in ("link", "folder"))
        link.symlink_to(linked.path)
        yield "A symbolic link", str(link), linked.word
        folder.symlink_to(inner.path.parent, target_is_directory=True)
        yield "A linked folder", str(folder / inner.path.name), inner.word
    for path in uploaded:
        hidden = canary(server.outside)
        yield "Dots behind an upload", f"{path}/../../../../../../../../../../..{hidden.path}", hidden.word
        yield "A link beside an upload", f"{path.removesuffix(name)}link-{name}", linked.word


_SHAPES: dict[str, Any] = {
    "one file, not a list": data_of,
    "plain text": lambda path: path,
    "a list of texts": lambda path: [path],
    "an object without a mark": lambda path: [{"path": path}],
    "a stream": lambda path: [data_of(path, is_stream=True)],
    "an address": lambda path: [{"path": "", "url": f"file://{path}", "meta": META}],
    "a path beside an address": lambda path: [data_of(path, url="http://127.0.0.1/nothing")],
    "a name": lambda path: [data_of("", orig_name=path)],
    "an object within an object": lambda path: {"files": [data_of(path)], "value": data_of(path)},
    "a list within lists": lambda path: [[[data_of(path)]]],
    "the second of two": lambda path: [data_of("nothing.txt"), data_of(path)],
}


def _deletion(server: Server, trial: Trial) -> None:
    """Files and folders that the server is made to take for uploads: it removes those when they are read."""
    with server.visitor() as visitor:
        honest_upload(server, trial, visitor)
        index, working = upload_event(visitor), server.home / "working"
        for what, more in _FLAGS.items():
            for kind in ("file", "folder", "nothing", "dot"):
                folder = (server.outside if kind in ("file", "folder") else working) / f"doomed{uuid.uuid4().hex[:8]}"
                folder.mkdir()
                kept = canary(folder).path
                path = {"file": str(kept), "folder": str(folder), "nothing": "", "dot": "."}[kind]
                said = told_of(visitor, index, [[data_of(path, **more)]], seconds=5)
                trial.holds(f"A {kind} given {what} is not removed.", kept.is_file(), said)


_FLAGS: dict[str, dict[str, object]] = {
    "as a file": {},
    "as a stream": {"is_stream": True},
    "as a stream with an address": {"is_stream": True, "url": "http://127.0.0.1/x"},
}


def _existence(server: Server, trial: Trial) -> None:
    """Differences between what is said of files that exist and of files that do not."""
    with server.visitor() as visitor:
        honest_upload(server, trial, visitor)
        index = upload_event(visitor)
        there, folder = canary(server.outside).path, server.outside / "folder"
        closed, missing = canary(server.outside).path, there.with_name(f"miss{there.name[4:]}")
        folder.mkdir(exist_ok=True)
        closed.chmod(0)
        unlike = {
            "a file": (there, missing),
            "a stream": (there, missing),
            "a folder": (folder, server.outside / "nowher"),
            "a file that is closed to all": (closed, missing),
            "a file of the server": (server.library / "catalog.db", server.library / "catalox.db"),
            "a process": (f"/proc/{server.pid}/environ", f"/proc/{server.pid}/envirox"),
            "a file by a link": (f"/proc/self/root{there}", f"/proc/self/root{missing}"),
            "a file below a file": (there / "x", missing / "x"),
        }
        for what, (present, absent) in unlike.items():
            more = {"is_stream": True} if what == "a stream" else {}
            one, other = (
                _plain(told_of(visitor, index, [[data_of(str(path), **more)]]), str(path)) for path in (present, absent)
            )
            trial.holds(f"Of {what} nobody learns whether it exists.", one == other, f"{one} AND {other}")
        there = canary(server.outside).path
        _routes_agree(visitor, trial, there, there.with_name(f"miss{there.name[4:]}"))
        pipe = server.outside / f"pipe{uuid.uuid4().hex}"
        os.mkfifo(pipe)
        said = told_of(visitor, index, [[data_of(str(pipe))]], seconds=5)
        trial.holds("A named pipe is not opened.", not _opened(pipe), said)


def _routes_agree(visitor: Visitor, trial: Trial, there: Path, missing: Path) -> None:
    for route in ("/gradio_api/file=", "/file=", "/gradio_api/file/"):
        one, other = (visitor.bare("GET", f"{route}{path}") for path in (there, missing))
        same = one.status == other.status and _plain(one.text, str(there)) == _plain(other.text, str(missing))
        trial.holds(f"{route} does not say whether a file exists.", same, f"{one} AND {other}")


def _plain(said: str, path: str) -> str:
    """What was said, without what differs each time, and without what the attacker sent."""
    said = re.sub(r"(?m)^(date|x-request-id): .*$", "", said)
    return _VARYING.sub("", said.replace(path, "FILE").replace(path.rsplit("/", 1)[-1], "FILE"))


def _opened(pipe: Path) -> bool:
    """Whether somebody waits at the other end; if so, they are let go."""
    try:
        writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    os.close(writer)
    return True


def _every_event(server: Server, trial: Trial) -> None:
    """A file for every input of every event and of every name of the interface for programs."""
    with server.visitor() as visitor:
        honest_upload(server, trial, visitor)
        words = set[str]()
        for event in events(visitor):
            hidden = canary(server.outside)
            words.add(hidden.word)
            file = data_of(str(hidden.path))
            data = [[file] if kind == "file" else file for kind in event["kinds"]] or [file]
            said = told_of(visitor, event["id"], data, seconds=10)
            trial.holds(f"Event {event['id']} tells no file.", hidden.word not in said, said)
            leak = server.leak(said.replace(str(hidden.path), ""))
            trial.holds(f"Event {event['id']} names no folder of the server.", not leak, leak)
            for route in ("call", "run", "api"):
                body = json.dumps({"data": data, "fn_index": event["id"], "session_hash": uuid.uuid4().hex}).encode()
                told = _called(visitor, f"/gradio_api/{route}/{event['api_name']}", body)
                trial.holds(f"{route}/{event['api_name']} tells no file.", hidden.word not in told, told)
        for name in ("question", "documents"):
            hidden = canary(server.outside)
            words.add(hidden.word)
            body = json.dumps({"question": "Who signed?", name: data_of(str(hidden.path))}).encode()
            told = _called(visitor, "/gradio_api/call/v2/ask", body)
            trial.holds(f"call/v2/ask tells no file given as {name}.", hidden.word not in told, told)
        trial.holds("None of these files can be fetched afterwards.", not (seen := revealed(visitor, words)), seen)


def _called(visitor: Visitor, target: str, body: bytes) -> str:
    """A call of the interface for programs, and what its event says."""
    own = [*visitor.own.items()]
    reply = visitor.bare("POST", target, [("Content-Type", "application/json"), *own], body)
    begun = re.search(r'"event_id": ?"([0-9a-f]+)"', reply.text)
    if not begun:
        return reply.text
    with visitor.stream("GET", f"{target}/{begun[1]}", timeout=10) as stream:
        return reply.text + "".join(line for line, _ in zip(stream.iter_lines(), range(20), strict=False))


def _other_sessions(server: Server, trial: Trial) -> None:
    """What somebody else has uploaded, named as the server named it to them, or as it lies on the disk."""
    with server.visitor() as victim, server.visitor("127.0.0.3") as attacker:
        attacker.get("/")
        word, name = f"private{secrets.token_hex(8)}", f"salary-{secrets.token_hex(4)}.txt"
        named = victim.upload(name, f"My salary is {word} crowns.".encode())
        trial.works("The victim's upload is taken.", named)
        lying = [str(path) for path in server.home.rglob(name)]
        index = upload_event(attacker)
        for path in dict.fromkeys([*named, *lying]):
            for route in ("/gradio_api/file=", "/file=", "/gradio_api/stream/", "/gradio_api/file/"):
                reply = attacker.bare("GET", f"{route}{path}")
                trial.holds(f"{route} gives no upload of another session.", word not in reply.text, reply)
            said = told_of(attacker, index, [[data_of(path, orig_name="mine.txt")]])
            trial.holds("Another session's upload is not added.", '"added": ["' not in said and word not in said, said)
        trial.holds("Nothing of it is in the library.", not revealed(attacker, {word}))
        said = told_of(victim, index, [[data_of(path, orig_name=name) for path in named]])
        trial.works("The victim's upload can still be added by the victim.", revealed(victim, {word}), said)


ATTACKS = (
    Attack("files-disk", "Read any file through the upload event", _files_of_the_disk),
    Attack("files-deletion", "Delete any file or folder through the upload event", _deletion),
    Attack("files-existence", "Learn whether a file exists", _existence),
    Attack("files-events", "Read files through every other event", _every_event),
    Attack("files-sessions", "Read what others have uploaded", _other_sessions),
)
