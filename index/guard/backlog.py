"""Responses that are not read.

What a client does not read of a response stays in the server's memory, and neither uvicorn nor asyncio minds for how
long: not while a response is being written, and not when a connection is being closed that still has something to say.
Here, a client has to read at some rate, as it has to send its bodies at some. An event stream with nothing to tell has
nothing unread, and lasts.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

from index.guard.body import LEAST_BYTES

_UNSENT_BYTES = 64 * 1024
"""The system takes no more than this beyond what is on its way. Else it takes megabytes, and none for a long time
while a slow client reads these."""
_LOOKS = 5
"""How many times a connection is looked at within the time limit."""


class Backlog(asyncio.Protocol):
    """A part of a protocol of uvicorn: ends the connection of a client that does not read.

    It needs of the rest what all of uvicorn's have: `transport`, and `flow`, which knows whether writing is paused.
    While it is, or while the connection is being closed, nothing is written: what is unread can only become less.
    """

    transport: asyncio.Transport
    flow: Any
    reading_seconds: float
    """Within this time `LEAST_BYTES` have to be read, or all."""
    _unread = 0
    _since: float | None = None
    """When that much was unread; None while the client is not waited for."""
    _next_look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to look."""
        super().connection_made(transport)
        _limit_unsent(transport.get_extra_info("socket"))
        self._look()

    def resume_writing(self) -> None:
        """Nearly all has been read."""
        self._since = None
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nothing to look at any more."""
        if self._next_look is not None:
            self._next_look.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        unread = self.transport.get_write_buffer_size()
        if not unread or not (self.flow.write_paused or self.transport.is_closing()):
            self._since = None
        elif self._since is None or self._unread - unread >= LEAST_BYTES:
            self._unread, self._since = unread, loop.time()
        elif loop.time() - self._since >= self.reading_seconds:
            self.transport.abort()
            return
        self._next_look = loop.call_later(self.reading_seconds / _LOOKS, self._look)


def _limit_unsent(connection: Any) -> None:
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if connection is not None and option is not None:
        with suppress(OSError):  # a Unix socket knows no such thing
            connection.setsockopt(socket.IPPROTO_TCP, option, _UNSENT_BYTES)
