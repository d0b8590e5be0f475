"""The speed and the remaining time of a job, measured with a clock of the test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.records import Row
from index.records.document import Arrival, FileStage, FileState
from index.server.jobs import FORECAST_SECONDS, KNOWN_SECONDS, Forecast, Job, SpeedMeter

if TYPE_CHECKING:
    from collections.abc import Sequence


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


def test_speed_is_unknown_at_first(clock: Clock) -> None:
    """A rate needs more than a fraction of a second and more than zero passages."""
    meter = SpeedMeter(clock)
    assert (meter.seconds, meter.per_second, meter.seconds_left) == (0.0, None, None)
    meter.begin()
    meter.count(0, lambda: 9)
    clock.now += KNOWN_SECONDS / 2
    meter.count(100, lambda: 9)
    assert (meter.per_second, meter.seconds_left) == (None, None)
    clock.now += KNOWN_SECONDS
    meter.count(0, lambda: 9)
    assert meter.per_second is None


def test_speed_excludes_loading_the_encoder(clock: Clock) -> None:
    """The clock starts with the first report of encoding; all time after that counts."""
    meter = SpeedMeter(clock)
    meter.begin()
    clock.now += 30
    meter.count(0, lambda: None)
    clock.now += 4
    meter.count(200, lambda: None)
    assert (meter.seconds, meter.per_second) == (34, 50)
    clock.now += 4  # reading the next file
    meter.count(200, lambda: None)
    assert meter.per_second == 25
    clock.now += 100  # without a report nothing changes
    assert (meter.per_second, meter.seconds_left) == (25, None)


def forecasts(clock: Clock, speeds: Sequence[tuple[float, float]]) -> list[tuple[float | None, float]]:
    """Do work at these speeds, each until this share is done; return each forecast with the time that was left."""
    forecast, done, shown = Forecast(clock), 0.0, []
    for until, speed in speeds:
        while done < until:
            clock.now += 1
            done = min(until, done + speed)
            forecast.update(forecast.seconds * (1 - done) / done)
            shown.append((forecast.seconds_left, clock.now))
    return [(left, clock.now - at) for left, at in shown]


STEADY = {
    "steady": [(1.0, 0.01)],
    "a slow beginning": [(0.002, 0.0001), (1.0, 0.02)],
    "a third slower": [(0.5, 0.01), (1.0, 0.0067)],
}


@pytest.mark.parametrize("speeds", STEADY.values(), ids=STEADY)
def test_time_left_is_right_within_a_factor_of_two(clock: Clock, speeds: list[tuple[float, float]]) -> None:
    """What is shown is right; nothing is shown while the beginning of the work misleads."""
    shown = [
        (left, truth) for left, truth in forecasts(clock, speeds) if left is not None and truth >= FORECAST_SECONDS
    ]
    assert [pair for pair in shown if not pair[1] / 2 <= pair[0] <= pair[1] * 2] == []
    assert bool(shown) == (speeds != STEADY["a slow beginning"])


def test_time_left_is_not_shown_while_it_stands_still(clock: Clock) -> None:
    """`5 s left` does not stand for five minutes, with reports and without."""
    forecast = Forecast(clock)
    for left in range(60, 5, -1):
        clock.now += 1
        forecast.update(left)
    assert forecast.seconds_left == 6
    clock.now += 7
    assert forecast.seconds_left is None
    shown = []
    for _ in range(300):
        clock.now += 1
        forecast.update(5)
        shown.append(forecast.seconds_left)
    assert not any(shown[10:])


def working_job(clock: Clock, *files: tuple[int, FileState]) -> Job:
    """Return a job on files of these sizes and states that encodes ten passages a second, with all of them to do."""
    job = Job("add", len(files), clock=clock)
    job.set_arrivals([Arrival(file.name, Path(file.name), file.name, size) for size, file in files], lambda: None)
    job.begin()
    job.set_files({n: file for n, (_, file) in enumerate(files)}, encoded=0)
    for second in range(1, 11):
        clock.now += 1
        job.set_files({}, encoded=10 * second)
    return job


def test_time_left_is_estimated_from_remaining_passages(clock: Clock) -> None:
    """The passages of a file that was read are known; for others they are estimated from the size in bytes."""
    encoding = FileState("b", "b", "encoding", passages=50, of_passages=450)
    assert working_job(clock, (100, encoding)).seconds_left == 40
    added, waiting = FileState("a", "a", "added", passages=150, of_passages=150), FileState("c", "c", "waiting")
    assert working_job(clock, (100, added), (300, encoding), (200, waiting)).seconds_left == 40 + 30
    assert working_job(clock, (100, waiting)).seconds_left is None


def test_skipped_and_failed_files_do_not_affect_time_left(clock: Clock) -> None:
    """Unchanged, failed and cancelled files count neither as done nor as remaining, whatever their size."""
    stages: tuple[FileStage, ...] = ("unchanged", "failed", "cancelled")
    files = [(10_000_000, FileState(stage, stage, stage)) for stage in stages]
    encoding = FileState("b", "b", "encoding", passages=50, of_passages=150)
    job = working_job(clock, *files, (100, encoding), (100, FileState("c", "c", "reading")))
    assert job.seconds_left == 10 + 15
    assert (job.done, job.total) == (3, 5)


def test_ended_job_keeps_its_rate_and_does_not_change(clock: Clock) -> None:
    """It has no time left; a later call does not increase its version."""
    job = working_job(clock, (100, FileState("b", "b", "encoding", passages=50, of_passages=150)))
    job.finish("done")
    assert job.seconds_left is None
    assert job.passages_per_second == 10
    version = job.version
    job.finish("failed")
    job.cancel()
    assert not job.begin()
    assert job.state == "done"
    assert job.version == version


def test_time_left_of_a_batch_counts_questions(clock: Clock) -> None:
    """Two questions of four in ten seconds leave ten seconds; after the first one, nothing confirms the speed."""
    job = Job("batch", 4, clock=clock)
    job.begin()
    clock.now += 5
    job.add_row(Row("Where?", "answered"))
    assert job.seconds_left is None
    clock.now += 5
    job.add_row(Row("When?", "answered"))
    assert job.seconds_left == 10
    assert job.passages_per_second is None
