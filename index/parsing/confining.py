"""What the system enforces on a parsing process, whatever the file makes it do."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_OVERHEAD = 50_000_000
"""Bytes of programs and libraries, which a limit on data does not count."""
_GRACE = 5.0
"""Seconds after which the process ends by itself, should the one that asked not have ended it: it may be dead."""
_NICE = 5
"""The encoder goes first: where it waits for a file, the processor is free anyway."""
_PR_SET_PDEATHSIG = 1


def confine(megabytes: int, parent: int) -> None:
    """At the beginning: deaf to the keyboard, no core dumps, no more memory than this, no life after the parent.

    The limit on memory holds on Linux, and where the system has RLIMIT_AS; Windows has neither.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both processes; the parent decides
    with suppress(AttributeError, OSError):  # Windows has no such thing
        os.nice(_NICE)
    _die_with_parent(parent)
    resource = _resource()
    if resource is None:
        return
    most = megabytes * 1_000_000 - _OVERHEAD
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind in (resource.RLIMIT_DATA, resource.RLIMIT_AS) if sys.platform == "linux" else (resource.RLIMIT_AS,):
        limit = most if kind == resource.RLIMIT_DATA else megabytes * 2_000_000  # addresses are not memory
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit, limit))


def allow(seconds: float) -> None:
    """Before a file: from now on so long, by the clock and by the processor; then the system ends the process.

    A library that hangs in C lets no Python run: hence not by a thread, but by signals whose default is to end.
    """
    resource = _resource()
    if resource is None:
        return
    signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds + _GRACE), hard))


def rest() -> None:
    """After a file: waiting for the next one costs no time."""
    if _resource() is not None:
        signal.setitimer(signal.ITIMER_REAL, 0)


def forget_peak() -> None:
    """Measure the peak of memory anew, where the system can."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def memory(field: str) -> float:
    """Megabytes by a field of Linux's status of a process, `VmHWM` for the peak; 0 on other systems."""
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(f"{field}:")).split()[1]) * 1024 / 1_000_000
    return 0.0


def _die_with_parent(parent: int) -> None:
    """On Linux at once, even in the middle of a file; elsewhere when the pipe ends or the time is over."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            sys.exit()


def _resource() -> Any:
    """The module of limits; None on Windows, which has none."""
    try:
        import resource
    except ImportError:
        return None
    return resource
