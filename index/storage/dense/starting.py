"""Building is a program of its own, of low priority: questions and additions go on while it is at work."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from index.errors import LibraryNotWritable
from index.storage.files import NOT_WRITABLE_HINT

APPROXIMATE_FROM = 50_000
"""Passages from which on comparing a question with every vector is no longer quick: 3 ms for so many, on one core."""
SHRUNK = 0.5
"""A library that has shrunk to this share of it is searched exactly again."""
LEAST = 8192
SHARE = 0.05
"""How much may have come or gone since the base was built, in passages and as a share of it, before it is built anew.
What came is compared with in full."""
AGAIN_SECONDS = 60.0
"""After a builder has ended without success, as on a full disk, so long no other one is started."""
_ROOT = Path(__file__).parents[3]


def is_due(passages: int, in_base: int | None, changed: int) -> bool:
    """Whether a base has to be built; `in_base` is None where there is none."""
    if in_base is None:
        return passages >= APPROXIMATE_FROM
    return changed > max(LEAST, SHARE * in_base)


def is_small(passages: int, *, with_base: bool) -> bool:
    """Whether so many are compared with in full; where there is a base, it takes fewer to do without it again."""
    return passages < APPROXIMATE_FROM * (SHRUNK if with_base else 1)


def may_be_large(ids: int) -> bool:
    """Whether a library that has given out so many ids may have a base, or be due for one."""
    return ids >= APPROXIMATE_FROM * SHRUNK


class Starter:
    """Starts the builder of a library, at most one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0

    def start(self) -> None:
        """Start it where none is at work that was started here. A second one, of another process, ends at once."""
        with self._lock:
            if time.monotonic() < self._not_before or (self._process is not None and self._process.poll() is None):
                return
            self._not_before = time.monotonic() + AGAIN_SECONDS
            with suppress(OSError):  # no program can be started now: the search stays as it is
                self._process = _spawned(self._folder)
                # Waited for in a thread that ends with this process, which does not wait for it.
                threading.Thread(target=self._process.wait, daemon=True, name="pincite-builder").start()

    def settle(self) -> None:
        """Build where anything has changed, and wait for it. Raises LibraryNotWritable where that fails."""
        if _spawned(self._folder, "--wait").wait():
            raise LibraryNotWritable(f"The dense index of {self._folder} could not be built.", NOT_WRITABLE_HINT)


def _spawned(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "index.storage.dense.building", str(folder), *options]
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.Popen(  # noqa: S603 - this program, and a folder
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
