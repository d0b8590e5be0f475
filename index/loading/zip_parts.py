"""The parts of a document that is a zip archive, such as a book in EPUB or a text in OpenDocument."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING
from urllib.parse import unquote

from index.errors import DamagedFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError, KeyError)
_CHUNK = 1 << 16


class ZipParts:
    """Reads parts by their paths. The loader has checked before how much the archive unpacks to."""

    def __init__(self, data: bytes, name: str) -> None:
        self._name = name
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise self._damaged(str(error)) from error
        self.names = self._archive.namelist()
        self._names = {_folded(name): name for name in self.names} | {name: name for name in self.names}

    def __enter__(self) -> ZipParts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def __contains__(self, path: str) -> bool:
        return self.find(path) is not None

    def find(self, path: str) -> str | None:
        """Return the name under which the archive has a part.

        Links escape blanks and accents, archives do not; and some programs write other capitals, or backslashes.
        """
        candidates: Iterable[str] = (path, unquote(path), _folded(unquote(path)))
        return next((self._names[candidate] for candidate in candidates if candidate in self._names), None)

    def read(self, path: str) -> bytes:
        """Return the bytes of a part. Raises DamagedFile if it is missing or cannot be unpacked."""
        found = self.find(path)
        if found is None:
            raise self._damaged(f"its part {path} is missing")
        try:
            return self._archive.read(found)
        except _BROKEN as error:
            raise self._damaged(f"its part {path} cannot be unpacked: {error}") from error

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a part in chunks. Raises DamagedFile if it is missing or cannot be unpacked."""
        found = self.find(path)
        if found is None:
            raise self._damaged(f"its part {path} is missing")
        try:
            with self._archive.open(found) as part:
                while chunk := part.read(_CHUNK):
                    yield chunk
        except _BROKEN as error:
            raise self._damaged(f"its part {path} cannot be unpacked: {error}") from error

    def _damaged(self, reason: str) -> DamagedFile:
        return DamagedFile(f"{self._name} cannot be opened: {reason}.")


def _folded(name: str) -> str:
    return name.replace("\\", "/").lower()
