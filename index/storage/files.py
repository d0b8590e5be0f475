"""Files that appear whole or not at all, and the stamp that says what a cache was built from."""

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

NOT_WRITABLE_HINT = "Check the folder's permissions and the free space of its disk; what was committed is safe."


def is_read_only(folder: Path) -> bool:
    """Whether this process may change nothing in a folder that is there: by its permissions, or on its disk."""
    return folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a cache was built from. A cache of another library, format or a later generation is of no use."""

    library: str
    format: int
    generation: int

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Stamp:
        """The reverse of `to_json`. Raises ValueError for anything else."""
        try:
            fields = json.loads(text)
            return cls(str(fields["library"]), int(fields["format"]), int(fields["generation"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a stamp: {text[:80]!r}") from error

    def fits(self, library: str, format: int, generation: int) -> bool:  # noqa: A002
        """Whether a cache with this stamp can be caught up to that generation."""
        return self.library == library and self.format == format and self.generation <= generation


def write_whole(path: Path, *parts: bytes | memoryview) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half of either.

    Raises LibraryNotWritable where the disk does not take it.
    """
    with writing_whole(path) as file:
        for part in parts:
            file.write(part)


@contextmanager
def writing_whole(path: Path) -> Iterator[BinaryIO]:
    """The same for what comes piece by piece."""
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
    """Remove what writers of this file left behind that were killed. Only who keeps other writers away may."""
    for left in path.parent.glob(f"{path.name}.*.part"):
        with suppress(OSError):
            left.unlink(missing_ok=True)


def crc_of(path: Path) -> int:
    """CRC-32 of a file's bytes."""
    total = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total = zlib.crc32(block, total)
    return total
