"""A job: what a face shows of it, and what the one who does it tells."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from index.serving.pace import Pace
from index.serving.states import OPEN, UNDER_WAY, FileState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.batching import Row
    from index.errors import PinciteError
    from index.records import Receipt
    from index.serving.states import Arrival, Kind, State


class Stopped(Exception):  # noqa: N818 - never seen outside of this package
    """Work that was to be ended has ended."""


class Job:
    """Files on their way into the library, or a batch of questions. Safe to read from several threads.

    To follow one: read `version`, then the rest, show it, and `wait(version, …)`; nothing is missed that way.
    """

    def __init__(
        self,
        kind: Kind,
        total: int,
        documents: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = uuid.uuid4().hex
        self.kind: Kind = kind
        self.total = total
        """Files, or questions."""
        self.documents = tuple(documents)
        """The documents that questions are asked of, by id; none for all."""
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._pace = Pace(clock)
        self._version = 0
        self._state: State = "waiting"
        self._files: list[FileState] = []
        self._sizes: list[int] = []
        self._release: Callable[[], None] = lambda: None
        self._handed_out = 0
        self._rows: list[Row] = []
        self._receipt: Receipt | None = None
        self._error: PinciteError | None = None

    # For faces

    @property
    def version(self) -> int:
        """Changes whenever anything else does."""
        with self._changed:
            return self._version

    @property
    def state(self) -> State:
        """How far it is as a whole."""
        with self._changed:
            return self._state

    @property
    def files(self) -> tuple[FileState, ...]:
        """Each file, in the order given."""
        with self._changed:
            return tuple(self._files)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The answers so far, in the order of the questions."""
        with self._changed:
            return tuple(self._rows)

    @property
    def done(self) -> int:
        """How many of `total` nothing more will happen to."""
        with self._changed:
            return sum(file.stage not in OPEN for file in self._files) + len(self._rows)

    @property
    def receipt(self) -> Receipt | None:
        """What was done to the library; None until its end, and where it was cancelled before it began."""
        with self._changed:
            return self._receipt

    @property
    def error(self) -> PinciteError | None:
        """What ended it, where it failed."""
        with self._changed:
            return self._error

    @property
    def passages_per_second(self) -> float | None:
        """Over the job so far; None until that says something."""
        with self._changed:
            return self._pace.per_second if self.kind == "add" else None

    @property
    def seconds_left(self) -> float | None:
        """By what remains; None until that can be known, and where nothing is being done."""
        with self._changed:
            return self._pace.seconds_left(self._remaining()) if self._state == "working" else None

    def cancel(self, file: int | None = None) -> None:
        """End it soon. What was added until then stays; of a file that is being encoded, nothing is stored.

        With `file`, from 0, only that file is left out, unless work on it has begun.
        """
        if file is not None:
            self._leave_out(file)
            return
        self._stop.set()
        if self.finish("cancelled", only_if="waiting"):
            self._release()

    def wait(self, version: int, timeout_seconds: float) -> int:
        """Wait until the job is not at that version any more; its version then, or the same at the time-out."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, timeout_seconds)
            return self._version

    # For the one who does it

    def expect(self, arrivals: Sequence[Arrival], release: Callable[[], None]) -> None:
        """Say which files there are, and what to do with them where the job never begins."""
        with self._changed:
            self._files = [FileState(each.name, each.source) for each in arrivals]
            self._sizes = [max(1, arrival.size) for arrival in arrivals]
            self._release = release
            self._tell()

    def begin(self) -> bool:
        """Go to work; False where the job was cancelled before its turn."""
        with self._changed:
            if self._state != "waiting":
                return False
            self._state = "working"
            self._pace.begin()
            if self.kind == "batch":
                self._pace.count(0)
            self._tell()
            return True

    def hand_out(self, group: range) -> list[int]:
        """The files of a group that are to be worked on; from now on they cannot be left out."""
        with self._changed:
            self._handed_out = group.stop
            return [n for n in group if self._files[n].stage in OPEN]

    @property
    def seconds(self) -> float:
        """Since it began."""
        return self._pace.seconds

    def check(self) -> None:
        """Raises Stopped where the job is to end."""
        if self._stop.is_set():
            raise Stopped

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond a cancellation. Raises Stopped there."""
        self._stop.wait(seconds)
        self.check()

    def set_files(self, changed: dict[int, FileState], encoded: int | None = None) -> None:
        """What has become of some files, by their place; and how many passages of the job are encoded by now."""
        with self._changed:
            for place, file in changed.items():
                self._files[place] = file
            if encoded is not None:
                self._pace.count(encoded)
            self._tell()

    def answered(self, row: Row) -> None:
        """The next question has its row."""
        with self._changed:
            self._rows.append(row)
            self._pace.count(len(self._rows))
            self._tell()

    def finish(
        self,
        state: State,
        *,
        receipt: Receipt | None = None,
        error: PinciteError | None = None,
        only_if: State | None = None,
    ) -> bool:
        """Nothing more will happen: files that were still waiting are cancelled. Whether that was news."""
        reason = error.message if error else ""
        with self._changed:
            if self._state not in ((only_if,) if only_if else UNDER_WAY):
                return False
            self._state, self._receipt, self._error = state, receipt, error
            self._files = [
                replace(file, stage="cancelled", reason=reason) if file.stage in OPEN else file for file in self._files
            ]
            self._tell()
            return True

    def _leave_out(self, place: int) -> None:
        with self._changed:
            if self._handed_out <= place < len(self._files) and self._files[place].stage in OPEN:
                self._files[place] = replace(self._files[place], stage="cancelled")
                self._tell()

    def _tell(self) -> None:
        self._version += 1
        self._changed.notify_all()

    def _remaining(self) -> float | None:
        """Questions, or passages: of files that have not been read as many for a byte as others have."""
        if self.kind == "batch":
            return self.total - len(self._rows)
        sized = list(zip(self._files, self._sizes, strict=True))
        left = sum(file.of_passages - file.passages for file in self._files if file.stage == "encoding")
        unread = sum(size for file, size in sized if file.stage in ("waiting", "reading"))
        known = [(file.of_passages, size) for file, size in sized if file.stage in ("encoding", "added", "replaced")]
        if not unread or not known:
            return None if unread else left
        return left + unread * sum(passages for passages, _ in known) / sum(size for _, size in known)
