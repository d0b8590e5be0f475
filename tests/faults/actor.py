"""A process that does something to a library until it is killed, and tells of each thing that it has committed.

It is forked off a process that has everything loaded, so that hundreds of them can be begun and killed in a minute.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import PinciteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from tests.faults.arena import Arena

    Tell = Callable[[str], None]
    Act = Callable[[Arena, Tell], None]

BEGUN, DONE = "begun", "done"
PATIENCE = 180.0
"""Seconds after which something that has neither ended nor spoken hangs."""
_LEFT_BEHIND = 10.0
"""Seconds in which processes have to notice that the one that they worked for is gone."""


class Actor:
    """One such process. `told` is what it has said, which a kill does not take back."""

    def __init__(self, act: Act, arena: Arena) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.faults.operations"])
        self._arena = arena
        self._ours, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=play, args=(theirs, act, arena))
        self._process.start()
        theirs.close()
        self.told: list[str] = []

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return bool(self._process.is_alive())

    @property
    def done(self) -> bool:
        """Whether it had said that it was done."""
        return DONE in self.told

    @property
    def code(self) -> int | None:
        """How it ended: below 0 by a signal."""
        code: int | None = self._process.exitcode
        return code

    def hear(self, until: float | None = None) -> bool:
        """Wait for its next word, until an instant of the monotonic clock; whether there was one."""
        wait = PATIENCE if until is None else until - time.monotonic()
        try:
            if not self._ours.poll(max(0.0, wait)):
                assert until is not None, f"nothing was heard for {PATIENCE:g} s after {self.told[-1:]}"
                return False
            self.told.append(self._ours.recv())
        except (EOFError, ConnectionError):
            return False
        return True

    def listen(self, until: float | None = None) -> None:
        """Hear all that it says until an instant, or its end."""
        while self.hear(until):
            pass

    def kill(self, *, everything: bool) -> int:
        """SIGKILL, to it alone or to all that it has begun, as when the power goes; how many were left behind."""
        number = self._process.pid
        assert number is not None
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        for each in _begun_by(number, self._arena) if everything else ():
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self.listen()
        self._process.join()
        self._ours.close()
        return _left_behind(number, self._arena)


def play(connection: Connection, act: Act, arena: Arena) -> None:
    """Do it. An error of ours is told by its name; every other one is a traceback and an exit code."""
    os.setsid()
    connection.send(BEGUN)
    try:
        act(arena, connection.send)
    except PinciteError as error:
        connection.send(f"refused {type(error).__name__}: {error}")
    else:
        connection.send(DONE)


def _left_behind(number: int, arena: Arena) -> int:
    """How many processes still work for one that is gone, after a while; they are ended."""
    until = time.monotonic() + _LEFT_BEHIND
    while (left := list(_begun_by(number, arena))) and time.monotonic() < until:
        time.sleep(0.02)
    for each in left:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    return len(left)


def _begun_by(number: int, arena: Arena) -> Iterator[int]:
    """The processes of its session, and those that name the arena on their command line; never this one."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) in (number, os.getpid()):
            continue
        with suppress(OSError):
            state, _, _, session, *_ = (entry / "stat").read_text().rpartition(") ")[2].split()
            named = (
                os.fsencode(arena.folder) in (entry / "cmdline").read_bytes()
                and b"index." in (entry / "cmdline").read_bytes()
            )
            if state != "Z" and (int(session) == number or named):
                yield int(entry.name)


def play_through(act: Act, arena: Arena, tell: Callable[[str], Any] = lambda _: None) -> None:
    """Do it here, to the end."""
    act(arena, tell)
