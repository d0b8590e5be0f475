"""The watch loop: receives events, waits until files settle, syncs them; scans everything from time to time."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import FolderMissing, LibraryLocked, LibraryNotWritable
from index.ingest.plan import FileMetadata, folder_identity, is_below, is_hidden, root_of, roots
from index.loading.loader import discover
from index.records import Failure, Problem, Receipt

if TYPE_CHECKING:
    import threading
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from index.errors import TooManyRemovals
    from index.ingest.sync import Synchronizer
    from index.records import Progress, ProgressCallback


# Receives the system's events of changed files, and holds each path back until it settles.

_GROUPED_MS = 400
_STEP_MS = 50
_GROUP_FACTOR = 5.0
"""While one path is missing, settled paths wait for it, at most this many times the settling time: the missing file may
have been renamed to one of them.
"""


class EventStreamError(Exception):
    """The system sends no events, or no more; `began` says whether it ever did."""

    def __init__(self, reason: str, *, began: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.began = began


def listen(folders: Sequence[Path], *, stop: threading.Event, tick: float) -> Iterator[set[Path]]:
    """Yield sets of changed paths; an empty set after each `tick` seconds without changes.

    Ends when `stop` is set. Raises EventStreamError if the system cannot watch so many folders, if one of them
    disappears, or if a name is not valid Unicode, which watchfiles rejects.
    """
    from watchfiles import watch

    changes = watch(
        *folders,
        watch_filter=None,
        debounce=_GROUPED_MS,
        step=_STEP_MS,
        stop_event=stop,
        rust_timeout=max(1, int(tick * 1000)),
        yield_on_timeout=True,
        force_polling=False,
        ignore_permission_denied=True,
    )
    began = False
    with closing(changes):
        try:
            for batch in changes:
                began = True
                yield {Path(path) for _, path in batch}
        except (OSError, RuntimeError) as error:
            raise EventStreamError(str(error), began=began) from error


def ticks(*, stop: threading.Event, tick: float, times: int = 0) -> Iterator[set[Path]]:
    """Yield an empty set every `tick` seconds without using events; `times` limits how often, 0 means no limit."""
    done = 0
    while not stop.wait(tick) and (not times or done < times):
        done += 1
        yield set()


@dataclass(slots=True)
class _PathState:
    """The state of a waiting path."""

    metadata: FileMetadata | None
    """Its last metadata; None if there was no file."""
    since: float
    """The time at which these metadata were first seen."""
    first: float
    """The time of its first event."""


class SettlingPaths:
    """Changed paths that wait until their metadata have not changed for `settle` seconds."""

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._paths: dict[Path, _PathState] = {}

    def __len__(self) -> int:
        return len(self._paths)

    def add(self, paths: Iterable[Path]) -> None:
        """Add changed paths."""
        now = time.monotonic()
        for path in paths:
            if path not in self._paths:
                self._paths[path] = _PathState(_metadata_of(path), now, now)

    def settled(self) -> list[Path]:
        """Return the paths that have settled and need not wait for others."""
        now = time.monotonic()
        oldest = now - _GROUP_FACTOR * self._settle
        settled: dict[Path, _PathState] = {}
        changing = []
        for path, state in self._paths.items():
            if self._has_settled(path, state, now):
                settled[path] = state
            elif state.first > oldest:
                changing.append(state)
        any_gone = any(state.metadata is None for state in changing)
        return [
            path
            for path, state in settled.items()
            if not changing or state.first <= oldest or (state.metadata is not None and not any_gone)
        ]

    def drop(self, paths: Iterable[Path]) -> None:
        """Remove paths that were processed."""
        for path in paths:
            self._paths.pop(path, None)

    def _has_settled(self, path: Path, state: _PathState, now: float) -> bool:
        """Return whether a path has settled. A folder settles at once, because its files have events of their own."""
        metadata = _metadata_of(path)
        if metadata != state.metadata:
            state.metadata, state.since = metadata, now
            return False
        return now - state.since >= self._settle or (metadata is not None and (self._is_old(metadata) or path.is_dir()))

    def _is_old(self, metadata: FileMetadata) -> bool:
        """Return whether the file's own times show that it has not changed for long enough."""
        return time.time_ns() - max(metadata.modified, metadata.changed) >= self._settle * 1e9


