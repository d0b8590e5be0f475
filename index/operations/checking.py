"""Checks that a catalog from a file is a Pincite catalog, and undamaged to the last passage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.errors import LibraryDamaged
from index.storage import schema

if TYPE_CHECKING:
    from pathlib import Path

    from index.operations.results import Watch
    from index.storage.catalog import Catalog

_HEADER = b"SQLite format 3\0"


def find_header_flaw(path: Path) -> str:
    """Return why a file's header is not a catalog's; empty if it is."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(_HEADER):
        return "it is not a database"
    if int.from_bytes(header[68:72]) != schema.APPLICATION_ID:
        return "it is a database of another program"
    return "" if int.from_bytes(header[60:64]) else "it is empty"


def find_flaw(catalog: Catalog, progress: Watch | None = None) -> str:
    """Return the first flaw of a catalog; empty if there is none.

    A library has no triggers and no views: they would run foreign code in our transactions.
    """
    try:
        if catalog.database.rows("SELECT 1 FROM sqlite_schema WHERE type IN ('trigger', 'view') LIMIT 1"):
            return "it contains triggers or views"
        found = catalog.database.rows("PRAGMA integrity_check(1)")[0][0]
        if found != "ok":
            return str(found)
        numbers = catalog.database.rows("SELECT number FROM documents ORDER BY number")
        for done, (number,) in enumerate(numbers, 1):
            catalog.passages_of(number)
            if progress:
                progress("checking", done, len(numbers))
        catalog.documents()
        catalog.removals_from()
        if not catalog.library_id or catalog.generation() < 0 or (numbers and not catalog.fingerprint()):
            return "it lacks its id, generation or fingerprint"
    except LibraryDamaged as error:
        return error.detail
    return ""
