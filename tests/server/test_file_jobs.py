"""Uploads as jobs: what becomes of each file, and what is said of it meanwhile."""

from __future__ import annotations

import logging
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import (
    EncoderError,
    LibraryLocked,
    LibraryNotWritable,
    PinciteError,
    QueueFull,
    ServiceError,
    TooMany,
)
from index.server import file_jobs
from index.server.file_jobs import GROUP_FILES
from index.storage import store
from index.storage.files import WriterLock
from tests.server.conftest import SHIP, TEXTS, arrive, finished, kept, until
from tests.storage.test_writer_lock import another_process

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from index.encoders.encoder import Draft, Encoded
    from index.library.library import Library
    from index.server.job import Job
    from index.server.job_queue import Jobs
    from index.server.uploads import Uploads
    from tests.server.conftest import GatedEncoder

LONG = "\n\n".join(f"Ship {n} left harbour {n} at {n} o'clock, in the rain of winter. " * 3 for n in range(200))
"""More passages than are encoded in one go."""


def files(*texts: str) -> dict[str, str | bytes]:
    """Numbered files."""
    return {f"{n}.txt": text for n, text in enumerate(texts)}


def stages(job: Job) -> list[str]:
    """The stage of each file."""
    return [file.stage for file in job.files]


def names(library: Library) -> set[str]:
    """What the library holds."""
    return {info.name for info in library.documents()}


# What becomes of files


