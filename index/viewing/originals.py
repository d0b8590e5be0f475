"""Finds the original files of documents, as long as their bytes are unchanged."""

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
    """Finds and reads original files. `uploads` is the folder of files that were not added by a path."""

    def __init__(self, uploads: Path, *, max_bytes: int) -> None:
        self._uploads = uploads
        self._max_bytes = max_bytes
        self._known: dict[tuple[str, int, int, int], str] = {}

    def path(self, info: DocumentInfo, sources: Sequence[str]) -> Path:
        """Return a file with the document's bytes. Raises OriginalMissing if there is none."""
        for candidate in self._candidates(sources):
            if self._identity(candidate) == info.id:
                return candidate
        raise OriginalMissing(f"The original file of {info.name} is gone, or has changed since.")

    def read(self, info: DocumentInfo, sources: Sequence[str]) -> tuple[bytes, str]:
        """Return the bytes and the name of the file. Raises OriginalMissing."""
        path = self.path(info, sources)
        try:
            data = read_bytes(path, max_bytes=self._max_bytes)
        except LoadingError as error:
            raise OriginalMissing(f"The original file of {info.name} can no longer be read.") from error
        if hashlib.sha256(data).hexdigest() != info.id:
            raise OriginalMissing(f"The original file of {info.name} has just changed.")
        return data, _name(info.source) or path.name

    def open(self, info: DocumentInfo, sources: Sequence[str]) -> OpenOriginal:
        """Open the file. Raises OriginalMissing."""
        path = self.path(info, sources)
        try:
            file = path.open("rb")
        except OSError as error:
            raise OriginalMissing(f"The original file of {info.name} can no longer be read.") from error
        status = os.fstat(file.fileno())
        if self._known.get(_stamp(path, status)) != info.id:
            file.close()
            raise OriginalMissing(f"The original file of {info.name} has just changed.")
        return OpenOriginal(file, status.st_size, _name(info.source) or path.name, info.id)

    def _candidates(self, sources: Sequence[str]) -> Iterator[Path]:
        """Yield paths where the file may be: its sources, then the same names in `uploads`, if the library was moved.

        Files from web addresses are in `uploads`, too, under names that do not follow from the address.
        """
        paths = [Path(source) for source in sources if Path(source).is_absolute()]
        yield from paths
        yield from (self._uploads / path.name for path in paths)
        if len(paths) < len(sources) and self._uploads.is_dir():
            yield from sorted(self._uploads.iterdir())

    def _identity(self, path: Path) -> str:
        """Return the SHA-256 of a file, cached by its stamp; empty if it cannot be read."""
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


def _stamp(path: Path, status: os.stat_result) -> tuple[str, int, int, int]:
    """Return values that change when the file does: path, inode, size and modification time."""
    return str(path), status.st_ino, status.st_size, status.st_mtime_ns


def _name(source: str) -> str:
    """Return the last part of a web address; empty for a path."""
    return "" if Path(source).is_absolute() else PurePosixPath(unquote(urlsplit(source).path)).name
