"""The loop: hear, wait until it rests, sync; look at everything now and then; wait while somebody is in the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.errors import FolderMissing, LibraryLocked, LibraryNotWritable
from index.loading import discover
from index.records import Failure, Problem, Receipt
from index.syncing.scanning import is_below, is_hidden, mark, root_of, roots
from index.watching.listening import ListeningError, listen, tick_by_tick
from index.watching.resting import Resting

if TYPE_CHECKING:
    import threading
    from collections.abc import Generator, Iterable
    from pathlib import Path

    from index.errors import TooManyRemovals
    from index.records import Progress, ProgressCallback
    from index.syncing import Syncing

WatchCallback = Callable[[Receipt | Problem], None]
"""Hears of every change to the library, and of what is in the way; each of these once, until it is out of the way."""
_SHARE = 50
"""Between two looks at everything, so many times as long as one takes, however large the folders are."""
_REST = 5
"""The same where a change makes it necessary."""
_PATIENCE = (1.0, 30.0)
"""Seconds to wait before trying again, the first time and at most."""
_DEAF_TICKS = 20
_AGAIN = "It is tried again."


@dataclass(frozen=True, slots=True)
class Pace:
    """How eagerly folders are watched."""

    every: float = 60.0
    """Seconds after which everything is looked at, at least."""
    settle: float = 1.0
    """Seconds for which a file has to look the same before it is read."""
    events: bool = True
    """Whether the system is asked to tell of changes; network disks do not, and then only `every` counts."""

    @property
    def tick(self) -> float:
        """Seconds between two glances at what waits."""
        return max(0.05, min(0.5, self.settle / 2, self.every))


class _StopError(Exception):
    """The work was ended from outside."""


class Watching:
    """Keeps a library the same as folders until `stop` is set. `make` makes what syncs, given whom to tell."""

    def __init__(
        self,
        make: Callable[[ProgressCallback], Syncing],
        folders: Iterable[str | Path],
        tell: WatchCallback,
        *,
        own: Path,
        stop: threading.Event,
        pace: Pace | None = None,
        force: bool = False,
        progress: ProgressCallback | None = None,
    ) -> None:
        self._folders = roots(folders)
        self._syncing = make(self._heard)
        self._tell = tell
        self._own = str(own)
        self._stop = stop
        self._pace = pace or Pace()
        self._force = force
        self._progress = progress
        self._resting = Resting(self._pace.settle)
        self._linked = False
        self._look_at = self._resume_at = self._cost = 0.0
        self._patience = _PATIENCE[0]
        self._in_the_way: dict[str, Problem] = {}
        self._failed: dict[str, Failure] = {}

    def run(self) -> None:
        """Follow. Raises what no waiting mends: FingerprintMismatch, LibraryDamaged, EncoderError …"""
        try:
            while not self._stop.is_set():
                present = self._present()
                self._look_at = 0.0  # what happened while nobody listened
                with closing(self._changes(list(present))) as changes:
                    for paths in changes:
                        if self._present() != present:
                            break
                        self._mind(paths)
                        self._work(list(present))
        except _StopError:
            return

    def _present(self) -> dict[Path, tuple[int, int]]:
        """The folders that are there, each with what tells it from another one in its place."""
        present = {}
        for folder in self._folders:
            try:
                present[folder] = mark(folder)
            except FolderMissing as error:
                self._complain(str(folder), Problem(error.message, "It is watched again as soon as it is there."))
            else:
                self._in_the_way.pop(str(folder), None)
        return present

    def _changes(self, folders: list[Path]) -> Generator[set[Path], None, None]:
        """Where something changed; ends, so that all is looked at, where that is not certain any more."""
        if not folders or not self._pace.events:
            yield from tick_by_tick(stop=self._stop, tick=self._pace.tick)
            return
        try:
            for paths in listen(folders, stop=self._stop, tick=self._pace.tick):
                self._in_the_way.pop("deaf", None)
                yield paths
        except ListeningError as deaf:
            if not deaf.began:
                hint = "Until that is mended, everything is looked at from time to time, which takes longer."
                self._complain("deaf", Problem(f"The system does not tell of changes: {deaf.reason}.", hint))
                yield from tick_by_tick(stop=self._stop, tick=self._pace.tick, times=_DEAF_TICKS)

    def _mind(self, paths: Iterable[Path]) -> None:
        """Note where something changed, as far as it is anybody's business."""
        for path in map(self._named, paths):
            root = root_of(str(path), self._folders)
            if not root or is_hidden(str(path), root) or str(path) == self._own or is_below(str(path), self._own):
                continue
            if self._linked:
                self._look_at = min(self._look_at, time.monotonic() + _REST * self._cost)
                return
            if path.is_dir():  # what came into it before anybody listened there
                self._resting.add(discover([path], enter=lambda folder: str(folder) != self._own))
            self._resting.add([path])

    def _named(self, path: Path) -> Path:
        """A path by the name that its folder was given: some systems name them without links."""
        for folder in self._folders:
            if not path.is_relative_to(folder) and path.is_relative_to(real := folder.resolve()):
                return folder / path.relative_to(real)
        return path

    def _work(self, folders: list[Path]) -> None:
        now = time.monotonic()
        if now < self._resume_at:
            return
        try:
            if now >= self._look_at and folders:
                self._look(folders)
            if ready := self._resting.rested():
                receipt, refused = self._syncing.follow(folders, ready, force=self._force)
                self._resting.drop(ready)
                self._report(receipt)
                self._refuse(refused)
            self._in_the_way.pop("locked", None)
            self._patience = _PATIENCE[0]
        except FolderMissing:
            return  # the next turn finds that, too
        except (LibraryLocked, LibraryNotWritable) as error:
            self._complain("locked", Problem(error.message, _AGAIN))
            self._resume_at = now + self._patience
            self._patience = min(2 * self._patience, _PATIENCE[1])

    def _look(self, folders: list[Path]) -> None:
        """Find what no event told of."""
        began = time.monotonic()
        found = self._syncing.suspects(folders, force=self._force)
        self._linked = found.linked
        self._resting.add(found.paths)
        self._report(Receipt(failed=tuple(found.failed)))
        going = {root_of(str(path), folders) for path in found.paths if not path.exists()}
        for folder in map(str, folders):
            if folder not in going and folder not in (each.folder for each in found.refused):
                self._in_the_way.pop(f"refused {folder}", None)
        self._refuse(found.refused)
        now = time.monotonic()
        self._cost = now - began
        self._look_at = now + max(self._pace.every, _SHARE * self._cost)

    def _report(self, receipt: Receipt) -> None:
        """Tell of what changed, and of a failure when it is new."""
        fresh = tuple(each for each in receipt.failed if self._failed.get(each.source) != each)
        renamed = [each.source for each in receipt.renamed] + [each.before for each in receipt.renamed]
        for source in (*receipt.added, *receipt.replaced, *receipt.unchanged, *receipt.removed, *renamed):
            self._failed.pop(source, None)
        self._failed.update({each.source: each for each in fresh})
        if receipt.added or receipt.replaced or receipt.renamed or receipt.removed or fresh:
            self._tell(replace(receipt, failed=fresh))

    def _refuse(self, refused: Iterable[TooManyRemovals]) -> None:
        for each in refused:  # told once, though the numbers may change
            if f"refused {each.folder}" not in self._in_the_way:
                self._complain(f"refused {each.folder}", Problem(each.message, each.hint))

    def _complain(self, key: str, problem: Problem) -> None:
        if self._in_the_way.get(key) != problem:
            self._in_the_way[key] = problem
            self._tell(problem)

    def _heard(self, moment: Progress) -> None:
        """Between two steps of the work: where it is to end, it ends here."""
        if self._stop.is_set():
            raise _StopError
        if self._progress:
            self._progress(moment)
