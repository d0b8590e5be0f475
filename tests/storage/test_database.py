"""Connections: borrowed, given back, and closed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from index.storage.database import Database

if TYPE_CHECKING:
    from pathlib import Path


def test_a_connection_in_use_while_the_database_is_closed_is_closed_when_given_back(tmp_path: Path) -> None:
    """Whoever is still reading reads on; afterwards no connection is left, which Python 3.13 would complain of."""
    database = Database(tmp_path / "catalog.db")
    with database.reading() as connection:
        database.close()
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")


def numbers(path: Path, *values: int) -> Database:
    """A database of these numbers."""
    database = Database(path)
    with database.writing() as connection:
        connection.execute("CREATE TABLE numbers (number)")
        connection.executemany("INSERT INTO numbers VALUES (?)", [(value,) for value in values])
    return database


def held(database: Database) -> list[int]:
    """What it has."""
    return [row[0] for row in database.rows("SELECT number FROM numbers")]


def test_a_snapshot_is_of_one_moment(tmp_path: Path) -> None:
    """What others commit meanwhile is seen afterwards; a snapshot within one is the same."""
    with closing(numbers(tmp_path / "a.db", 1)) as database, closing(Database(tmp_path / "a.db")) as other:
        with database.snapshot():
            assert held(database) == [1]
            with other.writing() as connection:
                connection.execute("INSERT INTO numbers VALUES (2)")
            with database.snapshot():
                assert held(database) == [1]
            assert held(database) == [1]
            assert held(other) == [1, 2]
        assert held(database) == [1, 2]


def test_a_copy_is_of_one_moment_and_complete_in_itself(tmp_path: Path) -> None:
    """What is still in the log is in it, too."""
    with closing(numbers(tmp_path / "a.db", *range(1000))) as database:
        seen: list[tuple[int, int]] = []
        database.copy_to(tmp_path / "b.db", lambda done, of: seen.append((done, of)))
        assert seen[-1][0] == seen[-1][1] > 1
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("b")) == ["b.db"]
    with closing(Database(tmp_path / "b.db")) as copy:
        assert held(copy) == list(range(1000))


def test_it_becomes_another_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that reads meanwhile has the old contents until it is done; broken off, nothing has happened."""
    monkeypatch.setattr("index.storage.database._STEP_PAGES", 1)
    with (
        closing(numbers(tmp_path / "a.db", *range(9000))) as database,
        closing(numbers(tmp_path / "b.db", *range(5000))) as other,
        closing(Database(tmp_path / "a.db")) as reader,
    ):
        seen: list[int] = []

        def watch(done: int, of: int) -> None:
            if done < of:
                seen.append(len(held(reader)))

        def stop(done: int, of: int) -> None:
            if done > of // 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            database.replace_with(other, stop)
        assert len(held(database)) == 9000
        database.replace_with(other, watch)
        assert set(seen) == {9000}
        assert len(held(reader)) == len(held(database)) == 5000
        assert reader.rows("PRAGMA integrity_check") == [("ok",)]
        pages, size = (reader.rows(f"PRAGMA {name}")[0][0] for name in ("page_count", "page_size"))
        assert (tmp_path / "a.db").stat().st_size == pages * size
