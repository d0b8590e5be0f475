"""Attempts to read, detect and delete the server's files through the events of the page."""

from __future__ import annotations

import json
import os
import re
import secrets
import uuid
from typing import TYPE_CHECKING, Any

from tests.attack.canaries import (
    META,
    event_output,
    events,
    file_data,
    honest_upload,
    leaked_words,
    new_canary,
    upload_event,
)
from tests.attack.outcomes import Attack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor

_CHANGING_PARTS = re.compile(
    r'[0-9a-f]{32}|"[a-z_]*(?:duration|time|eta)":[0-9.e-]+|"rank[a-z_]*":[^,}]+|"queue_size":\d+'
)


def _read_files_of_disk(server: Server, trial: Trial) -> None:
    """Send paths of other files to the event that takes uploads."""
    with server.visitor() as visitor:
        handles_of_upload = honest_upload(server, trial, visitor)
        index, words = upload_event(visitor), {server.secret}
        for label, path, word in _paths(server, handles_of_upload):
            words.add(word)
            output = event_output(visitor, index, [[file_data(path)]])
            trial.holds(f"{label} is not read.", word not in output and '"added": ["' not in output, output)
            leak = server.leak(output.replace(path, ""))
            trial.holds(f"{label}: the refusal reveals no folder of the server.", not leak, leak)
        for label, shape in _SHAPES.items():
            canary = new_canary(server.outside)
            words.add(canary.word)
            output = event_output(visitor, index, [shape(str(canary.path))])
            trial.holds(f"A file given as {label} is not read.", canary.word not in output, output)
            leak = server.leak(output.replace(str(canary.path), ""))
            trial.holds(f"A file given as {label}: the refusal reveals no folder of the server.", not leak, leak)
        leaked = leaked_words(visitor, words)
        trial.holds("None of these files can be fetched afterwards.", not leaked, f"{len(leaked)} of {len(words)}")


