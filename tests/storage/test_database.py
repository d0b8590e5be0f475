"""Connections to the database, snapshots and copies."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from index.storage.database import Database

if TYPE_CHECKING:
    from pathlib import Path


def test_connection_in_use_during_close_is_closed_on_return(tmp_path: Path) -> None:
    """A running read continues. Afterwards no connection is left open, which Python 3.13 would warn about."""
    database = Database(tmp_path / "catalog.db")
    with database.reading() as connection:
        database.close()
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")


def number_database(path: Path, *values: int) -> Database:
    """A database with one table that holds these numbers."""
    database = Database(path)
    with database.writing() as connection:
        connection.execute("CREATE TABLE numbers (number)")
        connection.executemany("INSERT INTO numbers VALUES (?)", [(value,) for value in values])
    return database


def stored_numbers(database: Database) -> list[int]:
    """The numbers in the table of the database."""
    return [row[0] for row in database.rows("SELECT number FROM numbers")]


def test_snapshot_does_not_see_later_commits(tmp_path: Path) -> None:
    """Other connections' commits are seen after the snapshot; a snapshot within a snapshot is the same one."""
    with closing(number_database(tmp_path / "a.db", 1)) as database, closing(Database(tmp_path / "a.db")) as other:
        with database.snapshot():
            assert stored_numbers(database) == [1]
            with other.writing() as connection:
                connection.execute("INSERT INTO numbers VALUES (2)")
            with database.snapshot():
                assert stored_numbers(database) == [1]
            assert stored_numbers(database) == [1]
            assert stored_numbers(other) == [1, 2]
        assert stored_numbers(database) == [1, 2]


def test_copy_is_one_file_that_includes_the_log(tmp_path: Path) -> None:
    """Changes that are still in the write-ahead log are in the copy, too."""
    with closing(number_database(tmp_path / "a.db", *range(1000))) as database:
        progress: list[tuple[int, int]] = []
        database.copy_to(tmp_path / "b.db", lambda done, total: progress.append((done, total)))
        assert progress[-1][0] == progress[-1][1] > 1
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("b")) == ["b.db"]
    with closing(Database(tmp_path / "b.db")) as copy:
        assert stored_numbers(copy) == list(range(1000))


def test_replace_with_is_atomic_for_readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A concurrent reader sees the old contents until the end. An interrupted replacement changes nothing."""
    monkeypatch.setattr("index.storage.database._STEP_PAGES", 1)
    with (
        closing(number_database(tmp_path / "a.db", *range(9000))) as database,
        closing(number_database(tmp_path / "b.db", *range(5000))) as other,
        closing(Database(tmp_path / "a.db")) as reader,
    ):
        counts: list[int] = []

        def watch(done: int, total: int) -> None:
            if done < total:
                counts.append(len(stored_numbers(reader)))

        def stop(done: int, total: int) -> None:
            if done > total // 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            database.replace_with(other, stop)
        assert len(stored_numbers(database)) == 9000
        database.replace_with(other, watch)
        assert set(counts) == {9000}
        assert len(stored_numbers(reader)) == len(stored_numbers(database)) == 5000
        assert reader.rows("PRAGMA integrity_check") == [("ok",)]
        pages, size = (reader.rows(f"PRAGMA {name}")[0][0] for name in ("page_count", "page_size"))
        assert (tmp_path / "a.db").stat().st_size == pages * size
