"""The job queue: one thread changes the library, another thread answers batches of questions and fills matrices."""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from index.errors import JobNotFound, LibraryReadOnly, PinciteError, QueueFull, ServiceError, Stopping, require_at_most
from index.library import batches
from index.library.batches import matrix_questions, require_few_cells
from index.library.question_files import QuestionTable
from index.loading.sandbox.pool import is_awaited
from index.records import Answer
from index.records.document import UNDER_WAY
from index.server.file_jobs import AddTask, without_folders
from index.server.jobs import Job, JobCancelled, JobInterrupted
from index.server.uploads import with_distinct_names
from index.wire import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from index.library.library import Library
    from index.records import Receipt, Writer
    from index.records.document import Arrival, Lane, State
    from index.server.jobs import Task
    from index.server.uploads import Uploads
    from index.settings import Settings


# The tasks of jobs that ask: the questions of a batch, one after the other, and the cells of a matrix.


class _AskingTask:
    """A task that changes nothing. `between` is called between two questions, so that another client's can run."""

    def __init__(
        self, library: Library, job: Job, documents: Sequence[str] | None, between: Callable[[], None]
    ) -> None:
        self._library = library
        self._job = job
        self._documents = documents
        self._between = between

    def fail(self, error: PinciteError) -> None:
        """Do nothing: finished rows are kept."""

    def release(self) -> None:
        """Do nothing: questions hold no files."""

    def receipt(self) -> None:
        """Return None: questions do not change the library."""

    def _in_words(self, error: PinciteError) -> str:
        return without_folders(str(error), self._library)


class BatchTask(_AskingTask):
    """Answers the questions of one job. A question that fails becomes a row with its error."""

    def __init__(
        self, library: Library, job: Job, documents: Sequence[str] | None, between: Callable[[], None], writer: Writer
    ) -> None:
        super().__init__(library, job, documents, between)
        self._writer = writer

    def run(self) -> None:
        """Answer all questions. Raises JobCancelled."""
        for n, question in enumerate(self._job.questions):
            if n:
                self._between()
            self._job.check()
            self._job.add_row(batches.answer_row(question, self._ask, self._in_words))

    def _ask(self, question: str) -> Answer:
        """Ask like `Library.ask`, but stop waiting for a language model once the job is cancelled."""
        item: str | Answer = ""
        for piece in self._library.ask_stream(question, documents=self._documents, writer=self._writer):
            self._job.check()
            item = piece
        assert isinstance(item, Answer)
        return redacted(item)


class MatrixTask(_AskingTask):
    """Asks each document each question. A cell that fails holds its error; documents removed meanwhile are left out."""

    def run(self) -> None:
        """Fill the matrix, one document after the other. Raises JobCancelled."""
        present = {info.id for info in self._library.documents()}
        rows = self._library.matrix_rows(
            self._job.questions,
            documents=[document for document in self._documents or () if document in present],
            before_cell=self._before_cell,
            in_words=self._in_words,
        )
        for row in rows:
            self._job.add_matrix_row(redacted(row))

    def _before_cell(self) -> None:
        """Count the cells before this one, and let others take their turn."""
        self._job.count_cell()
        self._between()
        self._job.check()


# Threads for long work: they end when there is none, and take turns, in order of arrival, for all libraries.

_CHECK_SECONDS = 0.2
_log = logging.getLogger(__name__)


class IdleThread:
    """Runs calls in order, one at a time, in a thread that exists only while there is something to do."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._calls: deque[Callable[[], object]] = deque()
        self._thread: threading.Thread | None = None

    def submit(self, call: Callable[[], object]) -> None:
        """Run a call after those before it. An error of it is logged."""
        with self._lock:
            self._calls.append(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name)
                self._thread.start()

    def join(self) -> None:
        """Wait until all calls have ended."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while (call := self._next()) is not None:
            try:
                call()
            except Exception:
                _log.exception("A call in the thread %s failed.", self._name)

    def _next(self) -> Callable[[], object] | None:
        with self._lock:
            if self._calls:
                return self._calls.popleft()
            self._thread = None
            return None


