"""Closes connections whose clients do not read their responses.

Unread bytes of a response stay in the server's memory, and neither uvicorn nor asyncio has a time limit for them: not
while a response is written, and not while a connection with unsent bytes is closing. Here, a client must read at a
minimum rate, just as it must send its bodies at one. An idle event stream has no unread bytes and stays open.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

from index.guard.body import LEAST_BYTES

_UNSENT_BYTES = 64 * 1024
"""Bytes that the system buffers beyond those in flight. By default it buffers megabytes, and then accepts none for a
long time while a slow client reads them."""
_CHECKS = 5
"""Number of checks of a connection within the time limit."""


class Backlog(asyncio.Protocol):
    """A mixin for uvicorn's protocols that closes the connection of a client that does not read.

    It uses two attributes of every uvicorn protocol: `transport`, and `flow`, which knows whether writing is paused.
    While writing is paused or the connection is closing, nothing is written, so the unread bytes can only decrease.
    """

    transport: asyncio.Transport
    flow: Any
    reading_seconds: float
    """Within this time, the client must read `LEAST_BYTES`, or everything."""
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
