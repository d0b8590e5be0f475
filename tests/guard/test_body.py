"""For how long a client is waited for."""

from __future__ import annotations

import pytest

from index.server.guard.body import BodyTimeout

SECONDS = 30.0


def seconds_held(kilobytes: float, every: float, longest: float = 7_200) -> float:
    """How long an upload lasts of which so much arrives every so many seconds."""
    timeout, seconds = BodyTimeout(SECONDS), 0.0
    while seconds < longest and timeout.seconds_left > every:
        timeout.note(every, int(kilobytes * 1_000))
        seconds += every
    return seconds


@pytest.mark.parametrize(
    ("kilobytes", "every"),
    [
        pytest.param(10, 1, id="one of twelve on a line of 1 Mbit/s"),
        pytest.param(65, 10, id="in large pieces with long pauses"),
        pytest.param(200, 29, id="with longer ones"),
    ],
)
def test_a_slow_client_is_waited_for(kilobytes: float, every: float) -> None:
    """Hours, if it takes hours."""
    assert seconds_held(kilobytes, every) >= 7_200


@pytest.mark.parametrize(
    ("kilobytes", "every"),
    [pytest.param(10, 10, id="a kilobyte a second"), pytest.param(12, 14, id="just enough for each time limit")],
)
def test_a_client_that_sends_to_hold_its_place_is_not(kilobytes: float, every: float) -> None:
    """The time limit, and what it has earned by then."""
    assert seconds_held(kilobytes, every) < 2 * SECONDS


def test_silence_is_borne_for_the_time_limit_whatever_came_before() -> None:
    """A phone that changes its network is silent for twenty seconds; gigabytes do not buy hours."""
    timeout = BodyTimeout(SECONDS)
    timeout.note(200.0, 500_000_000)
    assert timeout.seconds_left == SECONDS
    timeout.note(29.0, 1)
    assert timeout.seconds_left == pytest.approx(1.0)
