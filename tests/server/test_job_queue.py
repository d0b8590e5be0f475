"""The queue: removals between the steps of an upload, what is remembered, the end, and many at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from index.errors import DocumentNotFound, JobNotFound, LibraryNotWritable, QueueFull, ServiceError
from index.server import job_queue as queue
from index.server.file_jobs import BatchTask
from index.server.job_queue import Jobs
from tests.server.conftest import PATIENCE, SHIP, TEXTS, arrive, finished, kept, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from index.library.library import Library
    from index.records import Receipt
    from index.server.job import Job
    from index.server.uploads import Uploads
    from index.settings import Settings
    from tests.server.conftest import GatedEncoder

LONG = "\n\n".join(f"Ship {n} left harbour {n} at {n} o'clock, in the rain of winter. " * 3 for n in range(200))


def names(library: Library) -> set[str]:
    """What the library holds."""
    return {info.name for info in library.documents()}


# Removing


def test_a_removed_document_takes_its_file_along(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """By whatever name it is called; the receipt names its source."""
    finished(jobs.add(arrive(uploads, {"a.txt": TEXTS[0], "b.txt": TEXTS[1]})))
    receipt = jobs.remove(library.find("a.txt").id[:12])
    assert receipt.removed == (str(uploads.folder / "a.txt"),)
    assert names(library) == {"b.txt"}
    assert kept(uploads) == {"b.txt": TEXTS[1]}


def test_a_removal_waits_for_a_step_and_not_for_the_file(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder
) -> None:
    """It comes between two passages of a large file that is being encoded, which then is added as ever."""
    finished(jobs.add(arrive(uploads, {"old.txt": SHIP})))
    encoder.shut()
    job = jobs.add(arrive(uploads, {"long.txt": LONG}))
    encoder.await_passage()
    with ThreadPoolExecutor(1) as pool:
        removing = pool.submit(jobs.remove, "old.txt")
        assert not removing.done()
        until_waiting(jobs)
        encoder.let(1)
        removing.result(PATIENCE)
        assert job.files[0].stage == "encoding"
        assert names(library) == set()
        encoder.open()
    assert finished(job).files[0].stage == "added"
    assert names(library) == {"long.txt"}
    assert library.verify().mismatches == ()


def until_waiting(jobs: Jobs) -> None:
    """Wait until a removal has been handed over."""
    tick = threading.Event()
    while not jobs._removals:
        tick.wait(0.001)


def test_the_former_version_is_removed_while_the_next_is_encoded(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder
) -> None:
    """Both orders are sound: here the removal comes first, and the next version is added, not replaced."""
    finished(jobs.add(arrive(uploads, {"a.txt": SHIP})))
    encoder.shut()
    job = jobs.add(arrive(uploads, {"a.txt": LONG}))
    encoder.await_passage()
    with ThreadPoolExecutor(1) as pool:
        removing = pool.submit(jobs.remove, "a.txt")
        until_waiting(jobs)
        encoder.open()
        removing.result(PATIENCE)
    assert finished(job).files[0].stage == "added"
    assert kept(uploads) == {"a.txt": LONG}
    assert (library.verify().mismatches, library.problems()) == ((), [])


def test_a_document_that_is_not_there_cannot_be_removed(jobs: Jobs) -> None:
    """The error is the library's."""
    with pytest.raises(DocumentNotFound):
        jobs.remove("nothing")


