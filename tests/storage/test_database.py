"""Connections: borrowed, given back, and closed."""

from __future__ import annotations

import sqlite3
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
