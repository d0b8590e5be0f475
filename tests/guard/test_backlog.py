"""Whose responses are given up: a protocol over a transport that reads as it is told."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from index.server.guard.connections import Backlog

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 0.1
STEP = SECONDS / 10


class Transport:
    """What asyncio's transports have, as far as it matters here."""

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
    """What uvicorn's protocols have."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.flow = SimpleNamespace(write_paused=False)

    def pause_writing(self) -> None:
        self.flow.write_paused = True

    def resume_writing(self) -> None:
        self.flow.write_paused = False


class Watched(Backlog, Protocol):
    """As `index.server.guard.connections` puts them together."""

    reading_seconds = SECONDS


def is_given_up(step: Callable[[Watched, Transport, int], None], seconds: float = 4 * SECONDS) -> bool:
    """Whether a connection is ended while a client does this, step by step."""

    async def run() -> bool:
        transport, protocol = Transport(), Watched()
        protocol.connection_made(cast("asyncio.Transport", transport))
        for number in range(int(seconds / STEP)):
            step(protocol, transport, number)
            await asyncio.sleep(STEP)
        protocol.connection_lost(None)
        return transport.aborted

    return asyncio.run(run())


def nothing_is_read(protocol: Watched, transport: Transport, _: int) -> None:
    """Writing is paused: there is more than the transport likes."""
    transport.unread = 100_000
    protocol.pause_writing()


def drops_are_read(protocol: Watched, transport: Transport, number: int) -> None:
    """A hundred bytes at a time, which is a response for a day."""
    transport.unread = 100_000 - 100 * number
    protocol.pause_writing()


def nothing_is_read_of_the_last_words(_: Watched, transport: Transport, __: int) -> None:
    """The server has hung up, and a few bytes are left."""
    transport.unread = 100
    transport.closing = True


@pytest.mark.parametrize("step", [nothing_is_read, drops_are_read, nothing_is_read_of_the_last_words])
def test_who_does_not_read_is_given_up(step: Callable[[Watched, Transport, int], None]) -> None:
    """And what was to be read with it."""
    assert is_given_up(step)


def an_event_stream_is_idle(_: Watched, transport: Transport, __: int) -> None:
    """There is nothing to read."""
    transport.unread = 0


def little_is_unread(_: Watched, transport: Transport, __: int) -> None:
    """No more than the transport likes: the server may go on writing."""
    transport.unread = 60_000


def it_is_read_slowly(protocol: Watched, transport: Transport, number: int) -> None:
    """Twenty times faster than demanded: the machine may be busy."""
    transport.unread = 1_000_000 - 20_000 * number
    protocol.pause_writing()


def it_is_read_to_the_end_each_time(protocol: Watched, transport: Transport, _: int) -> None:
    """And there is always as much again as there was."""
    transport.unread = 100_000
    protocol.resume_writing()
    protocol.pause_writing()


@pytest.mark.parametrize(
    "step", [an_event_stream_is_idle, little_is_unread, it_is_read_slowly, it_is_read_to_the_end_each_time]
)
def test_who_reads_is_not_given_up(step: Callable[[Watched, Transport, int], None]) -> None:
    """However long it takes, and however long there is nothing to read."""
    assert not is_given_up(step)
