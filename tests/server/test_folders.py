"""Folders on the server: only allowed folders are read, and links do not lead out of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from index.errors import NotAllowed, SourceNotFound, TooMany
from index.server.file_jobs import folder_arrivals
from index.settings import Settings
from tests.server.conftest import SHIP, finished

if TYPE_CHECKING:
    from pathlib import Path

    from index.library.library import Library
    from index.server.job_queue import Jobs


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Make an allowed folder beside a private one."""
    for name in ("shared/a.txt", "shared/deep/b.txt", "private/secret.txt", "shared-too/c.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{SHIP} It is {name}.")
    return tmp_path / "shared"


@pytest.fixture
def settings(shared: Path) -> Settings:
    """Settings that allow the shared folder."""
    return Settings(allow_folders=(shared,), max_upload_files=3, passage_tokens=32)


def test_allowed_folder_lists_its_files(shared: Path, settings: Settings) -> None:
    """Files of subfolders are included, in order; each stays in place and its source is its path."""
    arrivals = folder_arrivals(str(shared), settings)
    assert [arrival.source for arrival in arrivals] == [str(shared / "a.txt"), str(shared / "deep" / "b.txt")]
    assert all(arrival.size == arrival.path.stat().st_size for arrival in arrivals)
    assert all(arrival.home is None for arrival in arrivals)
    assert [arrival.name for arrival in folder_arrivals(shared / "deep" / "b.txt", settings)] == ["b.txt"]


@pytest.mark.parametrize(
    "path",
    ["private", "shared/../private", "shared/..", "shared-too", "private/secret.txt", "nothing", ".", "shared\0/a", ""],
)
def test_path_outside_the_allowed_folders_is_refused(shared: Path, settings: Settings, path: str) -> None:
    """The refusal is the same whether the path exists or not; the error names the setting and not the path."""
    with pytest.raises(NotAllowed) as caught:
        folder_arrivals(str(shared.parent / path) if path else "", settings)
    assert str(caught.value) == (
        "Adding files from that folder is not allowed here. "
        "The operator of this server can allow it with PINCITE_ALLOW_FOLDERS."
    )


def test_missing_path_and_too_many_files_are_reported_inside_allowed_folders(shared: Path, settings: Settings) -> None:
    """Without the setting every folder is refused. The error counts one file beyond the limit and names the setting."""
    with pytest.raises(NotAllowed):
        folder_arrivals(shared, Settings())
    with pytest.raises(SourceNotFound, match=r"nothing at .*shared/nothing\."):
        folder_arrivals(shared / "nothing", settings)
    for n in range(9):
        (shared / f"{n}.txt").write_text(SHIP)
    with pytest.raises(TooMany, match=r"4 files are too many: at most 3 .* PINCITE_MAX_UPLOAD_FILES"):
        folder_arrivals(shared, settings)


def test_links_out_of_the_folder_are_not_followed(
    shared: Path, settings: Settings, jobs: Jobs, library: Library
) -> None:
    """Such a file or folder fails by name and the others are added; a link that stays inside is read as a file."""
    (shared / "deep" / "b.txt").unlink()
    (shared / "deep" / "inside.txt").symlink_to(shared / "a.txt")
    (shared / "outside.txt").symlink_to(shared.parent / "private" / "secret.txt")
    (shared / "z").symlink_to(shared.parent / "private")
    job = finished(jobs.add(folder_arrivals(shared, settings.model_copy(update={"max_upload_files": 9}))))
    assert [(file.name, file.stage) for file in job.files] == [
        ("a.txt", "added"),
        ("outside.txt", "failed"),
        ("z", "failed"),
    ]
    assert "leads" not in library.documents()[0].name
    assert job.files[1].reason == "It is a link to a place outside the allowed folders."
    assert "PINCITE_ALLOW_FOLDERS" in job.files[1].hint
    assert [info.name for info in library.documents()] == ["a.txt"]
    assert job.receipt is not None
    assert [failure.source for failure in job.receipt.failed] == [str(shared / "outside.txt"), str(shared / "z")]


@pytest.mark.parametrize("swap", ["file", "folder"])
def test_link_created_after_the_listing_is_not_followed(
    shared: Path, settings: Settings, jobs: Jobs, library: Library, swap: str
) -> None:
    """A job may wait between the listing and the reading, so links are checked when the file is read."""
    arrivals = folder_arrivals(shared / "a.txt", settings)
    (shared / "a.txt").unlink()
    (shared / "a.txt").symlink_to(shared.parent / "private" / ("secret.txt" if swap == "file" else ""))
    job = finished(jobs.add(arrivals))
    assert [file.stage for file in job.files] == ["failed"]
    assert library.documents() == []


def test_allowed_folder_may_be_a_link(shared: Path, settings: Settings) -> None:
    """The operator chose it, so it is followed; a link to a parent folder adds no file a second time."""
    link = shared.parent / "link"
    link.symlink_to(shared)
    arrivals = folder_arrivals(link, Settings(allow_folders=(link,)))
    assert [arrival.source for arrival in arrivals] == [str(link / "a.txt"), str(link / "deep" / "b.txt")]
    (shared / "deep" / "again").symlink_to(shared)
    assert len(folder_arrivals(shared, settings)) == 2


def test_file_name_with_invalid_bytes_fails_alone(shared: Path, settings: Settings, jobs: Jobs) -> None:
    """A file whose name is not valid Unicode fails with a printable name; the others are added."""
    try:
        (shared / os.fsdecode(b"bad\xff.txt")).write_text(SHIP)
    except OSError:
        pytest.skip("this file system takes only names that are text")
    job = finished(jobs.add(folder_arrivals(shared, settings)))
    assert [(file.name, file.stage) for file in job.files] == [
        ("a.txt", "added"),
        ("bad\ufffd.txt", "failed"),
        ("b.txt", "added"),
    ]
    assert "not valid text" in job.files[1].reason
    assert str(job.files).encode()
