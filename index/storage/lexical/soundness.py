"""Whether the files of an index are what tantivy wrote. Each version of a file is read once."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from index.storage.lexical.tantivy_files import read_footer, verify

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

AT_ONCE_BYTES = 64_000_000
"""How much is read before anything is served: about fifty milliseconds, and all of a library of 80,000 passages. The
rest is read in the background. Damage there can change for a moment what is found, never what is quoted."""
_Version = tuple[int, int, int]


class Soundness:
    """The files of a folder that are known to be sound."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._sound: dict[str, _Version] = {}
        self._queue: dict[str, _Version] = {}
        self._reader: threading.Thread | None = None
        self.broken = False
        """Whether a file is damaged that `examine` had let pass."""

    def examine(self, names: Iterable[str]) -> None:
        """Read the new files, the smallest first and the large ones in the background.

        Raises ValueError or OSError if a file is damaged or missing.
        """
        with self._lock:
            versions = {name: _version(self._folder / name) for name in names}
            new = sorted((version[1], name) for name, version in versions.items() if self._sound.get(name) != version)
            self._sound = {name: version for name, version in self._sound.items() if name in versions}
            left = AT_ONCE_BYTES
            for size, name in new:
                left -= size
                if left >= 0:
                    verify(self._folder / name)
                    self._sound[name] = versions[name]
                elif self._queue.get(name) != versions[name]:
                    read_footer(self._folder / name)
                    self._queue[name] = versions[name]
            if self._queue and self._reader is None:
                self._reader = threading.Thread(target=self._read_queue, name="lexical-files", daemon=True)
                self._reader.start()

    def forget(self) -> None:
        """Forget all files: they were replaced."""
        with self._lock:
            self._sound, self._queue, self.broken = {}, {}, False

    def settle(self) -> None:
        """Wait until the background thread has read all files."""
        reader = self._reader
        if reader is not None:
            reader.join()

    def _read_queue(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._reader = None
                    return
                name, version = next(iter(self._queue.items()))
            try:
                sound = True
                with suppress(OSError):  # a merge has replaced it; a file that cannot be read fails when it is opened
                    verify(self._folder / name)
            except ValueError:
                sound = False
            with self._lock:
                if self._queue.get(name) == version:
                    del self._queue[name]
                    self._sound[name] = version
                    self.broken = self.broken or not sound


def _version(path: Path) -> _Version:
    status = path.stat()
    return (status.st_ino, status.st_size, status.st_mtime_ns)
