"""The queue: one thread changes the library, another one answers batches of questions."""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from index.errors import JobNotFound, LibraryReadOnly, PinciteError, QueueFull, ServiceError, Stopping, TooMany
from index.serving.adding import Adding
from index.serving.batches import Batch
from index.serving.job import Job, Stopped
from index.serving.states import UNDER_WAY
from index.serving.uploads import distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.library import Library
    from index.records import Receipt, Writer
    from index.serving.states import Arrival, Kind, State
    from index.serving.uploads import Uploads
    from index.settings import Settings

RECENT = 50
"""How many jobs are remembered."""
_log = logging.getLogger(__name__)
_UNEXPECTED = "The job came to an unexpected end."
_UNEXPECTED_HINT = "What was done before stays. Try again; the server's log says what happened."


class _Task(Protocol):
    """What a job consists of."""

    def run(self) -> None:
        """Do it. Raises Stopped where the job is to end."""
        ...

    def fail(self, error: PinciteError) -> None:
        """Say what that ended."""
        ...

    def release(self) -> None:
        """Let go of what it took."""
        ...

    def receipt(self) -> Receipt | None:
        """What it did to the library."""
        ...


@dataclass(frozen=True, slots=True)
class _Removal:
    """A document that somebody waits to see removed."""

    identity: str
    outcome: Future[Receipt] = field(default_factory=Future)


