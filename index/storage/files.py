"""Atomic file writes, and the stamp that records what a cache was built from."""

from __future__ import annotations

import json
import os
import zlib
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, BinaryIO

from index.errors import LibraryNotWritable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOT_WRITABLE_HINT = "Check the folder's permissions and the free disk space; committed changes are safe."


def is_read_only(folder: Path) -> bool:
    """Return whether a folder exists and this process cannot write to it (permissions, or a read-only disk)."""
    return folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The state that a cache was built from. A cache of another library, format or a later generation is useless."""

    library: str
    format: int
    generation: int

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Stamp:
        """Parse the output of `to_json`. Raises ValueError for anything else."""
        try:
            fields = json.loads(text)
            return cls(str(fields["library"]), int(fields["format"]), int(fields["generation"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a stamp: {text[:80]!r}") from error

    def fits(self, library: str, format: int, generation: int) -> bool:  # noqa: A002
        """Return whether a cache with this stamp can be updated to the given generation."""
        return self.library == library and self.format == format and self.generation <= generation


def write_whole(path: Path, *parts: bytes | memoryview) -> None:
    """Write a file atomically: a crash leaves the old file or the new one.

    Raises LibraryNotWritable if the disk is full or not writable.
    """
    with atomic_writer(path) as file:
        for part in parts:
            file.write(part)


@contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write piece by piece; it replaces `path` atomically at the end. Raises LibraryNotWritable."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise LibraryNotWritable(f"{path} cannot be written: {error}.", NOT_WRITABLE_HINT) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove temporary files of killed writers. Call only while other writers are locked out."""
    for unfinished in path.parent.glob(f"{path.name}.*.part"):
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def crc_of(path: Path) -> int:
    """Return the CRC-32 of a file's bytes."""
    total = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total = zlib.crc32(block, total)
    return total
