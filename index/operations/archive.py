"""The one file that keeps a library: a zip archive of parts, a manifest with their hashes, and a seal over all of it.

Any program opens the zip. Its comment is the seal: the SHA-256 of every byte before it, so that no flipped bit and no
missing end goes unseen. The manifest says what each part is, how large, and what its SHA-256 is.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, Self

from filelock import FileLock, Timeout

from index.errors import ArchiveExists, ArchiveNotWritable
from index.operations.room import force_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

MANIFEST = "manifest.json"
SEAL = b"sha256:"
DIGITS = 64
"""Of a SHA-256, as it is written."""
BLOCK = 1 << 20
_LOCK = "lock"


class Part:
    """A part while it is written: counts and hashes what goes in."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """More of it."""
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {"bytes": self.size, "sha256": self._hash.hexdigest()}


class ArchiveWriter:
    """Writes an archive beside its place, and puts it there when it is complete: before, nothing is there.

    Raises ArchiveExists where there is a file and `force` is not set, ArchiveNotWritable where the disk does not take
    it or another process writes the same file.
    """

    def __init__(self, path: Path, kind: str, version: int, *, force: bool) -> None:
        if path.is_dir() or (path.exists() and not force):
            raise ArchiveExists(str(path))
        self._path = path
        self._force = force
        self._manifest: dict[str, Any] = {"format": kind, "version": version, "parts": {}}
        self.folder = path.with_name(f"{path.name}.part")
        """For files on the way into the archive; it is gone afterwards."""
        self._file = self.folder / "archive"

    def __enter__(self) -> Self:
        with self._translated():
            self.folder.mkdir(exist_ok=True)
            self._lock = FileLock(self.folder / _LOCK, thread_local=False)
            try:
                self._lock.acquire(timeout=0)
            except Timeout as error:
                hint = "Wait until it has finished, or give another name."
                raise ArchiveNotWritable(f"Another process is writing {self._path}.", hint) from error
            for left in self.folder.iterdir():  # by a process that was killed
                if left.name != _LOCK:
                    left.unlink()
            self._sink = _Sink(self._file)
            self._zip = zipfile.ZipFile(self._sink, "w")
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
            with suppress(OSError):  # what is still to be written finds no room either
                self._sink.close()
            self._lock.release()
            shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def part(self, name: str, /, *, compress: bool = False, **facts: Any) -> Iterator[Part]:
        """Write a part; `facts` go to the manifest with its size and hash."""
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        info.external_attr = 0o644 << 16
        with self._translated(), self._zip.open(info, "w", force_zip64=True) as file:
            part = Part(file)
            yield part
        self._manifest["parts"][name] = facts | part.facts

    def state(self, **facts: Any) -> None:
        """Facts for the manifest."""
        self._manifest |= facts

    def _finish(self) -> None:
        self._zip.comment = SEAL + b"0" * DIGITS
        info = zipfile.ZipInfo(MANIFEST)
        info.external_attr = 0o644 << 16
        self._zip.writestr(info, json.dumps(self._manifest, ensure_ascii=True, indent=1))
        self._zip.close()
        self._sink.seal()
        if self._path.exists() and not self._force:
            raise ArchiveExists(str(self._path))
        self._file.replace(self._path)
        force_out(self._path.parent)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ArchiveNotWritable(f"{self._path} cannot be written: {error}.") from error


class _Sink:
    """A file that is written from one end to the other, and knows the SHA-256 of all but its last digits."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._hash = hashlib.sha256()
        self._held = b""

    def write(self, data: bytes) -> int:
        """As any file."""
        self._file.write(data)
        known = self._held + data
        self._hash.update(known[:-DIGITS])
        self._held = known[-DIGITS:]
        return len(data)

    def flush(self) -> None:
        """As any file."""
        self._file.flush()

    def seal(self) -> None:
        """Put the hash in the place that was left for it, and have all of it on the disk."""
        self._file.seek(-DIGITS, 2)
        self._file.write(self._hash.hexdigest().encode())
        self._file.close()
        force_out(self._path)

    def close(self) -> None:
        """As any file."""
        self._file.close()