def _metadata_of(path: Path) -> FileMetadata | None:
    try:
        return FileMetadata.of(path.stat())
    except (OSError, ValueError):
        return None


WatchCallback = Callable[[Receipt | Problem], None]
"""Receives every change to the library, and every problem; each problem once, until it is solved."""
_PAUSE_FACTOR = 50
"""The pause between two full scans is at least this many times as long as a scan takes."""
_URGENT_PAUSE_FACTOR = 5
"""The same factor when a change requires a full scan."""
_PATIENCE = (1.0, 30.0)
"""Seconds before the first retry, and the most seconds before a later one."""
_TICKS_WITHOUT_EVENTS = 20
"""Ticks before event notification is tried again."""
_RETRY_HINT = "Pincite will retry."


@dataclass(frozen=True, slots=True)
class Pace:
    """The intervals of watching."""

    every: float = 60.0
    """Least number of seconds between two full scans."""
    settle: float = 1.0
    """Seconds for which a file must not change before it is read."""
    events: bool = True
    """Whether to use file system events; network disks send none, and then only `every` counts."""

    @property
    def tick(self) -> float:
        """Seconds between two checks of the waiting files."""
        return max(0.05, min(0.5, self.settle / 2, self.every))


class _StopError(Exception):
    """The caller has stopped the work."""


