"""Whether tantivy's files hold what it wrote: each ends with a CRC-32 of all before."""

from __future__ import annotations

import json
import struct
import threading
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

AT_ONCE_BYTES = 64_000_000
"""How much is read before anything is served: some fifty milliseconds' work, and all of a library of 80,000 passages.
What there is beyond that is read in the background: damage there can change what is found for a moment, never what is
quoted."""
_BLOCK = 1 << 20
_TAIL = struct.Struct("<II")  # length of the footer, magic
_MAGIC = 1337
_LONGEST_FOOTER = 50_000
_Mark = tuple[int, int, int]


class Soundness:
    """Which files are known to be sound. Each version of a file is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._known: dict[str, _Mark] = {}
        self._later: dict[str, _Mark] = {}
        self._reader: threading.Thread | None = None
        self.broken = False
        """Whether a file was found damaged that `examine` had let pass."""

    def examine(self, names: Iterable[str]) -> None:
        """Raises ValueError or OSError where a file is damaged or missing; much that is new is read through later."""
        with self._lock:
            marks = {name: _mark(self._folder / name) for name in names}
            new = sorted((mark[1], name) for name, mark in marks.items() if self._known.get(name) != mark)
            self._known = {name: mark for name, mark in self._known.items() if name in marks}
            left = AT_ONCE_BYTES
            for size, name in new:
                left -= size
                if left >= 0:
                    check(self._folder / name)
                    self._known[name] = marks[name]
                elif self._later.get(name) != marks[name]:
                    _footer(self._folder / name)
                    self._later[name] = marks[name]
            if self._later and self._reader is None:
                self._reader = threading.Thread(target=self._read_on, name="lexical-files", daemon=True)
                self._reader.start()

    def forget(self) -> None:
        """Nothing of what is there now is known."""
        with self._lock:
            self._known, self._later, self.broken = {}, {}, False

    def settle(self) -> None:
        """Wait until all is read."""
        reader = self._reader
        if reader is not None:
            reader.join()

    def _read_on(self) -> None:
        while True:
            with self._lock:
                if not self._later:
                    self._reader = None
                    return
                name, mark = next(iter(self._later.items()))
            try:
                sound = True
                with suppress(OSError):  # a merge has replaced it; one that cannot be read fails when it is opened
                    check(self._folder / name)
            except ValueError:
                sound = False
            with self._lock:
                if self._later.get(name) == mark:
                    del self._later[name]
                    self._known[name] = mark
                    self.broken = self.broken or not sound


def check(path: Path) -> None:
    """Read a file through. Raises ValueError where it is not what was written."""
    left, expected = _footer(path)
    total = 0
    with path.open("rb") as file:
        while left and (block := file.read(min(_BLOCK, left))):
            total = zlib.crc32(block, total)
            left -= len(block)
    if left or total != expected:
        raise ValueError(f"{path.name} is damaged")


def _footer(path: Path) -> tuple[int, int]:
    """How many bytes come before the footer, and their CRC-32 as it says."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size < _TAIL.size:
            raise ValueError(f"{path.name} is truncated")
        file.seek(size - _TAIL.size)
        length, magic = _TAIL.unpack(file.read())
        body = size - _TAIL.size - length
        if magic != _MAGIC or length > _LONGEST_FOOTER or body < 0:
            raise ValueError(f"{path.name} has no footer")
        file.seek(body)
        try:
            return body, int(json.loads(file.read(length))["crc"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path.name} has no footer") from error


def _mark(path: Path) -> _Mark:
    status = path.stat()
    return (status.st_ino, status.st_size, status.st_mtime_ns)
