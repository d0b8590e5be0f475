"""Limits the body of a request (size, time, JSON values), and closes connections that send and read nothing.

A few megabytes of `[],` become gigabytes of objects, and no other thread runs meanwhile, because the parser holds the
interpreter's lock. Therefore the values are counted first. Counting takes less than a millisecond per 64 kB, whatever
the bytes are.

The body is checked chunk by chunk while the application reads it; nothing is stored. After a refusal, the application
is told that the client has disconnected, so that it stops normally; its response is discarded.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from index.server.guard.origins import Proxies, Refusal, visitor
from index.server.guard.quotas import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Message, Receive

    from index.server.guard.quotas import ResponseSender
    from index.settings import Settings


_VALUE_MARKS = (b",", b"[", b"{")
"""A JSON text has at most one more value than it has of these bytes outside of strings."""
LEAST_BYTES = 10_000
"""The number of bytes that must arrive within the time limit, unless the body ends before."""
LEAST_RATE = 4_000
"""Mean rate in bytes per second that a body must reach once the time limit has passed. A line of 1 Mbit/s carries
thirty bodies at this rate; the server receives fewer from one client at once."""
_DISCONNECT: Message = {"type": "http.disconnect"}
_NOT_UTF8 = Refusal(400, "The JSON of the body is not in UTF-8.", "Send it in UTF-8.")


class JsonValueCounter:
    """Counts the values of one JSON text in UTF-8.

    A backslash outside of strings is treated as an escape, too. Such a text is invalid JSON, and parsers stop there.
    """

    def __init__(self) -> None:
        self.count = 1
        self.is_utf8 = True
        """False for UTF-16 and UTF-32: parsers accept them, but their quotation marks cannot be found bytewise."""
        self._in_string = False
        self._pending = b""
        """A trailing backslash whose escaped character has not arrived yet."""

    def add(self, chunk: bytes) -> None:
        """Count the values of the next chunk."""
        if b"\0" in chunk:
            self.is_utf8 = False
            return
        pieces = self._unescaped(chunk).split(b'"')
        outside = b"".join(pieces[self._in_string :: 2])
        self.count += sum(map(outside.count, _VALUE_MARKS))
        self._in_string ^= len(pieces) % 2 == 0

    def _unescaped(self, chunk: bytes) -> bytes:
        """Return the chunk without escapes: every remaining quotation mark begins or ends a string."""
        text = (self._pending + chunk).replace(rb"\\", b"")  # first, so that no two adjacent backslashes remain
        self._pending = b"\\" if text.endswith(b"\\") else b""
        return text.removesuffix(b"\\").replace(rb"\"", b"")


class Rule(Protocol):
    """Counts the bytes of a body. Raises RefusedError when a limit is exceeded."""

    def __call__(self, chunk: bytes) -> None:
        """Count the next chunk."""


class SizeLimit:
    """Refuses bodies with more than `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    def __call__(self, chunk: bytes) -> None:
        """Count the next chunk."""
        self.take(len(chunk))

    def take(self, size: int) -> None:
        """Count bytes that have arrived, or that a header announces."""
        self._taken += size
        if self._taken > self._most:
            raise RefusedError(
                Refusal(
                    413,
                    f"The body is larger than {self._most / 1_000_000:g} MB.",
                    "Send less at once. The operator of this server can raise the limit for most requests with "
                    "PINCITE_MAX_BODY_MEGABYTES.",
                )
            )


class ValueLimit:
    """Refuses JSON bodies with more than `most` values."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values = JsonValueCounter()

    def __call__(self, chunk: bytes) -> None:
        """Count the next chunk."""
        self._values.add(chunk)
        if not self._values.is_utf8:
            raise RefusedError(_NOT_UTF8)
        if self._values.count > self._most:
            raise RefusedError(
                Refusal(
                    413,
                    f"The JSON of the body has more than {self._most} values.",
                    "Send fewer at once. The limit is four for each question of a batch, and at least 5,000. The "
                    "operator of this server can raise it with PINCITE_MAX_BATCH_QUESTIONS.",
                )
            )


class BodyTimeout:
    """The time limit of a body, which arriving bytes extend."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._credit = seconds
        """Seconds left, as far as the minimum mean rate allows."""
        self._waited = 0.0
        self._arrived = 0

    @property
    def seconds_left(self) -> float:
        """Seconds that the server waits for the next chunk."""
        return min(self._seconds - self._waited, self._credit)

    def note(self, waited: float, arrived: int) -> None:
        """Record a chunk of `arrived` bytes that took `waited` seconds."""
        self._credit += arrived / LEAST_RATE - waited
        self._waited += waited
        self._arrived += arrived
        if self._arrived >= LEAST_BYTES:
            self._waited, self._arrived = 0.0, 0

    def stalled(self) -> Refusal:
        """Return the refusal for a client that sends too slowly."""
        return Refusal(
            408,
            f"The body did not arrive: less than {LEAST_BYTES // 1000} kB came within {self._seconds:g} seconds, "
            f"or less than {LEAST_RATE // 1000} kB per second in all.",
            "Send the request again. The operator of this server can raise the limit with PINCITE_BODY_SECONDS.",
        )


class HttpExchange:
    """The request and the response of one exchange, as the application sees them."""

    def __init__(
        self, receive: Receive, sender: ResponseSender, rules: tuple[Callable[[bytes], None], ...], seconds: float
    ):
        self._receive = receive
        self._sender = sender
        self._rules = rules
        self._timeout = BodyTimeout(seconds)
        self._complete = False
        self.refusal: Refusal | None = None
        """The reason why the body was not read to its end or the response was refused; None if neither happened."""

    @property
    def unanswered(self) -> bool:
        """Whether there is a refusal that can still be sent."""
        return self.refusal is not None and not self._sender.started

    async def receive(self) -> Message:
        """Return the next part of the body within its time limit; after its end, wait for messages without a limit."""
        if self.refusal is not None:
            return _DISCONNECT
        if self._complete:
            return await self._receive()
        try:
            message = await self._receive_in_time(self._receive())
            for rule in self._rules:
                rule(message.get("body", b""))
        except RefusedError as refused:
            self.refusal = refused.refusal
            return _DISCONNECT
        self._complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the response, unless a refusal replaces it."""
        if self.unanswered:
            return
        try:
            await self._sender.send(message)
        except RefusedError as refused:
            self.refusal = refused.refusal

    async def _receive_in_time(self, awaited: Awaitable[Message]) -> Message:
        """Return the message within the time limit. Only waiting counts, not the time that the application takes."""
        clock = asyncio.get_running_loop()
        began = clock.time()
        try:
            async with asyncio.timeout(self._timeout.seconds_left):
                message = await awaited
        except TimeoutError:
            raise RefusedError(self._timeout.stalled()) from None
        self._timeout.note(clock.time() - began, len(message.get("body", b"")))
        return message


# Closes connections that stay open without a request, or whose responses are not read.
#
# Unread bytes of a response stay in the server's memory. Neither uvicorn nor asyncio has a time limit for them, while a
# response is written or while a connection with unsent bytes is closing. Here, a client must read at a minimum rate,
# just as it must send bodies at a minimum rate. An idle event stream has no unread bytes and stays open.
#
# A server has a limited number of connections, and a client that sends half a header and waits occupies one. uvicorn
# closes a connection that is silent between two requests, but waits forever for the first byte, for the rest of a
# header, and for the rest of a body that nothing reads. Here, one deadline covers all of these, and arriving bytes do
# not extend it.

_UNSENT_BYTES = 64 * 1024
"""Bytes that the system buffers in addition to those in flight. By default it buffers megabytes, and then accepts no
more bytes for a long time while a slow client reads."""
_CHECKS = 5
"""Number of checks of a connection within the time limit."""
_GRACE_SECONDS = 1.0
"""Seconds before a connection counts as idle, so that a burst of connections served at once is not refused."""
_READING_FACTOR = 2
"""A client may take this many times as long to read 10 kB as to send 10 kB: its system may buffer megabytes, and
requests more only after the client has read a large part of them."""
_TOO_MANY = Refusal(
    429,
    "This client has too many connections without a request.",
    "Use fewer at once. The operator of this server can raise the limit with PINCITE_MAX_CLIENT_CONNECTIONS.",
    1,
)


class Backlog(asyncio.Protocol):
    """A mixin for uvicorn's protocols that closes the connection of a client that does not read.

    It uses two attributes of every uvicorn protocol: `transport`, and `flow`, which knows whether writing is paused.
    While writing is paused or the connection is closing, nothing is written, so the unread bytes can only decrease.
    """

    transport: asyncio.Transport
    flow: Any
    reading_seconds: float
    """The time in seconds within which the client must read `LEAST_BYTES`, or everything."""
    _unread = 0
    _since: float | None = None
    """When `_unread` was measured; None while the server does not wait for the client."""
    _next_check: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start checking."""
        super().connection_made(transport)
        _limit_unsent(transport.get_extra_info("socket"))
        self._check()

    def resume_writing(self) -> None:
        """Reset the timer: the client has read nearly everything."""
        self._since = None
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop checking."""
        if self._next_check is not None:
            self._next_check.cancel()
        super().connection_lost(exc)

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        unread = self.transport.get_write_buffer_size()
        if not unread or not (self.flow.write_paused or self.transport.is_closing()):
            self._since = None
        elif self._since is None or self._unread - unread >= LEAST_BYTES:
            self._unread, self._since = unread, loop.time()
        elif loop.time() - self._since >= self.reading_seconds:
            self.transport.abort()
            return
        self._next_check = loop.call_later(self.reading_seconds / _CHECKS, self._check)


def _limit_unsent(connection: Any) -> None:
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if connection is not None and option is not None:
        with suppress(OSError):  # Unix sockets lack this option
            connection.setsockopt(socket.IPPROTO_TCP, option, _UNSENT_BYTES)


@dataclass(frozen=True, slots=True)
class IdleConnections:
    """Counts the connections of each client without a request in progress."""

    seconds: float
    most: int
    """Limit for one client; trusted proxies and clients of a Unix socket have no limit."""
    proxies: Proxies
    connections: Counter[str] = field(default_factory=Counter)

    def has_too_many(self, peer: str) -> bool:
        """Return whether a client exceeds the limit."""
        return bool(peer) and self.connections[peer] > self.most and not self.proxies.trusts(peer)

    def remove(self, peer: str) -> None:
        """Uncount a connection that was closed or has a request."""
        self.connections[peer] -= 1
        if self.connections[peer] <= 0:
            del self.connections[peer]


class Deadline(asyncio.Protocol):
    """A mixin for uvicorn's protocols that closes the connection if no request has arrived by the deadline.

    It uses two attributes of every uvicorn protocol: `transport`, and `cycle`, the current or last request.
    """

    idle: IdleConnections
    transport: asyncio.Transport
    cycle: Any = None
    peer = ""
    _timer: asyncio.TimerHandle | None = None
    _header_started = False
    """Whether a part of a header has arrived."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        super().connection_made(transport)
        address = transport.get_extra_info("peername")
        self.peer = visitor(str(address[0])) if address else ""
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Stop waiting if a header is complete."""
        super().data_received(data)
        if self._has_request():
            self._stop()
        else:
            self._header_started = True

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it has already arrived."""
        super().on_response_complete()  # type: ignore[misc]
        if not self._has_request():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def close_idle(self, refusal: Refusal) -> None:
        """Close the connection; a client that has sent a part of a header gets the refusal first."""
        self._stop()
        if self.transport.is_closing() or self._has_request():
            return
        if self._header_started and (self.cycle is None or not self.cycle.more_body):
            self.transport.write(_response(refusal))
        self.transport.close()

    def _has_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._stop()
        self._header_started = False
        if not self.transport.is_closing():
            self.idle.connections[self.peer] += 1
            self._timer = self._later(min(_GRACE_SECONDS, self.idle.seconds), self._after_grace)

    def _after_grace(self) -> None:
        if self.idle.has_too_many(self.peer):
            self.close_idle(_TOO_MANY)
        elif self.idle.seconds <= _GRACE_SECONDS:
            self.close_idle(_header_timeout(self.idle.seconds))
        else:
            rest = self.idle.seconds - _GRACE_SECONDS
            self._timer = self._later(rest, self.close_idle, _header_timeout(self.idle.seconds))

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.idle.remove(self.peer)

    def _later(self, seconds: float, call: Callable[..., None], *arguments: Refusal) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, call, *arguments)


def protocol(settings: Settings) -> type[asyncio.Protocol]:
    """Return the protocol class that uvicorn would choose, with limits on waiting for a client. For one server."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    proxies = Proxies(settings.trusted_proxies)
    idle = IdleConnections(settings.header_seconds, settings.max_client_connections, proxies)
    limits = {"idle": idle, "reading_seconds": _READING_FACTOR * settings.body_seconds}
    return type("GuardedProtocol", (Deadline, Backlog, AutoHTTPProtocol), limits)


def _header_timeout(seconds: float) -> Refusal:
    return Refusal(
        408,
        f"The header of the request did not arrive within {seconds:g} seconds.",
        "Send the request again. The operator of this server can raise the limit with PINCITE_HEADER_SECONDS.",
    )


def _response(refusal: Refusal) -> bytes:
    """Return a complete HTTP response, for a connection without a request."""
    response = refusal.response(close=True)
    head = b"".join(name + b": " + value + b"\r\n" for name, value in response.raw_headers)
    phrase = HTTPStatus(refusal.status).phrase
    return f"HTTP/1.1 {refusal.status} {phrase}\r\n".encode() + head + b"\r\n" + bytes(response.body)
