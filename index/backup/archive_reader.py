"""Reads an archive, which may be damaged or hostile, and checks the catalog in it to the last passage.

Names in the archive never become paths. Parts are requested by name and read as streams, at most up to the size in the
manifest, and each part is compared with its hash at its end.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Self

from index.backup.archive import BLOCK, DIGITS, MANIFEST, SEAL
from index.errors import BadArchive, LibraryDamaged
from index.storage import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from index.records.report import OperationProgress
    from index.storage.catalog.catalog import Catalog

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, KeyError)
_LARGEST_MANIFEST = 64 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UPGRADE = "Upgrade Pincite: pip install --upgrade pincite"
_HEADER = b"SQLite format 3\0"


class ArchiveReader:
    """Reads an archive of a given kind whose seal and contents are valid; raises BadArchive for anything else."""

    def __init__(self, path: Path, kind: str, version: int, progress: OperationProgress | None = None) -> None:
        self._path = path
        self._kind = kind
        self._version = version
        self._progress = progress

    def __enter__(self) -> Self:
        try:
            self._file = self._path.open("rb")
        except OSError as error:
            raise BadArchive(f"{self._path} cannot be read: {error.strerror}.", "Check the path.") from error
        try:
            self._check_seal()
            self._check_contents()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        self._file.close()

    def bad(self, reason: str, hint: str = "") -> BadArchive:
        """Return the error for invalid contents."""
        return BadArchive(f"{self._path.name} cannot be used: {reason}.", hint)

    def fact(self, name: str, kind: type[Any]) -> Any:
        """Return a fact from the manifest. Raises BadArchive if it is missing or not of this type."""
        value = self._manifest.get(name)
        if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
            raise self.bad(f"its manifest has no {name}")
        return value

    @property
    def parts(self) -> dict[str, dict[str, Any]]:
        """The manifest's facts about each part, by name."""
        return dict(self._manifest["parts"])

    def size(self, name: str) -> int:
        """Return the size of a part in bytes, as the manifest states it."""
        return int(self._manifest["parts"][name]["bytes"])

    @contextmanager
    def part(self, name: str) -> Iterator[PartReader]:
        """Yield a part as a stream. Raises BadArchive at its end if it does not match the manifest."""
        if name not in self._manifest["parts"]:
            raise self.bad(f"it has no {name}")
        facts = self._manifest["parts"][name]
        with self._reading(name):
            file = self._zip.open(name)
        with file:
            stream = PartReader(file, facts["bytes"], lambda: self._reading(name))
            yield stream
            if not stream.ended or stream.sha256 != facts["sha256"]:
                raise self.bad(f"{name} in it does not match its manifest")

    def copy(self, name: str, to: Path) -> None:
        """Write a part to a new file. After an error, the caller removes the incomplete file."""
        with self.part(name) as stream, to.open("wb") as file:
            while block := stream.read(BLOCK):
                file.write(block)

    # Details

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        try:
            yield
        except (*_BROKEN, OSError) as error:
            raise self.bad(f"{name} in it is damaged: {error}") from error

    def _check_seal(self) -> None:
        size = self._file.seek(0, 2)
        self._file.seek(max(0, size - DIGITS - len(SEAL)))
        seal = self._file.read()
        if not seal.startswith(SEAL):
            raise BadArchive(f"{self._path.name} is not a {self._kind}, or its end is missing.")
        digest, left = hashlib.sha256(), size - DIGITS
        self._file.seek(0)
        while block := self._file.read(min(BLOCK, left)):
            digest.update(block)
            left -= len(block)
            if self._progress:
                self._progress("checking", size - left, size)
        if digest.hexdigest().encode() != seal[len(SEAL) :]:
            raise BadArchive(f"{self._path.name} was damaged or changed since it was made.")

    def _check_contents(self) -> None:
        """Read the manifest, and check that the archive has exactly the parts that it names, each once."""
        try:
            self._zip = zipfile.ZipFile(self._file)
            infos = self._zip.infolist()
            with self._zip.open(MANIFEST) as file:
                manifest = json.loads(file.read(_LARGEST_MANIFEST))
        except (*_BROKEN, OSError) as error:
            raise self.bad(f"its manifest is missing or unreadable: {error}") from error
        if not isinstance(manifest, dict) or manifest.get("format") != self._kind:
            raise BadArchive(f"{self._path.name} is not a {self._kind}.", "Check that this is the right file.")
        version = manifest.get("version")
        if not isinstance(version, int) or version > self._version:
            raise self.bad("a newer Pincite made it", _UPGRADE)
        parts = manifest.get("parts")
        if not isinstance(parts, dict) or not all(map(_is_described, parts.values())):
            raise self.bad("its manifest does not describe its parts")
        if sorted(info.filename for info in infos) != sorted([MANIFEST, *parts]):
            raise self.bad("its parts are not those that its manifest names")
        if any(info.compress_type not in _METHODS or info.flag_bits & 1 for info in infos):
            raise self.bad("its parts are encrypted or use an unknown compression")
        if any(info.file_size != parts[info.filename]["bytes"] for info in infos if info.filename != MANIFEST):
            raise self.bad("the sizes of its parts do not match its manifest")
        self._manifest = manifest


