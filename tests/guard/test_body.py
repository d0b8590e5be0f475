"""How long the server waits for the body of a request."""

from __future__ import annotations

import pytest

from index.server.guard.body import BodyTimeout

SECONDS = 30.0


def upload_seconds(kilobytes: float, interval: float, limit: float = 7_200) -> float:
    """Return how long an upload lasts in which this many kilobytes arrive at this interval."""
    timeout, seconds = BodyTimeout(SECONDS), 0.0
    while seconds < limit and timeout.seconds_left > interval:
        timeout.note(interval, int(kilobytes * 1_000))
        seconds += interval
    return seconds


@pytest.mark.parametrize(
    ("kilobytes", "interval"),
    [
        pytest.param(10, 1, id="one of twelve on a line of 1 Mbit/s"),
        pytest.param(65, 10, id="in large pieces with long pauses"),
        pytest.param(200, 29, id="with longer pauses"),
    ],
)
def test_slow_upload_may_take_hours(kilobytes: float, interval: float) -> None:
    """A steady upload earns time with every byte."""
    assert upload_seconds(kilobytes, interval) >= 7_200


@pytest.mark.parametrize(
    ("kilobytes", "interval"),
    [pytest.param(10, 10, id="a kilobyte a second"), pytest.param(12, 14, id="just enough for each time limit")],
)
def test_upload_below_the_least_rate_is_ended_soon(kilobytes: float, interval: float) -> None:
    """It gets the time limit and what it has earned until then."""
    assert upload_seconds(kilobytes, interval) < 2 * SECONDS


def test_silence_is_limited_whatever_was_sent_before() -> None:
    """A phone that changes its network may be silent for twenty seconds; gigabytes do not buy hours."""
    timeout = BodyTimeout(SECONDS)
    timeout.note(200.0, 500_000_000)
    assert timeout.seconds_left == SECONDS
    timeout.note(29.0, 1)
    assert timeout.seconds_left == pytest.approx(1.0)
