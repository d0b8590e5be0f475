"""Attempts to read, detect and delete the server's files, and to make it request other servers."""

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
    recording_server,
    upload_event,
)
from tests.attack.outcomes import Attack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor


# Attempts to read, detect and delete the server's files through the events of the page.

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


# Attempts to read the server's files through URLs and names, and to make it request other servers.


def _read_through_routes(server: Server, trial: Trial) -> None:
    """Put paths into the URLs of every route that serves files."""
    with server.visitor() as visitor:
        trial.works("The page's own script is given.", visitor.get("/ui/page.js").status_code == 200)
        canary, temporary_canary = new_canary(server.outside), new_canary(server.home / "temporary")
        secrets = {
            "a canary": (str(canary.path), canary.word.encode()),
            "a file of the temporary folder": (str(temporary_canary.path), temporary_canary.word.encode()),
            "the environment": ("/proc/self/environ", server.secret.encode()),
            "the catalog": (str(server.library / "catalog.db"), b"SQLite format 3"),
            "the log": (str(server.home / "log"), b"uvicorn"),
        }
        for label, (path, secret) in secrets.items():
            for path_form in _TARGETS:
                target = path_form.format(
                    path=path, dots=f"{'../' * 12}{path[1:]}", encoded_dots=f"{'..%2f' * 12}{path[1:]}"
                )
                reply = visitor.raw_request("GET", target, seconds=10)
                trial.holds(f"{path_form} does not give {label}.", secret not in reply.body, reply)
                leak = server.leak(reply.text.replace(path, "").replace(path[1:], ""))
                trial.holds(f"{path_form} reveals no folder of the server.", not leak, leak)


_TARGETS = (
    "/gradio_api/file={path}",
    "/file={path}",
    "/gradio_api/file/{path}",
    "/gradio_api/file={dots}",
    "/gradio_api/file=file://{path}",
    "/gradio_api/stream/{path}",
    "/gradio_api/stream/x/y/1/playlist-file?path={path}",
    "/gradio_api/proxy=file://{path}",
    "/gradio_api/custom_component/x/client/{encoded_dots}/y",
    "/proxy=file://{path}",
    "/static/{dots}",
    "/static/{encoded_dots}",
    "/assets/{dots}",
    "/assets/{encoded_dots}",
    "/svelte/{encoded_dots}",
    "/ui/{dots}",
    "/ui/{encoded_dots}",
    "/ui/{path}",
    "/ui//{path}",
    "/static//{path}",
    "/d/{encoded_dots}",
    "/?deep_link={dots}",
    "/docs/{encoded_dots}",
    "/static-offline-docs/{dots}",
    "/static-offline-docs/{encoded_dots}",
    "/v1/documents/{encoded_dots}/original",
    "/v1/documents/..%2f..%2f{encoded_dots}/text",
    "/page/questions?name={path}",
    "/page/documents/{encoded_dots}",
)


def _send_paths_as_names(server: Server, trial: Trial) -> None:
    """Send paths where the service and the tab of questions expect names, URLs and folders."""
    with server.visitor() as visitor:
        headers = visitor.page_headers
        response = visitor.post("/page/questions?name=mine.txt", content=b"Who signed the treaty?", headers=headers)
        trial.works("A file of questions is read.", "Who signed the treaty?" in response.text, response.text)
        canary = new_canary(server.outside)
        files_before = sorted(server.outside.iterdir())
        for name in (str(canary.path), f"../../../../../../..{canary.path}", f"file://{canary.path}"):
            for body in (b"", b"Who?"):
                response = visitor.post("/page/questions", params={"name": name}, content=body, headers=headers)
                trial.holds(
                    "The name of a file of questions is not read.", canary.word not in response.text, response.text
                )
            response = visitor.post("/page/batches", data={"questions": "Who?", "file": name}, headers=headers)
            trial.holds("The form of a batch reads no file.", canary.word not in response.text, response.text)
            for source in ({"folder": name}, {"folder": str(server.outside)}, {"url": f"file://{canary.path}"}):
                added = visitor.post("/v1/documents", json=source)
                trial.holds(
                    f"{next(iter(source))} of the server is refused.", 400 <= added.status_code < 500, added.text
                )
            visitor.wait_for_job(visitor.add({f"{name}.md": f"A note named like {uuid.uuid4()}.".encode()}))
            response_text = visitor.post(
                "/gradio_api/upload", files=[("files", (f"{name}.md", b"x"))], headers=headers
            ).text
            trial.holds(
                "The response to an upload names no folder.",
                not server.leak(response_text.replace(name, "")),
                response_text,
            )
        files_after = sorted(server.outside.iterdir())
        trial.holds(
            "No name makes the server write elsewhere.",
            files_before == files_after,
            set(files_after) ^ set(files_before),
        )
        trial.holds("No file was read.", not leaked_words(visitor, {canary.word}))
        path_names = [
            d["source"] for d in visitor.documents() if "/" in d["source"] and not d["source"].startswith("http")
        ]
        trial.holds("No document is named by a path.", not path_names, path_names)


def _request_other_servers(server: Server, trial: Trial) -> None:
    """Send URLs of a local server, which the attacked server must not request."""
    with server.visitor() as visitor, recording_server() as (address, requests):
        honest_upload(server, trial, visitor)
        for event in events(visitor):
            for file in (
                {"path": address, "meta": META},
                {"path": "x.txt", "url": address, "meta": META},
                {"path": "x.txt", "url": address, "meta": META, "is_stream": True},
            ):
                visitor.event(
                    event["id"],
                    [[file] if kind == "file" else file for kind in event["kinds"]] or [file],
                )
                trial.holds(f"Event {event['id']} requests no URL.", not requests, requests)
        for target in (f"/gradio_api/{name}={address}" for name in ("file", "proxy")):
            for host in ("127.0.0.1", "localhost", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]"):
                visitor.raw_request("GET", target.replace("127.0.0.1", host))
                trial.holds(f"{target.split('=', 1)[0]} requests no URL.", not requests, requests)
        for target in (f"/proxy={address}", f"/file={address}", f"/gradio_api/file/{address}"):
            visitor.raw_request("GET", target)
            trial.holds(f"{target} requests no URL.", not requests, requests)
        for url in (address, address.replace("127.0.0.1", "[::ffff:127.0.0.1]"), address.replace("http", "ftp")):
            visitor.post("/v1/documents", json={"url": url})
            trial.holds("The service requests no URL that its settings do not allow.", not requests, requests)


ATTACKS = (
    Attack("files-disk", "Read any file through the upload event", _read_files_of_disk),
    Attack("files-deletion", "Delete any file or folder through the upload event", _delete_files),
    Attack("files-existence", "Learn whether a file exists", _probe_existence),
    Attack("files-events", "Read files through every other event", _read_through_events),
    Attack("files-sessions", "Read what others have uploaded", _read_other_sessions),
    Attack("files-routes", "Read files through URLs", _read_through_routes),
    Attack("files-names", "Read files through names, folders and batches", _send_paths_as_names),
    Attack("files-requests", "Make the server request other servers", _request_other_servers),
)
