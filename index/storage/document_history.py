"""The history of documents: when each was added, and which ones were replaced by another version of their file.

Of a replaced document, only its id is kept, and only as long as the library has a newer version of the same source.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.storage.catalog.rows import WithDatabase
    from index.storage.database import Connection

_AFTER_HEXADECIMAL = "g"


def note(connection: Connection, number: int, source: str, former: str) -> None:
    """Record that a document was added now, and that it replaced the `former` one of its source, given by its id.

    Nothing was replaced if there was none, or if it still exists under another source.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    connection.execute("INSERT OR REPLACE INTO arrivals VALUES (?, ?)", (number, now))
    connection.execute(
        "INSERT OR REPLACE INTO predecessors SELECT ?1, ?2 WHERE ?1 <> '' AND ?1 NOT IN (SELECT id FROM documents)",
        (former, source),
    )


def id_at(connection: Connection, source: str) -> str:
    """Return the id of the document that has this source; empty if there is none."""
    row = connection.execute(
        "SELECT d.id FROM sources s JOIN documents d ON d.number = s.document WHERE s.source = ?", (source,)
    ).fetchone()
    return str(row[0]) if row else ""


def forget_replaced(connection: Connection) -> None:
    """Forget the replaced documents of sources that the library no longer has."""
    connection.execute("DELETE FROM predecessors WHERE source NOT IN (SELECT source FROM sources)")


def added_at(catalog: WithDatabase, identity: str) -> str:
    """Return when the document with this id was added, as ISO 8601 in UTC; empty if that is not known."""
    query = "SELECT a.added FROM arrivals a JOIN documents d ON d.number = a.document WHERE d.id = ?"
    rows = catalog.database.rows(query, [identity])
    return str(rows[0][0]) if rows else ""


def successor_of(catalog: WithDatabase, identity: str) -> str:
    """Return the id of the document that replaced the one whose id begins so; empty if none is known for certain."""
    query = (
        "SELECT d.id FROM predecessors p JOIN sources s ON s.source = p.source"
        " JOIN documents d ON d.number = s.document WHERE p.id >= ? AND p.id < ? LIMIT 2"
    )
    rows = catalog.database.rows(query, [identity, identity + _AFTER_HEXADECIMAL])
    return str(rows[0][0]) if len(rows) == 1 else ""
