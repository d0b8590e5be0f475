"""Files that nobody may read, how an attacker names them, and how one sees whether their words got out."""

from __future__ import annotations

import json
import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.attack.visitors import jobs_begun

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor

META = {"_type": "gradio.FileData"}


@dataclass(frozen=True, slots=True)
class Canary:
    """A file that no visitor may read, with a word that occurs nowhere else. Its name is as long as all their names."""

    path: Path
    word: str


def canary(folder: Path) -> Canary:
    """A new one, which reads like an ordinary note."""
    word = f"canary{secrets.token_hex(8)}"
    path = folder / f"note{secrets.token_hex(6)}.txt"
    path.write_text(f"The keeper's password is {word}. Nobody else knows it.\n", "utf-8")
    return Canary(path, word)


def data_of(path: object, **more: object) -> dict[str, Any]:
    """What Gradio's client sends for a file."""
    return {"path": path, "meta": META, "orig_name": "notes.txt", **more}


def told_of(visitor: Visitor, index: int, data: Any, **more: Any) -> str:
    """All that an event reveals: what it says, and how the jobs that it began ended."""
    said = visitor.event(index, data, **more)
    return said + "".join(json.dumps(visitor.finished(job)) for job in jobs_begun(said))


def revealed(visitor: Visitor, words: Iterable[str]) -> set[str]:
    """Which words are in the library now, by text or by file."""
    sought, seen = set(words), set[str]()
    for document in visitor.documents():
        for part in ("original", "text"):
            content = visitor.get(f"/v1/documents/{document['id']}/{part}").text
            seen |= {word for word in sought if word in content}
    return seen


def events(visitor: Visitor) -> list[dict[str, Any]]:
    """The page's events, each with the kinds of its inputs."""
    config = visitor.get("/config").json()
    kinds = {component["id"]: component["type"] for component in config["components"]}
    return [{**event, "kinds": [kinds[i] for i in event["inputs"]]} for event in config["dependencies"]]


def upload_event(visitor: Visitor) -> int:
    """The event that takes a file."""
    return next(int(event["id"]) for event in events(visitor) if "file" in event["kinds"])


def honest_upload(server: Server, trial: Trial, visitor: Visitor) -> list[str]:
    """A control: a file that was uploaded in this session is added. Gives what the upload said."""
    word = f"honest{secrets.token_hex(6)}"
    content = f"The honest visitor wrote {word} in the log of the lighthouse.".encode()
    paths = visitor.upload(f"{word}.txt", content)
    said = told_of(visitor, upload_event(visitor), [[data_of(path, orig_name=f"{word}.txt") for path in paths]])
    trial.works("A file that was uploaded in this session is added.", revealed(visitor, {word}), said)
    trial.holds("The response to an upload names no folder of the server.", not server.leak(json.dumps(paths)), paths)
    trial.holds("The event of an upload names no folder of the server.", not server.leak(said), server.leak(said))
    return paths


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server that notes who asks for what; gives its address and its notes."""
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Whatever is asked, it is noted."""
            asked.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"The inner server speaks.")

        do_HEAD = do_POST = do_GET  # noqa: N815  names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with serving_in_thread(Listener) as address:
        yield f"{address}/inner.txt", asked


@contextmanager
def serving_in_thread(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve from a thread of this process; gives the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
