"""How fast a job goes, and how long it will take: honest, hence unknown at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

KNOWN_SECONDS = 2.0
"""From when on a rate says something."""


class Pace:
    """Measures one job by a clock, in seconds, and counts what it does: passages, or questions."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began: float | None = None
        self._since: float | None = None
        self._done = 0
        self._measured = 0.0

    def begin(self) -> None:
        """The job has begun."""
        self._began = self._clock()

    @property
    def seconds(self) -> float:
        """Since the job began."""
        return 0.0 if self._began is None else self._clock() - self._began

    def count(self, done: int) -> None:
        """So many have been done by now. The first word of it starts the measuring: no encoder is loaded after that."""
        now = self._clock()
        if self._since is None:
            self._since = now
        self._done, self._measured = done, now - self._since

    @property
    def per_second(self) -> float | None:
        """Over the job so far, with all that comes between; None while that says nothing."""
        return self._done / self._measured if self._done and self._measured >= KNOWN_SECONDS else None

    def seconds_left(self, remaining: float | None) -> float | None:
        """What so many more will take; None while that cannot be known."""
        rate = self.per_second
        return None if rate is None or remaining is None else remaining / rate
