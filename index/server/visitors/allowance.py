"""What a visitor's private library may hold: files, bytes, and a share of the disk."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import PrivateLibraryFull, Stopping
from index.records.document import OPEN
from index.server.job_queue import Jobs
from index.server.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from index.records.document import Arrival, Lane
    from index.server.job_queue import Turns
    from index.server.jobs import Job
    from index.server.visitors.overlay import Overlay
    from index.settings import Settings


_MEASURED_SECONDS = 1.0


class PrivateUploads(Uploads):
    """The uploaded files of one visitor, up to a number of bytes. After `close`, no file is received."""

    def __init__(self, folder: Path, settings: Settings, make_room: Callable[[int], None]) -> None:
        """`make_room` is called with a number of bytes before they are written. Raises DemoFull."""
        super().__init__(folder, settings)
        self._parent = folder.parent
        self._most = settings.demo_megabytes * 1_000_000
        self._words = f"{settings.demo_megabytes:,} MB"
        self._make_room = make_room
        self._counting = threading.Lock()
        self._receiving = 0
        self._bytes = 0
        self._closed = False

    def receive(self, name: str, chunks: Iterable[bytes], *, source: str = "") -> Arrival:
        """Store a file as `Uploads.receive` does. Raises PrivateLibraryFull, DemoFull, Stopping."""
        if self._closed:
            raise Stopping
        with self._counted() as taken:
            return super().receive(name, self._limited(chunks, taken), source=source)

    def close(self) -> None:
        """Delete the uploads that were not added, and receive no more."""
        self._closed = True
        super().close()

    @property
    def size(self) -> int:
        """Size of all files, in bytes."""
        return folder_bytes(self.folder) + folder_bytes(self._parent / "arriving")

    @contextmanager
    def _counted(self) -> Iterator[list[int]]:
        """Yield a list for the sizes that an upload takes; they are given back if it fails."""
        taken: list[int] = []
        with self._counting:
            if not self._receiving:
                self._bytes = self.size
            self._receiving += 1
        try:
            yield taken
        except BaseException:
            with self._counting:
                self._bytes -= sum(taken)
            raise
        finally:
            with self._counting:
                self._receiving -= 1

    def _limited(self, chunks: Iterable[bytes], taken: list[int]) -> Iterator[bytes]:
        for chunk in chunks:
            with self._counting:
                if self._closed:
                    raise Stopping
                if self._bytes + len(chunk) > self._most:
                    self._bytes -= sum(taken)  # at once, so that uploads beside this one do not fail as well
                    taken.clear()
                    raise PrivateLibraryFull(self._words)
                self._bytes += len(chunk)
                taken.append(len(chunk))
            self._make_room(len(chunk))
            yield chunk


class PrivateJobs(Jobs):
    """The jobs of one visitor. They take turns with those of all others, and add up to a number of files."""

    def __init__(
        self, library: Overlay, settings: Settings, uploads: PrivateUploads, turns: Mapping[Lane, Turns]
    ) -> None:
        super().__init__(library, settings, uploads, turns)
        self._overlay = library
        self._most_files = settings.demo_files
        self._adding = threading.Lock()

    def require_writable(self) -> None:
        """Raise PrivateLibraryFull if there is no place for a file. Call it before receiving files."""
        self._require_places(1)

    def add(self, arrivals: Sequence[Arrival], client: str = "") -> Job:
        """Queue files as `Jobs.add` does. Raises PrivateLibraryFull if there are too many."""
        with self._adding:
            try:
                self._require_places(len(arrivals))
            except PrivateLibraryFull:
                self.uploads.drop(arrivals)
                raise
            return super().add(arrivals, client)

    def _require_places(self, files: int) -> None:
        waiting = sum(file.stage in OPEN for job in self.recent() for file in job.files)
        if len(self._overlay.own_documents()) + waiting + files > self._most_files:
            raise PrivateLibraryFull(f"{self._most_files:,} files")


class DiskUse:
    """The bytes below a folder, measured at most once a second; what is written meanwhile is added up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._measured = 0
        self._until = 0.0

    def take(self, size: int, most: int) -> bool:
        """Count `size` more bytes, unless there are then more than `most`; return whether they were counted."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._measured = folder_bytes(self._folder)
                self._until = time.monotonic() + _MEASURED_SECONDS
            fits = self._measured + size <= most
            self._measured += size if fits else 0
            return fits

    def forget(self) -> None:
        """Measure again at the next call."""
        with self._lock:
            self._until = 0.0


def folder_bytes(folder: Path) -> int:
    """Return the size of all files below a folder, in bytes; files that vanish meanwhile count as 0."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += (Path(parent) / name).lstat().st_size
    return total
