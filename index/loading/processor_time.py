"""Limits on the processor time of another process, which a busy machine does not use up."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CLOCK_FACTOR = 10
"""A process that waits, hangs or is stopped uses no processor time. So it ends when its limit has passed this many
times by the clock while it was idle."""
_IDLE = 0.01
"""The share of the clock's time that a process must use not to be idle: on a busy machine, it gets little."""
_MIN_WAIT_SECONDS = 0.02
_SPENT = slice(11, 15)
"""The fields of `/proc/PID/stat` after the name: time of the process and of its children, in user and system mode."""


class Allowance:
    """The processor time that a process may use from now on, together with the programs that it starts."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid = pid
        self._patience = CLOCK_FACTOR * seconds
        self._worked = time.monotonic(), _spent(pid)
        self._limit = self._worked[1] + seconds

    @property
    def left(self) -> float:
        """Seconds after which it may be used up, so that it is time to look again; 0 if it is used up."""
        now, spent = time.monotonic(), _spent(self._pid)
        when, before = self._worked
        if spent - before > _IDLE * (now - when):
            self._worked = when, _ = now, spent
        left = min(self._limit - spent, when + self._patience - now)
        return max(left, _MIN_WAIT_SECONDS) if left > 0 else 0.0


class Deadline:
    """Calls a function when a process has used its allowance, unless it is cancelled; `renew` grants it again."""

    def __init__(self, pid: int, seconds: float, expire: Callable[[], None]) -> None:
        self._pid = pid
        self._seconds = seconds
        self._expire = expire
        self._lock = threading.Lock()
        self._allowance = Allowance(pid, seconds)
        self._timer = self._started(seconds)

    def renew(self) -> None:
        """Grant the same time again."""
        with self._lock:
            self._allowance = Allowance(self._pid, self._seconds)

    def cancel(self) -> None:
        """Never call the function."""
        with self._lock:
            self._timer.cancel()

    def _check(self) -> None:
        with self._lock:
            if self._timer.finished.is_set():  # it was cancelled
                return
            if left := self._allowance.left:
                self._timer = self._started(left)
            else:
                self._expire()

    def _started(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, self._check)
        timer.daemon = True
        timer.start()
        return timer


def _spent(pid: int) -> float:
    """Return the processor time of a process and of the programs that it has started, in seconds.

    Where the system does not tell it, as it does in Linux, the clock counts.
    """
    told = _told(pid)
    return time.monotonic() if told is None else told


def _told(pid: int) -> float | None:
    """Return what the system tells; None for a process that has ended, and outside Linux."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[_SPENT]
    except OSError:
        return None
    running = 0.0
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        running = sum(_told(int(child)) or 0.0 for child in children)
    return sum(map(int, fields)) / os.sysconf("SC_CLK_TCK") + running
