"""The list of what is to be added: kept over crashes, and never in the way."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from index.ingest import queue
from index.ingest.queue import FILE, Worklist, absolute, stamp_of
from index.records import Failure

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_kept(tmp_path: Path) -> None:
    """What waits, what is settled and what failed is there in the next process, in the order in which it was queued."""
    with Worklist(tmp_path) as first:
        first.queue(["/b", "/a", "/c", "/d"])
        first.settle("/a", "1:2:3:4", "ab" * 32)
        first.fail("/c", "It broke.", "Mend it.")
    with Worklist(tmp_path) as again:
        assert again.waiting() == ["/b", "/d"]
        assert again.failed() == [Failure("/c", "It broke.", "Mend it.")]
        assert again.identity("/a", "1:2:3:4") == "ab" * 32


def test_what_was_not_closed_is_waiting(tmp_path: Path) -> None:
    """A process that was killed had noted more than it wrote: those files are looked at again, and nothing is lost."""
    killed = Worklist(tmp_path)
    killed.queue(["/a", "/b"])
    killed.settle("/a", "1:2:3:4", "ab" * 32)
    with Worklist(tmp_path) as again:
        assert again.waiting() == ["/a", "/b"]
    killed.close()


def test_much_is_written_as_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a part is ever in memory alone."""
    monkeypatch.setattr(queue, "BATCH_FILES", 3)
    killed = Worklist(tmp_path)
    killed.queue(f"/{n}" for n in range(8))
    for n in range(7):
        killed.settle(f"/{n}", "", "")
    with Worklist(tmp_path) as again:
        assert again.waiting() == ["/6", "/7"]
    killed.close()


def test_queued_again(tmp_path: Path) -> None:
    """A file that failed or is known waits again, in its new place, and is still known by its stamp."""
    with Worklist(tmp_path) as work:
        work.queue(["/a", "/b"])
        work.settle("/a", "1:2:3:4", "ab" * 32)
        work.fail("/b", "It broke.", "Mend it.")
        work.flush()
        work.queue(["/b", "/a"])
        assert (work.waiting(), work.failed()) == (["/b", "/a"], [])
        assert work.identity("/a", "1:2:3:4") == "ab" * 32


@pytest.mark.parametrize("stamp", ["", "1:2:3:5", "9:2:3:4"])
def test_another_stamp_is_another_file(tmp_path: Path, stamp: str) -> None:
    """What has changed in any respect, or may have, is not known."""
    with Worklist(tmp_path) as work:
        work.settle("/a", "1:2:3:4", "ab" * 32)
        work.settle("/b", "", "ab" * 32)
        work.flush()
        assert (work.identity("/a", stamp), work.identity("/b", "")) == ("", "")


def test_forgetting(tmp_path: Path) -> None:
    """Nothing waits and nothing failed any more; what is settled is still known."""
    with Worklist(tmp_path) as work:
        work.queue(["/a", "/b", "/c"])
        work.settle("/a", "1:2:3:4", "ab" * 32)
        work.fail("/b", "It broke.", "Mend it.")
        work.flush()
        work.forget()
        assert (work.waiting(), work.failed()) == ([], [])
        assert work.identity("/a", "1:2:3:4") == "ab" * 32


def test_names_that_are_no_text_are_left_out(tmp_path: Path) -> None:
    """They cannot be added anyway, and must not keep the others from being queued."""
    with Worklist(tmp_path) as work:
        work.queue(["/bad\udcff", "/good"])
        work.fail("/bad\udcff", "Its name is not text.", "Rename it.")
        work.flush()
        assert (work.waiting(), work.failed()) == (["/good"], [])


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(b"no database at all" * 100, id="something else"),
        pytest.param(b"SQLite format 3\x00" + b"\xff" * 5000, id="a ruined header"),
    ],
)
def test_a_damaged_file_is_begun_anew(tmp_path: Path, damage: bytes) -> None:
    """It holds nothing that cannot be had again."""
    (tmp_path / FILE).write_bytes(damage)
    with Worklist(tmp_path) as work:
        work.queue(["/a"])
        assert work.waiting() == ["/a"]
    with Worklist(tmp_path) as again:
        assert again.waiting() == ["/a"]


def test_a_newer_file_is_begun_anew(tmp_path: Path) -> None:
    """So is one of a version that is not known."""
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("CREATE TABLE files (other TEXT)")
        connection.execute("PRAGMA user_version = 99")
    with Worklist(tmp_path) as work:
        work.queue(["/a"])
        assert work.waiting() == ["/a"]


def test_damage_in_the_middle_of_the_work(tmp_path: Path) -> None:
    """The list is given up, and nobody hears of it."""
    with Worklist(tmp_path) as work:
        work.queue(["/a"])
        with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
            connection.execute("DROP TABLE files")
        work.settle("/a", "", "")
        work.flush()
        assert (work.waiting(), work.failed(), work.identity("/a", "1:2:3:4")) == ([], [], "")
        work.queue(["/b"])


def test_where_there_is_no_folder_there_is_no_list(tmp_path: Path) -> None:
    """It is empty, and takes everything in silence."""
    with Worklist(tmp_path / "missing") as work:
        work.queue(["/a"])
        assert work.waiting() == []


def test_a_stamp_says_when_a_file_was_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New contents of the same length change it, even where their time is set back; a fresh file has none yet."""
    monkeypatch.setattr(queue, "SETTLING_NS", 0)
    path = tmp_path / "a.txt"
    path.write_text("The ship left.")
    before, times = stamp_of(path), path.stat()
    while path.stat().st_ctime_ns == times.st_ctime_ns:  # until the system's clock has ticked
        path.write_text("The ship sank.")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert before
    assert stamp_of(path) != before
    monkeypatch.setattr(queue, "SETTLING_NS", 10**18)
    assert stamp_of(path) == stamp_of(tmp_path / "missing") == ""


def test_paths_are_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A list that is gone on with from another folder means the same files."""
    monkeypatch.chdir(tmp_path)
    assert absolute("x/../a.txt") == str(tmp_path / "a.txt")
