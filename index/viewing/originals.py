"""The files that documents were read from, as long as they have the same bytes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from index.errors import LoadingError, OriginalMissing
from index.loading import read_bytes
from index.viewing.records import OpenOriginal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import DocumentInfo


class Originals:
    """Finds and reads them. `uploads` is the folder that keeps what arrived in another way than by a path."""

    def __init__(self, uploads: Path, *, max_bytes: int) -> None:
        self._uploads = uploads
        self._max_bytes = max_bytes
        self._known: dict[tuple[str, int, int, int], str] = {}

    def path(self, info: DocumentInfo, sources: Sequence[str]) -> Path:
        """A file with the document's bytes. Raises OriginalMissing where there is none."""
        for candidate in self._candidates(sources):
            if self._identity(candidate) == info.id:
                return candidate
        raise OriginalMissing(f"The file that {info.name} was read from is gone, or has changed since.")

    def read(self, info: DocumentInfo, sources: Sequence[str]) -> tuple[bytes, str]:
        """The bytes, and what the file is called. Raises OriginalMissing."""
        path = self.path(info, sources)
        try:
            data = read_bytes(path, max_bytes=self._max_bytes)
        except LoadingError as error:
            raise OriginalMissing(f"The file that {info.name} was read from cannot be read any more.") from error
        if hashlib.sha256(data).hexdigest() != info.id:
            raise OriginalMissing(f"The file that {info.name} was read from has just changed.")
        return data, _name(info.source) or path.name

    def open(self, info: DocumentInfo, sources: Sequence[str]) -> OpenOriginal:
        """The file, open. Raises OriginalMissing."""
        path = self.path(info, sources)
        try:
            file = path.open("rb")
        except OSError as error:
            raise OriginalMissing(f"The file that {info.name} was read from cannot be read any more.") from error
        seen = os.fstat(file.fileno())
        if self._known.get(_stamp(path, seen)) != info.id:
            file.close()
            raise OriginalMissing(f"The file that {info.name} was read from has just changed.")
        return OpenOriginal(file, seen.st_size, _name(info.source) or path.name, info.id)

    def _candidates(self, sources: Sequence[str]) -> Iterator[Path]:
        """Where it was found; then, for the library may have moved, the same name among the uploads.

        What came from an address is there, too, under a name that the address does not tell.
        """
        paths = [Path(source) for source in sources if Path(source).is_absolute()]
        yield from paths
        yield from (self._uploads / path.name for path in paths)
        if len(paths) < len(sources) and self._uploads.is_dir():
            yield from sorted(self._uploads.iterdir())

    def _identity(self, path: Path) -> str:
        """SHA-256 of a file, read only where it was not read before; empty where it cannot be."""
        try:
            if not path.is_file():
                return ""
            stamp = _stamp(path, path.stat())
            if stamp not in self._known:
                with path.open("rb") as file:
                    self._known[stamp] = hashlib.file_digest(file, "sha256").hexdigest()
            return self._known[stamp]
        except (OSError, ValueError):
            return ""


def _stamp(path: Path, seen: os.stat_result) -> tuple[str, int, int, int]:
    """What changes when a file does."""
    return str(path), seen.st_ino, seen.st_size, seen.st_mtime_ns


def _name(source: str) -> str:
    """The last part of an address; empty for a path."""
    return "" if Path(source).is_absolute() else PurePosixPath(unquote(urlsplit(source).path)).name
