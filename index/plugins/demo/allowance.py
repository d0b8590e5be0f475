"""What a visitor of a demo may use: requests in a time, tokens of a language model, disk space and turns of jobs."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from index.errors import BudgetSpent, PrivateLibraryFull, RateLimited, Stopping
from index.records.document import OPEN
from index.server.job_queue import Jobs
from index.server.permissions import Limited
from index.server.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from limits import RateLimitItem

    from index.plugins.demo.overlay import Overlay
    from index.records.document import Arrival, Lane
    from index.server.job_queue import Turns
    from index.server.jobs import Job
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


# How often a visitor, and all visitors at one address together, may do something.

Action = Limited | Literal["visitor"]
_NAMES: dict[Action, str] = {
    "request": "requests",
    "question": "questions",
    "upload": "uploads",
    "batch": "batches of questions",
    "check": "texts to check",
    "kept": "comparisons and exports of kept quotes",
    "visitor": "new visitors from your address",
}
_KEPT_SECONDS = 2 * 3600.0
"""Seconds after its last action for which a visitor's counts are kept: longer than any limit looks back."""
_NEW_VISITORS = 30
"""Ids that one visitor's share of an address may get per minute: programs without cookies get one per request."""


class Rates:
    """Counts what visitors do. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._limits: dict[Action, RateLimitItem] = {
            "request": RateLimitItemPerMinute(settings.demo_requests),
            "question": RateLimitItemPerMinute(settings.demo_questions),
            "upload": RateLimitItemPerHour(settings.demo_uploads),
            "batch": RateLimitItemPerHour(settings.demo_batches),
            "check": RateLimitItemPerHour(settings.demo_checks),
            "kept": RateLimitItemPerHour(settings.demo_kept),
            "visitor": RateLimitItemPerMinute(_NEW_VISITORS),
        }
        share = settings.demo_address_share
        self._of_address = {
            action: type(limit)(limit.amount * share, limit.multiples) for action, limit in self._limits.items()
        }
        self._counter = MovingWindowRateLimiter(MemoryStorage())
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}
        """When each visitor and address was counted last; the one whose last action is longest ago comes first."""

    def admit(self, action: Action, visitor: str, address: str) -> None:
        """Count an action. Raises RateLimited if the visitor, or the address, has reached its limit."""
        limits = [(self._of_address[action], f"at {address}")]
        if action != "visitor":
            limits.append((self._limits[action], f"by {visitor}"))
        for limit, who in limits:
            if not self._counter.test(limit, action, who):
                raise RateLimited(_NAMES[action], _in_words(limit), self._seconds(limit, action, who))
        for limit, who in limits:
            self._counter.hit(limit, action, who)
        self._forget_old([who for _, who in limits])

    def _forget_old(self, counted: Sequence[str]) -> None:
        """Forget who has not been counted for long: the library that counts would keep their names forever."""
        now = time.monotonic()
        with self._lock:
            for who in counted:
                self._seen.pop(who, None)
                self._seen[who] = now
            while self._seen[oldest := next(iter(self._seen))] < now - _KEPT_SECONDS:
                del self._seen[oldest]
                for action in self._limits:
                    for limit in (self._limits[action], self._of_address[action]):
                        self._counter.clear(limit, action, oldest)

    def _seconds(self, limit: RateLimitItem, *identifiers: str) -> int:
        """Return the seconds until the limit admits one more."""
        return max(1, math.ceil(self._counter.get_window_stats(limit, *identifiers).reset_time - time.time()))


def _in_words(limit: RateLimitItem) -> str:
    """Return `30 per minute`."""
    return f"{limit.amount:,} per {limit.GRANULARITY.name}"


# The daily budget of tokens for answers by a language model: of the whole demo, and of each visitor.

_DAY = 24 * 3600


class TokenBudget:
    """Counts the tokens of each UTC day. An answer counts as the most that it may cost, so no budget is ever exceeded.

    Visitors are counted by their address, because anybody can become a new visitor.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._most = settings.demo_tokens
        self._most_each = settings.demo_visitor_tokens
        self._cost = settings.llm_budget + settings.llm_tokens
        self._clock = clock
        self._lock = threading.Lock()
        self._day = 0
        self._spent: Counter[str] = Counter()

    def spend(self, address: str) -> None:
        """Count one answer. Raises BudgetSpent if the visitor's budget, or the demo's, does not cover it."""
        with self._lock:
            day, second = divmod(int(self._clock()), _DAY)
            if day != self._day:
                self._day = day
                self._spent.clear()
            for whose, spent, most in (
                ("Your budget", self._spent[address], self._most_each),
                ("This demo's budget", self._spent.total(), self._most),
            ):
                if spent + self._cost > most:
                    raise BudgetSpent(whose, _DAY - second)
            self._spent[address] += self._cost
