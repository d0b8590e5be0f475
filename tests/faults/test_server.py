"""A server that is killed, or whose disk is full, in the middle of an upload."""

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
from tests.faults.conftest import Helper, check_committed, fill, write_files
from tests.server.conftest import finished


@pytest.mark.parametrize("settled", [1, 9, 30])
def test_a_killed_server_loses_its_queue_and_nothing_else(tmp_path: Path, settled: int) -> None:
    """Every document is whole, and its file at its place; what was on its way is gone when the next server begins."""
    folder = tmp_path / "library"
    paths = write_files(tmp_path / "sources", 60)
    helper = Helper("server", str(folder), json.dumps(paths))
    assert helper.hear() == "begun"
    while int(helper.hear()) < settled:
        pass
    helper.kill()
    with open_library(folder) as library:
        uploads = Uploads(folder / "uploads", SETTINGS)
        jobs = Jobs(library, SETTINGS, uploads)
        texts = {
            str(uploads.folder / f"{n:03}.md"): [load(Path(path), max_bytes=10_000).text]
            for n, path in enumerate(paths)
        }
        sources = check_committed(library, texts)
        assert len(sources) >= settled
        assert {str(path) for path in uploads.folder.iterdir()} == sources
        for info in library.documents():
            assert hashlib.sha256(library.original(info.id).data).hexdigest() == info.id
        assert not list((folder / "arriving").glob("*"))
        job = finished(jobs.add([uploads.receive(Path(path).name, [read(path)]) for path in paths]))
        assert {"unchanged"} <= {file.stage for file in job.files} <= {"added", "unchanged"}
        assert len(check_committed(library, texts)) == 60
        jobs.close()


def read(path: str) -> bytes:
    """The bytes of a file."""
    return Path(path).read_bytes()


def test_an_upload_on_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    """What does not fit is refused and leaves nothing; a job that finds no room fails alone; with room it goes on."""
    paths = write_files(tmp_path / "sources", 30)
    with open_library(small_disk / "library") as library:
        uploads = Uploads(library.folder / "uploads", SETTINGS)
        jobs = Jobs(library, SETTINGS, uploads)
        finished(jobs.add([uploads.receive("first.md", [read(paths[0])])]))
        arrivals = [uploads.receive(f"{n}.md", [read(path)]) for n, path in enumerate(paths[1:])]
        ballast = fill(small_disk, leave=20_000)
        with pytest.raises(LibraryNotWritable, match="No space left"):
            uploads.receive("large.txt", [bytes(10_000)] * 100)
        job = finished(jobs.add(arrivals))
        assert job.state == "failed"
        assert isinstance(job.error, LibraryNotWritable)
        assert {file.stage for file in job.files} <= {"added", "failed", "cancelled"}
        assert library.search("Ship0", limit=1)[0].document.source == str(uploads.folder / "first.md")
        ballast.unlink()
        assert not list(small_disk.glob("library/arriving/*/*/*"))
        again = finished(jobs.add([uploads.receive(f"{n}.md", [read(path)]) for n, path in enumerate(paths[1:])]))
        assert again.state == "done"
        assert len(library.documents()) == 30
        assert library.verify().mismatches == ()
        jobs.close()
