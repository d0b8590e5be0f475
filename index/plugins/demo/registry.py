"""The visitors of a demo: each gets a private library at the first visit, which is deleted after a while."""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from index.errors import DemoFull
from index.plugins.demo.allowance import DiskUse, PrivateJobs, PrivateUploads, Rates, TokenBudget, folder_bytes
from index.plugins.demo.overlay import Overlay, pages_of
from index.server.job_queue import Turns
from index.storage.files import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.plugins.demo.allowance import Action
    from index.records.document import Lane
    from index.server.http.service import Service
    from index.settings import Settings


# The temporary folder of all private libraries: it does not outlive its server, also if that is killed.

_PREFIX = "pincite-demo-"
_LOCK = ".lock"
_YOUNG_SECONDS = 60.0
"""Another server may need this long to lock the folder that it has just made."""


class VisitorFolders:
    """A folder for the folders of visitors. A lock in it shows other servers that this one is alive."""

    def __init__(self) -> None:
        self._scratch = scratch_folder(_PREFIX)
        place = Path(self._scratch.name)
        self._lock = FileLock(place / _LOCK, thread_local=False)
        self._lock.acquire()
        self.path = place / "visitors"
        """The folder in which each visitor gets a folder."""
        self.path.mkdir()
        _remove_abandoned(place.parent)

    def all(self) -> list[Path]:
        """Return the folders of all visitors."""
        return list(self.path.iterdir())

    def empty(self) -> None:
        """Delete everything of all visitors, whatever still uses it."""
        for folder in self.all():
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Delete the folder."""
        self._lock.release()
        self._scratch.cleanup()


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders of servers that were killed."""
    for place in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError, Timeout):
            if time.time() - place.stat().st_mtime < _YOUNG_SECONDS:
                continue
            with FileLock(place / _LOCK, thread_local=False).acquire(timeout=0):
                shutil.rmtree(place, ignore_errors=True)


_INDEXED = 8
"""A file takes at most about this many times its size on disk once it is added: text, vectors and two word indexes."""
_MOST_OPEN = 32
"""Private libraries that stay open while nobody uses them: each has about five open files and a thread."""
_CLOSING_THREADS = 8
_LARGE_PART = 0.25
"""The part of the disk space that the visitors at one address may take from others."""
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Visitor:
    """One visitor, and the objects that only this visitor's requests use."""

    identity: str
    address: str
    folder: Path
    library: Overlay
    uploads: PrivateUploads
    service: Service
    since: float
    """When the private library was begun; when the visitor came, as long as there is none."""
    seen: float
    """When the last request ended that was more than a look at the state."""
    begun: bool = False
    """Whether the private library was begun."""
    requests: int = 0
    """Requests in progress."""

    @property
    def pages(self) -> int:
        """Pages of the private documents."""
        return sum(map(pages_of, self.library.own_documents()))


def public_settings(settings: Settings) -> Settings:
    """Return the settings of a demo, without what strangers must not use, and with the limits of a visitor."""
    return settings.model_copy(
        update={
            "allow_urls": False,
            "allow_folders": (),
            "log_questions": False,
            "checker": "rules",  # a second opinion would cost tokens for each sentence
            "max_upload_files": settings.demo_files,
            "max_file_megabytes": min(settings.demo_megabytes, settings.max_file_megabytes),
            "max_upload_megabytes": min(4 * settings.demo_megabytes, settings.max_upload_megabytes),
            "max_batch_questions": min(settings.demo_batch_questions, settings.max_batch_questions),
            "max_matrix_cells": min(settings.demo_matrix_cells, settings.max_matrix_cells),
            "workers": 1,
        }
    )


