"""Unpacks members of containers to temporary files, because a viewer needs a file to show pages and to send bytes."""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from index.loading.containers.container_paths import container_file
from index.loading.sandbox.pool import parsers

if TYPE_CHECKING:
    from index.loading.sandbox.messages import Limits

CAPACITY = 200_000_000
"""Bytes of all unpacked files together."""


class MemberFiles:
    """Unpacked members by path; the one that was not used for the longest time goes first. Thread-safe."""

    def __init__(self, limits: Limits, *, max_bytes: int, capacity: int = CAPACITY) -> None:
        # A reader of documents does not wait until the files that others add have been read.
        self._limits = replace(limits, processes=limits.processes + 1)
        self._max_bytes = max_bytes
        self._capacity = capacity
        self._folder: Path | None = None
        self._files: OrderedDict[tuple[str, int, int], tuple[Path, int]] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def file(self, path: Path) -> Path | None:
        """Return a file with the bytes of a member and with its name; None for a path that leads into no container.

        Raises LoadingError if the member cannot be read, for example without a password.
        """
        container = container_file(path)
        if container is None:
            return None
        state = container.stat()
        key = (str(path), state.st_ino, state.st_mtime_ns)
        with self._lock:
            if key not in self._files or not self._files[key][0].is_file():
                with parsers(self._limits) as parser:
                    self._keep(key, path.name, parser.member(path, max_bytes=self._max_bytes))
            self._files.move_to_end(key)
            return self._files[key][0]

    def _keep(self, key: tuple[str, int, int], name: str, data: bytes) -> None:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="pincite-members-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        file = folder / name
        file.write_bytes(data)
        self._files[key] = (file, len(data))
        while len(self._files) > 1 and sum(size for _, size in self._files.values()) > self._capacity:
            _, (oldest, _) = self._files.popitem(last=False)
            shutil.rmtree(oldest.parent, ignore_errors=True)