class Turns:
    """Lets one thread work at a time. A thread gives way between two steps, and then comes after all that wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._holder = 0
        """The thread that works; 0 for none."""

    @contextmanager
    def held(self, check: Callable[[], None]) -> Iterator[None]:
        """Wait for the turn, and work in it. `check` is called while waiting; its error ends the wait."""
        self._take(check)
        try:
            yield
        finally:
            self._give_back()

    def give_way(self, check: Callable[[], None]) -> None:
        """Let those who wait work first. Call only while holding the turn.

        It is held again afterwards, unless `check` raises an error, which must then end the work.
        """
        with self._changed:
            if not self._waiting:
                return
        self._give_back()
        self._take(check)

    def regain(self, check: Callable[[], None]) -> None:
        """Take the turn again if work that was done within it has lost it."""
        with self._changed:
            if self._holder == threading.get_ident():
                return
        self._take(check)

    def _take(self, check: Callable[[], None]) -> None:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
        try:
            while not self._is_granted(ticket):
                check()
        except BaseException:
            with self._changed:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                self._changed.notify_all()
            raise

    def _is_granted(self, ticket: object) -> bool:
        """Wait a moment; return whether it is the ticket's turn, which is then taken."""
        with self._changed:
            self._changed.wait_for(lambda: not self._holder and self._waiting[0] is ticket, _CHECK_SECONDS)
            if self._holder or self._waiting[0] is not ticket:
                return False
            self._waiting.popleft()
            self._holder = threading.get_ident()
            return True

    def _give_back(self) -> None:
        with self._changed:
            if self._holder == threading.get_ident():  # not if its wait for another turn was ended
                self._holder = 0
                self._changed.notify_all()


RECENT = 50
"""Number of jobs that are remembered."""
_UNEXPECTED = "The job failed unexpectedly."
_UNEXPECTED_HINT = "Everything done before is kept. Try again; the server's log has the details."


@dataclass(frozen=True, slots=True)
class _Removal:
    """A document to remove, and the future of the caller that waits."""

    identity: str
    outcome: Future[Receipt] = field(default_factory=Future)


