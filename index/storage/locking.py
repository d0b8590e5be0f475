"""The writer lock: one writer at a time across all processes. The system releases it when its holder dies."""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from index.errors import LibraryLocked, LibraryNotWritable, LibraryReadOnly
from index.storage.files import NOT_WRITABLE_HINT, is_read_only

if TYPE_CHECKING:
    from collections.abc import Iterator


class WriterLock:
    """The exclusive right to change a library, or another exclusive right. Reentrant within one thread."""

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
