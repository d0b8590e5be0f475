"""How long a connection may stay open without a request.

A server has a limited number of connections, and whoever sends half a header and waits holds one. uvicorn closes a
connection that is silent between two requests; it waits without end for the first byte, for the rest of a header, and
for the rest of a body that nobody reads any more. Here, all of these have one deadline, which bytes do not extend.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from index.guard.backlog import Backlog
from index.guard.client import Proxies, visitor
from index.guard.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.settings import Settings


_GRACE_SECONDS = 1.0
"""So long any connection may stay. Many come in one moment, and whoever is served at once is not among the idle."""
_READING = 2
"""So many times as long as to send 10 kB, a client may take to read them: its system may have megabytes in store for
it, and asks for more only when a good part of these has been read."""
_TOO_MANY = Refusal(
    429,
    "This client has too many connections without a request.",
    "Use fewer at once. Whoever runs the server can raise the limit with PINCITE_MAX_CLIENT_CONNECTIONS.",
    1,
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many connections each client has on which no request is under way."""

    seconds: float
    most: int
    """Of one client; a trusted proxy has as many as it likes, and so has whoever comes by a Unix socket."""
    proxies: Proxies
    connections: Counter[str] = field(default_factory=Counter)

    def has_too_many(self, peer: str) -> bool:
        """Whether a client should have fewer."""
        return bool(peer) and self.connections[peer] > self.most and not self.proxies.trusts(peer)

    def remove(self, peer: str) -> None:
        """One is closed, or has a request."""
        self.connections[peer] -= 1
        if self.connections[peer] <= 0:
            del self.connections[peer]


class Deadline(asyncio.Protocol):
    """A part of a protocol of uvicorn: closes the connection when no request has come by the deadline.

    It needs of the rest what all of uvicorn's have: `transport`, and `cycle`, the request under way or the last one.
    """

    waiting: Waiting
    transport: asyncio.Transport
    cycle: Any = None
    peer = ""
    _timer: asyncio.TimerHandle | None = None
    _has_begun = False
    """Whether a part of a header has come."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        super().connection_made(transport)
        address = transport.get_extra_info("peername")
        self.peer = visitor(str(address[0])) if address else ""
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Stop waiting where a header is complete."""
        super().data_received(data)
        if self._is_busy():
            self._stop()
        else:
            self._has_begun = True

    def on_response_complete(self) -> None:
        """Wait for the next request; it may have come already."""
        super().on_response_complete()  # type: ignore[misc]
        if not self._is_busy():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nothing to wait for any more."""
        self._stop()
        super().connection_lost(exc)

    def give_up(self, refusal: Refusal) -> None:
        """Close the connection; a client that has sent a part of a header is told why."""
        self._stop()
        if self.transport.is_closing() or self._is_busy():
            return
        if self._has_begun and (self.cycle is None or not self.cycle.more_body):
            self.transport.write(_response(refusal))
        self.transport.close()

    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._stop()
        self._has_begun = False
        if not self.transport.is_closing():
            self.waiting.connections[self.peer] += 1
            self._timer = self._later(min(_GRACE_SECONDS, self.waiting.seconds), self._wait_on)

    def _wait_on(self) -> None:
        if self.waiting.has_too_many(self.peer):
            self.give_up(_TOO_MANY)
        elif self.waiting.seconds <= _GRACE_SECONDS:
            self.give_up(_late(self.waiting.seconds))
        else:
            rest = self.waiting.seconds - _GRACE_SECONDS
            self._timer = self._later(rest, self.give_up, _late(self.waiting.seconds))

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.waiting.remove(self.peer)

    def _later(self, seconds: float, call: Callable[..., None], *arguments: Refusal) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, call, *arguments)


def protocol(settings: Settings) -> type[asyncio.Protocol]:
    """The protocol that uvicorn would choose itself, with limits on waiting for its client. For one server."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    proxies = Proxies(settings.trusted_proxies)
    waiting = Waiting(settings.header_seconds, settings.max_client_connections, proxies)
    limits = {"waiting": waiting, "reading_seconds": _READING * settings.body_seconds}
    return type("GuardedProtocol", (Deadline, Backlog, AutoHTTPProtocol), limits)


def _late(seconds: float) -> Refusal:
    return Refusal(
        408,
        f"The header of the request did not arrive within {seconds:g} seconds.",
        "Send the request again. Whoever runs the server can raise the limit with PINCITE_HEADER_SECONDS.",
    )


def _response(refusal: Refusal) -> bytes:
    """All of a response, for a connection on which there is no request."""
    response = refusal.response(close=True)
    head = b"".join(name + b": " + value + b"\r\n" for name, value in response.raw_headers)
    phrase = HTTPStatus(refusal.status).phrase
    return f"HTTP/1.1 {refusal.status} {phrase}\r\n".encode() + head + b"\r\n" + bytes(response.body)
