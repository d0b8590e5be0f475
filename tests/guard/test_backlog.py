"""Connections whose client does not read its response, over a fake transport."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from index.server.guard.body import Backlog
from tests.guard.simulated_loop import run_simulated

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 0.1
STEP = SECONDS / 10


class Transport:
    """The methods of asyncio's transports that matter here."""

    def __init__(self) -> None:
        self.unread = 0
        self.closing = False
        self.aborted = False

    def get_extra_info(self, _: str) -> None:
        return None

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.aborted = True


class Protocol(asyncio.Protocol):
    """The methods of uvicorn's protocols that matter here."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.flow = SimpleNamespace(write_paused=False)

    def pause_writing(self) -> None:
        self.flow.write_paused = True

    def resume_writing(self) -> None:
        self.flow.write_paused = False


class Watched(Backlog, Protocol):
    """A protocol composed as in `index.server.guard.body`."""

    reading_seconds = SECONDS


def is_aborted(step: Callable[[Watched, Transport, int], None], seconds: float = 4 * SECONDS) -> bool:
    """Return whether a connection is aborted while a client repeats this step."""

    async def run() -> bool:
        transport, protocol = Transport(), Watched()
        protocol.connection_made(cast("asyncio.Transport", transport))
        for number in range(int(seconds / STEP)):
            step(protocol, transport, number)
            await asyncio.sleep(STEP)
        protocol.connection_lost(None)
        return transport.aborted

    return run_simulated(run())


def read_nothing(protocol: Watched, transport: Transport, _: int) -> None:
    """Writing is paused because the buffer exceeds the transport's limit."""
    transport.unread = 100_000
    protocol.pause_writing()


def read_a_few_bytes(protocol: Watched, transport: Transport, number: int) -> None:
    """The client reads a hundred bytes at a time, so that a response would take a day."""
    transport.unread = 100_000 - 100 * number
    protocol.pause_writing()


def leave_the_last_bytes(_: Watched, transport: Transport, __: int) -> None:
    """The server has closed the connection, and a few bytes remain unread."""
    transport.unread = 100
    transport.closing = True


@pytest.mark.parametrize("step", [read_nothing, read_a_few_bytes, leave_the_last_bytes])
def test_connection_of_a_client_that_does_not_read_is_aborted(step: Callable[[Watched, Transport, int], None]) -> None:
    """The unread response is discarded with it."""
    assert is_aborted(step)


def send_nothing(_: Watched, transport: Transport, __: int) -> None:
    """An idle event stream has nothing to read."""
    transport.unread = 0


def leave_little_unread(_: Watched, transport: Transport, __: int) -> None:
    """The buffer is below the transport's limit, so the server may write on."""
    transport.unread = 60_000


def read_slowly(protocol: Watched, transport: Transport, number: int) -> None:
    """The client reads at twenty times the least rate, which leaves room for a busy machine."""
    transport.unread = 1_000_000 - 20_000 * number
    protocol.pause_writing()


def read_everything_repeatedly(protocol: Watched, transport: Transport, _: int) -> None:
    """The client empties the buffer, and the server fills it again."""
    transport.unread = 100_000
    protocol.resume_writing()
    protocol.pause_writing()


@pytest.mark.parametrize("step", [send_nothing, leave_little_unread, read_slowly, read_everything_repeatedly])
def test_connection_of_a_reading_client_is_kept(step: Callable[[Watched, Transport, int], None]) -> None:
    """Neither a slow reader nor an idle stream is cut off, however long it lasts."""
    assert not is_aborted(step)
