"""The job queue: removals during an upload, remembered jobs, batches, shutdown, and many clients at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from index.errors import DocumentNotFound, JobNotFound, LibraryNotWritable, QueueFull, ServiceError
from index.server import job_queue as queue
from index.server.job_queue import BatchTask, Jobs
from tests.server.conftest import (
    LONG,
    PATIENCE,
    SHIP,
    TEXTS,
    document_names,
    finished,
    kept_files,
    receive,
    wait_for_job,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from index.library.library import Library
    from index.records import Receipt
    from index.server.jobs import Job
    from index.server.uploads import Uploads
    from index.settings import Settings
    from tests.server.conftest import GatedEncoder


# Removing


def test_removal_waits_for_one_passage_and_not_for_the_file(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder
) -> None:
    """It is done between two passages of a large file, which is then added normally."""
    finished(jobs.add(receive(uploads, {"old.txt": SHIP})))
    encoder.shut()
    job = jobs.add(receive(uploads, {"long.txt": LONG}))
    encoder.await_passage()
    with ThreadPoolExecutor(1) as pool:
        removal = pool.submit(jobs.remove, "old.txt")
        assert not removal.done()
        wait_for_removal(jobs)
        encoder.admit(1)
        removal.result(PATIENCE)
        assert job.files[0].stage == "encoding"
        assert document_names(library) == set()
        encoder.open()
    assert finished(job).files[0].stage == "added"
    assert document_names(library) == {"long.txt"}
    assert library.verify().mismatches == ()


def wait_for_removal(jobs: Jobs) -> None:
    """Wait until a removal is queued."""
    tick = threading.Event()
    while not jobs._removals:
        tick.wait(0.001)


def test_removal_during_the_upload_of_a_new_version(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder
) -> None:
    """The removal comes first here, so the next version is added and not replaced; the library stays consistent."""
    finished(jobs.add(receive(uploads, {"a.txt": SHIP})))
    encoder.shut()
    job = jobs.add(receive(uploads, {"a.txt": LONG}))
    encoder.await_passage()
    with ThreadPoolExecutor(1) as pool:
        removal = pool.submit(jobs.remove, "a.txt")
        wait_for_removal(jobs)
        encoder.open()
        removal.result(PATIENCE)
    assert finished(job).files[0].stage == "added"
    assert kept_files(uploads) == {"a.txt": LONG}
    assert (library.verify().mismatches, library.problems()) == ((), [])


def test_removing_a_document_deletes_its_file(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be named in any way. A removal that fails is reported to its caller, and the file stays."""
    finished(jobs.add(receive(uploads, {"a.txt": TEXTS[0], "b.txt": TEXTS[1]})))

    def fail(number: int) -> None:
        raise LibraryNotWritable("The disk is full.", "Make room.")

    with monkeypatch.context() as patched:
        patched.setattr(library.parts.store.catalog, "remove", fail)
        with pytest.raises(LibraryNotWritable):
            jobs.remove("a.txt")
    assert kept_files(uploads) == {"a.txt": TEXTS[0], "b.txt": TEXTS[1]}
    receipt = jobs.remove(library.find("a.txt").id[:12])
    assert receipt.removed == (str(uploads.folder / "a.txt"),)
    assert document_names(library) == {"b.txt"}
    assert kept_files(uploads) == {"b.txt": TEXTS[1]}


# Remembered jobs


def test_jobs_are_found_by_their_id(jobs: Jobs, uploads: Uploads) -> None:
    """The list has the newest job first; an unknown id is an error."""
    added = [finished(jobs.add(receive(uploads, {f"{n}.txt": TEXTS[n]}))) for n in range(3)]
    assert [jobs.find(job.id) for job in added] == added
    assert jobs.recent() == added[::-1]
    with pytest.raises(JobNotFound, match="There is no job 'nonsense'"):
        jobs.find("nonsense")


