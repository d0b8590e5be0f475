"""Connections without a complete request, to a real server."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio.to_thread
import pytest
import uvicorn

from index.server.guard.middleware import Guard, protocol
from index.settings import Settings
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

SETTINGS = Settings(header_seconds=0.5, body_seconds=0.1)
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = WHOLE[:-4]
TIMEOUT = 20.0


class Inner:
    """An application that reads the body and then answers.

    Below `/events` the second part of the response waits for an event.
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
        await send({"type": "http.response.body", "body": b"last"})


@pytest.fixture(scope="module")
def inner() -> Inner:
    """The application of the server."""
    return Inner()


@pytest.fixture(scope="module")
def address(inner: Inner) -> Iterator[tuple[str, int]]:
    """The address of a server that is configured as by `pincite serve`."""
    config = uvicorn.Config(
        Guard(inner, settings=SETTINGS),
        http=protocol(SETTINGS),
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


def test_incomplete_header_is_answered_with_408(address: tuple[str, int]) -> None:
    """The client has started a request; connections that browsers open in advance get no response."""
    with connect(address) as connection:
        connection.sendall(HALF)
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower()
    assert json.loads(body)["status"] == 408
    with connect(address) as connection:
        assert read_to_end(connection) == b""


def test_slow_header_is_ended_at_the_time_limit(address: tuple[str, int]) -> None:
    """Further bytes do not extend the time."""
    with connect(address) as connection:
        connection.sendall(HALF)
        with pytest.raises(OSError):  # noqa: PT012 - until the server has closed the connection
            for _ in range(int(TIMEOUT / 0.05)):
                connection.sendall(b"X-Slow: 1\r\n")
                time.sleep(0.05)


def test_each_request_on_a_connection_has_its_own_time_limit(address: tuple[str, int]) -> None:
    """The time of the first request does not end the second."""
    with connect(address) as connection:
        for _ in range(3):
            connection.sendall(HALF)
            time.sleep(0.2)
            connection.sendall(b"\r\n\r\n")
            assert read_response(connection).startswith(b"HTTP/1.1 200 ")


def test_pipelined_requests_are_answered(address: tuple[str, int]) -> None:
    """The second header has arrived before the first response is complete."""
    with connect(address) as connection:
        connection.sendall(WHOLE * 3)
        assert read_to_end(connection).count(b"HTTP/1.1 200 ") == 3


def test_event_stream_is_not_limited_in_time(address: tuple[str, int], inner: Inner) -> None:
    """It lasts as long as the application wants."""
    with connect(address) as connection:
        connection.sendall(WHOLE.replace(b"/healthz", b"/events"))
        assert connection.recv(65536)
        time.sleep(0.7)
        inner.may_go_on.set()
        assert read_response(connection).endswith(b"last\r\n0\r\n\r\n")


@pytest.mark.parametrize("length", [b"Content-Length: 1000000", b"Transfer-Encoding: chunked"])
def test_stalled_body_is_answered_with_408(address: tuple[str, int], length: bytes) -> None:
    """The response says why the connection ends."""
    head = b"POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with connect(address) as connection:
        connection.sendall(head + length + b"\r\n\r\n")
        assert read_to_end(connection).startswith(b"HTTP/1.1 408 ")


def test_refused_body_is_drained_for_a_limited_time(address: tuple[str, int]) -> None:
    """A client that is still sending gets its response, but cannot send forever."""
    head = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n"
    with connect(address) as connection:
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
