"""Uploaded archives and messages: their documents are added with the paths that they keep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.loading.archives import mail, zipped
from tests.server.conftest import TEXTS, finished

if TYPE_CHECKING:
    from index.library.library import Library
    from index.server.job_queue import Jobs
    from index.server.uploads import Uploads

LETTER = mail("The letter", TEXTS[3], {"list.txt": TEXTS[4].encode()})


def test_documents_of_uploads_are_below_their_final_place(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """The file moves only when its members have been read, and these are read from its final place later."""
    archive = uploads.receive("leak.zip", [zipped({"a/one.txt": TEXTS[1], "two.txt": TEXTS[2]})])
    letter = uploads.receive("mail.eml", [LETTER])
    job = finished(jobs.add([archive, letter]))
    assert [(file.name, file.stage) for file in job.files] == [("leak.zip", "added"), ("mail.eml", "added")]
    assert job.files[0].notes == ("2 documents in it",)
    assert job.receipt is not None
    assert job.receipt.opened == (str(uploads.folder / "leak.zip"),)
    below = {str(uploads.folder / name) for name in ("leak.zip/a/one.txt", "leak.zip/two.txt", "mail.eml/list.txt")}
    assert set(job.receipt.added) == {*below, str(uploads.folder / "mail.eml")}
    assert {source for source, _ in library.parts.session.catalog.sources()} == set(job.receipt.added)
    verified = library.verify()
    assert (verified.sources_checked, verified.mismatches) == (4, ())
    assert library.original(library.find("list.txt").id).data == TEXTS[4].encode()


def test_next_version_of_an_uploaded_archive_replaces_the_former(
    jobs: Jobs, uploads: Uploads, library: Library
) -> None:
    """Members that it no longer has are removed."""
    finished(jobs.add([uploads.receive("leak.zip", [zipped({"one.txt": TEXTS[1], "two.txt": TEXTS[2]})])]))
    finished(jobs.add([uploads.receive("leak.zip", [zipped({"two.txt": TEXTS[5]})])]))
    assert [Path(info.source).name for info in library.documents()] == ["two.txt"]
    assert library.document("two.txt").text == TEXTS[5]


def test_failed_members_are_in_the_receipt(jobs: Jobs, uploads: Uploads) -> None:
    """The upload itself is added, and its note says why they are not."""
    job = finished(jobs.add([uploads.receive("leak.zip", [zipped({"one.txt": TEXTS[1], "bad.pdf": b"%PDF-1.4"})])]))
    assert job.receipt is not None
    reason = job.receipt.failed[0].reason
    assert job.files[0].notes == (f"1 document in it; 1 could not be read: {reason}",)
    assert [Path(failure.source).name for failure in job.receipt.failed] == ["bad.pdf"]


def test_archive_of_a_killed_process_is_kept(jobs: Jobs, uploads: Uploads, library: Library) -> None:
    """Its members are in the library, so it moves to its final place."""
    job = finished(jobs.add([uploads.receive("leak.zip", [zipped({"one.txt": TEXTS[1]})])]))
    assert job.receipt is not None
    home = uploads.folder / "leak.zip"
    left = uploads.folder.with_name("arriving") / "dead" / "1" / "leak.zip"
    left.parent.mkdir(parents=True)
    home.rename(left)
    uploads.recover(lambda: {identity: source for source, identity in library.parts.session.catalog.sources()})
    assert home.is_file()
