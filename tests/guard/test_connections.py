"""Connections without a complete request, to a real server."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import anyio.to_thread
import pytest
import uvicorn

from index.server.guard import body as body_module
from index.server.guard.middleware import Guard
from index.settings import Settings
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

SETTINGS = Settings(header_seconds=0.5, body_seconds=0.5, max_client_connections=5)
SHORT_BODY = SETTINGS.model_copy(update={"body_seconds": 0.1})
"""The time limits for reading a response derive from `body_seconds`, too."""
SHORT_HEADER = SETTINGS.model_copy(update={"header_seconds": 0.1})
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = WHOLE[:-4]
TIMEOUT = 20.0
LARGE = b"x" * 2_000_000


class Inner:
    """An application that reads the body and then answers.

    Below `/events` the second part of the response waits for an event.
    `/large` is a response that is larger than the system's buffers for a client that does not read.
    """

    def __init__(self) -> None:
        self.may_go_on = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        while (message := await receive())["type"] == "http.request" and message.get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"transfer-encoding", b"chunked")]})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        if scope["path"] == "/events":
            await anyio.to_thread.run_sync(self.may_go_on.wait)
        if scope["path"] == "/large":
            await send({"type": "http.response.body", "body": LARGE, "more_body": True})
        await send({"type": "http.response.body", "body": b"last"})


@contextmanager
def served(inner: Inner, settings: Settings = SETTINGS) -> Iterator[tuple[str, int]]:
    """Run a server configured as by `pincite serve` and give its address."""
    config = uvicorn.Config(
        Guard(inner, settings=settings),
        http=body_module.protocol(settings),
        log_level="error",
        lifespan="off",
        proxy_headers=False,
        timeout_keep_alive=1,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield listener.getsockname()
        finally:
            inner.may_go_on.set()
            server.should_exit = True
            thread.join(10)


def read_to_end(connection: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def read_response(connection: socket.socket) -> bytes:
    """Read the rest of a chunked response."""
    received = b""
    while not received.endswith(b"0\r\n\r\n"):
        part = connection.recv(65536)
        assert part, received
        received += part
    return received


def connect(address: tuple[str, int]) -> socket.socket:
    """Connect with a timeout, so that no test hangs."""
    return socket.create_connection(address, timeout=TIMEOUT)


def connect_without_reading(address: tuple[str, int], request: bytes) -> socket.socket:
    """Send a request on a connection with a small buffer and do not read the response."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(TIMEOUT)
    connection.connect(address)
    connection.sendall(request)
    return connection


