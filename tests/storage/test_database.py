"""Connections to the database, snapshots and copies."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from index.records import Span
from index.storage.database import Database
from index.storage.tables import checksum, pack_sentence_vectors, pack_spans, pack_vector, unpack_sentence_vectors

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


# How spans and vectors are packed into the catalog


OFFSETS = st.integers(0, 2**31 - 1)
SPANS = st.lists(st.tuples(OFFSETS, OFFSETS).map(sorted).map(lambda pair: Span(*pair)), max_size=20)
VALUES = st.floats(-1, 1, width=32)
ROWS = nps.arrays(np.float32, st.tuples(st.integers(1, 6), st.just(8)), elements=VALUES)


def test_packed_spans_and_empty_vectors() -> None:
    """A span takes two 32-bit offsets; rows of zeros stay zeros; no sentences are an empty blob."""
    assert pack_spans([Span(101, 103)], 100) == b"\x01\0\0\0\x03\0\0\0"
    zeros = np.zeros((2, 8), dtype=np.float32)
    assert not unpack_sentence_vectors(pack_sentence_vectors(zeros), 8).any()
    packed = pack_sentence_vectors(np.zeros((0, 8), dtype=np.float32))
    assert packed == b""
    assert unpack_sentence_vectors(packed, 8).shape == (0, 8)


@given(nps.arrays(np.float32, 16, elements=VALUES))
def test_packed_vector_keeps_its_direction(vector: np.ndarray) -> None:  # type: ignore[type-arg,unused-ignore]
    """Float16 changes no cosine by more than a thousandth."""
    assume(np.linalg.norm(vector) > 0.01)
    vector = vector / np.linalg.norm(vector)
    kept = np.frombuffer(pack_vector(vector), dtype="<f2").astype(np.float32)
    assert float(kept @ vector) == pytest.approx(1.0, abs=1e-3)


@given(ROWS)
def test_packed_sentence_vectors_keep_their_directions(rows: np.ndarray) -> None:  # type: ignore[type-arg,unused-ignore]
    """Int8, scaled row by row, changes no cosine by more than a thousandth, and each unpacked row has length one."""
    lengths = np.linalg.norm(rows, axis=1)
    assume(lengths.min() > 1e-3)
    kept = unpack_sentence_vectors(pack_sentence_vectors(rows), 8)
    assert np.linalg.norm(kept, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (kept * rows).sum(axis=1) / lengths == pytest.approx(1.0, abs=1e-3)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_flipped_bit_changes_the_checksum(blob: bytes, data: st.DataObject) -> None:
    """The checksum detects a change of any single bit, and of the place of the passage."""
    at = data.draw(st.integers(0, len(blob) * 8 - 1))
    flipped = bytearray(blob)
    flipped[at // 8] ^= 1 << at % 8
    assert checksum((0, 1, 2), "text", blob) != checksum((0, 1, 2), "text", bytes(flipped))
    assert checksum((0, 1, 2), "text", blob) != checksum((0, 1, 3), "text", blob)
