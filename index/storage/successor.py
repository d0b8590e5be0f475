"""A catalog that is to take another one's place: filled beside it, document by document.

It is stored like any other, so that a kill costs nothing of what is in it. Documents keep their numbers; their
passages have ids that the old catalog has never given and will not give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.storage import filing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import Chunk, Document
    from index.storage.catalog import Catalog
    from index.storage.database import Connection

_BLOCK = 4096
"""Ids that are taken from the old catalog together."""


class Successor:
    """The new catalog, with the old one that it follows."""

    def __init__(self, old: Catalog, new: Catalog, fingerprint: str) -> None:
        self._old = old
        self._new = new
        self._fingerprint = fingerprint
        self._free = range(0)

    @property
    def fits(self) -> bool:
        """Whether it was begun for this library as it is now, and with the same encoder and chunking."""
        return _origin(self._new) == self._old.library_id and self._new.fingerprint() in ("", self._fingerprint)

    @property
    def begun(self) -> bool:
        """Whether it was begun for any library."""
        return bool(_origin(self._new))

    def begin(self) -> None:
        """Note which library it follows."""
        with self._new.database.writing() as connection:
            connection.execute("INSERT INTO meta VALUES ('rebuilt_from', ?)", (self._old.library_id,))

    def missing(self) -> list[int]:
        """The numbers of documents that the old catalog has and this one has not; what only this one has goes."""
        wanted, there = _documents(self._old), _documents(self._new)
        for number, _ in sorted(there - wanted):
            self._new.remove(number)
        return [number for number, _ in sorted(wanted - there)]

    def put(
        self, number: int, document: Document, chunks: Sequence[Chunk], vectors: Sequence[filing.PackedVectors]
    ) -> None:
        """Store a document of the old catalog under its number."""
        first = self._ids(len(chunks))
        with self._new.database.writing() as connection:
            _set_sequence(connection, "passages", first - 1)
            generation = filing.next_generation(connection)
            connection.execute("UPDATE meta SET value = ? WHERE key = 'fingerprint'", (self._fingerprint,))
            filing.insert_document(connection, document, chunks, generation, number)
            filing.insert_passages(connection, number, document, chunks, vectors)
            if not self._old.was_read(document.id):
                filing.claim(connection, number)
            connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?)", (document.source, number))

    def settle(self) -> None:
        """Take over what else the old catalog has: all sources, and the highest numbers. Nobody may change it now."""
        with self._old.database.snapshot():
            sources = self._old.database.rows("SELECT source, document FROM sources")
            highest = self._old.database.rows("SELECT name, seq FROM sqlite_sequence")
            generation = max(self._old.generation(), self._new.generation()) + 1
        with self._new.database.writing() as connection:
            connection.execute("DELETE FROM sources")
            connection.executemany("INSERT INTO sources VALUES (?, ?)", sources)
            for name, number in highest:
                _set_sequence(connection, name, number)
            connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),))

    def _ids(self, count: int) -> int:
        """The first of so many ids in a row."""
        if len(self._free) < count:
            taken = max(count, _BLOCK)
            with self._old.database.writing() as connection:
                connection.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'passages'", (taken,))
                last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()[0]
            self._free = range(last - taken + 1, last + 1)
        first, self._free = self._free.start, self._free[count:]
        return first


def _origin(catalog: Catalog) -> str:
    rows = catalog.database.rows("SELECT value FROM meta WHERE key = 'rebuilt_from'")
    return str(rows[0][0]) if rows else ""


def _documents(catalog: Catalog) -> set[tuple[int, str]]:
    return set(catalog.database.rows("SELECT number, id FROM documents"))


def _set_sequence(connection: Connection, name: str, number: int) -> None:
    """Let a table go on counting from there, never from below."""
    if not connection.execute("SELECT 1 FROM sqlite_sequence WHERE name = ?", (name,)).fetchone():
        connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, number))
    connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, name))
