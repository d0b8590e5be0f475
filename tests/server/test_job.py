"""The speed and the remaining time of a job, measured with a clock of the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.library.batches import Row
from index.records.document import Arrival, FileStage, FileState
from index.server.job import Job
from index.server.speed import KNOWN_SECONDS, SpeedMeter


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
    assert (meter.seconds, meter.per_second, meter.seconds_left(9)) == (0.0, None, None)
    meter.begin()
    meter.count(0)
    clock.now += KNOWN_SECONDS / 2
    meter.count(100)
    assert (meter.per_second, meter.seconds_left(9)) == (None, None)
    clock.now += KNOWN_SECONDS
    meter.count(0)
    assert meter.per_second is None


def test_speed_excludes_loading_the_encoder(clock: Clock) -> None:
    """The clock starts with the first report of encoding; all time after that counts."""
    meter = SpeedMeter(clock)
    meter.begin()
    clock.now += 30
    meter.count(0)
    clock.now += 4
    meter.count(200)
    assert (meter.seconds, meter.per_second) == (34, 50)
    clock.now += 4  # reading the next file
    meter.count(200)
    assert meter.per_second == 25
    clock.now += 100  # without a report nothing changes
    assert (meter.per_second, meter.seconds_left(100), meter.seconds_left(None)) == (25, 4, None)


def working_job(clock: Clock, *files: tuple[int, FileState]) -> Job:
    """Return a job on files of these sizes and states that encodes ten passages a second."""
    job = Job("add", len(files), clock=clock)
    job.set_arrivals([Arrival(file.name, Path(file.name), file.name, size) for size, file in files], lambda: None)
    job.begin()
    job.set_files({n: file for n, (_, file) in enumerate(files)}, encoded=0)
    clock.now += 10
    job.set_files({}, encoded=100)
    return job


def test_time_left_is_estimated_from_remaining_passages(clock: Clock) -> None:
    """The passages of a file that was read are known; for others they are estimated from the size in bytes."""
    encoding = FileState("b", "b", "encoding", passages=50, of_passages=150)
    assert working_job(clock, (100, encoding)).seconds_left == 10
    added, waiting = FileState("a", "a", "added", passages=50, of_passages=50), FileState("c", "c", "waiting")
    assert working_job(clock, (100, added), (300, encoding), (200, waiting)).seconds_left == 10 + 10
    assert working_job(clock, (100, waiting)).seconds_left is None


def test_skipped_and_failed_files_do_not_affect_time_left(clock: Clock) -> None:
    """Unchanged, failed and cancelled files count neither as done nor as remaining, whatever their size."""
    stages: tuple[FileStage, ...] = ("unchanged", "failed", "cancelled")
    files = [(10_000_000, FileState(stage, stage, stage)) for stage in stages]
    encoding = FileState("b", "b", "encoding", passages=50, of_passages=150)
    job = working_job(clock, *files, (100, encoding), (100, FileState("c", "c", "reading")))
    assert job.seconds_left == 10 + 15
    assert (job.done, job.total) == (3, 5)


def test_ended_job_keeps_its_rate(clock: Clock) -> None:
    """An ended job has a rate and no time left."""
    job = working_job(clock, (100, FileState("b", "b", "encoding", passages=50, of_passages=150)))
    job.finish("done")
    assert job.seconds_left is None
    assert job.passages_per_second == 10


def test_time_left_of_a_batch_counts_questions(clock: Clock) -> None:
    """One question of four in five seconds leaves fifteen seconds."""
    job = Job("batch", 4, clock=clock)
    job.begin()
    clock.now += 5
    job.add_row(Row("Where?", "answered"))
    assert job.seconds_left == 15
    assert job.passages_per_second is None


def test_ended_job_does_not_change(clock: Clock) -> None:
    """A later call does not change the job and does not increase its version."""
    job = Job("batch", 0, clock=clock)
    assert job.begin()
    job.finish("done")
    version = job.version
    job.finish("failed")
    job.cancel()
    assert not job.begin()
    assert job.state == "done"
    assert job.version == version
