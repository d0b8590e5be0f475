"""Archives: a backup or a portable library as one zip file of parts, with a manifest and a seal over all bytes.

Any program can open the file. The manifest gives the name, size and SHA-256 of each part. The zip's comment is the
seal: the SHA-256 of every byte before it, which reveals each flipped bit and a missing end. A backup has the catalog,
which holds all that the library knows, and the files in the library's own folder; a portable library has texts and
vectors.

A file that is read may be damaged or hostile. Names in it never become paths. Parts are requested by name and read as
streams, at most up to the size in the manifest, and each part is compared with its hash at its end.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
import zlib
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, Literal, Self

from filelock import FileLock, Timeout

from index.errors import ArchiveExists, ArchiveNotWritable, BadArchive, NoRoom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from index.records.report import OperationProgress
    from index.storage.catalog.catalog import Catalog

Kind = Literal["backup", "library"]
FORMAT, VERSION = "pincite archive", 1
_NAMES: dict[Kind, str] = {"backup": "a Pincite backup", "library": "a portable Pincite library"}
_HINTS = {
    "backup": "It is a backup: use `pincite restore`.",
    "library": "It is a portable library: use `pincite import-library`.",
}
_SPARE = 1 << 20
"""Bytes that are left free for other programs."""
_BLOCK = 1 << 20
MANIFEST = "manifest.json"
_MAX_MANIFEST_BYTES = 64 << 20
_SEAL = b"sha256:"
_DIGITS = 64
"""Hexadecimal digits of a SHA-256."""
_LOCK = "lock"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError, KeyError)


def require_space(folder: Path, needed: int) -> None:
    """Raise NoRoom if the folder's disk has fewer free bytes than `needed`."""
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE:
        raise NoRoom(str(folder), needed + _SPARE, free)


def file_size(path: Path) -> int:
    """Return a file's size in bytes; 0 if it does not exist."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def sync_to_disk(path: Path) -> None:
    """Force a file, or the names in a folder, to the disk now (fsync)."""
    number = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError) if path.is_dir() else nullcontext():  # systems that cannot sync folders order names
            os.fsync(number)
    finally:
        os.close(number)


def blocks_of(read: Callable[[int], bytes], report: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Yield what `read` returns, block by block, until it returns nothing; `report` gets the number of bytes so far."""
    done = 0
    while block := read(_BLOCK):
        yield block
        done += len(block)
        if report:
            report(done)


def _seal_of(file: IO[bytes], progress: OperationProgress | None = None) -> bytes:
    """Return the digits of the seal that belongs to an archive: they are its last bytes, and the hash of all others."""
    size = file.seek(0, 2)
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(min(_BLOCK, size - _DIGITS - file.tell())):
        digest.update(block)
        if progress:
            progress("checking", file.tell(), size)
    return digest.hexdigest().encode()


class ArchiveWriter:
    """Writes an archive to a temporary file, and moves it to its path when it is complete.

    Raises ArchiveExists if the path exists and `force` is not set, ArchiveNotWritable if the disk is full or not
    writable, or if another process writes the same file.
    """

    def __init__(self, path: Path, kind: Kind, *, force: bool) -> None:
        if path.is_dir() or (path.exists() and not force):
            raise ArchiveExists(str(path))
        self._path = path
        self._force = force
        self._manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION, "kind": kind, "parts": {}}
        self.folder = path.with_name(f"{path.name}.part")
        """A folder for temporary files; it is removed at the end."""
        self._file = self.folder / "archive"

    def __enter__(self) -> Self:
        with self._translated():
            self.folder.mkdir(exist_ok=True)
            self._lock = FileLock(self.folder / _LOCK, thread_local=False)
            try:
                self._lock.acquire(timeout=0)
            except Timeout as error:
                hint = "Wait until it has finished, or choose another name."
                raise ArchiveNotWritable(f"Another process is writing {self._path}.", hint) from error
            for unfinished in self.folder.iterdir():  # left by a process that was killed
                if unfinished.name != _LOCK:
                    unfinished.unlink()
            self._zip = zipfile.ZipFile(self._file, "w")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._translated():
                if isinstance(error, OSError):
                    raise error
                if error is None:
                    self._finish()
        finally:
            with suppress(OSError, ValueError):  # on a full disk, the end cannot be written either
                self._zip.close()
            self._lock.release()
            shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, name: str, blocks: Iterable[bytes], /, *, compress: bool = False, **facts: Any) -> None:
        """Write a part; `facts` go to the manifest with its size and hash."""
        digest, size = hashlib.sha256(), 0
        info = _entry(name, zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED)
        with self._translated(), self._zip.open(info, "w", force_zip64=True) as file:
            for block in blocks:
                file.write(block)
                digest.update(block)
                size += len(block)
        self._manifest["parts"][name] = facts | {"bytes": size, "sha256": digest.hexdigest()}

    def describe(self, **facts: Any) -> None:
        """Add facts to the manifest."""
        self._manifest |= facts

    def describe_library(self, catalog: Catalog) -> dict[str, int]:
        """Add the library's totals and fingerprint and the time to the manifest, and return the totals."""
        totals = catalog.totals()
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        self.describe(made_at=made_at, made_with=catalog.fingerprint(), **totals)
        return totals

    def _finish(self) -> None:
        """Write manifest and seal, read everything back for the seal, and give the file its name."""
        self._zip.comment = _SEAL + b"0" * _DIGITS
        self._zip.writestr(_entry(MANIFEST), json.dumps(self._manifest, ensure_ascii=True, indent=1))
        self._zip.close()
        with self._file.open("r+b") as file:
            seal = _seal_of(file)
            file.seek(-_DIGITS, 2)
            file.write(seal)
        sync_to_disk(self._file)
        if self._path.exists() and not self._force:
            raise ArchiveExists(str(self._path))
        self._file.replace(self._path)
        sync_to_disk(self._path.parent)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ArchiveNotWritable(f"{self._path} cannot be written: {error}.") from error