def _paths(server: Server, handles_of_upload: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield ways to name a file outside the upload folder: a label, the path and the secret word."""
    for label, form in {
        "An absolute path": "{}",
        "A path with dots": "/proc/../{}",
        "A path through /proc": "/proc/self/root{}",
        "A file: address": "file://{}",
        "A file: address with a host": "file://localhost{}",
        "A path that Gradio serves": "/gradio_api/file={}",
        "A path with a NUL": "{}\0.txt",
        "A path with spaces around it": " {} ",
    }.items():
        canary = new_canary(server.outside)
        yield label, form.format(canary.path), canary.word
    yield "The environment", "/proc/self/environ", server.secret
    yield "The environment by number", f"/proc/{server.pid}/environ", server.secret
    canary, local_canary = new_canary(server.outside), new_canary(server.home / "working")
    yield "A relative path", os.path.relpath(canary.path, server.home / "working"), canary.word
    yield "A bare name in the working folder", local_canary.path.name, local_canary.word
    yield "A file of the library's folder", str(new_canary(server.library).path), "keeper's password"
    yield from _paths_beside_upload(server, handles_of_upload)


def _paths_beside_upload(server: Server, handles_of_upload: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield links and dots in the folder of the uploads, even if the server does not reveal that folder."""
    name = handles_of_upload[0].rsplit("/", 1)[-1] if handles_of_upload else "honest.txt"
    linked_canary, inner_canary = new_canary(server.outside), new_canary(server.outside)
    for stored in [path for path in server.home.rglob("honest*.txt") if path.is_file() and not path.is_symlink()]:
        link, folder = (stored.with_name(f"{kind}-{stored.stem}.txt") for kind in ("link", "folder"))
        link.symlink_to(linked_canary.path)
        yield "A symbolic link", str(link), linked_canary.word
        folder.symlink_to(inner_canary.path.parent, target_is_directory=True)
        yield "A linked folder", str(folder / inner_canary.path.name), inner_canary.word
    for path in handles_of_upload:
        canary = new_canary(server.outside)
        yield "Dots behind an upload", f"{path}/../../../../../../../../../../..{canary.path}", canary.word
        yield "A link beside an upload", f"{path.removesuffix(name)}link-{name}", linked_canary.word


_SHAPES: dict[str, Any] = {
    "one file, not a list": file_data,
    "plain text": lambda path: path,
    "a list of texts": lambda path: [path],
    "an object without a mark": lambda path: [{"path": path}],
    "a stream": lambda path: [file_data(path, is_stream=True)],
    "an address": lambda path: [{"path": "", "url": f"file://{path}", "meta": META}],
    "a path beside an address": lambda path: [file_data(path, url="http://127.0.0.1/nothing")],
    "a name": lambda path: [file_data("", orig_name=path)],
    "an object within an object": lambda path: {"files": [file_data(path)], "value": file_data(path)},
    "a list within lists": lambda path: [[[file_data(path)]]],
    "the second of two": lambda path: [file_data("nothing.txt"), file_data(path)],
}


def _delete_files(server: Server, trial: Trial) -> None:
    """Make the server take files and folders for uploads, which it removes after reading them."""
    with server.visitor() as visitor:
        honest_upload(server, trial, visitor)
        index, working = upload_event(visitor), server.home / "working"
        for label, options in _FLAGS.items():
            for kind in ("file", "folder", "nothing", "dot"):
                folder = (server.outside if kind in ("file", "folder") else working) / f"doomed{uuid.uuid4().hex[:8]}"
                folder.mkdir()
                protected = new_canary(folder).path
                path = {"file": str(protected), "folder": str(folder), "nothing": "", "dot": "."}[kind]
                output = event_output(visitor, index, [[file_data(path, **options)]], seconds=5)
                trial.holds(f"A {kind} given {label} is not removed.", protected.is_file(), output)


_FLAGS: dict[str, dict[str, object]] = {
    "as a file": {},
    "as a stream": {"is_stream": True},
    "as a stream with an address": {"is_stream": True, "url": "http://127.0.0.1/x"},
}


def _probe_existence(server: Server, trial: Trial) -> None:
    """Look for differences between the responses for existing and for missing files."""
    with server.visitor() as visitor:
        honest_upload(server, trial, visitor)
        index = upload_event(visitor)
        existing, folder = new_canary(server.outside).path, server.outside / "folder"
        unreadable, missing = new_canary(server.outside).path, existing.with_name(f"miss{existing.name[4:]}")
        folder.mkdir(exist_ok=True)
        unreadable.chmod(0)
        path_pairs = {
            "a file": (existing, missing),
            "a stream": (existing, missing),
            "a folder": (folder, server.outside / "nowher"),
            "a file that is closed to all": (unreadable, missing),
            "a file of the server": (server.library / "catalog.db", server.library / "catalox.db"),
            "a process": (f"/proc/{server.pid}/environ", f"/proc/{server.pid}/envirox"),
            "a file by a link": (f"/proc/self/root{existing}", f"/proc/self/root{missing}"),
            "a file below a file": (existing / "x", missing / "x"),
        }
        for label, (present, absent) in path_pairs.items():
            options = {"is_stream": True} if label == "a stream" else {}
            of_existing, of_missing = (
                _normalised(event_output(visitor, index, [[file_data(str(path), **options)]]), str(path))
                for path in (present, absent)
            )
            trial.holds(
                f"The response does not reveal whether {label} exists.",
                of_existing == of_missing,
                f"{of_existing} AND {of_missing}",
            )
        existing = new_canary(server.outside).path
        _expect_equal_refusals(visitor, trial, existing, existing.with_name(f"miss{existing.name[4:]}"))
        pipe = server.outside / f"pipe{uuid.uuid4().hex}"
        os.mkfifo(pipe)
        output = event_output(visitor, index, [[file_data(str(pipe))]], seconds=5)
        trial.holds("A named pipe is not opened.", not _is_open_for_reading(pipe), output)


def _expect_equal_refusals(visitor: Visitor, trial: Trial, existing: Path, missing: Path) -> None:
    for route in ("/gradio_api/file=", "/file=", "/gradio_api/file/"):
        of_existing, of_missing = (visitor.raw_request("GET", f"{route}{path}") for path in (existing, missing))
        same = of_existing.status == of_missing.status and _normalised(of_existing.text, str(existing)) == _normalised(
            of_missing.text, str(missing)
        )
        trial.holds(f"{route} does not say whether a file exists.", same, f"{of_existing} AND {of_missing}")


def _normalised(output: str, path: str) -> str:
    """Return a response without the parts that always differ and without the path that the attacker sent."""
    output = re.sub(r"(?m)^(date|x-request-id): .*$", "", output)
    return _CHANGING_PARTS.sub("", output.replace(path, "FILE").replace(path.rsplit("/", 1)[-1], "FILE"))


def _is_open_for_reading(pipe: Path) -> bool:
    """Whether a reader waits at the other end of the pipe; if so, release it."""
    try:
        writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    os.close(writer)
    return True


def _read_through_events(server: Server, trial: Trial) -> None:
    """Send a file to every input of every event and of every endpoint of Gradio's API."""
    with server.visitor() as visitor:
        honest_upload(server, trial, visitor)
        words = set[str]()
        for event in events(visitor):
            canary = new_canary(server.outside)
            words.add(canary.word)
            file = file_data(str(canary.path))
            data = [[file] if kind == "file" else file for kind in event["kinds"]] or [file]
            output = event_output(visitor, event["id"], data, seconds=10)
            trial.holds(f"Event {event['id']} reveals no file.", canary.word not in output, output)
            leak = server.leak(output.replace(str(canary.path), ""))
            trial.holds(f"Event {event['id']} reveals no folder of the server.", not leak, leak)
            for route in ("call", "run", "api"):
                body = json.dumps({"data": data, "fn_index": event["id"], "session_hash": uuid.uuid4().hex}).encode()
                output = _call_output(visitor, f"/gradio_api/{route}/{event['api_name']}", body)
                trial.holds(f"{route}/{event['api_name']} reveals no file.", canary.word not in output, output)
        for name in ("question", "documents"):
            canary = new_canary(server.outside)
            words.add(canary.word)
            body = json.dumps({"question": "Who signed?", name: file_data(str(canary.path))}).encode()
            output = _call_output(visitor, "/gradio_api/call/v2/ask", body)
            trial.holds(f"call/v2/ask reveals no file given as {name}.", canary.word not in output, output)
        trial.holds(
            "None of these files can be fetched afterwards.", not (leaked := leaked_words(visitor, words)), leaked
        )


def _call_output(visitor: Visitor, target: str, body: bytes) -> str:
    """Call an endpoint of Gradio's API and return the response with the stream of its event."""
    headers = [*visitor.page_headers.items()]
    reply = visitor.raw_request("POST", target, [("Content-Type", "application/json"), *headers], body)
    started = re.search(r'"event_id": ?"([0-9a-f]+)"', reply.text)
    if not started:
        return reply.text
    with visitor.stream("GET", f"{target}/{started[1]}", timeout=10) as stream:
        return reply.text + "".join(line for line, _ in zip(stream.iter_lines(), range(20), strict=False))


def _read_other_sessions(server: Server, trial: Trial) -> None:
    """Request another visitor's upload, by its handle or by its path on the disk."""
    with server.visitor() as victim, server.visitor("127.0.0.3") as attacker:
        attacker.get("/")
        word, name = f"private{secrets.token_hex(8)}", f"salary-{secrets.token_hex(4)}.txt"
        handles = victim.upload(name, f"My salary is {word} crowns.".encode())
        trial.works("The victim's upload is taken.", handles)
        stored = [str(path) for path in server.home.rglob(name)]
        index = upload_event(attacker)
        for path in dict.fromkeys([*handles, *stored]):
            for route in ("/gradio_api/file=", "/file=", "/gradio_api/stream/", "/gradio_api/file/"):
                reply = attacker.raw_request("GET", f"{route}{path}")
                trial.holds(f"{route} gives no upload of another session.", word not in reply.text, reply)
            output = event_output(attacker, index, [[file_data(path, orig_name="mine.txt")]])
            trial.holds(
                "Another session's upload is not added.", '"added": ["' not in output and word not in output, output
            )
        trial.holds("Nothing of it is in the library.", not leaked_words(attacker, {word}))
        output = event_output(victim, index, [[file_data(path, orig_name=name) for path in handles]])
        trial.works("The victim's upload can still be added by the victim.", leaked_words(victim, {word}), output)


ATTACKS = (
    Attack("files-disk", "Read any file through the upload event", _read_files_of_disk),
    Attack("files-deletion", "Delete any file or folder through the upload event", _delete_files),
    Attack("files-existence", "Learn whether a file exists", _probe_existence),
    Attack("files-events", "Read files through every other event", _read_through_events),
    Attack("files-sessions", "Read what others have uploaded", _read_other_sessions),
)
