"""A server that is killed, or whose disk becomes full, in the middle of an upload."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from index.errors import LibraryNotWritable
from index.loading.loader import load
from index.server.job_queue import Jobs
from index.server.uploads import Uploads
from tests.faults.adder import SETTINGS, open_library
from tests.faults.conftest import HelperProcess, check_committed, write_files
from tests.faults.disks import fill_disk
from tests.server.conftest import finished


@pytest.mark.parametrize("finished_files", [9, *(pytest.param(count, marks=pytest.mark.nightly) for count in (1, 30))])
def test_killed_server_loses_only_its_queue(tmp_path: Path, finished_files: int) -> None:
    """After a kill every document is whole and has its file; the next server does not see unfinished uploads."""
    folder = tmp_path / "library"
    paths = write_files(tmp_path / "sources", 60)
    helper = HelperProcess("upload_worker", str(folder), json.dumps(paths))
    assert helper.read_line() == "begun"
    while int(helper.read_line()) < finished_files:
        pass
    helper.kill()
    with open_library(folder) as library:
        uploads = Uploads(folder / "uploads", SETTINGS)
        jobs = Jobs(library, SETTINGS, uploads)
        texts = {
            str(uploads.folder / f"{number:03}.md"): [load(Path(path), max_bytes=10_000).text]
            for number, path in enumerate(paths)
        }
        sources = check_committed(library, texts)
        assert len(sources) >= finished_files
        assert {str(path) for path in uploads.folder.iterdir()} == sources
        for info in library.documents():
            assert hashlib.sha256(library.original(info.id).data).hexdigest() == info.id
        assert not list((folder / "arriving").glob("*"))
        job = finished(jobs.add([uploads.receive(Path(path).name, [read_bytes(path)]) for path in paths]))
        assert {"unchanged"} <= {file.stage for file in job.files} <= {"added", "unchanged"}
        assert len(check_committed(library, texts)) == 60
        jobs.close()


def read_bytes(path: str) -> bytes:
    """Return the bytes of a file."""
    return Path(path).read_bytes()


def test_upload_on_a_full_disk_is_refused_and_leaves_no_files(small_disk: Path, tmp_path: Path) -> None:
    """On a full disk an upload is refused without a trace, and one job fails alone; with free space uploads work."""
    paths = write_files(tmp_path / "sources", 30)
    with open_library(small_disk / "library") as library:
        uploads = Uploads(library.folder / "uploads", SETTINGS)
        jobs = Jobs(library, SETTINGS, uploads)
        finished(jobs.add([uploads.receive("first.md", [read_bytes(paths[0])])]))
        arrivals = [uploads.receive(f"{number}.md", [read_bytes(path)]) for number, path in enumerate(paths[1:])]
        ballast = fill_disk(small_disk, leave=20_000)
        with pytest.raises(LibraryNotWritable, match="No space left"):
            uploads.receive("large.txt", [bytes(10_000)] * 100)
        job = finished(jobs.add(arrivals))
        assert job.state == "failed"
        assert isinstance(job.error, LibraryNotWritable)
        assert {file.stage for file in job.files} <= {"added", "failed", "cancelled"}
        assert library.search("Ship0", limit=1)[0].document.source == str(uploads.folder / "first.md")
        ballast.unlink()
        assert not list(small_disk.glob("library/arriving/*/*/*"))
        second_job = finished(
            jobs.add([uploads.receive(f"{number}.md", [read_bytes(path)]) for number, path in enumerate(paths[1:])])
        )
        assert second_job.state == "done"
        assert len(library.documents()) == 30
        assert library.verify().mismatches == ()
        jobs.close()
