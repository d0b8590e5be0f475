"""A job: its task, its progress, the time that it will still take, and the methods by which its worker reports."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from index.records import Matrix
from index.records.document import OPEN, UNDER_WAY, FileState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.errors import PinciteError
    from index.library.question_files import QuestionTable
    from index.records import MatrixRow, Receipt, Row
    from index.records.document import Arrival, Kind, Lane, State


# The speed of work, and the time that it will still take.

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


class Task(Protocol):
    """The work of a job."""

    def run(self) -> None:
        """Do the work. Raises JobCancelled if the job is cancelled."""
        ...

    def fail(self, error: PinciteError) -> None:
        """Record the error that ended the work."""
        ...

    def release(self) -> None:
        """Release the files that the work holds."""
        ...

    def receipt(self) -> Receipt | None:
        """Return the changes to the library, if any."""
        ...


class JobCancelled(Exception):  # noqa: N818 - never leaves this package
    """The job was cancelled, and its task has stopped."""


class JobInterrupted(Exception):  # noqa: N818 - never leaves this package
    """The task has stopped to let others work. If it is run again, it goes on where it was."""


class Job:
    """Files being added to the library, a batch of questions, or a matrix. Safe to read from several threads.

    To follow a job without missing a change, read `version`, then the rest, show it, and call `wait(version, …)`.
    """

    def __init__(
        self,
        kind: Kind,
        total: int,
        documents: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
        asked: QuestionTable | None = None,
    ) -> None:
        self.id = uuid.uuid4().hex
        self.kind: Kind = kind
        self.total = total
        """Number of files, questions, or cells of a matrix."""
        self.asked = asked
        """The questions of a batch or a matrix, with the reader's other columns."""
        self.documents = tuple(documents)
        """Ids of the documents that the questions are about; empty for all."""
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._speed = SpeedMeter(clock)
        self.version = 0
        """A number that changes whenever the job changes."""
        self.state: State = "waiting"
        """The state of the whole job."""
        self._files: list[FileState] = []
        self._sizes: list[int] = []
        self._release: Callable[[], None] = lambda: None
        self._started_files: set[int] = set()
        self._rows: list[Row] = []
        self._matrix_rows: list[MatrixRow] = []
        self._cells = self._begun_cells = 0
        self.receipt: Receipt | None = None
        """The changes to the library; None until the job ends, and if it was cancelled before its start."""
        self._receipt_so_far: Receipt | None = None
        self.error: PinciteError | None = None
        """The error, if the job failed."""

    # For interfaces

    @property
    def lane(self) -> Lane:
        """The queue of the job: one thread adds, the other asks."""
        return "add" if self.kind == "add" else "batch"

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions of a batch or a matrix."""
        return self.asked.questions if self.asked else ()

    @property
    def matrix(self) -> Matrix:
        """The finished rows of a matrix."""
        with self._changed:
            return Matrix(self.questions, tuple(self._matrix_rows))

    @property
    def files(self) -> tuple[FileState, ...]:
        """The state of each file, in the given order."""
        with self._changed:
            return tuple(self._files)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The answers so far, in the order of the questions."""
        with self._changed:
            return tuple(self._rows)

    @property
    def done(self) -> int:
        """The number of finished files, questions or cells, of `total`."""
        with self._changed:
            return sum(file.stage not in OPEN for file in self._files) + len(self._rows) + self._cells

    @property
    def passages_per_second(self) -> float | None:
        """Mean speed so far; None until it is meaningful."""
        with self._changed:
            return self._speed.per_second if self.kind == "add" else None

    @property
    def seconds_left(self) -> float | None:
        """Estimated time left; None while it cannot be estimated well, or the job is not running."""
        with self._changed:
            return self._speed.seconds_left if self.state == "working" else None

    def cancel(self, file: int | None = None) -> None:
        """Cancel the job soon. Added files are kept; a file that is being encoded is not stored.

        With `file`, an index from 0, skip only that file, unless work on it has started.
        """
        if file is not None:
            self._skip(file)
            return
        self._stop.set()
        if self.finish("cancelled", only_if="waiting"):
            self._release()

    def wait(self, version: int, timeout_seconds: float) -> int:
        """Wait until the job has another version, and return it; at the timeout, return the same version."""
        with self._changed:
            self._changed.wait_for(lambda: self.version != version, timeout_seconds)
            return self.version

    # For the task

    def set_arrivals(self, arrivals: Sequence[Arrival], release: Callable[[], None]) -> None:
        """Set the files, and the function that releases them if the job never starts."""
        with self._changed:
            self._files = [FileState(arrival.name, arrival.source) for arrival in arrivals]
            self._sizes = [max(1, arrival.size) for arrival in arrivals]
            self._release = release
            self._notify()

    def begin(self) -> bool:
        """Start the job, or go on after a rest. Return False if it was cancelled before its turn."""
        with self._changed:
            if self.state != "waiting":
                return False
            self.state = "working"
            self._speed.begin()
            if self.kind == "batch":
                self._speed.count(0, self._remaining)
            self._notify()
            return True

    def rest(self, receipt: Receipt | None) -> bool:
        """Let the job wait for another turn, with the receipt so far. Return False if it was cancelled meanwhile."""
        with self._changed:
            if self._stop.is_set():
                return False
            self.state, self._receipt_so_far = "waiting", receipt
            self._started_files.clear()
            self._files = [replace(file, stage="waiting") if file.stage in OPEN else file for file in self._files]
            self._notify()
            return True

    def start_group(self, group: Sequence[int]) -> list[int]:
        """Return the indices of a group's files to work on; from now on they cannot be skipped."""
        with self._changed:
            self._started_files.update(group)
            return [n for n in group if self._files[n].stage in OPEN]

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self._speed.seconds

    def check(self) -> None:
        """Raise JobCancelled if the job was cancelled."""
        if self._stop.is_set():
            raise JobCancelled

    def pause(self, seconds: float) -> None:
        """Wait for some seconds. Raises JobCancelled as soon as the job is cancelled."""
        self._stop.wait(seconds)
        self.check()

    def set_files(self, changed: dict[int, FileState], encoded: int | None = None) -> None:
        """Set the states of some files by index, and the number of passages encoded so far."""
        with self._changed:
            for index, file in changed.items():
                self._files[index] = file
            if encoded is not None:
                self._speed.count(encoded, self._remaining)
            self._notify()

    def add_row(self, row: Row) -> None:
        """Add the row of the next question."""
        with self._changed:
            self._rows.append(row)
            self._speed.count(len(self._rows), self._remaining)
            self._notify()

    def count_cell(self) -> None:
        """Count the cells of a matrix that are finished: all before the one that begins now."""
        with self._changed:
            self._cells = min(self._begun_cells, self.total)
            self._begun_cells += 1
            self._speed.count(self._cells, self._remaining)
            self._notify()

    def add_matrix_row(self, row: MatrixRow) -> None:
        """Add the row of the next document."""
        with self._changed:
            self._matrix_rows.append(row)
            self._cells = len(self._matrix_rows) * len(self.questions)
            self._notify()

    def finish(
        self,
        state: State,
        *,
        receipt: Receipt | None = None,
        error: PinciteError | None = None,
        only_if: State | None = None,
    ) -> bool:
        """End the job and cancel its waiting files. Return False if it had already ended, or is not in `only_if`."""
        reason = error.message if error else ""
        with self._changed:
            if self.state not in ((only_if,) if only_if else UNDER_WAY):
                return False
            self.receipt, self.error = receipt or self._receipt_so_far, error
            self._files = [
                replace(file, stage="cancelled", reason=reason) if file.stage in OPEN else file for file in self._files
            ]
            self.state = state  # last: who sees the end sees the outcome, too
            self._notify()
            return True

    def _skip(self, index: int) -> None:
        with self._changed:
            is_waiting = 0 <= index < len(self._files) and index not in self._started_files
            if is_waiting and self._files[index].stage in OPEN:
                self._files[index] = replace(self._files[index], stage="cancelled")
                self._notify()

    def _notify(self) -> None:
        self.version += 1
        self._changed.notify_all()

    def _remaining(self) -> float | None:
        """Return the remaining questions or passages, with an estimate for unread files from their size."""
        if self.kind != "add":
            return self.total - len(self._rows) - self._cells
        sized = list(zip(self._files, self._sizes, strict=True))
        left = sum(file.of_passages - file.passages for file in self._files if file.stage == "encoding")
        unread = sum(size for file, size in sized if file.stage in ("waiting", "reading"))
        known = [(file.of_passages, size) for file, size in sized if file.stage in ("encoding", "added", "replaced")]
        if not unread or not known:
            return None if unread else left
        return left + unread * sum(passages for passages, _ in known) / sum(size for _, size in known)