class Jobs:
    """All jobs of one library. Safe to use from several threads; `close` it before the library.

    Nothing of it outlives the process: what was added stays added, what waited is forgotten.
    """

    def __init__(self, library: Library, settings: Settings, uploads: Uploads) -> None:
        self._library = library
        self._settings = settings
        self._uploads = uploads
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._has_let_in = False
        """Whether a batch is under way amid another client's."""
        self._lines: dict[Kind, dict[str, deque[tuple[Job, _Task]]]] = {"add": {}, "batch": {}}
        """What waits, by client, the one whose turn was longest ago first."""
        self._removals: deque[_Removal] = deque()
        self._closed = False
        self._changing = ThreadPoolExecutor(1, thread_name_prefix="changing")
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="asking")
        uploads.recover(lambda: {info.id: info.source for info in library.documents()})

    @property
    def uploads(self) -> Uploads:
        """Where files arrive before they are added."""
        return self._uploads

    def demand_changeable(self) -> None:
        """Raise LibraryReadOnly where nothing can be added or removed: best before anything is received."""
        if self._library.read_only:
            raise LibraryReadOnly(str(self._library.folder))

    def add(self, arrivals: Sequence[Arrival], client: str = "") -> Job:
        """Add files when their turn comes: clients take turns. Whatever happens, what arrived is taken care of.

        Raises QueueFull, LibraryReadOnly, or TooMany where there are more files than the settings allow.
        """
        arrivals = distinct(arrivals)
        job = Job("add", len(arrivals))
        adding = Adding(self._library, self._uploads, job, arrivals, self._between(job))
        try:
            self.demand_changeable()
            self._demand(len(arrivals), "files", self._settings.max_upload_files, "PINCITE_MAX_UPLOAD_FILES")
            self._enter(job, self._changing, adding, client)
        except (ServiceError, LibraryReadOnly):
            adding.release()
            raise
        return job

    def batch(
        self,
        questions: Sequence[str],
        documents: Sequence[str] | None = None,
        writer: Writer = "quote",
        client: str = "",
    ) -> Job:
        """Answer many questions when their turn comes, each of these documents or of all: clients take turns.

        Between two questions of a batch another client's batch is let in: a short one need not wait for a long one.

        Raises QueueFull, TooMany where there are more questions than the settings allow, DocumentNotFound or
        AmbiguousDocument, WriterNotSet where the settings name no model and one is to write.
        """
        if writer == "model":
            self._settings.require_writer()
        questions = [question.strip() for question in questions if question.strip()]
        limit = self._settings.max_batch_questions
        self._demand(len(questions), "questions", limit, "PINCITE_MAX_BATCH_QUESTIONS")
        within = None if documents is None else [self._library.find(name).id for name in documents]
        job = Job("batch", len(questions), within or ())
        batch = Batch(self._library, job, questions, within, writer, lambda: self._let_in(client))
        self._enter(job, self._asking, batch, client)
        return job

    def remove(self, name: str) -> Receipt:
        """Remove a document, and the files that it was uploaded as. Waits for the step under way, no longer.

        Raises DocumentNotFound, AmbiguousDocument, LibraryLocked, LibraryNotWritable.
        """
        self.demand_changeable()
        removal = _Removal(self._library.find(name).id)
        with self._lock:
            self._demand_open()
            self._removals.append(removal)
            self._changing.submit(self._remove_waiting)
        return removal.outcome.result()

    def find(self, identity: str) -> Job:
        """The job of that id. Raises JobNotFound."""
        with self._lock:
            if identity not in self._jobs:
                raise JobNotFound(identity)
            return self._jobs[identity]

    def recent(self) -> list[Job]:
        """The last jobs, newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))[:RECENT]

    def close(self) -> None:
        """Cancel what is under way and wait for its end, which takes a step of it."""
        with self._lock:
            self._closed = True
            jobs = list(self._jobs.values())
            removals = list(self._removals)
            self._removals.clear()
        for job in jobs:
            job.cancel()
        for removal in removals:
            removal.outcome.set_exception(Stopping())
        self._changing.shutdown()
        self._asking.shutdown()
        self._uploads.close()

    # The two threads

    def _do_next(self, kind: Kind) -> None:
        with self._lock:
            lines = self._lines[kind]
            if not lines:
                return  # what this turn was for has been let in before
            client = next(iter(lines))
            line = lines.pop(client)
            job, task = line.popleft()
            if line:
                lines[client] = line  # behind all others
        self._do(job, task)

    def _let_in(self, client: str) -> None:
        """Do the next batch of another client amid one of this; in that one, nobody is let in."""
        with self._lock:
            lines = self._lines["batch"]
            other = next((name for name in lines if name != client), None)
            if self._has_let_in or other is None:
                return
            line = lines.pop(other)
            job, task = line.popleft()
            if line:
                lines[other] = line  # behind all others
            self._has_let_in = True
        try:
            self._do(job, task)
        finally:
            self._has_let_in = False

    def _do(self, job: Job, task: _Task) -> None:
        """Do a job, and say how it ended: a thread outlives whatever goes wrong in it."""
        if not job.begin():
            return
        state: State = "done"
        error: PinciteError | None = None
        try:
            task.run()
        except Stopped:
            state = "cancelled"
        except PinciteError as expected:
            error = expected
        except Exception:
            _log.exception("Job %s failed.", job.id)
            error = PinciteError(_UNEXPECTED, _UNEXPECTED_HINT)
        if error:
            task.fail(error)
        task.release()
        job.finish("failed" if error else state, receipt=task.receipt(), error=error)

    def _between(self, job: Job) -> Callable[[], None]:
        """What happens between two steps of an upload."""

        def between() -> None:
            job.check()
            self._remove_waiting()

        return between

    def _remove_waiting(self) -> None:
        while removal := self._next_removal():
            try:
                receipt = self._library.remove(removal.identity)
                self._uploads.forget(removal.identity)
                removal.outcome.set_result(receipt)
            except Exception as error:
                removal.outcome.set_exception(error)

    # Details

    def _next_removal(self) -> _Removal | None:
        with self._lock:
            return self._removals.popleft() if self._removals else None

    def _enter(self, job: Job, thread: ThreadPoolExecutor, task: _Task, client: str) -> None:
        """Put a job into its client's line. Raises QueueFull; a quarter of the places is kept from any one client."""
        with self._lock:
            self._demand_open()
            limit = self._settings.max_waiting_jobs
            if self._waiting(job.kind) >= limit:
                raise QueueFull(limit)
            share = max(1, limit - max(1, limit // 4))
            line = self._lines[job.kind].get(client, deque())
            if client and sum(waiting.state == "waiting" for waiting, _ in line) >= share:
                raise QueueFull(share)
            self._jobs[job.id] = job
            self._forget_old()
            line.append((job, task))
            self._lines[job.kind][client] = line
            thread.submit(self._do_next, job.kind)

    def _waiting(self, kind: Kind) -> int:
        return sum(job.kind == kind and job.state == "waiting" for job in self._jobs.values())

    def _forget_old(self) -> None:
        over = [job.id for job in self._jobs.values() if job.state not in UNDER_WAY]
        for identity in over[: max(0, len(self._jobs) - RECENT)]:
            del self._jobs[identity]

    def _demand_open(self) -> None:
        if self._closed:
            raise Stopping

    @staticmethod
    def _demand(count: int, what: str, limit: int, setting: str) -> None:
        if count > limit:
            raise TooMany(what, count, limit, setting)
