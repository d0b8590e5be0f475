"""Documents that were not read here from their first word to their last: claimed ones, and beginnings of long ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.storage import tables

if TYPE_CHECKING:
    from index.storage.database import Connection


def mark(connection: Connection, number: int, *, claimed: bool, whole: int) -> None:
    """Record that a document is only claimed, or the beginning of one with `whole` passages, if that is so."""
    if claimed:
        mark_claimed(connection, number)
    if whole:
        mark_part(connection, number, whole)


def mark_claimed(connection: Connection, number: int) -> None:
    """Record that the document's file was never read here."""
    connection.execute("INSERT INTO claims VALUES (?)", (number,))


def remove_claimed(connection: Connection, identity: str, generation: int) -> bool:
    """Remove a document that was only claimed, with all its claimed sources. Return whether there was one."""
    row = connection.execute(
        "SELECT number FROM documents WHERE id = ? AND number IN (SELECT document FROM claims)", (identity,)
    ).fetchone()
    if row is not None:
        tables.remove(connection, row[0], generation)
    return row is not None


def mark_part(connection: Connection, number: int, passages: int) -> None:
    """Record that the document is the beginning of one with this many passages."""
    connection.execute("INSERT INTO parts VALUES (?, ?)", (number, passages))


def remove_part(connection: Connection, identity: str, generation: int) -> list[str]:
    """Remove the first part of a document, and return its sources; empty if there is no such part."""
    rows = connection.execute(
        "SELECT s.source, s.document FROM sources s JOIN documents d ON d.number = s.document"
        " WHERE d.id = ? AND d.number IN (SELECT document FROM parts)",
        (identity,),
    ).fetchall()
    for found in {row[1] for row in rows}:
        tables.remove(connection, found, generation)
    return [row[0] for row in rows]
