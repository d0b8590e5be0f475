"""A process that changes a library until it is killed, and reports each change that it has committed.

It is forked from a process that has already imported everything, so that hundreds can start and die in a minute.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import PinciteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from tests.faults.arena import Arena

    Report = Callable[[str], None]
    Action = Callable[[Arena, Report], None]

STARTED, FINISHED = "begun", "done"
HANG_SECONDS = 180.0
"""A worker that neither ends nor reports for so many seconds hangs."""
_ORPHAN_SECONDS = 10.0
"""Seconds within which child processes must notice that their parent is gone."""


class Worker:
    """A worker process. `reports` are its messages, which a kill does not take back."""

    def __init__(self, action: Action, arena: Arena) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.faults.operations"])
        self._arena = arena
        self._receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(target=run_action, args=(sender, action, arena))
        self._process.start()
        sender.close()
        self.reports: list[str] = []

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return bool(self._process.is_alive())

    @property
    def finished(self) -> bool:
        """Whether the worker has reported that it finished."""
        return FINISHED in self.reports

    @property
    def exit_code(self) -> int | None:
        """The exit code; negative after a signal."""
        exit_code: int | None = self._process.exitcode
        return exit_code

    def receive(self, deadline: float | None = None) -> bool:
        """Wait for the next report until a time of the monotonic clock; return whether there was one."""
        seconds = HANG_SECONDS if deadline is None else deadline - time.monotonic()
        try:
            if not self._receiver.poll(max(0.0, seconds)):
                assert deadline is not None, f"there was no report for {HANG_SECONDS:g} s after {self.reports[-1:]}"
                return False
            self.reports.append(self._receiver.recv())
        except (EOFError, ConnectionError):
            return False
        return True

    def receive_all(self, deadline: float | None = None) -> None:
        """Receive all reports until a time, or until the worker ends."""
        while self.receive(deadline):
            pass

    def kill(self, *, with_children: bool) -> int:
        """Send SIGKILL to the worker, and to its children as in a power cut if asked; return the number of orphans."""
        pid = self._process.pid
        assert pid is not None
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        for orphan in _processes_of(pid, self._arena) if with_children else ():
            with suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGKILL)
        self.receive_all()
        self._process.join()
        self._receiver.close()
        return _stop_orphans(pid, self._arena)


def run_action(connection: Connection, action: Action, arena: Arena) -> None:
    """Run the action. Report a PinciteError by its name; every other error is a traceback and an exit code."""
    os.setsid()
    connection.send(STARTED)
    try:
        action(arena, connection.send)
    except PinciteError as error:
        connection.send(f"refused {type(error).__name__}: {error}")
    else:
        connection.send(FINISHED)


def _stop_orphans(pid: int, arena: Arena) -> int:
    """Count the child processes that outlive the worker for some seconds, and kill them."""
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while (orphans := list(_processes_of(pid, arena))) and time.monotonic() < deadline:
        time.sleep(0.02)
    for orphan in orphans:
        with suppress(ProcessLookupError):
            os.kill(orphan, signal.SIGKILL)
    return len(orphans)


def _processes_of(pid: int, arena: Arena) -> Iterator[int]:
    """Yield the processes of the worker's session, and those with the arena on their command line; never this one."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) in (pid, os.getpid()):
            continue
        with suppress(OSError):
            state, _, _, session, *_ = (entry / "stat").read_text().rpartition(") ")[2].split()
            is_named = (
                os.fsencode(arena.folder) in (entry / "cmdline").read_bytes()
                and b"index." in (entry / "cmdline").read_bytes()
            )
            if state != "Z" and (int(session) == pid or is_named):
                yield int(entry.name)
