"""Atomic writes of files, the writer lock, and temporary folders."""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from filelock import FileLock, Timeout

from index.errors import LibraryLocked, LibraryNotWritable, LibraryReadOnly, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "pincite-"
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a container with a read-only root has it
"""A file system in memory, on Linux."""
NOT_WRITABLE_HINT = "Check the folder's permissions and the free disk space; committed changes are safe."


def scratch_folder(prefix: str = _PREFIX) -> TemporaryDirectory[str]:
    """Create a temporary folder for this process. Raises SettingsError if no place is writable."""
    for parent in (None, _IN_MEMORY):
        if parent is None or os.access(parent, os.W_OK | os.X_OK):
            with suppress(OSError):
                return TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True)
    raise SettingsError(
        f"There is no folder for temporary files: {_searched()} cannot be written.",
        "Set the environment variable TMPDIR to a writable folder; start a container with `--tmpfs /tmp`.",
    )


def _searched() -> str:
    """Return the folders that were tried."""
    named = [os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)]
    return ", ".join(dict.fromkeys([*named, "/tmp", str(_IN_MEMORY)]))  # noqa: S108 - named, not used


def is_read_only(folder: Path) -> bool:
    """Return whether a folder exists and this process cannot write to it (permissions, or a read-only disk)."""
    return folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The state that a cache was built from. A cache of another library, format or a later generation is not used."""

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


def write_atomically(path: Path, *parts: bytes | memoryview) -> None:
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


def remove_unfinished(path: Path) -> None:
    """Remove temporary files of killed writers. Call only while other writers are locked out."""
    for unfinished in path.parent.glob(f"{path.name}.*.part"):
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


class WriterLock:
    """A lock between processes for changing a library, or for another exclusive task. Reentrant within one thread."""

    def __init__(self, folder: Path, name: str = "writer") -> None:
        self._folder = folder
        self._card = folder / f"{name}.json"
        self._lock = FileLock(folder / f"{name}.lock")

    @contextmanager
    def held(self, *, patience: float) -> Iterator[None]:
        """Hold the lock. Raises LibraryLocked, which names the holder, after `patience` seconds of waiting."""
        try:
            self._lock.acquire(timeout=patience, poll_interval=0.02)
        except Timeout as error:
            raise LibraryLocked(str(self._folder), self._holder()) from error
        except OSError as error:
            raise self._not_writable(error) from error
        try:
            self._write_holder()
            yield
        finally:
            if self._lock.lock_counter == 1:
                with suppress(OSError):
                    self._card.unlink(missing_ok=True)
            self._lock.release()

    def _write_holder(self) -> None:
        if self._lock.lock_counter == 1:
            try:
                self._card.write_text(json.dumps(_holder_card()))
            except OSError as error:
                raise self._not_writable(error) from error

    def _not_writable(self, error: OSError) -> LibraryNotWritable:
        if is_read_only(self._folder):
            return LibraryReadOnly(str(self._folder))
        return LibraryNotWritable(f"The library {self._folder} cannot be changed: {error}.", NOT_WRITABLE_HINT)

    def _holder(self) -> str:
        """Return a description of the lock's holder, if it left one."""
        try:
            card = json.loads(self._card.read_text())
            return f"process {card['pid']} on {card['host']} ({card['program']}, since {card['since']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"


def _holder_card() -> dict[str, str | int]:
    program = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]).strip() or "python"
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "program": program, "since": since}
