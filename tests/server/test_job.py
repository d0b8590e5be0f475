"""A job's pace, by a clock of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.library.batches import Row
from index.records.document import Arrival, FileStage, FileState
from index.server.job import KNOWN_SECONDS, Job, SpeedMeter


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


def test_nothing_is_known_at_first(clock: Clock) -> None:
    """A rate over a fraction of a second says nothing, and neither does one of nothing."""
    pace = SpeedMeter(clock)
    assert (pace.seconds, pace.per_second, pace.seconds_left(9)) == (0.0, None, None)
    pace.begin()
    pace.count(0)
    clock.now += KNOWN_SECONDS / 2
    pace.count(100)
    assert (pace.per_second, pace.seconds_left(9)) == (None, None)
    clock.now += KNOWN_SECONDS
    pace.count(0)
    assert pace.per_second is None


def test_the_loading_of_an_encoder_is_no_pace(clock: Clock) -> None:
    """The clock begins with the first word of encoding; all that comes between counts."""
    pace = SpeedMeter(clock)
    pace.begin()
    clock.now += 30
    pace.count(0)
    clock.now += 4
    pace.count(200)
    assert (pace.seconds, pace.per_second) == (34, 50)
    clock.now += 4  # reading the next file
    pace.count(200)
    assert pace.per_second == 25
    clock.now += 100  # nothing is said, so nothing changes
    assert (pace.per_second, pace.seconds_left(100), pace.seconds_left(None)) == (25, 4, None)


def a_job(clock: Clock, *files: tuple[int, FileState]) -> Job:
    """One that works on files of these sizes, which are in these states, and encodes ten passages a second."""
    job = Job("add", len(files), clock=clock)
    job.set_arrivals([Arrival(file.name, Path(file.name), file.name, size) for size, file in files], lambda: None)
    job.begin()
    job.set_files({n: file for n, (_, file) in enumerate(files)}, encoded=0)
    clock.now += 10
    job.set_files({}, encoded=100)
    return job


def test_the_time_left_is_that_of_the_passages_that_remain(clock: Clock) -> None:
    """Those of a file that has been read are known; of others as many for a byte are expected."""
    encoding = FileState("b", "b", "encoding", passages=50, of_passages=150)
    assert a_job(clock, (100, encoding)).seconds_left == 10
    added, waiting = FileState("a", "a", "added", passages=50, of_passages=50), FileState("c", "c", "waiting")
    assert a_job(clock, (100, added), (300, encoding), (200, waiting)).seconds_left == 10 + 10
    assert a_job(clock, (100, waiting)).seconds_left is None


def test_what_is_no_work_counts_on_neither_side(clock: Clock) -> None:
    """Whatever was known, broken or left out, however large."""
    stages: tuple[FileStage, ...] = ("unchanged", "failed", "cancelled")
    files = [(10_000_000, FileState(stage, stage, stage)) for stage in stages]
    encoding = FileState("b", "b", "encoding", passages=50, of_passages=150)
    job = a_job(clock, *files, (100, encoding), (100, FileState("c", "c", "reading")))
    assert job.seconds_left == 10 + 15
    assert (job.done, job.total) == (3, 5)


def test_a_job_that_has_ended_keeps_its_rate(clock: Clock) -> None:
    """And has no time left."""
    job = a_job(clock, (100, FileState("b", "b", "encoding", passages=50, of_passages=150)))
    job.finish("done")
    assert job.seconds_left is None
    assert job.passages_per_second == 10


def test_a_batch_goes_by_its_questions(clock: Clock) -> None:
    """One of four in five seconds leaves fifteen."""
    job = Job("batch", 4, clock=clock)
    job.begin()
    clock.now += 5
    job.add_row(Row("Where?", "answered"))
    assert job.seconds_left == 15
    assert job.passages_per_second is None


def test_a_job_ends_once(clock: Clock) -> None:
    """Whoever comes later changes nothing, and no version is given for that."""
    job = Job("batch", 0, clock=clock)
    assert job.begin()
    job.finish("done")
    version = job.version
    job.finish("failed")
    job.cancel()
    assert not job.begin()
    assert job.state == "done"
    assert job.version == version
