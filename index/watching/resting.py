"""Paths at which something changed, until they have come to rest: nothing is read while it is being written."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.syncing.scanning import Look

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_TOGETHER = 5.0
"""For so many times the time of rest do paths wait for each other, where one of them is gone: it may have been renamed,
and is then the one that came.
"""


@dataclass(slots=True)
class _Waiting:
    """A path that waits."""

    look: Look | None
    """How it looked last; None where there was nothing."""
    since: float
    """From when on it has looked so."""
    first: float
    """When it was first told of."""


class Resting:
    """Each path with its last look, and since when it has had that."""

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._paths: dict[Path, _Waiting] = {}

    def __len__(self) -> int:
        return len(self._paths)

    def add(self, paths: Iterable[Path]) -> None:
        """Something changed at these."""
        now = time.monotonic()
        for path in paths:
            if path not in self._paths:
                self._paths[path] = _Waiting(_look(path), now, now)

    def rested(self) -> list[Path]:
        """Those that have looked the same for long enough, and are not to wait for others."""
        now = time.monotonic()
        young = now - _TOGETHER * self._settle
        ready: dict[Path, _Waiting] = {}
        restless = []
        for path, each in self._paths.items():
            if self._rests(path, each, now):
                ready[path] = each
            elif each.first > young:
                restless.append(each)
        gone = any(each.look is None for each in restless)
        return [
            path
            for path, each in ready.items()
            if not restless or each.first <= young or (each.look is not None and not gone)
        ]

    def drop(self, paths: Iterable[Path]) -> None:
        """These are dealt with."""
        for path in paths:
            self._paths.pop(path, None)

    def _rests(self, path: Path, each: _Waiting, now: float) -> bool:
        """Whether a path has come to rest; a folder needs no time, for the files in it are named as well."""
        look = _look(path)
        if look != each.look:
            each.look, each.since = look, now
            return False
        return now - each.since >= self._settle or (look is not None and (self._is_old(look) or path.is_dir()))

    def _is_old(self, look: Look) -> bool:
        """Whether the system itself says that nobody has written for long enough, which needs no waiting."""
        return time.time_ns() - max(look.modified, look.changed) >= self._settle * 1e9


def _look(path: Path) -> Look | None:
    try:
        return Look.of(path.stat())
    except (OSError, ValueError):
        return None