def test_oldest_ended_jobs_are_forgotten_first(
    jobs: Jobs, uploads: Uploads, encoder: GatedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that has not ended is never forgotten."""
    monkeypatch.setattr(queue, "RECENT", 2)
    encoder.shut()
    working = jobs.add(receive(uploads, {"a.txt": SHIP}))
    wait_for_job(working, lambda: working.state == "working")
    batches = [finished(jobs.batch([])) for _ in range(4)]
    assert jobs.find(working.id) is working
    with pytest.raises(JobNotFound):
        jobs.find(batches[0].id)
    assert jobs.find(batches[-1].id) is batches[-1]
    assert jobs.recent()[0] is batches[-1]
    encoder.open()
    finished(working)


# Batches


def test_batch_has_a_row_for_each_question(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """Rows are in the order of the questions, blank ones are skipped, and a failed question has a row, too.

    Its documents are resolved once, when the batch is submitted.
    """
    finished(jobs.add(receive(uploads, {"a.txt": SHIP, "b.txt": "The comet crossed the sky."})))
    job = finished(jobs.batch([" ship harbour ", "", "x" * 5000, "comet"]))
    assert (job.kind, job.state, job.done, job.total, job.documents) == ("batch", "done", 3, 3, ())
    assert [row.status for row in job.rows] == ["answered", "failed", "answered"]
    assert "PINCITE_MAX_QUESTION_CHARACTERS" in job.rows[1].error
    assert job.rows[2].document == "b.txt"
    job = finished(jobs.batch(["comet"], documents=["b.txt"]))
    assert job.documents == (library.find("b.txt").id,)
    assert [row.document for row in job.rows] == ["b.txt"]
    with pytest.raises(DocumentNotFound):
        jobs.batch(["Where?"], documents=["c.txt"])


def test_batches_have_their_own_limits(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The questions of a batch and the waiting batches are limited; uploads do not count."""
    with pytest.raises(ServiceError, match=r"6 questions are too many: at most 5 .* PINCITE_MAX_BATCH_QUESTIONS"):
        jobs.batch(["a", "b", "c", "d", "e", "f"])
    entered, gate = threading.Event(), threading.Event()

    def ask_stream(*_: object, **__: object) -> list[object]:
        entered.set()
        gate.wait(PATIENCE)
        return []

    monkeypatch.setattr(library, "ask_stream", ask_stream)
    waiting = [jobs.batch(["Where?"])]
    assert entered.wait(PATIENCE)
    waiting += [jobs.batch(["Where?"]) for _ in range(3)]
    with pytest.raises(QueueFull):
        jobs.batch(["Where?"])
    assert finished(jobs.add(receive(uploads, {"a.txt": SHIP}))).state == "done"
    for job in waiting:
        job.cancel()
    gate.set()
    assert {finished(job).state for job in waiting} <= {"cancelled", "failed"}


def test_clients_take_turns_with_their_jobs(
    jobs: Jobs, library: Library, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One client's job does not wait for all of another's, and no client may fill the queue alone."""
    entered, gate, asked = threading.Event(), threading.Event(), []

    def ask_stream(question: str, **_: object) -> list[object]:
        entered.set()
        gate.wait(PATIENCE)
        asked.append(question)
        return []

    monkeypatch.setattr(library, "ask_stream", ask_stream)
    submitted = [jobs.batch(["one 1"], client="one")]
    assert entered.wait(PATIENCE)
    submitted += [jobs.batch([f"one {n}"], client="one") for n in (2, 3)]
    with pytest.raises(QueueFull, match="2 jobs are waiting"):
        jobs.batch(["one 4"], client="one")
    submitted.append(jobs.batch(["two 1"], client="two"))
    gate.set()
    for job in submitted:
        finished(job)
    assert asked == ["one 1", "one 2", "two 1", "one 3"]


def test_short_batch_interrupts_a_long_one_of_another_client(
    jobs: Jobs, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not wait for the end of the long batch; the interrupting batch is not interrupted itself."""
    entered, gate, asked = threading.Event(), threading.Event(), []
    ask_stream = library.ask_stream

    def gated(question: str, **rest: object) -> object:
        entered.set()
        gate.wait(PATIENCE)
        asked.append(question)
        yield from ask_stream(question, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(library, "ask_stream", gated)
    submitted = [jobs.batch(["one 1", "one 2", "one 3"], client="one")]
    assert entered.wait(PATIENCE)
    submitted.append(jobs.batch(["two 1", "two 2"], client="two"))
    submitted.append(jobs.batch(["three 1"], client="three"))
    gate.set()
    assert [finished(job).state for job in submitted] == ["done"] * 3
    assert asked == ["one 1", "two 1", "two 2", "one 2", "three 1", "one 3"]


def test_cancelled_batch_keeps_its_rows(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer that a model is writing is abandoned, and no further question is asked."""
    finished(jobs.add(receive(uploads, {"a.txt": SHIP})))
    ask_stream = library.ask_stream
    job: list[Job] = []
    written: list[str] = []

    def writing(question: str, **rest: object) -> object:
        if question == "second?":
            for word in ("So", "it", "goes"):
                written.append(word)
                job[0].cancel()
                yield word
        yield from ask_stream(question)

    monkeypatch.setattr(library, "ask_stream", writing)
    begun = threading.Event()
    monkeypatch.setattr(BatchTask, "run", delayed(BatchTask.run, begun))
    job.append(jobs.batch(["first ship?", "second?", "third?"]))
    begun.set()
    assert finished(job[0]).state == "cancelled"
    assert [row.question for row in job[0].rows] == ["first ship?"]
    assert written == ["So"]


def delayed(run: Callable[[BatchTask], None], begun: threading.Event) -> Callable[[BatchTask], None]:
    """Return the same method, which first waits for an event."""

    def run_later(batch: BatchTask) -> None:
        assert begun.wait(PATIENCE)
        run(batch)

    return run_later


# Shutdown


def test_close_cancels_jobs_and_leaves_no_thread(
    library: Library, settings: Settings, uploads: Uploads, encoder: GatedEncoder
) -> None:
    """Stored documents stay, a waiting removal gets an error, and no file or thread is left."""
    before = set(threading.enumerate())
    jobs = Jobs(library, settings, uploads)
    done = finished(jobs.add(receive(uploads, {"a.txt": SHIP})))
    encoder.shut()
    working, waiting = (jobs.add(receive(uploads, {name: LONG + name})) for name in ("b.txt", "c.txt"))
    encoder.await_passage()
    with ThreadPoolExecutor(2) as pool:
        removal = pool.submit(jobs.remove, "a.txt")
        wait_for_removal(jobs)
        shutdown = pool.submit(jobs.close)
        with pytest.raises(ServiceError, match="is shutting down"):
            removal.result(PATIENCE)
        encoder.open()
        shutdown.result(PATIENCE)
    assert [job.state for job in (done, working, waiting)] == ["done", "cancelled", "cancelled"]
    assert document_names(library) == {"a.txt"}
    assert kept_files(uploads) == {"a.txt": SHIP}
    assert not uploads.folder.with_name("arriving").exists()
    left = {thread for thread in threading.enumerate() if thread.is_alive()} - before
    permanent = {
        thread for thread in left if isinstance(thread, threading.Timer) or thread.name.startswith("pincite-starter")
    }
    assert left - permanent == set()  # the timer of idle readers and the thread that starts readers stay
    jobs.close()
    for call in (lambda: jobs.batch(["x"]), lambda: jobs.remove("a.txt")):
        with pytest.raises(ServiceError):
            call()


# Many clients


def test_twenty_clients_at_once_leave_a_consistent_library(
    jobs: Jobs, uploads: Uploads, library: Library, settings: Settings
) -> None:
    """They add, remove, list, ask and cancel without an error; library and folder agree in the end."""
    start = threading.Barrier(20)

    def client(number: int) -> list[Job]:
        start.wait(PATIENCE)
        submitted: list[Job] = []
        for turn in range(5):
            name = f"{number % 7}-{turn}.txt"
            try:
                submitted.append(jobs.add(receive(uploads, {name: f"{SHIP} Client {number}, turn {turn}."})))
                submitted.append(jobs.batch(["Where did the ship go?"]))
            except QueueFull:
                pass
            for job in jobs.recent():
                with suppress(JobNotFound):  # forgotten meanwhile
                    assert jobs.find(job.id).done <= job.total
            if turn % 2 and submitted:
                submitted[-1].cancel()
            if turn == 3:
                remove_something()
            library.search("ship")
        return submitted

    def remove_something() -> Receipt | None:
        try:
            return jobs.remove(library.documents()[0].id)
        except (DocumentNotFound, IndexError):
            return None  # somebody else was first

    with ThreadPoolExecutor(20) as pool:
        clients: list[Future[list[Job]]] = [pool.submit(client, number) for number in range(20)]
        submitted_jobs = [job for future in clients for job in future.result(PATIENCE * 3)]
    assert {finished(job).state for job in submitted_jobs} <= {"done", "cancelled"}
    assert {file.stage for job in submitted_jobs for file in job.files} <= {"added", "replaced", "cancelled"}
    assert set(kept_files(uploads)) == document_names(library)
    assert (library.verify().mismatches, library.problems()) == ((), [])
