"""Receives the system's events of changed files, and holds each path back until it settles."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.ingest.scan import FileMetadata

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator, Sequence

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