class PartReader:
    """Reads a part, never more than its stated size, and hashes it on the way."""

    def __init__(self, file: IO[bytes], size: int, reading: Callable[[], AbstractContextManager[None]]) -> None:
        self._file = file
        self._left = size
        self._hash = hashlib.sha256()
        self._reading = reading

    def read(self, size: int) -> bytes:
        """Return at most `size` more bytes; fewer only at the end."""
        with self._reading():
            return self._count(self._file.read(min(size, self._left)))

    def line(self, longest: int) -> bytes:
        """Return the next line with its line break; a line longer than `longest` bytes is cut."""
        with self._reading():
            return self._count(self._file.readline(min(longest, self._left)))

    @property
    def ended(self) -> bool:
        """Whether the part was read to its end, and is not longer than stated."""
        with self._reading():
            return self._left == 0 and not self._file.read(1)

    @property
    def sha256(self) -> str:
        """The SHA-256 of all bytes that were read."""
        return self._hash.hexdigest()

    def _count(self, data: bytes) -> bytes:
        self._left -= len(data)
        self._hash.update(data)
        return data


def _is_described(facts: object) -> bool:
    if not isinstance(facts, dict):
        return False
    size, digest = facts.get("bytes"), facts.get("sha256")
    return isinstance(size, int) and not isinstance(size, bool) and size >= 0 and isinstance(digest, str)


def find_header_flaw(path: Path) -> str:
    """Return why a file's header is not a catalog's; empty if it is."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(_HEADER):
        return "it is not a database"
    if int.from_bytes(header[68:72]) != tables.APPLICATION_ID:
        return "it is a database of another program"
    return "" if int.from_bytes(header[60:64]) else "it is empty"


def find_flaw(catalog: Catalog, progress: OperationProgress | None = None) -> str:
    """Return the first flaw of a catalog; empty if there is none.

    A library has no triggers and no views: they would run foreign code in our transactions.
    """
    try:
        if catalog.database.rows("SELECT 1 FROM sqlite_schema WHERE type IN ('trigger', 'view') LIMIT 1"):
            return "it contains triggers or views"
        found = catalog.database.rows("PRAGMA integrity_check(1)")[0][0]
        if found != "ok":
            return str(found)
        numbers = catalog.database.rows("SELECT number FROM documents ORDER BY number")
        for done, (number,) in enumerate(numbers, 1):
            catalog.passages_of(number)
            if progress:
                progress("checking", done, len(numbers))
        catalog.documents()
        catalog.removals_from()
        if not catalog.library_id or catalog.generation() < 0 or (numbers and not catalog.fingerprint()):
            return "it lacks its id, generation or fingerprint"
    except LibraryDamaged as error:
        return error.detail
    return ""
