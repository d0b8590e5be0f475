"""Decides when a base is built, and starts the builder: a process of low priority beside questions and additions."""

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
"""Passages above which exact search is too slow: this many take 3 ms on one core."""
SHRUNK_SHARE = 0.5
"""A library that has shrunk below this share of APPROXIMATE_FROM is searched exactly again."""
LEAST_CHANGED = 8192
CHANGED_SHARE = 0.05
"""The base is rebuilt after more than LEAST_CHANGED changed passages and more than this share of its passages. Until
then, new passages are searched exactly."""
RESTART_SECONDS = 60.0
"""Seconds after one builder was started before the next one is started: a builder may fail, as on a full disk."""
_ROOT = Path(__file__).parents[3]


def is_due(passages: int, in_base: int | None, changed: int) -> bool:
    """Return whether a base has to be built; `in_base` is None if there is no base."""
    if in_base is None:
        return passages >= APPROXIMATE_FROM
    return changed > max(LEAST_CHANGED, CHANGED_SHARE * in_base)


def is_small(passages: int, *, with_base: bool) -> bool:
    """Return whether this many passages are searched exactly; a library with a base must shrink further for that."""
    return passages < APPROXIMATE_FROM * (SHRUNK_SHARE if with_base else 1)


def may_be_large(ids: int) -> bool:
    """Return whether a library that has used this many ids may have, or need, a base."""
    return ids >= APPROXIMATE_FROM * SHRUNK_SHARE


class BuilderLauncher:
    """Starts the builder of a library, at most one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0

    def start(self) -> None:
        """Start a builder unless one that was started here is running. A second builder ends at once."""
        with self._lock:
            if time.monotonic() < self._not_before or (self._process is not None and self._process.poll() is None):
                return
            self._not_before = time.monotonic() + RESTART_SECONDS
            with suppress(OSError):  # no process can be started now: the search stays as it is
                self._process = _spawn(self._folder)
                # A daemon thread reaps the builder; this process may end before it.
                threading.Thread(target=self._process.wait, daemon=True, name="pincite-builder").start()

    def settle(self) -> None:
        """Build if anything has changed, and wait for the end. Raises LibraryNotWritable if that fails."""
        if _spawn(self._folder, "--wait").wait():
            raise LibraryNotWritable(f"The dense index of {self._folder} could not be built.", NOT_WRITABLE_HINT)


def _spawn(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "index.storage.dense.building", str(folder), *options]
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.Popen(  # noqa: S603 - runs this program on a folder
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
