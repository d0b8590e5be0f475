"""Jobs that add files: what happens to each file, and what the job reports meanwhile."""

from __future__ import annotations

import logging
import sys
import time
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
from index.loading.recognition import tesseract
from index.loading.sandbox import pool
from index.records.document import Arrival
from index.server import file_jobs
from index.server.file_jobs import GROUP_FILES
from index.storage import store
from index.storage.files import WriterLock
from tests.hosted import wait_until
from tests.loading.archives import zipped
from tests.loading.printed_pages import drawn, scanned_pdf
from tests.loading.stub_tesseract import StubTesseract, install
from tests.server.conftest import LONG, SHIP, TEXTS, document_names, finished, kept_files, receive, wait_for_job
from tests.storage.test_files import another_process

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from index.encoders.encoder import Draft, Encoded
    from index.library.library import Library
    from index.server.job_queue import Jobs
    from index.server.jobs import Job
    from index.server.uploads import Uploads
    from tests.server.conftest import GatedEncoder


def files(*texts: str) -> dict[str, str | bytes]:
    """Return texts by numbered file names."""
    return {f"{n}.txt": text for n, text in enumerate(texts)}


def stages(job: Job) -> list[str]:
    """Return the stage of each file."""
    return [file.stage for file in job.files]


# Long scans


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubTesseract]:
    """A quick program that recognises pages; a job lets others go first at the first new page."""
    monkeypatch.setattr(file_jobs, "TURN_SECONDS", 0.0)
    pool.close_idle()
    yield install(tmp_path / "bin", monkeypatch)
    pool.close_idle()
    tesseract._installed.cache_clear()
    tesseract._models.cache_clear()


def scan_of(pages: int) -> bytes:
    """Return a scan that is small enough to be added before other files."""
    return scanned_pdf([drawn().resize((150, 200))] * pages)


NEEDS_STUB = pytest.mark.skipif(sys.platform == "win32", reason="the stub is a script")


@NEEDS_STUB
def test_long_scan_lets_the_job_of_another_client_go_first(
    jobs: Jobs, uploads: Uploads, library: Library, stub: StubTesseract
) -> None:
    """Recognised pages are kept, so only the page that was interrupted is recognised twice."""
    waits = stub.let_wait(3)
    scan = jobs.add(receive(uploads, {"scan.pdf": scan_of(4)}), client="one")
    wait_until(lambda: stub.pages == 3)
    short = finished(jobs.add(receive(uploads, files(SHIP)), client="two"))
    assert stages(short) == ["added"]
    assert stages(scan)[0] in ("waiting", "reading")
    waits.unlink()
    assert stages(finished(scan)) == ["added"]
    assert stub.pages == 5
    assert document_names(library) == {"scan.pdf", "0.txt"}
    assert scan.receipt is not None
    assert len(scan.receipt.added) == 1


@NEEDS_STUB
def test_other_files_of_a_job_do_not_wait_for_a_long_scan(jobs: Jobs, uploads: Uploads, stub: StubTesseract) -> None:
    """They are added first, and the scan goes on after them."""
    waits = stub.let_wait(2)
    job = jobs.add(receive(uploads, {"scan.pdf": scan_of(3), **files(*TEXTS[:GROUP_FILES])}))
    wait_for_job(job, lambda: stages(job)[1:] == ["added"] * GROUP_FILES)
    assert stages(job)[0] != "added"
    waits.unlink()
    assert set(stages(finished(job))) == {"added"}


@NEEDS_STUB
def test_members_of_an_archive_are_in_the_receipt_once(jobs: Jobs, uploads: Uploads, stub: StubTesseract) -> None:
    """An archive that was interrupted within is opened again; what was added in the first run stays added."""
    waits = stub.let_wait(2)
    packed = zipped({"note.txt": SHIP.encode(), "scan.pdf": scan_of(3)})
    job = jobs.add(receive(uploads, {"all.zip": packed}), client="one")
    wait_until(lambda: stub.pages == 2)
    finished(jobs.add(receive(uploads, files(TEXTS[0])), client="two"))
    waits.unlink()
    receipt = finished(job).receipt
    assert receipt is not None
    assert [len(receipt.added), len(receipt.unchanged), len(receipt.opened)] == [2, 0, 1]


