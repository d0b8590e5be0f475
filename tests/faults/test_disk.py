"""Full and read-only disks: changes raise a LibraryError, and committed data stays."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from index.errors import LibraryNotWritable, LibraryReadOnly
from tests.faults.adder import open_library
from tests.faults.conftest import write_files
from tests.faults.disks import fill_disk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "free_bytes",
    [20_000, 400_000, *(pytest.param(size, marks=pytest.mark.nightly) for size in (0, 60_000, 150_000, 700_000))],
)
def test_add_on_a_full_disk_fails_and_resumes_with_space(small_disk: Path, tmp_path: Path, free_bytes: int) -> None:
    """Wherever the disk becomes full, the hint says so, committed documents answer, and with free space `add` works.

    The space that `add` needs depends on how far reading is ahead of encoding, because the log of the catalog has whole
    pages for each batch. 250 files take 1.5 to 2.9 MB, at least twice the space that is left.
    """
    paths = write_files(tmp_path / "sources", 250)
    with open_library(small_disk / "library") as library:
        library.add(paths[:10])
        ballast = fill_disk(small_disk, leave=free_bytes)
        with pytest.raises(LibraryNotWritable) as caught:
            library.add(paths)
        assert "free disk space" in caught.value.hint
        assert len(library.documents()) >= 10
        assert library.search("Ship3", limit=1)[0].document.source == paths[3]
        ballast.unlink()
        library.add(paths)
        assert len(library.documents()) == 250
        assert library.verify().mismatches == ()


def test_removal_on_a_full_disk_succeeds_or_changes_nothing(small_disk: Path, tmp_path: Path) -> None:
    """Removing without free space either succeeds or changes nothing; with free space it works."""
    paths = write_files(tmp_path / "sources", 10)
    with open_library(small_disk / "library") as library:
        library.add(paths)
        ballast = fill_disk(small_disk, leave=0)
        with pytest.raises(LibraryNotWritable):
            library.remove(paths[0])
        ballast.unlink()
        assert len(library.documents()) in (9, 10)
        if len(library.documents()) == 10:
            library.remove(paths[0])
        assert paths[0] not in [hit.document.source for hit in library.search("Ship0", limit=30)]
        assert library.problems() == []


def test_library_on_a_read_only_disk_answers_and_refuses_changes(small_disk: Path, tmp_path: Path) -> None:
    """On a read-only disk the library answers as before, and changes raise LibraryReadOnly."""
    paths = write_files(tmp_path / "sources", 3)
    with open_library(small_disk / "library") as library:
        library.add(paths[:2])
        expected = [hit.document.source for hit in library.search("Ship1")]
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with open_library(small_disk / "library") as library:
        assert library.read_only
        assert [hit.document.source for hit in library.search("Ship1")] == expected
        assert library.verify().mismatches == ()
        with pytest.raises(LibraryReadOnly):
            library.add(paths)
        with pytest.raises(LibraryReadOnly):
            library.sync(tmp_path / "sources")
        with pytest.raises(LibraryReadOnly):
            library.rebuild()
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    with open_library(small_disk / "library") as library:
        library.add(paths)
        assert len(library.documents()) == 3
