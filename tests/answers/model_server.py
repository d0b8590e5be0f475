"""An OpenAI-compatible server that does what a play says, well or badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from index.answers.endpoint import DIALECTS, Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Request:
    """What a server was asked."""

    path: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: dict[str, Any]


class Player(BaseHTTPRequestHandler):
    """Answers one request as its server's play says."""

    server: Stage
    request_body: dict[str, Any]

    def do_POST(self) -> None:
        """Keep the request, then play."""
        self.asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(
            Request(self.path, {name.lower(): value for name, value in self.headers.items()}, self.asked)
        )
        try:
            self.server.play(self)
        except ConnectionError:
            self.server.left.set()

    def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        """Send the head of an answer."""
        self.send_response(status)
        for name, value in {"content-type": kind, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send(self, data: str | bytes) -> None:
        """Send as it is, at once."""
        data = data.encode() if isinstance(data, str) else data
        self.wfile.write(data)
        self.server.sent += len(data)

    def event(self, event: Any) -> None:
        """Send an event."""
        self.send(f"data: {json.dumps(event)}\n\n")

    def say(self, *texts: str, finish: str | None = None) -> None:
        """Send an event for each text, and one with the reason for the end, where there is one."""
        for text in texts:
            self.event(chunk({"content": text}))
        if finish:
            self.event(chunk({}, finish))

    def hang(self) -> None:
        """Neither say anything more nor hang up, until the reader does or the play is over."""
        self.connection.settimeout(0.05)
        while not self.server.over.is_set():
            try:
                if not self.connection.recv(1):
                    raise ConnectionResetError
            except TimeoutError:
                continue

    def repeat(self, data: str | bytes, pause: float = 0.0) -> None:
        """Send the same again and again, until the reader has had enough or the play is over."""
        while not self.server.over.wait(pause):
            self.send(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing of it."""


Play = Callable[[Player], None]


class Stage(ThreadingHTTPServer):
    """Where a play is given, once for each request."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, play: Play) -> None:
        super().__init__(("127.0.0.1", 0), Player)
        self.play = play
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.requests: list[Request] = []
        self.sent = 0
        """Bytes."""
        self.left = threading.Event()
        """Whether a reader has hung up before the end."""
        self.over = threading.Event()


@contextmanager
def playing(play: Play) -> Iterator[Stage]:
    """A server in a thread of its own."""
    with Stage(play) as stage:
        threading.Thread(target=stage.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield stage
        finally:
            stage.over.set()
            stage.shutdown()


def acquaint(stage: Stage, model: str = "m") -> None:
    """Let the model of a server be known for one without thoughts: its words are passed on as they come."""
    DIALECTS.set(stage.url, model, Dialect(marks_thoughts=True))


def chunk(delta: Any, finish: str | None = None) -> dict[str, Any]:
    """An event of a chat completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
