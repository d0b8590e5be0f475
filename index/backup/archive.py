"""Writes archives of libraries: a zip file of parts, a manifest with their hashes, and a seal over the whole file.

Any program can open the zip file. Its comment is the seal: the SHA-256 of every byte before it, which reveals each
flipped bit and a missing end. The manifest gives the name, size and SHA-256 of each part.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, Self

from filelock import FileLock, Timeout

from index.errors import ArchiveExists, ArchiveNotWritable, NoRoom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

_SPARE = 1 << 20
"""Bytes that are left free for other programs."""
MANIFEST = "manifest.json"
SEAL = b"sha256:"
DIGITS = 64
"""Hexadecimal digits of a SHA-256."""
BLOCK = 1 << 20
_LOCK = "lock"


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
        if path.is_dir():
            with suppress(OSError):  # systems that cannot sync folders keep them in order themselves
                os.fsync(number)
        else:
            os.fsync(number)
    finally:
        os.close(number)


class PartWriter:
    """Writes one part, and counts and hashes its bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append data."""
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)

    @property
    def facts(self) -> dict[str, Any]:
        """The part's size and hash for the manifest."""
        return {"bytes": self.size, "sha256": self._hash.hexdigest()}


class ArchiveWriter:
    """Writes an archive to a temporary file, and moves it to its path when it is complete.

    Raises ArchiveExists if the path exists and `force` is not set, ArchiveNotWritable if the disk is full or not
    writable, or if another process writes the same file.
    """

    def __init__(self, path: Path, kind: str, version: int, *, force: bool) -> None:
        if path.is_dir() or (path.exists() and not force):
            raise ArchiveExists(str(path))
        self._path = path
        self._force = force
        self._manifest: dict[str, Any] = {"format": kind, "version": version, "parts": {}}
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
            self._sealed = _SealedFile(self._file)
            self._zip = zipfile.ZipFile(self._sealed, "w")
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
            with suppress(OSError, ValueError):
                self._zip.close()
            with suppress(OSError):  # on a full disk, the rest of the buffer cannot be written either
                self._sealed.close()
            self._lock.release()
            shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def part(self, name: str, /, *, compress: bool = False, **facts: Any) -> Iterator[PartWriter]:
        """Yield a writer for a part; `facts` go to the manifest with its size and hash."""
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        info.external_attr = 0o644 << 16
        with self._translated(), self._zip.open(info, "w", force_zip64=True) as file:
            part = PartWriter(file)
            yield part
        self._manifest["parts"][name] = facts | part.facts

    def add_facts(self, **facts: Any) -> None:
        """Add facts to the manifest."""
        self._manifest |= facts

    def _finish(self) -> None:
        self._zip.comment = SEAL + b"0" * DIGITS
        info = zipfile.ZipInfo(MANIFEST)
        info.external_attr = 0o644 << 16
        self._zip.writestr(info, json.dumps(self._manifest, ensure_ascii=True, indent=1))
        self._zip.close()
        self._sealed.seal()
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


class _SealedFile:
    """A file that is written sequentially, with the SHA-256 of all bytes but its last 64, the place of the seal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._hash = hashlib.sha256()
        self._held = b""

    def write(self, data: bytes) -> int:
        """Append data, as a file does."""
        self._file.write(data)
        pending = self._held + data
        self._hash.update(pending[:-DIGITS])
        self._held = pending[-DIGITS:]
        return len(data)

    def flush(self) -> None:
        """Flush, as a file does."""
        self._file.flush()

    def seal(self) -> None:
        """Write the hash into the last 64 bytes, and force the file to the disk."""
        self._file.seek(-DIGITS, 2)
        self._file.write(self._hash.hexdigest().encode())
        self._file.close()
        sync_to_disk(self._path)

    def close(self) -> None:
        """Close, as a file does."""
        self._file.close()
