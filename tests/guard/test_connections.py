"""Connections without a request, to a real server."""

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

from index.server.guard import connections
from index.server.guard.middleware import Guard
from index.settings import Settings
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

SETTINGS = Settings(header_seconds=0.5, body_seconds=0.5, max_client_connections=5)
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = WHOLE[:-4]
GRACE = 20.0


LARGE = b"x" * 2_000_000


class Inner:
    """Reads a body, and then answers; below `/events` in two parts, of which the second one comes late.

    `/large` is more than the system takes from a server whose client does not read.
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
    """A server as `pincite serve` has it; gives its address."""
    config = uvicorn.Config(
        Guard(inner, settings=settings),
        http=connections.protocol(settings),
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


def read(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    got = b""
    while part := connection.recv(65536):
        got += part
    return got


def until_the_end(connection: socket.socket) -> bytes:
    """The rest of a response that comes in chunks."""
    got = b""
    while not got.endswith(b"0\r\n\r\n"):
        part = connection.recv(65536)
        assert part, got
        got += part
    return got


def connect(address: tuple[str, int]) -> socket.socket:
    """A connection on which a test does not hang."""
    return socket.create_connection(address, timeout=GRACE)


def unread(address: tuple[str, int], request: bytes) -> socket.socket:
    """A connection with a small buffer, whose client has sent a request and does not read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(GRACE)
    connection.connect(address)
    connection.sendall(request)
    return connection


def read_slowly(connection: socket.socket, bytes_per_second: int) -> int:
    """How many bytes come until the server closes the connection, or resets it."""
    size = 0
    with suppress(ConnectionResetError):
        while part := connection.recv(bytes_per_second // 20):
            size += len(part)
            time.sleep(len(part) / bytes_per_second)
    return size


def test_half_a_header_is_not_waited_for() -> None:
    """The client is told; it was a request."""
    with served(Inner()) as address, connect(address) as connection:
        connection.sendall(HALF)
        head, _, body = read(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower()
    assert json.loads(body)["status"] == 408


def test_a_header_that_drips_is_not_waited_for() -> None:
    """Bytes do not extend the time."""
    with served(Inner()) as address, connect(address) as connection:
        connection.sendall(HALF)
        with pytest.raises(OSError):  # noqa: PT012 - until the server has closed the connection
            for _ in range(int(GRACE / 0.05)):
                connection.sendall(b"X-Slow: 1\r\n")
                time.sleep(0.05)


def test_a_silent_connection_is_closed() -> None:
    """Without a word: browsers open connections in advance."""
    with served(Inner()) as address, connect(address) as connection:
        assert read(connection) == b""


def test_requests_one_after_the_other_are_answered() -> None:
    """Each has its time; that of the first does not end the second one."""
    with served(Inner()) as address, connect(address) as connection:
        for _ in range(4):
            connection.sendall(HALF)
            time.sleep(0.2)
            connection.sendall(b"\r\n\r\n")
            assert until_the_end(connection).startswith(b"HTTP/1.1 200 ")


def test_requests_at_once_are_answered() -> None:
    """In a pipeline, the second header has come before the first response is complete."""
    with served(Inner()) as address, connect(address) as connection:
        connection.sendall(WHOLE * 3)
        assert read(connection).count(b"HTTP/1.1 200 ") == 3


def test_an_event_stream_is_not_cut() -> None:
    """It lasts as long as the application wants."""
    inner = Inner()
    with served(inner) as address, connect(address) as connection:
        connection.sendall(WHOLE.replace(b"/healthz", b"/events"))
        assert connection.recv(65536)
        time.sleep(1.5)
        inner.may_go_on.set()
        assert until_the_end(connection).endswith(b"last\r\n0\r\n\r\n")


@pytest.mark.parametrize("length", [b"Content-Length: 1000000", b"Transfer-Encoding: chunked"])
def test_a_body_that_stalls_ends_its_connection(length: bytes) -> None:
    """With a response that says why."""
    head = b"POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with served(Inner()) as address, connect(address) as connection:
        connection.sendall(head + length + b"\r\n\r\n")
        assert read(connection).startswith(b"HTTP/1.1 408 ")


def test_a_refused_body_is_read_for_a_while_and_no_longer() -> None:
    """The client gets its response although it is still sending, and cannot send for ever."""
    head = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n"
    with served(Inner()) as address, connect(address) as connection:
        connection.sendall(head)
        got = b""
        with pytest.raises(OSError):  # noqa: PT012 - until the server has closed the connection
            for _ in range(int(GRACE / 0.02)):
                connection.sendall(b"x" * 1000)
                connection.setblocking(False)
                with suppress(BlockingIOError):
                    got += connection.recv(65536)
                connection.settimeout(GRACE)
                time.sleep(0.02)
        assert got.startswith(b"HTTP/1.1 413 ")


def test_too_many_connections_without_a_request_are_closed() -> None:
    """When a second has passed; those with a request stay, and who comes meanwhile is served."""
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
            assert until_the_end(connection).startswith(b"HTTP/1.1 200 ")
        for connection in waiting[:15]:
            read(connection)
        for connection in waiting[15:]:
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(1)
        inner.may_go_on.set()
        assert until_the_end(streaming).endswith(b"last\r\n0\r\n\r\n")


def test_a_trusted_proxy_may_open_many() -> None:
    """It connects for all of its visitors."""
    settings = SETTINGS.model_copy(update={"header_seconds": 60.0, "trusted_proxies": ("127.0.0.1",)})
    with served(Inner(), settings) as address, ExitStack() as stack:
        opened = [stack.enter_context(connect(address)) for _ in range(20)]
        time.sleep(1.5)
        for connection in opened:
            connection.sendall(WHOLE)
            assert until_the_end(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("last", [b"", b"Connection: close\r\n"], ids=["kept", "closed"])
def test_a_response_that_nobody_reads_does_not_stay(last: bytes) -> None:
    """It would be in memory for as long as the client likes, whether or not the connection is to be used again."""
    request = WHOLE[:-2].replace(b"/healthz", b"/large") + last + b"\r\n"
    with served(Inner()) as address, unread(address, request) as connection:
        time.sleep(2.5)
        assert read_slowly(connection, 10_000_000) < len(LARGE)


def test_a_response_that_is_read_slowly_arrives() -> None:
    """However long it takes in all: here three times the limit."""
    request = WHOLE[:-2].replace(b"/healthz", b"/large") + b"Connection: close\r\n\r\n"
    with served(Inner()) as address, unread(address, request) as connection:
        assert read_slowly(connection, 700_000) > len(LARGE)