def test_a_removal_that_fails_is_told_to_whoever_wanted_it(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And to nobody else: the document's file stays, and the next one succeeds."""
    finished(jobs.add(arrive(uploads, {"a.txt": SHIP})))

    def refuse(number: int) -> None:
        raise LibraryNotWritable("The disk is full.", "Make room.")

    with monkeypatch.context() as patched:
        patched.setattr(library._store.catalog, "remove", refuse)
        with pytest.raises(LibraryNotWritable):
            jobs.remove("a.txt")
    assert kept(uploads) == {"a.txt": SHIP}
    jobs.remove("a.txt")
    assert kept(uploads) == {}


# What is remembered


def test_jobs_are_found_by_their_id(jobs: Jobs, uploads: Uploads) -> None:
    """Newest first in the list; an id that was never given is an error."""
    made = [finished(jobs.add(arrive(uploads, {f"{n}.txt": TEXTS[n]}))) for n in range(3)]
    assert [jobs.find(job.id) for job in made] == made
    assert jobs.recent() == made[::-1]
    with pytest.raises(JobNotFound, match="There is no job 'nonsense'"):
        jobs.find("nonsense")


def test_old_jobs_are_forgotten_but_not_while_they_wait(
    jobs: Jobs, uploads: Uploads, encoder: GatedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest first."""
    monkeypatch.setattr(queue, "RECENT", 2)
    encoder.shut()
    working = jobs.add(arrive(uploads, {"a.txt": SHIP}))
    until(working, lambda: working.state == "working")
    batches = [finished(jobs.batch([])) for _ in range(4)]
    assert jobs.find(working.id) is working
    with pytest.raises(JobNotFound):
        jobs.find(batches[0].id)
    assert jobs.find(batches[-1].id) is batches[-1]
    assert jobs.recent()[0] is batches[-1]
    encoder.open()
    finished(working)


# Batches


def test_a_batch_gives_a_row_for_each_question(jobs: Jobs, uploads: Uploads) -> None:
    """In their order, without blank ones; one that fails is a row, too."""
    finished(jobs.add(arrive(uploads, {"a.txt": SHIP, "b.txt": "The comet crossed the sky."})))
    job = finished(jobs.batch([" ship harbour ", "", "x" * 5000, "comet"]))
    assert (job.kind, job.state, job.done, job.total, job.documents) == ("batch", "done", 3, 3, ())
    assert [row.status for row in job.rows] == ["answered", "failed", "answered"]
    assert "PINCITE_MAX_QUESTION_CHARACTERS" in job.rows[1].error
    assert job.rows[2].document == "b.txt"


def test_a_batch_is_asked_of_some_documents(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """Those are named once, at its beginning."""
    finished(jobs.add(arrive(uploads, {"a.txt": TEXTS[0], "b.txt": TEXTS[1]})))
    job = finished(jobs.batch(["Where did the ship go?"], documents=["b.txt"]))
    assert job.documents == (library.find("b.txt").id,)
    assert [row.document for row in job.rows] == ["b.txt"]
    with pytest.raises(DocumentNotFound):
        jobs.batch(["Where?"], documents=["c.txt"])


def test_a_batch_has_limits_of_its_own(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On its questions, and on how many batches wait; uploads are not counted with them."""
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
    assert finished(jobs.add(arrive(uploads, {"a.txt": SHIP}))).state == "done"
    for job in waiting:
        job.cancel()
    gate.set()
    assert {finished(job).state for job in waiting} <= {"cancelled", "failed"}


def test_clients_take_turns_with_their_jobs(
    jobs: Jobs, library: Library, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's single job waits for all of another's; and of the places for waiting jobs nobody has all."""
    entered, gate, asked = threading.Event(), threading.Event(), []

    def ask_stream(question: str, **_: object) -> list[object]:
        entered.set()
        gate.wait(PATIENCE)
        asked.append(question)
        return []

    monkeypatch.setattr(library, "ask_stream", ask_stream)
    taken = [jobs.batch(["one 1"], client="one")]
    assert entered.wait(PATIENCE)
    taken += [jobs.batch([f"one {n}"], client="one") for n in (2, 3)]
    with pytest.raises(QueueFull, match="2 jobs are waiting"):
        jobs.batch(["one 4"], client="one")
    taken.append(jobs.batch(["two 1"], client="two"))
    gate.set()
    for job in taken:
        finished(job)
    assert asked == ["one 1", "one 2", "two 1", "one 3"]


def test_a_short_batch_is_let_in_amid_a_long_one_of_another_client(
    jobs: Jobs, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It need not wait for all of its questions; amid the one that is let in, nobody is."""
    entered, gate, asked = threading.Event(), threading.Event(), []
    ask_stream = library.ask_stream

    def gated(question: str, **rest: object) -> object:
        entered.set()
        gate.wait(PATIENCE)
        asked.append(question)
        yield from ask_stream(question, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(library, "ask_stream", gated)
    taken = [jobs.batch(["one 1", "one 2", "one 3"], client="one")]
    assert entered.wait(PATIENCE)
    taken.append(jobs.batch(["two 1", "two 2"], client="two"))
    taken.append(jobs.batch(["three 1"], client="three"))
    gate.set()
    assert [finished(job).state for job in taken] == ["done"] * 3
    assert asked == ["one 1", "two 1", "two 2", "one 2", "three 1", "one 3"]


def test_a_cancelled_batch_keeps_its_rows(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a model that is still writing is not waited for: it is asked no further."""
    finished(jobs.add(arrive(uploads, {"a.txt": SHIP})))
    ask_stream = library.ask_stream
    job: list[Job] = []
    said: list[str] = []

    def writing(question: str, **rest: object) -> object:
        if question == "second?":
            for word in ("So", "it", "goes"):
                said.append(word)
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
    assert said == ["So"]


def delayed(run: Callable[[BatchTask], None], begun: threading.Event) -> Callable[[BatchTask], None]:
    """The same, begun when the test says so."""

    def run_later(batch: BatchTask) -> None:
        assert begun.wait(PATIENCE)
        run(batch)

    return run_later


# The end


def test_closing_ends_what_is_under_way(
    library: Library, settings: Settings, uploads: Uploads, encoder: GatedEncoder
) -> None:
    """What was stored stays; who waits for a removal is told; nothing is left behind, and no thread."""
    before = set(threading.enumerate())
    jobs = Jobs(library, settings, uploads)
    done = finished(jobs.add(arrive(uploads, {"a.txt": SHIP})))
    encoder.shut()
    working, waiting = (jobs.add(arrive(uploads, {name: LONG + name})) for name in ("b.txt", "c.txt"))
    encoder.await_passage()
    with ThreadPoolExecutor(2) as pool:
        removing = pool.submit(jobs.remove, "a.txt")
        until_waiting(jobs)
        closing = pool.submit(jobs.close)
        with pytest.raises(ServiceError, match="is shutting down"):
            removing.result(PATIENCE)
        encoder.open()
        closing.result(PATIENCE)
    assert [job.state for job in (done, working, waiting)] == ["done", "cancelled", "cancelled"]
    assert names(library) == {"a.txt"}
    assert kept(uploads) == {"a.txt": SHIP}
    assert not uploads.folder.with_name("arriving").exists()
    left = {thread for thread in threading.enumerate() if thread.is_alive()} - before
    lasting = {each for each in left if isinstance(each, threading.Timer) or each.name.startswith("pincite-starter")}
    assert left - lasting == set()  # the timer of the idle reader ticks; who starts readers outlives all work
    jobs.close()
    for call in (lambda: jobs.batch(["x"]), lambda: jobs.remove("a.txt")):
        with pytest.raises(ServiceError):
            call()


def test_what_a_killed_process_left_is_cleared_up(library: Library, settings: Settings, uploads: Uploads) -> None:
    """When the next one begins: what the library has not got is deleted."""
    left = library.folder / "arriving" / "dead" / "1" / "a.txt"
    left.parent.mkdir(parents=True)
    left.write_text(SHIP)
    Jobs(library, settings, uploads).close()
    assert not left.exists()
    assert kept(uploads) == {}


# Many at once


def test_twenty_threads_at_once(jobs: Jobs, uploads: Uploads, library: Library, settings: Settings) -> None:
    """They add, remove, look, ask and cancel as they like: no error, and in the end all agree."""
    start = threading.Barrier(20)

    def client(number: int) -> list[Job]:
        start.wait(PATIENCE)
        mine: list[Job] = []
        for turn in range(5):
            name = f"{number % 7}-{turn}.txt"
            try:
                mine.append(jobs.add(arrive(uploads, {name: f"{SHIP} Client {number}, turn {turn}."})))
                mine.append(jobs.batch(["Where did the ship go?"]))
            except QueueFull:
                pass
            for job in jobs.recent():
                with suppress(JobNotFound):  # forgotten meanwhile
                    assert jobs.find(job.id).done <= job.total
            if turn % 2 and mine:
                mine[-1].cancel()
            if turn == 3:
                remove_something()
            library.search("ship")
        return mine

    def remove_something() -> Receipt | None:
        try:
            return jobs.remove(library.documents()[0].id)
        except (DocumentNotFound, IndexError):
            return None  # somebody else was first

    with ThreadPoolExecutor(20) as pool:
        clients: list[Future[list[Job]]] = [pool.submit(client, number) for number in range(20)]
        made = [job for each in clients for job in each.result(PATIENCE * 3)]
    assert {finished(job).state for job in made} <= {"done", "cancelled"}
    assert {file.stage for job in made for file in job.files} <= {"added", "replaced", "cancelled"}
    assert set(kept(uploads)) == names(library)
    assert (library.verify().mismatches, library.problems()) == ((), [])
