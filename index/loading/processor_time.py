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
times by the clock."""
_SHORTEST_WAIT = 0.02
_SPENT = slice(11, 15)
"""The fields of `/proc/PID/stat` after the name: time of the process and of its children, in user and system mode."""


class Allowance:
    """The processor time that a process may use from now on, together with those of its children that end."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid = pid
        self._limit = _spent(pid) + seconds
        self._end = time.monotonic() + CLOCK_FACTOR * seconds

    @property
    def left(self) -> float:
        """Seconds after which it may be used up, so that it is time to look again; 0 if it is used up."""
        left = min(self._limit - _spent(self._pid), self._end - time.monotonic())
        return max(left, _SHORTEST_WAIT) if left > 0 else 0.0


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
    """Return the processor time of a process and of its children that have ended, in seconds.

    Where the system does not tell it, as it does in Linux, the clock counts.
    """
    with suppress(OSError, ValueError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[_SPENT]
        return sum(map(int, fields)) / os.sysconf("SC_CLK_TCK")
    return time.monotonic()