class Jobs:
    """All jobs of one library. Safe to use from several threads; `close` it before the library.

    Jobs end with the process: added files are kept, waiting jobs are forgotten. Clients take turns, and a batch lets
    others go first between two questions: without that, the attack `checks-batches` keeps another client's batch of
    one question waiting on a bare server.
    """

    def __init__(
        self, library: Library, settings: Settings, uploads: Uploads, turns: Mapping[Lane, Turns] | None = None
    ) -> None:
        """Create the queue; queues of several libraries that share `turns` run one job of each kind at a time."""
        self._turns = turns or {"add": Turns(), "batch": Turns()}
        self._library = library
        self._settings = settings
        self.uploads = uploads
        """The folder of uploaded files."""
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._is_interleaving = False  # whether a batch is running between two questions of another client's batch
        self._queues: dict[Lane, dict[str, deque[tuple[Job, Task]]]] = {"add": {}, "batch": {}}
        """Waiting jobs by client; the client whose last turn is longest ago comes first."""
        self._removals: deque[_Removal] = deque()
        self._closed = False
        self._change_thread = IdleThread("changing")
        self._question_thread = IdleThread("asking")
        uploads.recover(lambda: {info.id: info.source for info in library.documents()})

    def require_writable(self) -> None:
        """Raise LibraryReadOnly if the library cannot be changed. Call it before receiving files."""
        if self._library.read_only:
            raise LibraryReadOnly(str(self._library.folder))

    def add(self, arrivals: Sequence[Arrival], client: str = "") -> Job:
        """Queue files to be added; clients take turns. The uploaded files are cleaned up in any case.

        Raises QueueFull, LibraryReadOnly, or TooMany if there are more files than the settings allow.
        """
        arrivals = with_distinct_names(arrivals)
        job = Job("add", len(arrivals))
        task = AddTask(self._library, self.uploads, job, arrivals, self._between(job), self._is_awaited)
        try:
            self.require_writable()
            require_at_most("files", len(arrivals), self._settings.max_upload_files, "PINCITE_MAX_UPLOAD_FILES")
            self._enqueue(job, task, client)
        except (ServiceError, LibraryReadOnly):
            task.release()
            raise
        return job

    def batch(
        self,
        questions: Sequence[str] | QuestionTable,
        documents: Sequence[str] | None = None,
        writer: Writer = "quote",
        client: str = "",
    ) -> Job:
        """Queue questions about these documents, or about all; clients take turns.

        Another client's batch can run between two questions of a batch, so that a short batch need not wait for a long
        one. Raises QueueFull, TooMany if there are more questions than the settings allow, DocumentNotFound,
        AmbiguousDocument, or WriterNotSet if a model is to write and the settings name none.
        """
        if writer == "model":
            self._settings.require_writer()
        table = questions if isinstance(questions, QuestionTable) else QuestionTable.of(questions)
        self._require_few_questions(len(table.questions))
        document_ids = None if documents is None else [self._library.find(name).id for name in documents]
        job = Job("batch", len(table.questions), document_ids or (), asked=table)
        between = partial(self._between_questions, job, client)
        task = BatchTask(self._library, job, document_ids, between, writer)
        self._enqueue(job, task, client)
        return job

    def matrix(self, questions: Sequence[str], documents: Sequence[str] | None = None, client: str = "") -> Job:
        """Queue a matrix of these documents, or of all, and the questions; it takes turns like a batch.

        Raises QueueFull, TooMany if there are more questions or cells than the settings allow, DocumentNotFound,
        AmbiguousDocument.
        """
        self._require_few_questions(len(questions))
        asked = matrix_questions(questions)
        infos = self._library.matrix_documents(documents)
        require_few_cells(len(infos), len(asked), self._settings.max_matrix_cells)
        chosen = [info.id for info in infos]
        job = Job("matrix", len(chosen) * len(asked), chosen if documents else (), asked=QuestionTable(asked))
        task = MatrixTask(self._library, job, chosen, partial(self._between_questions, job, client))
        self._enqueue(job, task, client)
        return job

    def remove(self, name: str) -> Receipt:
        """Remove a document and its uploaded files. Waits for the current step of a job, but not longer.

        Raises DocumentNotFound, AmbiguousDocument, LibraryLocked, LibraryNotWritable.
        """
        self.require_writable()
        removal = _Removal(self._library.find(name).id)
        with self._lock:
            self._require_open()
            self._removals.append(removal)
            self._change_thread.submit(self._remove_waiting)
        return removal.outcome.result()

    def find(self, identity: str) -> Job:
        """Return the job with that id. Raises JobNotFound."""
        with self._lock:
            if identity not in self._jobs:
                raise JobNotFound(identity)
            return self._jobs[identity]

    def recent(self) -> list[Job]:
        """Return the last jobs, newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))[:RECENT]

    @property
    def is_busy(self) -> bool:
        """Whether a job waits or is under way."""
        return any(job.state in UNDER_WAY for job in self.recent())

    def close(self) -> None:
        """Cancel all jobs and wait until the current step ends."""
        self.cancel()
        self._change_thread.join()
        self._question_thread.join()
        self.uploads.close()

    def cancel(self) -> None:
        """Cancel all jobs and accept no more; wait for nothing."""
        with self._lock:
            self._closed = True
            jobs = list(self._jobs.values())
            removals = list(self._removals)
            self._removals.clear()
        for job in jobs:
            job.cancel()
        for removal in removals:
            removal.outcome.set_exception(Stopping())

    # For the two threads

    def _run_next(self, lane: Lane) -> None:
        with self._lock:
            queues = self._queues[lane]
            if not queues:
                return  # the job of this turn has already run between two questions
            client = next(iter(queues))
            queue = queues.pop(client)
            job, task = queue.popleft()
            if queue:
                queues[client] = queue  # behind all others
        self._run(job, task)
        with self._lock:
            if job.state == "waiting" and not self._closed:  # it was interrupted
                self._queues[lane].setdefault(client, deque()).append((job, task))
                self._thread(lane).submit(partial(self._run_next, lane))

    def _thread(self, lane: Lane) -> IdleThread:
        return self._change_thread if lane == "add" else self._question_thread

    def _between_questions(self, job: Job, client: str) -> None:
        """Run the next batch of another client, as a whole, between two questions of this client's batch."""
        self._turns["batch"].give_way(job.check)
        with self._lock:
            queues = self._queues["batch"]
            other = next((name for name in queues if name != client), None)
            if self._is_interleaving or other is None:
                return
            queue = queues.pop(other)
            other_job, task = queue.popleft()
            if queue:
                queues[other] = queue  # behind all others
            self._is_interleaving = True
        try:
            self._work(other_job, task)
        finally:
            self._is_interleaving = False
        self._turns["batch"].regain(job.check)

    def _run(self, job: Job, task: Task) -> None:
        """Run a job when it is its turn."""
        with suppress(JobCancelled), self._turns[job.lane].held(job.check):
            self._work(job, task)

    def _work(self, job: Job, task: Task) -> None:
        """Do the work of a job and record how it ended. No error ends the thread."""
        if not job.begin():
            return
        state: State = "done"
        error: PinciteError | None = None
        try:
            task.run()
        except JobCancelled:
            state = "cancelled"
        except JobInterrupted:
            if job.rest(task.receipt()):
                return
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
        """Return the function that an upload calls between two steps."""

        def between() -> None:
            job.check()
            self._turns["add"].give_way(job.check)
            self._remove_waiting()

        return between

    def _is_awaited(self) -> bool:
        """Return whether another job of this library waits, or anybody for a process that reads files."""
        return bool(self._queues["add"]) or is_awaited()

    def _remove_waiting(self) -> None:
        while removal := self._next_removal():
            try:
                receipt = self._library.remove(removal.identity)
                self.uploads.forget(removal.identity)
                removal.outcome.set_result(receipt)
            except Exception as error:
                removal.outcome.set_exception(error)

    # Details

    def _next_removal(self) -> _Removal | None:
        with self._lock:
            return self._removals.popleft() if self._removals else None

    def _enqueue(self, job: Job, task: Task, client: str) -> None:
        """Put a job into its client's queue. Raises QueueFull; one client gets at most three quarters of the places."""
        with self._lock:
            self._require_open()
            limit = self._settings.max_waiting_jobs
            if self._waiting(job.lane) >= limit:
                raise QueueFull(limit)
            share = max(1, limit - max(1, limit // 4))
            queue = self._queues[job.lane].get(client, deque())
            if client and sum(waiting.state == "waiting" for waiting, _ in queue) >= share:
                raise QueueFull(share)
            self._jobs[job.id] = job
            self._forget_old()
            queue.append((job, task))
            self._queues[job.lane][client] = queue
            self._thread(job.lane).submit(partial(self._run_next, job.lane))

    def _waiting(self, lane: Lane) -> int:
        return sum(job.lane == lane and job.state == "waiting" for job in self._jobs.values())

    def _forget_old(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.state not in UNDER_WAY]
        for identity in ended[: max(0, len(self._jobs) - RECENT)]:
            del self._jobs[identity]

    def _require_open(self) -> None:
        if self._closed:
            raise Stopping

    def _require_few_questions(self, count: int) -> None:
        require_at_most("questions", count, self._settings.max_batch_questions, "PINCITE_MAX_BATCH_QUESTIONS")
