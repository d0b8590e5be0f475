"""The speed of work, and the time that it will still take."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

KNOWN_SECONDS = 2.0
"""Seconds after which a rate is meaningful."""
FORECAST_SECONDS = 5.0
"""Seconds of work after which its end may be forecast."""
FORECAST_SHARE = 0.05
"""Share of the work after which its end may be forecast: the first steps are often slow."""
AGREEMENT = 1.5
"""The factor by which a forecast and an earlier one may differ; what is shown is then right within a factor of two."""
_EVERY_SECONDS = 0.5
"""The least time between two forecasts that are kept."""
_MOST_FORECASTS = 400
"""The number of forecasts kept: of more, every second one is dropped."""


class Forecast:
    """Forecasts when work ends, in seconds of `clock`, and is silent as long as its forecasts do not hold.

    The forecast in force is compared with the one made when half of the time so far had passed. Work that gets slower
    or stops, such as the recognition of a scan among small files, soon has no forecast.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._made: list[tuple[float, float]] = []
        """The forecasts: when each was made, and the seconds left at that time."""

    @property
    def seconds(self) -> float:
        """Seconds since the work began."""
        return self._clock() - self._began

    @property
    def is_due(self) -> bool:
        """Whether the last forecast is old enough for another."""
        return not self._made or self._clock() - self._made[-1][0] >= _EVERY_SECONDS

    def update(self, seconds_left: float | None) -> None:
        """Make a forecast; None if nothing can be said, which also takes back the earlier ones."""
        if seconds_left is None:
            self._made.clear()
        elif self.is_due:
            self._made.append((self._clock(), seconds_left))
            if len(self._made) > _MOST_FORECASTS:
                del self._made[::2]

    @property
    def seconds_left(self) -> float | None:
        """The seconds left by the last forecast; None if there is none that can be relied on."""
        now = self._clock()
        if not self._made or self.seconds < FORECAST_SECONDS:
            return None
        made, left = self._made[-1]
        left -= now - made
        if self.seconds < FORECAST_SHARE * (self.seconds + left):
            return None
        half = (self._began + now) / 2
        then, foreseen = next((one for one in reversed(self._made) if one[0] <= half), (now, 0.0))
        passed = now - then + left
        is_right = left > 0 and foreseen <= AGREEMENT * passed and passed <= AGREEMENT * foreseen
        return left if is_right else None


class SpeedMeter:
    """Counts the passages or questions of one job and measures their rate, in seconds of `clock`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began: float | None = None
        self._since: float | None = None
        self._done = 0
        self._measured = 0.0
        self._forecast: Forecast | None = None

    def begin(self) -> None:
        """Start the clock; it goes on if it was started before."""
        self._began = self._clock() if self._began is None else self._began

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return 0.0 if self._began is None else self._clock() - self._began

    def count(self, done: int, remaining: Callable[[], float | None]) -> None:
        """Set the number done, and forecast the end from the number that remain; None if it is unknown.

        The first call starts the measurement, so that loading the encoder does not count.
        """
        now = self._clock()
        if self._since is None or self._forecast is None:
            self._since, self._forecast = now, Forecast(self._clock)
        self._done, self._measured = done, now - self._since
        if self._forecast.is_due:
            rate, left = self.per_second, remaining()
            self._forecast.update(None if rate is None or left is None else left / rate)

    @property
    def per_second(self) -> float | None:
        """Mean rate so far, pauses included; None until it is meaningful."""
        return self._done / self._measured if self._done and self._measured >= KNOWN_SECONDS else None

    @property
    def seconds_left(self) -> float | None:
        """The estimated seconds left; None if they cannot be estimated well."""
        return self._forecast.seconds_left if self._forecast else None