def test_files_become_documents_and_stay(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """Each under its own name, where `verify` reads it again; the receipt is as `Library.add` writes it."""
    job = finished(jobs.add(arrive(uploads, files(*TEXTS[:20]))))
    assert (job.state, job.done, job.total, job.error) == ("done", 20, 20, None)
    assert stages(job) == ["added"] * 20
    assert kept(uploads) == files(*TEXTS[:20])
    assert job.receipt is not None
    assert job.receipt.added == tuple(str(uploads.folder / f"{n}.txt") for n in range(20))
    assert (job.receipt.passages, job.receipt.encoded) == (20, 20)
    verification = library.verify()
    assert (verification.sources_checked, verification.mismatches) == (20, ())


def test_a_file_that_cannot_be_read_fails_alone(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """It says why and what to do, is in the receipt, and is not kept."""
    broken: dict[str, str | bytes] = {"a.txt": TEXTS[0], "scan.pdf": b"%PDF-1.7 and then nothing", "b.txt": TEXTS[1]}
    job = finished(jobs.add(arrive(uploads, broken)))
    assert (job.state, stages(job)) == ("done", ["added", "failed", "added"])
    assert job.files[1].reason.startswith("scan.pdf is a PDF that cannot be opened")
    assert job.files[1].hint.startswith("Open it in the program that made it")
    assert job.receipt is not None
    assert [failure.reason for failure in job.receipt.failed] == [job.files[1].reason]
    assert sorted(kept(uploads)) == ["a.txt", "b.txt"]
    assert names(library) == {"a.txt", "b.txt"}


def test_notes_of_a_file_are_told(jobs: Jobs, uploads: Uploads) -> None:
    """What the reader should know of it though it was added."""
    mixed = "The café by the harbour served bread. ".encode() * 20 + b"A ca\xfe came."
    job = finished(jobs.add(arrive(uploads, {"mixed.txt": mixed})))
    assert job.files[0].notes
    assert job.receipt is not None
    assert tuple(note.text for note in job.receipt.notes) == job.files[0].notes


def test_the_same_bytes_again_cost_nothing(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder
) -> None:
    """Under the same name or another; they are one document, and lie on the disk once."""
    finished(jobs.add(arrive(uploads, {"a.txt": SHIP})))
    encoder.shut()  # whatever is encoded now would wait for ever
    job = finished(jobs.add(arrive(uploads, {"a.txt": SHIP, "b.txt": SHIP})))
    assert stages(job) == ["unchanged", "unchanged"]
    assert len(library.documents()) == 1
    assert (uploads.folder / "a.txt").samefile(uploads.folder / "b.txt")


def test_another_file_of_the_same_name_is_the_next_version(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """The former goes, with its file."""
    finished(jobs.add(arrive(uploads, {"a.txt": TEXTS[0]})))
    job = finished(jobs.add(arrive(uploads, {"a.txt": TEXTS[1]})))
    assert stages(job) == ["replaced"]
    assert [library.document(info.id).text for info in library.documents()] == [TEXTS[1]]
    assert kept(uploads) == {"a.txt": TEXTS[1]}


def test_two_files_of_one_upload_are_not_versions_of_one(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """Though they share a name: they come from two folders."""
    job = finished(jobs.add([*arrive(uploads, {"a.txt": TEXTS[0]}), *arrive(uploads, {"a.txt": TEXTS[1]})]))
    assert [(file.name, file.stage) for file in job.files] == [("a.txt", "added"), ("a (2).txt", "added")]
    assert names(library) == {"a.txt", "a (2).txt"}


def test_a_version_that_fails_leaves_the_former(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """In the library and in the folder."""
    finished(jobs.add(arrive(uploads, {"a.txt": SHIP})))
    assert stages(finished(jobs.add(arrive(uploads, {"a.txt": b"\x00\x01\x02\xff" * 99})))) == ["failed"]
    assert library.document("a.txt").text == SHIP
    assert kept(uploads) == {"a.txt": SHIP}


def test_what_was_fetched_is_known_by_its_address(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """Its next version replaces it, and takes its file's place."""
    url = "https://example.org/voyages/"
    for text, stage in ((TEXTS[0], "added"), (TEXTS[0], "unchanged"), (TEXTS[1], "replaced")):
        job = finished(jobs.add([uploads.receive("voyages.txt", [text.encode()], source=url)]))
        assert stages(job) == [stage]
    assert [info.source for info in library.documents()] == [url]
    assert list(kept(uploads).values()) == [TEXTS[1]]
    assert library.original(url).data == TEXTS[1].encode()
    proof = library.verify()
    assert (proof.sources_checked, proof.sources_missing, proof.mismatches) == (1, (), ())
    next(uploads.folder.iterdir()).unlink()
    assert library.verify().sources_missing == (url,)


def test_files_of_a_folder_stay_where_they_are(jobs: Jobs, uploads: Uploads, library: Library, tmp_path: Path) -> None:
    """They are read in place, and removing their document does not touch them."""
    from index.records.document import Arrival

    path = tmp_path / "a.txt"
    path.write_text(SHIP)
    assert stages(finished(jobs.add([Arrival("a.txt", path, str(path), len(SHIP))]))) == ["added"]
    jobs.remove("a.txt")
    assert path.read_text() == SHIP
    assert kept(uploads) == {}
    assert library.documents() == []


def test_a_file_that_is_reached_twice_is_settled_twice(jobs: Jobs, tmp_path: Path) -> None:
    """As unchanged the second time: no file is left open."""
    from index.records.document import Arrival

    path = tmp_path / "a.txt"
    path.write_text(SHIP)
    (tmp_path / "b.txt").symlink_to(path)
    both = [Arrival(at.name, at, str(at), len(SHIP)) for at in (path, tmp_path / "b.txt")]
    assert stages(finished(jobs.add(both))) == ["added", "unchanged"]


def test_an_empty_upload_is_done(jobs: Jobs) -> None:
    """There is nothing to wait for."""
    job = finished(jobs.add([]))
    assert (job.state, job.done, job.total) == ("done", 0, 0)


# What is said meanwhile


def test_each_file_has_its_own_state(jobs: Jobs, uploads: Uploads, encoder: GatedEncoder) -> None:
    """Those that are encoded together are, in proportion; those of the next group wait."""
    encoder.shut()
    two = f"{TEXTS[1]}\n\n{'The whale followed the comet over the volcano. ' * 5}"
    contents = files(TEXTS[0], two, *TEXTS[2:10])
    job = jobs.add(arrive(uploads, contents))
    encoder.await_passage()
    assert stages(job) == ["encoding"] * 8 + ["waiting"] * 2
    of = [file.of_passages for file in job.files]
    assert of[0] == 1 < of[1]
    assert [file.passages for file in job.files] == [0] * 10
    encoder.open()
    finished(job)
    assert stages(job) == ["added"] * 10
    assert [file.of_passages for file in job.files][:8] == of[:8]
    assert all((file.passages, file.part) == (file.of_passages, 1.0) for file in job.files)


def test_a_large_file_tells_how_far_it_is(jobs: Jobs, uploads: Uploads) -> None:
    """Its passages only ever grow, up to their number."""
    job = jobs.add(arrive(uploads, {"long.txt": LONG}))
    heard = []
    until(job, lambda: heard.append(job.files[0]) or job.state == "done")  # type: ignore[func-returns-value]
    heard.append(job.files[0])
    done = [file.passages for file in heard if file.stage == "encoding"]
    assert done == sorted(done)
    assert heard[-1].passages == heard[-1].of_passages > 128
    parts = [file.part for file in heard]
    assert parts == sorted(parts)


def test_what_is_settled_is_true_at_once(jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder) -> None:
    """A file that is called added can be shown and read, while others still wait."""
    encoder.shut(after=8)
    job = jobs.add(arrive(uploads, files(*TEXTS[:9])))
    encoder.await_passage()
    assert stages(job) == ["added"] * 8 + ["encoding"]
    assert library.document("0.txt").text == TEXTS[0]
    assert kept(uploads)["0.txt"] == TEXTS[0]
    encoder.open()
    finished(job)


def test_searching_works_while_files_are_added(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder
) -> None:
    """In a second thread, on what has been stored until then."""
    finished(jobs.add(arrive(uploads, {"comet.txt": "The comet crossed the winter sky."})))
    encoder.shut(after=9)
    job = jobs.add(arrive(uploads, {"long.txt": LONG}))
    encoder.await_passage()
    assert library.search("comet")[0].document.name == "comet.txt"
    assert job.files[0].stage == "encoding"
    encoder.open()
    finished(job)


def test_versions_tell_of_every_change(jobs: Jobs, uploads: Uploads, encoder: GatedEncoder) -> None:
    """A job that has not changed is waited for until the time-out; one that has is not waited for."""
    encoder.shut()
    job = jobs.add(arrive(uploads, files(SHIP)))
    encoder.await_passage()
    until(job, lambda: job.files[0].stage == "encoding")
    version = job.version
    assert job.wait(version, 0.01) == version
    assert job.wait(version - 1, 60) == version
    encoder.open()
    assert job.wait(version, 60) != version
    finished(job)


# Limits


def test_too_many_files_are_refused_and_leave_nothing(jobs: Jobs, uploads: Uploads) -> None:
    """The error names the setting."""
    arrivals = arrive(uploads, {f"{n}.txt": f"{SHIP} {n}" for n in range(31)})
    with pytest.raises(TooMany, match=r"31 files are too many: at most 30 .* PINCITE_MAX_UPLOAD_FILES"):
        jobs.add(arrivals)
    assert not any(arrival.path.exists() for arrival in arrivals)
    assert jobs.recent() == []


def test_a_full_queue_says_so(jobs: Jobs, uploads: Uploads, encoder: GatedEncoder) -> None:
    """What it refuses leaves nothing; a job that is cancelled makes room."""
    encoder.shut()
    first = jobs.add(arrive(uploads, {"first.txt": SHIP}))
    until(first, lambda: first.state == "working")
    waiting = [jobs.add(arrive(uploads, {f"{n}.txt": TEXTS[n]})) for n in range(3)]
    refused = arrive(uploads, {"refused.txt": "x"})
    with pytest.raises(QueueFull, match=r"3 jobs are waiting.* PINCITE_MAX_WAITING_JOBS"):
        jobs.add(refused)
    assert not refused[0].path.exists()
    waiting[1].cancel()
    last = jobs.add(arrive(uploads, {"last.txt": TEXTS[9]}))
    encoder.open()
    assert [finished(job).state for job in [first, *waiting, last]] == ["done", "done", "cancelled", "done", "done"]
    assert sorted(kept(uploads)) == ["0.txt", "2.txt", "first.txt", "last.txt"]


# Cancelling


def test_cancelled_before_its_turn(jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder) -> None:
    """At once, without a receipt; nothing of it is added or kept, and its room on the disk is free."""
    encoder.shut()
    first = jobs.add(arrive(uploads, {"first.txt": SHIP}))
    arrivals = arrive(uploads, {"second.txt": TEXTS[1]})
    second = jobs.add(arrivals)
    second.cancel()
    assert not arrivals[0].path.exists()
    assert (second.state, stages(second), second.receipt) == ("cancelled", ["cancelled"], None)
    encoder.open()
    finished(first)
    finished(jobs.add([]))  # the queue is past it
    assert names(library) == {"first.txt"}
    assert sorted(kept(uploads)) == ["first.txt"]


def test_cancelled_in_the_middle(jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder) -> None:
    """What was stored by then stays, and the job says which; of a file that was being encoded nothing is there."""
    encoder.shut(after=8 + 140)
    job = jobs.add(arrive(uploads, {**files(*TEXTS[:8]), "long.txt": LONG, "after.txt": TEXTS[9]}))
    encoder.await_passage()
    assert job.files[8].passages == 140 < job.files[8].of_passages
    job.cancel()
    assert job.files[8].stage == "encoding"
    encoder.open()
    assert finished(job).state == "cancelled"
    assert stages(job) == ["added"] * 8 + ["cancelled"] * 2
    assert job.receipt is not None
    assert len(job.receipt.added) == 8
    assert names(library) == {f"{n}.txt" for n in range(8)}
    assert sorted(kept(uploads)) == sorted(names(library))
    assert (library.verify().mismatches, library.problems()) == ((), [])
    assert stages(finished(jobs.add(arrive(uploads, {"after.txt": TEXTS[9]})))) == ["added"]


def test_cancelling_what_is_done_changes_nothing(jobs: Jobs, uploads: Uploads) -> None:
    """It is too late."""
    job = finished(jobs.add(arrive(uploads, files(SHIP))))
    version = job.version
    job.cancel()
    assert (job.state, stages(job), job.version) == ("done", ["added"], version)


def test_one_file_is_left_out(jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder) -> None:
    """As long as work on its group has not begun; a place that is none is no matter."""
    encoder.shut()
    job = jobs.add(arrive(uploads, files(*TEXTS[:10])))
    encoder.await_passage()
    for place in (9, 0, 10, -1):
        job.cancel(place)
    encoder.open()
    assert stages(finished(job)) == ["added"] * 9 + ["cancelled"]
    assert job.state == "done"
    assert names(library) == {f"{n}.txt" for n in range(9)}
    assert "9.txt" not in kept(uploads)


# What goes wrong


def test_a_failing_encoder_ends_the_job_and_not_the_queue(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files that were being added say why, those after them were not tried; the next job is done as ever."""
    encode = encoder.encode

    def refuse(drafts: list[Draft], progress: object = None) -> list[Encoded]:
        raise EncoderError("It is out of memory.", "Use a smaller one.")

    monkeypatch.setattr(encoder, "encode", refuse)
    job = finished(jobs.add(arrive(uploads, files(*TEXTS[:10]))))
    assert (job.state, str(job.error)) == ("failed", "It is out of memory. Use a smaller one.")
    assert stages(job) == ["failed"] * 8 + ["cancelled"] * 2
    assert {(file.reason, file.hint) for file in job.files[:8]} == {("It is out of memory.", "Use a smaller one.")}
    assert job.files[9].reason == "It is out of memory."
    assert kept(uploads) == {}
    monkeypatch.setattr(encoder, "encode", encode)
    assert stages(finished(jobs.add(arrive(uploads, files(SHIP))))) == ["added"]
    assert names(library) == {"0.txt"}


def test_what_nobody_expected_is_logged_and_not_told(
    jobs: Jobs,
    uploads: Uploads,
    encoder: GatedEncoder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reader gets a plain sentence; the thread goes on."""

    def stumble(drafts: list[Draft], progress: object = None) -> list[Encoded]:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as patched, caplog.at_level(logging.ERROR):
        patched.setattr(encoder, "encode", stumble)
        job = finished(jobs.add(arrive(uploads, files(SHIP))))
    assert job.state == "failed"
    assert type(job.error) is PinciteError
    assert "secret" not in str(job.error) + "".join(map(str, astuple(job.files[0])))
    assert "secret detail" in caplog.text
    assert stages(finished(jobs.add(arrive(uploads, files(SHIP))))) == ["added"]


def test_a_disk_that_fills_up_in_the_middle(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job fails with that error; what was stored stays, the rest is cancelled, and the queue goes on."""
    put_all = library._store.catalog.put_all
    full = LibraryNotWritable("The disk is full.", "Make room.")
    stored: list[str] = []

    def put_the_first(documents: Iterable[Any], fingerprint: str) -> list[Any]:
        if stored:
            raise full
        stored.append("a group")
        return put_all(documents, fingerprint)

    with monkeypatch.context() as patched:
        patched.setattr(library._store.catalog, "put_all", put_the_first)
        job = finished(jobs.add(arrive(uploads, files(*TEXTS[:20]))))
    assert (job.state, job.error) == ("failed", full)
    assert stages(job) == ["added"] * GROUP_FILES + ["failed"] * GROUP_FILES + ["cancelled"] * (20 - 2 * GROUP_FILES)
    assert kept(uploads) == files(*TEXTS[:GROUP_FILES])
    assert job.receipt is not None
    assert len(job.receipt.added) == GROUP_FILES
    again = finished(jobs.add(arrive(uploads, files(*TEXTS[: GROUP_FILES + 1]))))
    assert stages(again) == ["unchanged"] * GROUP_FILES + ["added"]


def test_a_file_that_cannot_be_brought_to_its_place(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """The document is in the library, and is called so; the job says what went wrong."""
    (uploads.folder / "0.txt").mkdir(parents=True)
    job = finished(jobs.add(arrive(uploads, files(SHIP))))
    assert (job.state, stages(job)) == ("failed", ["added"])
    assert isinstance(job.error, LibraryNotWritable)
    assert names(library) == {"0.txt"}


def test_another_writer_is_waited_for(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it has finished, the job goes on; whoever wants to remove something meanwhile is told at once."""
    finished(jobs.add(arrive(uploads, {"old.txt": TEXTS[1]})))
    monkeypatch.setattr(store, "WRITER_PATIENCE", 0.01)
    monkeypatch.setattr(file_jobs, "_RETRY_SECONDS", 0.01)
    with WriterLock(library.folder).held(patience=0):
        job = jobs.add(arrive(uploads, files(SHIP)))
        until(job, lambda: job.state == "working")
        with pytest.raises(LibraryLocked):
            jobs.remove("old.txt")
    assert stages(finished(job)) == ["added"]
    assert names(library) == {"old.txt", "0.txt"}


def test_another_writer_is_not_waited_for_without_end(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job fails with the lock's own error, which names the holder, and its files say so."""
    monkeypatch.setattr(store, "WRITER_PATIENCE", 0.01)
    monkeypatch.setattr(file_jobs, "LOCK_WAIT_SECONDS", 0.0)
    with another_process(library.folder) as holder:
        job = finished(jobs.add(arrive(uploads, files(SHIP))))
    assert isinstance(job.error, LibraryLocked)
    assert f"is being changed by process {holder.pid} on" in job.files[0].reason
    assert (job.state, stages(job), kept(uploads)) == ("failed", ["failed"], {})


def test_a_job_that_waits_for_another_writer_can_be_cancelled(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, however long the other one takes."""
    monkeypatch.setattr(store, "WRITER_PATIENCE", 0.01)
    monkeypatch.setattr(file_jobs, "_RETRY_SECONDS", 3600.0)
    with WriterLock(library.folder).held(patience=0):
        job = jobs.add(arrive(uploads, files(SHIP)))
        until(job, lambda: job.state == "working")
        job.cancel()
        assert finished(job).state == "cancelled"


def test_after_closing_nothing_is_taken_on(jobs: Jobs, uploads: Uploads) -> None:
    """And what was handed over is deleted."""
    jobs.close()
    arrivals = arrive(uploads, files(SHIP))
    with pytest.raises(ServiceError, match="is shutting down"):
        jobs.add(arrivals)
    assert not arrivals[0].path.exists()