class Watcher:
    """Keeps a library in sync with folders until `stop` is set. `make` creates the sync from a progress callback."""

    def __init__(
        self,
        make: Callable[[ProgressCallback], Synchronizer],
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
        self._syncing = make(self._check_stop)
        self._tell = tell
        self._own = str(own)
        self._stop = stop
        self._pace = pace or Pace()
        self._force = force
        self._progress = progress
        self._settling = SettlingPaths(self._pace.settle)
        self._linked = False
        self._scan_at = self._resume_at = self._cost = 0.0
        self._patience = _PATIENCE[0]
        self._problems: dict[str, Problem] = {}
        self._failed: dict[str, Failure] = {}

    def run(self) -> None:
        """Watch until stopped. Raises errors that a retry cannot fix: FingerprintMismatch, LibraryDamaged, …"""
        try:
            while not self._stop.is_set():
                present = self._present()
                self._scan_at = 0.0  # finds changes from before the events began
                with closing(self._changes(list(present))) as changes:
                    for paths in changes:
                        if self._present() != present:
                            break
                        self._note_changes(paths)
                        self._work(list(present))
        except _StopError:
            return

    def _present(self) -> dict[Path, tuple[int, int]]:
        """Return the folders that exist, each with its identity, which another folder at its path does not have."""
        present = {}
        for folder in self._folders:
            try:
                present[folder] = folder_identity(folder)
            except FolderMissing as error:
                self._report_problem(
                    str(folder), Problem(error.message, "Pincite watches it again as soon as it is back.")
                )
            else:
                self._problems.pop(str(folder), None)
        return present

    def _changes(self, folders: list[Path]) -> Generator[set[Path], None, None]:
        """Yield changed paths. Ends when events may have been lost, so that everything is scanned."""
        if not folders or not self._pace.events:
            yield from ticks(stop=self._stop, tick=self._pace.tick)
            return
        try:
            for paths in listen(folders, stop=self._stop, tick=self._pace.tick):
                self._problems.pop("events", None)
                yield paths
        except EventStreamError as error:
            if not error.began:
                hint = "Until this is fixed, Pincite scans all folders from time to time, so changes arrive later."
                self._report_problem("events", Problem(f"The system sends no change events: {error.reason}.", hint))
                yield from ticks(stop=self._stop, tick=self._pace.tick, times=_TICKS_WITHOUT_EVENTS)

    def _note_changes(self, paths: Iterable[Path]) -> None:
        """Note changed paths, except hidden ones and the library's own folder."""
        for path in map(self._named, paths):
            root = root_of(str(path), self._folders)
            if not root or is_hidden(str(path), root) or str(path) == self._own or is_below(str(path), self._own):
                continue
            if self._linked:
                self._scan_at = min(self._scan_at, time.monotonic() + _URGENT_PAUSE_FACTOR * self._cost)
                return
            if path.is_dir():  # files that arrived before events of this folder began
                self._settling.add(discover([path], enter=lambda folder: str(folder) != self._own))
            self._settling.add([path])

    def _named(self, path: Path) -> Path:
        """Return a path below its folder's given name: some systems report paths with links resolved."""
        for folder in self._folders:
            if not path.is_relative_to(folder) and path.is_relative_to(real := folder.resolve()):
                return folder / path.relative_to(real)
        return path

    def _work(self, folders: list[Path]) -> None:
        now = time.monotonic()
        if now < self._resume_at:
            return
        try:
            if now >= self._scan_at and folders:
                self._scan(folders)
            if ready := self._settling.settled():
                receipt, refused = self._syncing.follow(folders, ready, force=self._force)
                self._settling.drop(ready)
                self._report(receipt)
                self._refuse(refused)
            self._problems.pop("locked", None)
            self._patience = _PATIENCE[0]
        except FolderMissing:
            return  # the next turn of the loop handles it
        except (LibraryLocked, LibraryNotWritable) as error:
            self._report_problem("locked", Problem(error.message, _RETRY_HINT))
            self._resume_at = now + self._patience
            self._patience = min(2 * self._patience, _PATIENCE[1])

    def _scan(self, folders: list[Path]) -> None:
        """Scan all folders for changes that no event reported."""
        began = time.monotonic()
        found = self._syncing.suspects(folders, force=self._force)
        self._linked = found.linked
        self._settling.add(found.paths)
        self._report(Receipt(failed=tuple(found.failed)))
        shrinking = {root_of(str(path), folders) for path in found.paths if not path.exists()}
        for folder in map(str, folders):
            if folder not in shrinking and folder not in (refusal.folder for refusal in found.refused):
                self._problems.pop(f"refused {folder}", None)
        self._refuse(found.refused)
        now = time.monotonic()
        self._cost = now - began
        self._scan_at = now + max(self._pace.every, _PAUSE_FACTOR * self._cost)

    def _report(self, receipt: Receipt) -> None:
        """Report changes, and failures that are new."""
        fresh = tuple(failure for failure in receipt.failed if self._failed.get(failure.source) != failure)
        renamed = [name for renaming in receipt.renamed for name in (renaming.source, renaming.before)]
        for source in (*receipt.added, *receipt.replaced, *receipt.unchanged, *receipt.removed, *renamed):
            self._failed.pop(source, None)
        self._failed.update({failure.source: failure for failure in fresh})
        if receipt.added or receipt.replaced or receipt.renamed or receipt.removed or fresh:
            self._tell(replace(receipt, failed=fresh))

    def _refuse(self, refused: Iterable[TooManyRemovals]) -> None:
        for refusal in refused:  # reported once, though the numbers may change
            if f"refused {refusal.folder}" not in self._problems:
                self._report_problem(f"refused {refusal.folder}", Problem(refusal.message, refusal.hint))

    def _report_problem(self, key: str, problem: Problem) -> None:
        if self._problems.get(key) != problem:
            self._problems[key] = problem
            self._tell(problem)

    def _check_stop(self, progress: Progress) -> None:
        """Pass on the progress, or end the work between two steps if `stop` is set."""
        if self._stop.is_set():
            raise _StopError
        if self._progress:
            self._progress(progress)
