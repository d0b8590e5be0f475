"""A fake OpenAI-compatible server. A play, which is a function of the test, decides what it sends."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from index.answers.writer.endpoint import DIALECTS, Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Request:
    """One request that the server received."""

    path: str
    headers: dict[str, str]
    """The names are in lower case."""
    body: dict[str, Any]


class Player(BaseHTTPRequestHandler):
    """Handles one request by calling the play of its server."""

    server: Stage
    request_body: dict[str, Any]

    def do_POST(self) -> None:
        """Record the request, then call the play."""
        self.request_body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(
            Request(self.path, {name.lower(): value for name, value in self.headers.items()}, self.request_body)
        )
        try:
            self.server.play(self)
        except ConnectionError:
            self.server.left.set()

    def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        """Send the status line and the headers."""
        self.send_response(status)
        for name, value in {"content-type": kind, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send(self, data: str | bytes) -> None:
        """Send the data unchanged and at once."""
        data = data.encode() if isinstance(data, str) else data
        self.wfile.write(data)
        self.server.sent += len(data)

    def event(self, event: Any) -> None:
        """Send one server-sent event."""
        self.send(f"data: {json.dumps(event)}\n\n")

    def say(self, *texts: str, finish: str | None = None) -> None:
        """Send one event for each text, and then the finish reason, if there is one."""
        for text in texts:
            self.event(chunk({"content": text}))
        if finish:
            self.event(chunk({}, finish))

    def hang(self) -> None:
        """Send nothing more, and keep the connection open until the client closes it or the test ends."""
        self.connection.settimeout(0.05)
        while not self.server.over.is_set():
            try:
                if not self.connection.recv(1):
                    raise ConnectionResetError
            except TimeoutError:
                continue

    def repeat(self, data: str | bytes, pause: float = 0.0) -> None:
        """Send the same data again and again, until the client disconnects or the test ends."""
        while not self.server.over.wait(pause):
            self.send(data)

    def log_message(self, *_: Any) -> None:
        """Keep the log empty."""


Play = Callable[[Player], None]


class Stage(ThreadingHTTPServer):
    """A threaded server that calls its play once for each request."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, play: Play) -> None:
        super().__init__(("127.0.0.1", 0), Player)
        self.play = play
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.requests: list[Request] = []
        self.sent = 0
        """The number of bytes sent."""
        self.left = threading.Event()
        """Set when a client hangs up before the end of a response."""
        self.over = threading.Event()
        """Set when the test ends."""
        self._make_unknown()

    def _make_unknown(self) -> None:
        """Forget what this process learnt about an earlier test's server, which may have had the same port."""
        for url, model in list(DIALECTS._dialects):
            if urlsplit(url).port == self.server_port:
                DIALECTS.set(url, model, Dialect())

    def run(self) -> None:
        """Accept connections until the test ends, without polling, so that the server stops at once."""
        while not self.over.is_set():
            self.handle_request()

    def stop(self) -> None:
        """End all plays, and wake the thread that accepts connections."""
        self.over.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.server_port), timeout=1).close()

    def verify_request(self, *_: Any) -> bool:
        """Reject the connection that only wakes the server."""
        return not self.over.is_set()


@contextmanager
def playing(play: Play) -> Iterator[Stage]:
    """Run a server with this play in a thread, and stop it at the end."""
    with Stage(play) as stage:
        thread = threading.Thread(target=stage.run, daemon=True)
        thread.start()
        try:
            yield stage
        finally:
            stage.stop()
            thread.join()


def acquaint(stage: Stage, model: str = "m") -> None:
    """Record that the server's model marks its thoughts, so that its words are passed on as they arrive."""
    DIALECTS.set(stage.url, model, Dialect(marks_thoughts=True))


def chunk(delta: Any, finish: str | None = None) -> dict[str, Any]:
    """Return one event of a chat completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def sends_status(code: int, body: str | bytes = "", kind: str = "application/json", **headers: str) -> Play:
    """Return a play that responds with this status and body."""

    def play(player: Player) -> None:
        player.begin(code, kind, **headers)
        player.send(body)

    return play


def sends_parts(*parts: str | bytes, kind: str = "text/event-stream") -> Play:
    """Return a play that sends a good response, whose body is these parts."""

    def play(player: Player) -> None:
        player.begin(200, kind)
        for part in parts:
            player.send(part)

    return play


def sends_texts(*texts: str, finish: str | None = "stop") -> Play:
    """Return a play that streams these pieces."""

    def play(player: Player) -> None:
        player.begin()
        player.say(*texts, finish=finish)

    return play


def sends_events(*events: Any) -> Play:
    """Return a play that streams these events."""

    def play(player: Player) -> None:
        player.begin()
        for event in events:
            player.event(event)

    return play


def sends_forever(data: str, *, pause: float = 0.0, status: int = 200, kind: str = "text/event-stream") -> Play:
    """Return a play that sends the same data without end."""

    def play(player: Player) -> None:
        player.begin(status, kind)
        player.repeat(data, pause)

    return play
