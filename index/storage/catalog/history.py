"""Queries for the history: what came and went since a generation. Each public function is a method of `Catalog`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from index.storage import schema
from index.storage.catalog.rows import LISTED, DocumentRange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.storage.catalog.rows import WithDatabase
    from index.storage.database import Database


def ranges(catalog: WithDatabase, numbers: Sequence[int]) -> list[DocumentRange]:
    """Return the passage ids of these documents."""
    query = f"SELECT number, first, passages FROM documents WHERE number IN {LISTED}"
    return _ranges(catalog.database, query, [json.dumps(list(numbers))])


def added_since(catalog: WithDatabase, generation: int, *, until: int = schema.NEVER) -> list[DocumentRange]:
    """Return the documents that came after a generation, up to the generation `until`, and still exist."""
    query = "SELECT number, first, passages FROM documents WHERE generation > ? AND generation <= ? ORDER BY number"
    return _ranges(catalog.database, query, [generation, until])


def removed_since(catalog: WithDatabase, generation: int) -> list[DocumentRange] | None:
    """Return the documents that went after a generation.

    None if that is forgotten: whatever was made from that generation must be made anew. Nothing can have gone after
    generation 0, so its list is always known.
    """
    query = "SELECT document, first, passages FROM removals WHERE generation > ? ORDER BY generation"
    with catalog.database.snapshot():
        known = generation <= 0 or generation >= removals_from(catalog)
        return _ranges(catalog.database, query, [generation]) if known else None


def removals_from(catalog: WithDatabase) -> int:
    """Return the generation after which all removals are known."""
    rows = catalog.database.rows("SELECT value FROM meta WHERE key = 'removals_from'")
    if rows and not str(rows[0][0]).isdecimal():
        raise catalog.database.damaged(f"its removals are from {rows[0][0]!r}")
    return int(rows[0][0]) if rows else 0


def generation_after(catalog: WithDatabase, generation: int, passages: int) -> int:
    """Return the generation by which about `passages` passages came after that one; NEVER if fewer came."""
    query = "SELECT generation, passages FROM documents WHERE generation > ? ORDER BY generation LIMIT ?"
    total = 0
    for reached, count in catalog.database.rows(query, [generation, passages]):
        total += count
        if total >= passages:
            return int(reached)
    return schema.NEVER


def highest(catalog: WithDatabase) -> int:
    """Return the highest passage id ever given: an upper bound of the number of passages, without counting them."""
    rows = catalog.database.rows("SELECT seq FROM sqlite_sequence WHERE name = 'passages'")
    return int(rows[0][0]) if rows else 0


def _ranges(database: Database, query: str, values: Sequence[Any]) -> list[DocumentRange]:
    """Return the ranges that a query gives. Raises LibraryDamaged for ids that were never given to a passage."""
    rows = database.rows(query, values)
    last = database.rows("SELECT seq FROM sqlite_sequence WHERE name = 'passages'") if rows else []
    for row in rows:
        if not all(isinstance(value, int) for value in row) or not 0 < row[1] <= row[1] + row[2] <= last[0][0] + 1:
            raise database.damaged(f"document {row[0]} has passages that never were")
    return [DocumentRange(*row) for row in rows]