def _entry(name: str, method: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = method
    info.external_attr = 0o644 << 16
    return info


class ArchiveReader:
    """Reads an archive of a given kind whose seal and manifest are valid; raises BadArchive for anything else."""

    def __init__(self, path: Path, kind: Kind, progress: OperationProgress | None = None) -> None:
        self._path = path
        self._kind: Kind = kind
        self._progress = progress

    def __enter__(self) -> Self:
        try:
            self._file = self._path.open("rb")
        except OSError as error:
            raise BadArchive(f"{self._path} cannot be read: {error.strerror}.", "Check the path.") from error
        try:
            self._check_seal()
            self._manifest = self._checked_manifest()
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

    def states(self, totals: Mapping[str, int]) -> bool:
        """Return whether the manifest states these totals."""
        return all(self.fact(name, int) == number for name, number in totals.items())

    @property
    def parts(self) -> dict[str, dict[str, Any]]:
        """The manifest's facts about each part, by name."""
        return dict(self._manifest["parts"])

    @property
    def unpacked_bytes(self) -> int:
        """The size of all parts, as the manifest states it."""
        return sum(facts["bytes"] for facts in self.parts.values())

    @contextmanager
    def part(self, name: str) -> Iterator[PartReader]:
        """Yield a part as a stream. Raises BadArchive at its end if it does not match the manifest."""
        if (facts := self._manifest["parts"].get(name)) is None:
            raise self.bad(f"it has no {name}")
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
            for block in blocks_of(stream.read):
                file.write(block)

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            raise self.bad(f"{name} in it is damaged: {error}") from error

    def _check_seal(self) -> None:
        size = self._file.seek(0, 2)
        self._file.seek(max(0, size - _DIGITS - len(_SEAL)))
        seal = self._file.read()
        if not seal.startswith(_SEAL):
            raise BadArchive(f"{self._path.name} is not {_NAMES[self._kind]}, or its end is missing.")
        if _SEAL + _seal_of(self._file, self._progress) != seal:
            raise BadArchive(f"{self._path.name} was damaged or changed since it was made.")

    def _checked_manifest(self) -> dict[str, Any]:
        """Return the manifest. Raises BadArchive if the archive does not have exactly the parts that it names."""
        try:
            self._zip = zipfile.ZipFile(self._file)
            infos = self._zip.infolist()
            with self._zip.open(MANIFEST) as file:
                manifest = json.loads(file.read(_MAX_MANIFEST_BYTES))
        except _BROKEN as error:
            raise self.bad(f"its manifest is missing or unreadable: {error}") from error
        if not isinstance(manifest, dict) or (manifest.get("format"), manifest.get("kind")) != (FORMAT, self._kind):
            hint = _HINTS.get(str(manifest.get("kind")), "") if isinstance(manifest, dict) else ""
            raise BadArchive(f"{self._path.name} is not {_NAMES[self._kind]}.", hint or "Check that this is the file.")
        if manifest.get("version") != VERSION:
            raise self.bad("a newer Pincite made it", "Upgrade Pincite: pip install --upgrade pincite")
        parts = manifest.get("parts")
        if not isinstance(parts, dict) or not all(map(_is_described, parts.values())):
            raise self.bad("its manifest does not describe its parts")
        if sorted(info.filename for info in infos) != sorted([MANIFEST, *parts]):
            raise self.bad("its parts are not those that its manifest names")
        if any(info.compress_type not in _METHODS or info.flag_bits & 1 for info in infos):
            raise self.bad("its parts are encrypted or use an unknown compression")
        if any(info.file_size != parts[info.filename]["bytes"] for info in infos if info.filename != MANIFEST):
            raise self.bad("the sizes of its parts do not match its manifest")
        return manifest


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