def read_slowly(connection: socket.socket, bytes_per_second: int) -> int:
    """Return how many bytes arrive until the server closes or resets the connection."""
    size = 0
    with suppress(ConnectionResetError):
        while part := connection.recv(bytes_per_second // 20):
            size += len(part)
            time.sleep(len(part) / bytes_per_second)
    return size


def test_incomplete_header_is_answered_with_408() -> None:
    """The client gets a response, because it has started a request."""
    with served(Inner()) as address, connect(address) as connection:
        connection.sendall(HALF)
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower()
    assert json.loads(body)["status"] == 408


def test_slow_header_is_ended_at_the_time_limit() -> None:
    """Further bytes do not extend the time."""
    with (
        served(Inner(), SHORT_HEADER) as address,
        connect(address) as connection,
    ):
        connection.sendall(HALF)
        with pytest.raises(OSError):  # noqa: PT012 - until the server has closed the connection
            for _ in range(int(TIMEOUT / 0.05)):
                connection.sendall(b"X-Slow: 1\r\n")
                time.sleep(0.05)


def test_silent_connection_is_closed_without_a_response() -> None:
    """Browsers open connections in advance."""
    with (
        served(Inner(), SHORT_HEADER) as address,
        connect(address) as connection,
    ):
        assert read_to_end(connection) == b""


def test_each_request_on_a_connection_has_its_own_time_limit() -> None:
    """The time of the first request does not end the second."""
    with served(Inner()) as address, connect(address) as connection:
        for _ in range(3):
            connection.sendall(HALF)
            time.sleep(0.2)
            connection.sendall(b"\r\n\r\n")
            assert read_response(connection).startswith(b"HTTP/1.1 200 ")


def test_pipelined_requests_are_answered() -> None:
    """The second header has arrived before the first response is complete."""
    with served(Inner()) as address, connect(address) as connection:
        connection.sendall(WHOLE * 3)
        assert read_to_end(connection).count(b"HTTP/1.1 200 ") == 3


def test_event_stream_is_not_limited_in_time() -> None:
    """It lasts as long as the application wants."""
    inner = Inner()
    with served(inner, SHORT_BODY) as address, connect(address) as connection:
        connection.sendall(WHOLE.replace(b"/healthz", b"/events"))
        assert connection.recv(65536)
        time.sleep(0.7)
        inner.may_go_on.set()
        assert read_response(connection).endswith(b"last\r\n0\r\n\r\n")


@pytest.mark.parametrize("length", [b"Content-Length: 1000000", b"Transfer-Encoding: chunked"])
def test_stalled_body_is_answered_with_408(length: bytes) -> None:
    """The response says why the connection ends."""
    head = b"POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with served(Inner(), SHORT_BODY) as address, connect(address) as connection:
        connection.sendall(head + length + b"\r\n\r\n")
        assert read_to_end(connection).startswith(b"HTTP/1.1 408 ")


def test_refused_body_is_drained_for_a_limited_time() -> None:
    """A client that is still sending gets its response, but cannot send forever."""
    head = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n"
    with served(Inner(), SHORT_BODY) as address, connect(address) as connection:
        connection.sendall(head)
        received = b""
        with pytest.raises(OSError):  # noqa: PT012 - until the server has closed the connection
            for _ in range(int(TIMEOUT / 0.02)):
                connection.sendall(b"x" * 1000)
                connection.setblocking(False)
                with suppress(BlockingIOError):
                    received += connection.recv(65536)
                connection.settimeout(TIMEOUT)
                time.sleep(0.02)
        assert received.startswith(b"HTTP/1.1 413 ")


def test_excess_idle_connections_of_a_client_are_closed() -> None:
    """They close after a second; connections with a request stay, and new requests are served meanwhile."""
    inner = Inner()
    patient = SETTINGS.model_copy(update={"header_seconds": 60.0})
    with served(inner, patient) as address, ExitStack() as stack:
        streaming = stack.enter_context(connect(address))
        streaming.sendall(WHOLE.replace(b"/healthz", b"/events"))
        assert streaming.recv(65536)
        waiting = [stack.enter_context(connect(address)) for _ in range(20)]
        for connection in waiting[::2]:
            connection.sendall(HALF)
        with connect(address) as connection:
            connection.sendall(WHOLE)
            assert read_response(connection).startswith(b"HTTP/1.1 200 ")
        for connection in waiting[:15]:
            read_to_end(connection)
        for connection in waiting[15:]:
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(1)
        inner.may_go_on.set()
        assert read_response(streaming).endswith(b"last\r\n0\r\n\r\n")


def test_trusted_proxy_may_open_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """It connects for all of its visitors."""
    monkeypatch.setattr(body_module, "_GRACE_SECONDS", 0.2)
    settings = SETTINGS.model_copy(update={"header_seconds": 60.0, "trusted_proxies": ("127.0.0.1",)})
    with served(Inner(), settings) as address, ExitStack() as stack:
        sockets = [stack.enter_context(connect(address)) for _ in range(20)]
        time.sleep(0.5)
        for connection in sockets:
            connection.sendall(WHOLE)
            assert read_response(connection).startswith(b"HTTP/1.1 200 ")


def test_unread_response_is_discarded() -> None:
    """It would otherwise stay in memory for as long as the client likes, with keep-alive or without."""
    kept_alive = WHOLE.replace(b"/healthz", b"/large")
    closed = kept_alive[:-2] + b"Connection: close\r\n\r\n"
    with served(Inner(), SHORT_BODY) as address, ExitStack() as stack:
        opened = [stack.enter_context(connect_without_reading(address, request)) for request in (kept_alive, closed)]
        time.sleep(1.0)  # a client may read nothing for 0.2 s
        for connection in opened:
            assert read_slowly(connection, 10_000_000) < len(LARGE)


def test_slowly_read_response_arrives_completely() -> None:
    """It takes longer than the time limit here."""
    request = WHOLE[:-2].replace(b"/healthz", b"/large") + b"Connection: close\r\n\r\n"
    with served(Inner()) as address, connect_without_reading(address, request) as connection:
        assert read_slowly(connection, 1_400_000) > len(LARGE)
