"""The limits that the operating system enforces on a parsing process."""

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
"""Seconds beyond the time limit after which the system ends the process, in case its parent is dead."""
_NICE = 5
"""The encoder has priority: when it waits for a file, the processor is free anyway."""
_PR_SET_PDEATHSIG = 1


def confine(megabytes: int, parent: int) -> None:
    """Apply the limits at the start: ignore Ctrl-C, no core dumps, at most `megabytes` of memory, end with the parent.

    The memory limit works on Linux, and on systems with RLIMIT_AS; Windows has neither.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both processes; the parent decides
    with suppress(AttributeError, OSError):  # Windows has no nice
        os.nice(_NICE)
    _die_with_parent(parent)
    resource = _resource()
    if resource is None:
        return
    data_limit = megabytes * 1_000_000 - _OVERHEAD
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind in (resource.RLIMIT_DATA, resource.RLIMIT_AS) if sys.platform == "linux" else (resource.RLIMIT_AS,):
        limit = data_limit if kind == resource.RLIMIT_DATA else megabytes * 2_000_000  # addresses are not memory
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit, limit))


def limit_time(seconds: float) -> None:
    """Limit the time for the next file, by the clock and by CPU time; then the system ends the process.

    A library that hangs in C blocks all Python code, so this uses signals that end the process by default, no thread.
    """
    resource = _resource()
    if resource is None:
        return
    signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds + _GRACE), hard))


def lift_time_limit() -> None:
    """Lift the time limit after a file, while waiting for the next one."""
    if _resource() is not None:
        signal.setitimer(signal.ITIMER_REAL, 0)


def reset_peak() -> None:
    """Reset the system's measurement of peak memory, if it can be reset."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def memory(field: str) -> float:
    """Return a memory figure of this process on Linux, in megabytes (`VmHWM` is the peak); 0 on other systems."""
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(f"{field}:")).split()[1]) * 1024 / 1_000_000
    return 0.0


def _die_with_parent(parent: int) -> None:
    """End with the parent: on Linux at once, even within a file; elsewhere when the pipe closes or time runs out."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the call
            sys.exit()


def _resource() -> Any:
    """Return the module `resource`; None on Windows, which lacks it."""
    try:
        import resource
    except ImportError:
        return None
    return resource