@NEEDS_STUB
def test_interrupted_job_can_be_cancelled_at_once(
    jobs: Jobs, uploads: Uploads, stub: StubTesseract, encoder: GatedEncoder
) -> None:
    """It keeps what was added before."""
    stub.let_wait(2)
    job = jobs.add(receive(uploads, {"0.txt": TEXTS[0], "scan.pdf": scan_of(3)}), client="one")
    wait_for_job(job, lambda: stages(job)[0] == "added")
    encoder.shut()
    other = jobs.add(receive(uploads, files(TEXTS[1])), client="two")
    wait_for_job(job, lambda: job.state == "waiting")
    job.cancel()
    assert (job.state, stages(job)) == ("cancelled", ["added", "cancelled"])
    assert job.receipt is not None
    assert len(job.receipt.added) == 1
    encoder.open()
    finished(other)


# Adding files


def test_uploaded_files_become_documents(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """Each file is kept under its own name, where `verify` reads it again; the receipt is that of `Library.add`."""
    job = finished(jobs.add(receive(uploads, files(*TEXTS[:20]))))
    assert (job.state, job.done, job.total, job.error) == ("done", 20, 20, None)
    assert stages(job) == ["added"] * 20
    assert kept_files(uploads) == files(*TEXTS[:20])
    assert job.receipt is not None
    assert job.receipt.added == tuple(str(uploads.folder / f"{n}.txt") for n in range(20))
    assert (job.receipt.passages, job.receipt.encoded) == (20, 20)
    verification = library.verify()
    assert (verification.sources_checked, verification.mismatches) == (20, ())


def test_unreadable_file_fails_alone_and_notes_are_reported(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """The reason and the hint are in the receipt, too, and so are the notes of a file that was added."""
    broken: dict[str, str | bytes] = {"a.txt": TEXTS[0], "scan.pdf": b"%PDF-1.7 and then nothing", "b.txt": TEXTS[1]}
    job = finished(jobs.add(receive(uploads, broken)))
    assert (job.state, stages(job)) == ("done", ["added", "failed", "added"])
    assert job.files[1].reason.startswith("scan.pdf is a PDF that cannot be opened")
    assert job.files[1].hint.startswith("Open it in the program that made it")
    assert job.receipt is not None
    assert [failure.reason for failure in job.receipt.failed] == [job.files[1].reason]
    assert sorted(kept_files(uploads)) == ["a.txt", "b.txt"]
    assert document_names(library) == {"a.txt", "b.txt"}
    mixed = "The café by the harbour served bread. ".encode() * 20 + b"A ca\xfe came."
    job = finished(jobs.add(receive(uploads, {"mixed.txt": mixed})))
    assert job.files[0].notes
    assert job.receipt is not None
    assert tuple(note.text for note in job.receipt.notes) == job.files[0].notes


def test_unchanged_upload_is_not_encoded_again(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder
) -> None:
    """The same bytes are one document and one file on disk, under the same name or another one."""
    finished(jobs.add(receive(uploads, {"a.txt": SHIP})))
    encoder.shut()  # an encoding now would wait until the timeout
    job = finished(jobs.add(receive(uploads, {"a.txt": SHIP, "b.txt": SHIP})))
    assert stages(job) == ["unchanged", "unchanged"]
    assert len(library.documents()) == 1
    assert (uploads.folder / "a.txt").samefile(uploads.folder / "b.txt")


def test_upload_of_the_same_name_replaces_the_document(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """The earlier version is removed together with its file; it stays if the next version cannot be read."""
    finished(jobs.add(receive(uploads, {"a.txt": TEXTS[0]})))
    for content, stage in ((TEXTS[1], "replaced"), (b"\x00\x01\x02\xff" * 99, "failed")):
        assert stages(finished(jobs.add(receive(uploads, {"a.txt": content})))) == [stage]
        assert [library.document(info.id).text for info in library.documents()] == [TEXTS[1]]
        assert kept_files(uploads) == {"a.txt": TEXTS[1]}


def test_two_files_of_one_name_in_one_upload_are_both_kept(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """They come from two folders, so the second one gets another name."""
    job = finished(jobs.add([*receive(uploads, {"a.txt": TEXTS[0]}), *receive(uploads, {"a.txt": TEXTS[1]})]))
    assert [(file.name, file.stage) for file in job.files] == [("a.txt", "added"), ("a (2).txt", "added")]
    assert document_names(library) == {"a.txt", "a (2).txt"}


def test_fetched_document_is_identified_by_its_url(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """The next version from the same URL replaces the document and its file."""
    url = "https://example.org/voyages/"
    for text, stage in ((TEXTS[0], "added"), (TEXTS[0], "unchanged"), (TEXTS[1], "replaced")):
        job = finished(jobs.add([uploads.receive("voyages.txt", [text.encode()], source=url)]))
        assert stages(job) == [stage]
    assert [info.source for info in library.documents()] == [url]
    assert list(kept_files(uploads).values()) == [TEXTS[1]]
    assert library.original(url).data == TEXTS[1].encode()
    verification = library.verify()
    assert (verification.sources_checked, verification.sources_missing, verification.mismatches) == (1, (), ())
    next(uploads.folder.iterdir()).unlink()
    assert library.verify().sources_missing == (url,)


def test_files_of_a_server_folder_are_read_in_place(
    jobs: Jobs, uploads: Uploads, library: Library, tmp_path: Path
) -> None:
    """They are not copied, and removing their document does not delete them. A link to the same file is unchanged."""
    path = tmp_path / "a.txt"
    path.write_text(SHIP)
    (tmp_path / "b.txt").symlink_to(path)
    arrivals = [Arrival(found.name, found, str(found), len(SHIP)) for found in (path, tmp_path / "b.txt")]
    assert stages(finished(jobs.add(arrivals))) == ["added", "unchanged"]
    jobs.remove("a.txt")
    assert path.read_text() == SHIP
    assert kept_files(uploads) == {}
    assert library.documents() == []


# Progress


def test_each_file_of_a_job_has_its_own_state(jobs: Jobs, uploads: Uploads, encoder: GatedEncoder) -> None:
    """The files of one group are encoded together; those of the next group wait."""
    encoder.shut()
    two_passages = f"{TEXTS[1]}\n\n{'The whale followed the comet over the volcano. ' * 5}"
    contents = files(TEXTS[0], two_passages, *TEXTS[2:10])
    job = jobs.add(receive(uploads, contents))
    encoder.await_passage()
    assert stages(job) == ["encoding"] * 8 + ["waiting"] * 2
    totals = [file.of_passages for file in job.files]
    assert totals[0] == 1 < totals[1]
    assert [file.passages for file in job.files] == [0] * 10
    encoder.open()
    finished(job)
    assert stages(job) == ["added"] * 10
    assert [file.of_passages for file in job.files][:8] == totals[:8]
    assert all((file.passages, file.part) == (file.of_passages, 1.0) for file in job.files)


def test_large_file_reports_its_progress(jobs: Jobs, uploads: Uploads) -> None:
    """The number of encoded passages only grows, up to the total."""
    job = jobs.add(receive(uploads, {"long.txt": LONG}))
    states = []
    wait_for_job(job, lambda: states.append(job.files[0]) or job.state == "done")  # type: ignore[func-returns-value]
    states.append(job.files[0])
    counts = [file.passages for file in states if file.stage == "encoding"]
    assert counts == sorted(counts)
    assert states[-1].passages == states[-1].of_passages > 128
    parts = [file.part for file in states]
    assert parts == sorted(parts)


def test_added_file_is_read_and_found_while_others_wait(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder
) -> None:
    """A file in the stage "added" can be shown at once, and a search finds what is stored so far."""
    encoder.shut(after=8)
    job = jobs.add(receive(uploads, files("The comet crossed the winter sky.", *TEXTS[1:8], LONG)))
    encoder.await_passage()
    assert stages(job) == ["added"] * 8 + ["encoding"]
    assert library.document("1.txt").text == TEXTS[1]
    assert kept_files(uploads)["1.txt"] == TEXTS[1]
    assert library.search("comet")[0].document.name == "0.txt"
    encoder.open()
    finished(job)


def test_job_version_changes_with_every_change(jobs: Jobs, uploads: Uploads, encoder: GatedEncoder) -> None:
    """Waiting for an unchanged job ends with the timeout; waiting with an old version returns at once."""
    encoder.shut()
    job = jobs.add(receive(uploads, files(SHIP)))
    encoder.await_passage()
    wait_for_job(job, lambda: job.files[0].stage == "encoding")
    version = job.version
    assert job.wait(version, 0.01) == version
    assert job.wait(version - 1, 60) == version
    encoder.open()
    assert job.wait(version, 60) != version
    finished(job)


# Limits


def test_too_many_files_are_refused_and_deleted(jobs: Jobs, uploads: Uploads) -> None:
    """The error names the setting, and no file or job is left."""
    arrivals = receive(uploads, {f"{n}.txt": f"{SHIP} {n}" for n in range(31)})
    with pytest.raises(TooMany, match=r"31 files are too many: at most 30 .* PINCITE_MAX_UPLOAD_FILES"):
        jobs.add(arrivals)
    assert not any(arrival.path.exists() for arrival in arrivals)
    assert jobs.recent() == []


def test_full_queue_refuses_a_job(jobs: Jobs, uploads: Uploads, encoder: GatedEncoder) -> None:
    """A refused job's file is deleted; cancelling a waiting job makes room."""
    encoder.shut()
    first = jobs.add(receive(uploads, {"first.txt": SHIP}))
    wait_for_job(first, lambda: first.state == "working")
    waiting = [jobs.add(receive(uploads, {f"{n}.txt": TEXTS[n]})) for n in range(3)]
    refused = receive(uploads, {"refused.txt": "x"})
    with pytest.raises(QueueFull, match=r"3 jobs are waiting.* PINCITE_MAX_WAITING_JOBS"):
        jobs.add(refused)
    assert not refused[0].path.exists()
    waiting[1].cancel()
    last = jobs.add(receive(uploads, {"last.txt": TEXTS[9]}))
    encoder.open()
    assert [finished(job).state for job in [first, *waiting, last]] == ["done", "done", "cancelled", "done", "done"]
    assert sorted(kept_files(uploads)) == ["0.txt", "2.txt", "first.txt", "last.txt"]


# Cancelling


def test_waiting_job_is_cancelled_at_once(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder
) -> None:
    """It has no receipt, nothing of it is added, and its file is deleted."""
    encoder.shut()
    first = jobs.add(receive(uploads, {"first.txt": SHIP}))
    arrivals = receive(uploads, {"second.txt": TEXTS[1]})
    second = jobs.add(arrivals)
    second.cancel()
    assert not arrivals[0].path.exists()
    assert (second.state, stages(second), second.receipt) == ("cancelled", ["cancelled"], None)
    encoder.open()
    finished(first)
    finished(jobs.add([]))  # now the queue has passed the cancelled job
    assert document_names(library) == {"first.txt"}
    assert sorted(kept_files(uploads)) == ["first.txt"]


def test_cancelled_job_keeps_what_was_stored(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder
) -> None:
    """Stored files stay and the job lists them; of a file that was being encoded nothing is stored."""
    encoder.shut(after=8 + 140)
    job = jobs.add(receive(uploads, {**files(*TEXTS[:8]), "long.txt": LONG, "after.txt": TEXTS[9]}))
    encoder.await_passage()
    assert job.files[8].passages == 140 < job.files[8].of_passages
    job.cancel()
    assert job.files[8].stage == "encoding"
    encoder.open()
    assert finished(job).state == "cancelled"
    assert stages(job) == ["added"] * 8 + ["cancelled"] * 2
    assert job.receipt is not None
    assert len(job.receipt.added) == 8
    assert document_names(library) == {f"{n}.txt" for n in range(8)}
    assert sorted(kept_files(uploads)) == sorted(document_names(library))
    assert (library.verify().mismatches, library.problems()) == ((), [])
    assert stages(finished(jobs.add(receive(uploads, {"after.txt": TEXTS[9]})))) == ["added"]


def test_cancelling_an_ended_job_changes_nothing(jobs: Jobs, uploads: Uploads) -> None:
    """State, stages and version stay the same; a job without files ends at once."""
    for arrivals in (receive(uploads, files(SHIP)), []):
        job = finished(jobs.add(arrivals))
        version = job.version
        job.cancel()
        assert (job.state, stages(job), job.version) == ("done", ["added"] * len(arrivals), version)
        assert (job.done, job.total) == (len(arrivals), len(arrivals))


def test_one_file_of_a_job_can_be_cancelled(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder
) -> None:
    """A file can be cancelled until work on its group begins; a position that does not exist is ignored."""
    encoder.shut()
    job = jobs.add(receive(uploads, files(*TEXTS[:10])))
    encoder.await_passage()
    for position in (9, 0, 10, -1):
        job.cancel(position)
    encoder.open()
    assert stages(finished(job)) == ["added"] * 9 + ["cancelled"]
    assert job.state == "done"
    assert document_names(library) == {f"{n}.txt" for n in range(9)}
    assert "9.txt" not in kept_files(uploads)


# Errors


def test_encoder_error_fails_the_job_and_not_the_queue(
    jobs: Jobs, uploads: Uploads, library: Library, encoder: GatedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of the group have the reason, later ones are cancelled, and the next job works."""
    encode = encoder.encode

    def fail(drafts: list[Draft], progress: object = None) -> list[Encoded]:
        raise EncoderError("It is out of memory.", "Use a smaller one.")

    monkeypatch.setattr(encoder, "encode", fail)
    job = finished(jobs.add(receive(uploads, files(*TEXTS[:10]))))
    assert (job.state, str(job.error)) == ("failed", "It is out of memory. Use a smaller one.")
    assert stages(job) == ["failed"] * 8 + ["cancelled"] * 2
    assert {(file.reason, file.hint) for file in job.files[:8]} == {("It is out of memory.", "Use a smaller one.")}
    assert job.files[9].reason == "It is out of memory."
    assert kept_files(uploads) == {}
    monkeypatch.setattr(encoder, "encode", encode)
    assert stages(finished(jobs.add(receive(uploads, files(SHIP))))) == ["added"]
    assert document_names(library) == {"0.txt"}


def test_unexpected_error_is_logged_and_not_shown(
    jobs: Jobs,
    uploads: Uploads,
    encoder: GatedEncoder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The user gets a plain sentence without details; the thread continues."""

    def crash(drafts: list[Draft], progress: object = None) -> list[Encoded]:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as patched, caplog.at_level(logging.ERROR):
        patched.setattr(encoder, "encode", crash)
        job = finished(jobs.add(receive(uploads, files(SHIP))))
    assert job.state == "failed"
    assert type(job.error) is PinciteError
    assert "secret" not in str(job.error) + "".join(map(str, astuple(job.files[0])))
    assert "secret detail" in caplog.text
    assert stages(finished(jobs.add(receive(uploads, files(SHIP))))) == ["added"]


def test_full_disk_fails_the_job_and_keeps_what_was_stored(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job has the error of the disk; later files are cancelled, and the queue continues."""
    put_all = library.parts.store.catalog.put_all
    disk_full = LibraryNotWritable("The disk is full.", "Make room.")
    stored: list[str] = []

    def put_once(documents: Iterable[Any], fingerprint: str, **options: Any) -> list[Any]:
        if stored:
            raise disk_full
        stored.append("a group")
        return put_all(documents, fingerprint, **options)

    with monkeypatch.context() as patched:
        patched.setattr(library.parts.store.catalog, "put_all", put_once)
        job = finished(jobs.add(receive(uploads, files(*TEXTS[:20]))))
    assert (job.state, job.error) == ("failed", disk_full)
    assert stages(job) == ["added"] * GROUP_FILES + ["failed"] * GROUP_FILES + ["cancelled"] * (20 - 2 * GROUP_FILES)
    assert kept_files(uploads) == files(*TEXTS[:GROUP_FILES])
    assert job.receipt is not None
    assert len(job.receipt.added) == GROUP_FILES
    next_job = finished(jobs.add(receive(uploads, files(*TEXTS[: GROUP_FILES + 1]))))
    assert stages(next_job) == ["unchanged"] * GROUP_FILES + ["added"]


def test_added_file_that_cannot_be_kept_fails_the_job(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """The document is in the library and its file is called added; the job has the error."""
    (uploads.folder / "0.txt").mkdir(parents=True)
    job = finished(jobs.add(receive(uploads, files(SHIP))))
    assert (job.state, stages(job)) == ("failed", ["added"])
    assert isinstance(job.error, LibraryNotWritable)
    assert document_names(library) == {"0.txt"}


def test_job_waits_for_another_writer(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job continues when the other writer has finished; a removal is refused at once meanwhile."""
    finished(jobs.add(receive(uploads, {"old.txt": TEXTS[1]})))
    monkeypatch.setattr(store, "WRITER_PATIENCE", 0.01)
    monkeypatch.setattr(file_jobs, "_RETRY_SECONDS", 0.01)
    with WriterLock(library.folder).held(patience=0):
        job = jobs.add(receive(uploads, files(SHIP)))
        wait_for_job(job, lambda: job.state == "working")
        with pytest.raises(LibraryLocked):
            jobs.remove("old.txt")
    assert stages(finished(job)) == ["added"]
    assert document_names(library) == {"old.txt", "0.txt"}


def test_waiting_for_another_writer_times_out(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job fails with the lock's own error, which names the process that holds the lock."""
    monkeypatch.setattr(store, "WRITER_PATIENCE", 0.01)
    monkeypatch.setattr(file_jobs, "LOCK_WAIT_SECONDS", 0.0)
    with another_process(library.folder) as holder:
        job = finished(jobs.add(receive(uploads, files(SHIP))))
    assert isinstance(job.error, LibraryLocked)
    assert f"is being changed by process {holder.pid} on" in job.files[0].reason
    assert (job.state, stages(job), kept_files(uploads)) == ("failed", ["failed"], {})


def test_job_waiting_for_another_writer_can_be_cancelled(
    jobs: Jobs, uploads: Uploads, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends at once, however long the other writer takes, and it has tried once in this time."""
    monkeypatch.setattr(store, "WRITER_PATIENCE", 0.01)
    monkeypatch.setattr(file_jobs, "_RETRY_SECONDS", 3600.0)
    add, tries = library.add, []

    def counted(*arguments: Any, **options: Any) -> Any:
        tries.append(arguments)
        return add(*arguments, **options)

    monkeypatch.setattr(library, "add", counted)
    with WriterLock(library.folder).held(patience=0):
        job = jobs.add(receive(uploads, files(SHIP)))
        wait_until(lambda: bool(tries))
        time.sleep(0.2)
        job.cancel()
        assert finished(job).state == "cancelled"
    assert len(tries) == 1


def test_closed_queue_refuses_jobs_and_deletes_their_files(jobs: Jobs, uploads: Uploads) -> None:
    """A job for a closed queue is an error."""
    jobs.close()
    arrivals = receive(uploads, files(SHIP))
    with pytest.raises(ServiceError, match="is shutting down"):
        jobs.add(arrivals)
    assert not arrivals[0].path.exists()
