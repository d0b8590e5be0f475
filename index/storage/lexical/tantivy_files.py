"""The files of tantivy: its segments, its merge policy, and whether each file is what tantivy wrote.

tantivy-py 0.27 can only open, search and write an index. This module does by hand what only the Rust library has:

- `Index::searchable_segment_metas` lists the segments with their sizes. tantivy-py has only the number of segments, and
  only of an open searcher. So `meta.json` is read here.
- `IndexWriter::set_merge_policy` and `IndexWriter::merge` say when segments are merged. tantivy-py has neither
  (quickwit-oss/tantivy-py, issue 59), and does not say whether a merge is under way: `wait_merging_threads` waits for
  all of them and ends the writer. So `merge_due` repeats the rule of the default `LogMergePolicy`.
- `Index::validate_checksum` compares every file with the CRC-32 in its footer. tantivy-py does not have it, opening an
  index does not do it, and it skips missing files and reads all files each time. So `verify` reads one file's footer.
"""

from __future__ import annotations

import json
import math
import struct
import threading
import uuid
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.storage.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

META = "meta.json"
MANAGED = ".managed.json"
"""Tantivy's list of the files that it may delete."""
WRITER_LOCK = ".tantivy-writer.lock"
MERGE_THREAD = "merge_thread"
"""The beginning of the names of the threads that merge segments."""
_EXTENSIONS = ("fast", "fieldnorm", "idx", "pos", "store", "term")
_CHANGING = ("segments", "opstamp", "payload")
"""The entries of `meta.json` that change with a commit or a merge."""
_MIN_LAYER = 10_000
_LAYER_WIDTH = 0.75
_MIN_SEGMENTS = 8
"""The defaults of LogMergePolicy: eight segments of about one size are merged. Sizes are compared by their base-2
logarithm, and all segments below 10,000 passages count as 10,000."""
_TAIL = struct.Struct("<II")  # length of the footer, magic number
_MAGIC = 1337
_MAX_FOOTER = 50_000
_BLOCK = 1 << 20
AT_ONCE_BYTES = 64_000_000
"""Bytes that are checked before the index is searched: this takes about fifty milliseconds, and covers a library of
80,000 passages. The rest is checked in the background. Until then, damage there can change what is found, but never
what is quoted."""
_Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: its files, and the number of its passages; only `total` includes removed passages."""

    files: tuple[str, ...]
    total: int
    alive: int


@dataclass(frozen=True, slots=True)
class Meta:
    """The content of `meta.json`."""

    opstamp: int
    """The number of operations up to the last commit."""
    segments: tuple[Segment, ...]
    schema_crc: int
    """CRC-32 of the entries that never change: the fields and how they are indexed."""

    @property
    def alive(self) -> tuple[int, ...]:
        """Passages of each segment."""
        return tuple(segment.alive for segment in self.segments)


def read_meta(folder: Path) -> Meta:
    """Return the content of `meta.json`. Raises OSError, or ValueError if it is damaged."""
    entries = json.loads((folder / META).read_bytes())
    with _damage_as_value_error():
        fixed = {name: value for name, value in entries.items() if name not in _CHANGING}
        segments = tuple(_segment(entry) for entry in entries["segments"])
        return Meta(int(entries["opstamp"]), segments, crc(fixed))


def sweep(folder: Path, keep: str) -> None:
    """Remove files without a segment, and list the others for tantivy. Call only while holding tantivy's writer lock.

    A writer that died leaves files with names that the next writer would use again. `keep` is a file that does not
    belong to tantivy. Tantivy's own list may be damaged.
    """
    used = {name for segment in read_meta(folder).segments for name in segment.files} | {META}
    names = {path.name for path in folder.iterdir() if not path.name.startswith((".", keep))}
    for name in names - used:
        (folder / name).unlink(missing_ok=True)
    listed = sorted(names & used)
    if not _is_list_of(folder / MANAGED, listed):
        write_atomically(folder / MANAGED, json.dumps(listed).encode())


def merge_due(alive: Sequence[int]) -> bool:
    """Return whether tantivy will merge any of the segments with these numbers of passages."""
    layers: list[int] = []
    top = math.inf
    for size in sorted((math.log2(max(passages, _MIN_LAYER)) for passages in alive), reverse=True):
        if size < top - _LAYER_WIDTH:
            top = size
            layers.append(0)
        layers[-1] += 1
    return max(layers, default=0) >= _MIN_SEGMENTS


def verify(path: Path) -> None:
    """Read a whole file. Raises ValueError if its content does not have the CRC-32 that its footer names."""
    left, expected = read_footer(path)
    total = 0
    with path.open("rb") as file:
        while left and (block := file.read(min(_BLOCK, left))):
            total = zlib.crc32(block, total)
            left -= len(block)
    if left or total != expected:
        raise ValueError(f"{path.name} is damaged")


def read_footer(path: Path) -> tuple[int, int]:
    """Return the number of bytes before the footer and their CRC-32. Raises ValueError if there is no footer."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size < _TAIL.size:
            raise ValueError(f"{path.name} is truncated")
        file.seek(size - _TAIL.size)
        length, magic = _TAIL.unpack(file.read())
        body = size - _TAIL.size - length
        if magic != _MAGIC or length > _MAX_FOOTER or body < 0:
            raise ValueError(f"{path.name} has no footer")
        file.seek(body)
        try:
            return body, int(json.loads(file.read(length))["crc"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path.name} has no footer") from error


def crc(value: Mapping[str, Any]) -> int:
    """Return the CRC-32 of a mapping as JSON."""
    return zlib.crc32(json.dumps(value, sort_keys=True).encode())


@contextmanager
def _damage_as_value_error() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{META} is damaged: {error}") from error


def _segment(entry: Mapping[str, Any]) -> Segment:
    stem, deletes = uuid.UUID(entry["segment_id"]).hex, entry["deletes"]
    files = [f"{stem}.{extension}" for extension in _EXTENSIONS]
    if deletes:
        files.append(f"{stem}.{deletes['opstamp']}.del")
    total = int(entry["max_doc"])
    return Segment(tuple(files), total, total - (int(deletes["num_deleted_docs"]) if deletes else 0))


def _is_list_of(path: Path, names: list[str]) -> bool:
    """Return whether a file is the JSON list of these names, in any order."""
    try:
        return bool(sorted(json.loads(path.read_bytes())) == names)
    except (OSError, ValueError, TypeError):
        return False


class Soundness:
    """Checks the files of a folder, and remembers the ones that are undamaged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._sound: dict[str, _Version] = {}
        self._queue: dict[str, _Version] = {}
        self._reader: threading.Thread | None = None
        self.broken = False
        """Whether the background check has found a damaged file."""

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
