"""The speed of a job, and the time that it will still take."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

KNOWN_SECONDS = 2.0
"""Seconds after which a rate is meaningful."""


class SpeedMeter:
    """Counts the passages or questions of one job and measures their rate, in seconds of `clock`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began: float | None = None
        self._since: float | None = None
        self._done = 0
        self._measured = 0.0

    def begin(self) -> None:
        """Start the clock; it goes on if it was started before."""
        self._began = self._clock() if self._began is None else self._began

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return 0.0 if self._began is None else self._clock() - self._began

    def count(self, done: int) -> None:
        """Set the number done. The first call starts the measurement, so that loading the encoder does not count."""
        now = self._clock()
        if self._since is None:
            self._since = now
        self._done, self._measured = done, now - self._since

    @property
    def per_second(self) -> float | None:
        """Mean rate so far, pauses included; None until it is meaningful."""
        return self._done / self._measured if self._done and self._measured >= KNOWN_SECONDS else None

    def seconds_left(self, remaining: float | None) -> float | None:
        """Return the estimated seconds for `remaining` more, or None if they cannot be estimated."""
        rate = self.per_second
        return None if rate is None or remaining is None else remaining / rate
