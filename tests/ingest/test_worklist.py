"""The worklist of files to be added: it survives crashes and never stops the work."""

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


def test_worklist_survives_a_restart(tmp_path: Path) -> None:
    """Waiting, settled and failed files are known to the next process, in the order in which they were queued."""
    with Worklist(tmp_path) as first:
        first.queue(["/b", "/a", "/c", "/d"])
        first.settle("/a", "1:2:3:4", "ab" * 32)
        first.fail("/c", "It broke.", "Mend it.")
    with Worklist(tmp_path) as reopened:
        assert reopened.waiting() == ["/b", "/d"]
        assert reopened.failed() == [Failure("/c", "It broke.", "Mend it.")]
        assert reopened.identity("/a", "1:2:3:4") == "ab" * 32


def test_long_worklists_are_written_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most one batch of results is only in memory."""
    monkeypatch.setattr(queue, "BATCH_FILES", 3)
    killed = Worklist(tmp_path)
    killed.queue(f"/{n}" for n in range(8))
    for n in range(7):
        killed.settle(f"/{n}", "", "")
    with Worklist(tmp_path) as reopened:
        assert reopened.waiting() == ["/6", "/7"]
    killed.close()


def test_failed_or_settled_file_can_be_queued_again(tmp_path: Path) -> None:
    """The file waits in its new place, and its content is still known by its stamp."""
    with Worklist(tmp_path) as work:
        work.queue(["/a", "/b"])
        work.settle("/a", "1:2:3:4", "ab" * 32)
        work.fail("/b", "It broke.", "Mend it.")
        work.flush()
        work.queue(["/b", "/a"])
        assert (work.waiting(), work.failed()) == (["/b", "/a"], [])
        assert work.identity("/a", "1:2:3:4") == "ab" * 32


@pytest.mark.parametrize("stamp", ["", "1:2:3:5", "9:2:3:4"])
def test_changed_or_missing_stamp_is_unknown(tmp_path: Path, stamp: str) -> None:
    """A file that changed, or may have changed, in any respect has no known identity."""
    with Worklist(tmp_path) as work:
        work.settle("/a", "1:2:3:4", "ab" * 32)
        work.settle("/b", "", "ab" * 32)
        work.flush()
        assert (work.identity("/a", stamp), work.identity("/b", "")) == ("", "")


def test_names_that_are_not_valid_unicode_are_left_out(tmp_path: Path) -> None:
    """Such files cannot be added anyway, and must not keep others from being queued."""
    with Worklist(tmp_path) as work:
        work.queue(["/bad\udcff", "/good"])
        work.fail("/bad\udcff", "Its name is not text.", "Rename it.")
        work.flush()
        assert (work.waiting(), work.failed()) == (["/good"], [])


def test_worklist_that_cannot_be_used_is_discarded(tmp_path: Path) -> None:
    """One of an unknown version, one that was damaged while open, and one without a folder raise no error."""
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("CREATE TABLE files (other TEXT)")
        connection.execute("PRAGMA user_version = 99")
    with Worklist(tmp_path) as work:
        work.queue(["/a"])
        assert work.waiting() == ["/a"]
    with Worklist(tmp_path) as work:
        work.queue(["/a"])
        with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
            connection.execute("DROP TABLE files")
        work.settle("/a", "", "")
        work.flush()
        assert (work.waiting(), work.failed(), work.identity("/a", "1:2:3:4")) == ([], [], "")
        work.queue(["/b"])
    with Worklist(tmp_path / "missing") as work:
        work.queue(["/a"])
        assert work.waiting() == []


def test_stamp_changes_with_the_content_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the time is set back; a fresh file has none yet; relative paths mean the same files elsewhere."""
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
    monkeypatch.chdir(tmp_path)
    assert absolute("x/../a.txt") == str(tmp_path / "a.txt")
