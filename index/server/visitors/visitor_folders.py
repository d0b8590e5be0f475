"""The temporary folder of all private libraries: it does not outlive its server, also if that is killed."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from index.storage.files import scratch_folder

_PREFIX = "pincite-demo-"
_LOCK = ".lock"
_YOUNG_SECONDS = 60.0
"""Another server may need this long to lock the folder that it has just made."""


class VisitorFolders:
    """A folder for the folders of visitors. A lock in it shows other servers that this one is alive."""

    def __init__(self) -> None:
        self._scratch = scratch_folder(_PREFIX)
        place = Path(self._scratch.name)
        self._lock = FileLock(place / _LOCK, thread_local=False)
        self._lock.acquire()
        self.path = place / "visitors"
        """The folder in which each visitor gets a folder."""
        self.path.mkdir()
        _remove_abandoned(place.parent)

    def all(self) -> list[Path]:
        """Return the folders of all visitors."""
        return list(self.path.iterdir())

    def empty(self) -> None:
        """Delete everything of all visitors, whatever still uses it."""
        for folder in self.all():
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Delete the folder."""
        self._lock.release()
        self._scratch.cleanup()


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders of servers that were killed."""
    for place in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError, Timeout):
            if time.time() - place.stat().st_mtime < _YOUNG_SECONDS:
                continue
            with FileLock(place / _LOCK, thread_local=False).acquire(timeout=0):
                shutil.rmtree(place, ignore_errors=True)
