"""The files of a tantivy index, read without tantivy. This is the only module that knows their format.

tantivy-py 0.27 opens, searches and writes an index and no more. The Rust library has what is done by hand here:

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
import uuid
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.storage.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

META = "meta.json"
MANAGED = ".managed.json"
"""Tantivy's list of the files that it may delete."""
WRITER_LOCK = ".tantivy-writer.lock"
MERGE_THREAD = "merge_thread"
"""How the names of the threads begin that merge segments."""
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


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: its files, and the number of its passages, removed ones included in `total` alone."""

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
    """Remove the files of no segment, and list the others for tantivy. Call only while holding tantivy's writer lock.

    A writer that died leaves files under names that the next writer would use again. `keep` is a file that is not
    tantivy's. Tantivy's own list may be damaged.
    """
    used = {name for segment in read_meta(folder).segments for name in segment.files} | {META}
    names = {path.name for path in folder.iterdir() if not path.name.startswith((".", keep))}
    for name in names - used:
        (folder / name).unlink(missing_ok=True)
    listed = sorted(names & used)
    if not _is_list_of(folder / MANAGED, listed):
        write_whole(folder / MANAGED, json.dumps(listed).encode())


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