class Visitors:
    """All visitors. Safe to use from several threads.

    A visitor is made at the first request that may need one, which costs no disk space and no thread. Deleting one
    waits for the current step of its job, so it happens in a thread.
    """

    def __init__(self, published: Service, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self.rates = Rates(settings)
        self.budget = TokenBudget(settings)
        self._published = published
        # A second opinion on each sentence would cost tokens that no budget counts.
        published.library.parts.session.change_settings({"checker": "rules"})
        self._public_settings = public_settings(settings)
        self._clock = clock
        self._known: dict[str, Visitor] = {}
        """By id; the one whose last request is longest ago comes first."""
        self._lock = threading.RLock()
        self._turns: dict[Lane, Turns] = {"add": Turns(), "batch": Turns()}
        self._making_room = threading.Lock()
        self._folders = VisitorFolders()
        self._disk = DiskUse(self._folders.path)
        self._leaving = ThreadPoolExecutor(2, "pincite-leaving")

    def close(self) -> None:
        """Delete everything of all visitors."""
        with self._lock:
            gone, self._known = list(self._known.values()), {}
        for visitor in gone:
            visitor.service.jobs.cancel()  # all of them first, so that none gets the turn of another
        self._folders.empty()  # first: a job in progress may take longer than the server is given
        with ThreadPoolExecutor(_CLOSING_THREADS, "pincite-closing") as threads:  # they wait for the disk
            threads.map(self._delete, gone)
        self._leaving.shutdown()
        self._folders.close()

    # For requests

    def enter(self, identity: str, address: str) -> Visitor:
        """Return the visitor with this id, new or known, for a request that begins."""
        with self._lock:
            visitor = self._known.pop(identity, None)
            if visitor is not None and self._is_over(visitor):
                self._forget(visitor)
                visitor = None
            if visitor is None:
                self._limit_number()
                visitor = self._make(identity, address)
            self._known[identity] = visitor
            visitor.requests += 1
            return visitor

    def leave(self, visitor: Visitor, *, active: bool) -> None:
        """End a request; `active` if it was more than a look at the state."""
        with self._lock:
            visitor.requests -= 1
            if active:
                visitor.seen = self._clock()

    def seconds_left(self, visitor: Visitor) -> float:
        """Return the seconds until the private library is deleted, if there is no further visit."""
        idle = visitor.seen + 60 * self.settings.demo_idle_minutes
        most = visitor.since + 60 * self.settings.demo_minutes
        return max(0.0, min(idle, most) - self._clock())

    def delete(self, visitor: Visitor) -> None:
        """Delete everything of a visitor now. Blocks until the current step of a job has ended, too."""
        with self._lock:
            if self._known.get(visitor.identity) is visitor:
                del self._known[visitor.identity]
        self._delete(visitor)

    def expire(self) -> None:
        """Delete the private libraries whose time is over, and whatever deleted ones have left. Call it often."""
        with self._lock:
            over = [visitor for visitor in self._known.values() if self._is_over(visitor)]
            for visitor in over:
                del self._known[visitor.identity]
        for visitor in over:
            self._forget(visitor)
        self._close_unused()
        folders = self._folders.all()  # first, so that a visitor who comes meanwhile is not among them
        with self._lock:
            kept = {visitor.folder for visitor in self._known.values()}
        for folder in folders:
            if folder not in kept:  # a request that was in progress wrote it
                shutil.rmtree(folder, ignore_errors=True)

    # Disk space

    @property
    def size(self) -> int:
        """Size of all private libraries on disk, in bytes."""
        return folder_bytes(self._folders.path)

    def make_room(self, visitor: Visitor, size: int) -> None:
        """Delete the oldest private libraries of others until `size` more bytes fit. Raises DemoFull.

        If the visitors at one address hold a large part of the space, theirs are deleted first.
        """
        most = self.settings.demo_disk_megabytes * 1_000_000
        if self._disk.take(size, most):
            return
        with self._making_room:  # others wait for the room that is being made, and delete no more than is needed
            while not self._disk.take(size, most):
                self._forget_oldest_beside(visitor, _LARGE_PART * most)
                self._disk.forget()

    def _forget_oldest_beside(self, visitor: Visitor, large: float) -> None:
        """Delete the oldest private library of others. Raises DemoFull if there is none."""
        with self._lock:
            others = [other for other in self._known.values() if other is not visitor]
        others = [other for other in others if other.folder.exists()]
        neighbours = [other for other in others if other.address == visitor.address]
        if sum(folder_bytes(other.folder) for other in (*neighbours, visitor)) > large:
            others = neighbours
        if not others:
            raise DemoFull
        oldest = min(others, key=lambda other: other.since)
        with self._lock:
            if self._known.get(oldest.identity) is oldest:
                del self._known[oldest.identity]
        _log.info("The private library of a visitor was deleted before its time: the disk space is used up.")
        self._forget(oldest)

    # Details

    def _is_over(self, visitor: Visitor) -> bool:
        return not self.seconds_left(visitor) and not (visitor.requests and self._is_young(visitor))

    def _is_young(self, visitor: Visitor) -> bool:
        return self._clock() < visitor.since + 60 * self.settings.demo_minutes

    def _limit_number(self) -> None:
        """Forget those who have been away longest, first those without documents."""
        while len(self._known) >= self.settings.demo_visitors:
            idle = [visitor for visitor in self._known.values() if not visitor.requests]
            gone = next((visitor for visitor in idle if not visitor.folder.exists()), None) or next(iter(idle), None)
            if gone is None:
                return
            del self._known[gone.identity]
            self._forget(gone)

    def _close_unused(self) -> None:
        """Close the private libraries that have not been used for the longest time; the next use opens them again."""
        with self._lock:
            begun = [visitor for visitor in self._known.values() if visitor.begun]
        for visitor in begun[:-_MOST_OPEN]:
            if not visitor.requests and not visitor.service.jobs.is_busy:
                visitor.library.rest()

    def _forget(self, visitor: Visitor) -> None:
        """Delete the files of a visitor now, and end its jobs in a thread."""
        _delete_files(visitor)
        self._leaving.submit(self._delete, visitor)

    def _make(self, identity: str, address: str) -> Visitor:
        folder = self._folders.path / secrets.token_hex(16)
        now = self._clock()
        overlay = Overlay(
            self._published.library,
            folder,
            self._public_settings,
            max_pages=self.settings.demo_pages,
            before_adding=lambda path: self._before_adding(visitor, path),
            before_writing=lambda: self.budget.spend(address),
        )
        uploads = PrivateUploads(folder / "uploads", self._public_settings, lambda size: self.make_room(visitor, size))
        service = replace(
            self._published,
            library=overlay,
            settings=self._public_settings,
            jobs=PrivateJobs(overlay, self._public_settings, uploads, self._turns),
            admit=partial(self._admit, identity, address),
            attachments={},
            boot=uuid.uuid4().hex,  # ETags of another visitor, or of before a deletion, do not match
        )
        visitor = Visitor(identity, address, folder, overlay, uploads, service, now, now)
        return visitor

    def _admit(self, visitor: str, address: str, action: Action) -> None:
        self.rates.admit(action, visitor, address)

    def _before_adding(self, visitor: Visitor, path: Path) -> None:
        """Make room for a file and its index. The private library begins with the first one."""
        if not visitor.begun:
            visitor.begun, visitor.since = True, self._clock()
        with suppress(OSError):
            self.make_room(visitor, _INDEXED * path.stat().st_size)

    def _delete(self, visitor: Visitor) -> None:
        _delete_files(visitor)
        try:
            visitor.service.jobs.close()
            visitor.library.close()
        except Exception:  # whatever happened, the files must go
            _log.exception("A private library could not be closed.")
        _delete_files(visitor)


def _delete_files(visitor: Visitor) -> None:
    """Delete the files of a visitor; a request in progress sees the published documents from now on."""
    visitor.library.retire()
    shutil.rmtree(visitor.folder, ignore_errors=True)
