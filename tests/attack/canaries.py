"""Files that no visitor may read, the ways in which attackers name them, and the search for their words."""

from __future__ import annotations

import json
import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.attack.visitors import started_jobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor

META = {"_type": "gradio.FileData"}


@dataclass(frozen=True, slots=True)
class Canary:
    """A file that no visitor may read, with a word that occurs nowhere else. All canaries have names of one length."""

    path: Path
    word: str


def new_canary(folder: Path) -> Canary:
    """Write a new canary, which reads like an ordinary note."""
    word = f"canary{secrets.token_hex(8)}"
    path = folder / f"note{secrets.token_hex(6)}.txt"
    path.write_text(f"The keeper's password is {word}. Nobody else knows it.\n", "utf-8")
    return Canary(path, word)


def file_data(path: object, **more: object) -> dict[str, Any]:
    """Return the JSON that Gradio's client sends for a file."""
    return {"path": path, "meta": META, "orig_name": "notes.txt", **more}


def event_output(visitor: Visitor, index: int, data: Any, **more: Any) -> str:
    """Return everything that an event reveals: its stream and the final state of the jobs that it started."""
    output = visitor.event(index, data, **more)
    return output + "".join(json.dumps(visitor.wait_for_job(job)) for job in started_jobs(output))


def leaked_words(visitor: Visitor, words: Iterable[str]) -> set[str]:
    """Return the words that the library now contains, in a text or in an original file."""
    remaining, leaked = set(words), set[str]()
    for document in visitor.documents():
        for part in ("original", "text"):
            content = visitor.get(f"/v1/documents/{document['id']}/{part}").text
            leaked |= {word for word in remaining if word in content}
    return leaked


def events(visitor: Visitor) -> list[dict[str, Any]]:
    """Return the page's events, each with the types of its inputs."""
    config = visitor.get("/config").json()
    kinds = {component["id"]: component["type"] for component in config["components"]}
    return [{**event, "kinds": [kinds[i] for i in event["inputs"]]} for event in config["dependencies"]]


def upload_event(visitor: Visitor) -> int:
    """Return the number of the event that takes a file."""
    return next(int(event["id"]) for event in events(visitor) if "file" in event["kinds"])


def honest_upload(server: Server, trial: Trial, visitor: Visitor) -> list[str]:
    """Upload and add a file as a control: that must work. Return the handles of the upload."""
    word = f"honest{secrets.token_hex(6)}"
    content = f"The honest visitor wrote {word} in the log of the lighthouse.".encode()
    paths = visitor.upload(f"{word}.txt", content)
    output = event_output(
        visitor, upload_event(visitor), [[file_data(path, orig_name=f"{word}.txt") for path in paths]]
    )
    trial.works("A file that was uploaded in this session is added.", leaked_words(visitor, {word}), output)
    trial.holds("The response to an upload reveals no folder of the server.", not server.leak(json.dumps(paths)), paths)
    trial.holds("The event of an upload reveals no folder of the server.", not server.leak(output), server.leak(output))
    return paths


@contextmanager
def recording_server() -> Iterator[tuple[str, list[str]]]:
    """Run a server that records its requests; yields its address and the list of requests."""
    requests: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Record every request."""
            requests.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"The inner server speaks.")

        do_HEAD = do_POST = do_GET  # noqa: N815  names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with serving_in_thread(Listener) as address:
        yield f"{address}/inner.txt", requests


@contextmanager
def serving_in_thread(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve from a thread of this process; yields the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
