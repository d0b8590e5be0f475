"""Closes connections that stay open without a request, or whose responses are not read.

Unread bytes of a response stay in the server's memory. Neither uvicorn nor asyncio has a time limit for them, while a
response is written or while a connection with unsent bytes is closing. Here, a client must read at a minimum rate, just
as it must send bodies at a minimum rate. An idle event stream has no unread bytes and stays open.

A server has a limited number of connections, and a client that sends half a header and waits occupies one. uvicorn
closes a connection that is silent between two requests, but waits forever for the first byte, for the rest of a header,
and for the rest of a body that nothing reads. Here, one deadline covers all of these, and arriving bytes do not extend
it.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from index.server.guard.body import LEAST_BYTES
from index.server.guard.origins import Proxies, Refusal, visitor

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.settings import Settings

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
