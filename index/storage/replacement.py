"""Replaces a catalog by a new one, which is filled beside it and then swapped in by one transaction.

The new one is an ordinary catalog on disk, so a kill loses nothing that it already contains. Documents keep their
numbers; their passages get ids that the old catalog has never used and will never use.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from index.errors import LibraryLocked, LibraryNotWritable
from index.storage import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.records import Chunk, Document
    from index.storage.catalog.catalog import Catalog
    from index.storage.store import FolderStore

_BLOCK = 4096
"""The number of ids that are reserved in the old catalog at a time."""
_COPIED_TABLES = ("sources", "arrivals", "predecessors")
"""Tables of two columns that are copied as they are, at the end."""
_STAYING_FILES = ("catalog.db", "writer.", "queue.db", "files.db")
_LEXICAL = "lexical"
_TEMPORARY_SUFFIXES = (".lock", ".part")


class Successor:
    """The new catalog, and the old one that it will replace."""

    def __init__(self, old: Catalog, new: Catalog, fingerprint: str) -> None:
        self._old = old
        self._new = new
        self._fingerprint = fingerprint
        self._free = range(0)

    @property
    def matches(self) -> bool:
        """Whether it was begun for the present state of this library, with the same encoder and chunking."""
        return _origin(self._new) == self._old.library_id and self._new.fingerprint() in ("", self._fingerprint)

    @property
    def begun(self) -> bool:
        """Whether it was begun for any library."""
        return bool(_origin(self._new))

    def begin(self) -> None:
        """Record which library it will replace."""
        with self._new.database.writing() as connection:
            connection.execute("INSERT INTO meta VALUES ('rebuilt_from', ?)", (self._old.library_id,))

    def missing(self) -> list[int]:
        """Return the numbers of the documents that it lacks; documents that the old catalog lacks are removed."""
        old, new = _documents(self._old), _documents(self._new)
        for number, _ in sorted(new - old):
            self._new.remove(number)
        return [number for number, _ in sorted(old - new)]

    def put(
        self, number: int, document: Document, chunks: Sequence[Chunk], vectors: Sequence[tables.PackedVectors]
    ) -> None:
        """Store a document of the old catalog under the same number."""
        first = self._ids(len(chunks))
        with self._new.database.writing() as connection:
            tables.raise_sequence(connection, "passages", first - 1)
            generation = tables.next_generation(connection)
            connection.execute("UPDATE meta SET value = ? WHERE key = 'fingerprint'", (self._fingerprint,))
            tables.insert_document(connection, document, chunks, generation, number)
            tables.insert_passages(connection, number, document, chunks, vectors)
            if self._old.claimed([document.id]):
                tables.mark_claimed(connection, number)
            if whole := self._old.unfinished().get(number):
                tables.mark_part(connection, number, whole)
            connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?)", (document.source, number))

    def finish(self) -> None:
        """Copy all sources, the documents' history and the id counters. Call only while writers are locked out."""
        with self._old.database.snapshot():
            copied = {name: self._old.database.rows(f"SELECT * FROM {name}") for name in _COPIED_TABLES}
            highest = self._old.database.rows("SELECT name, seq FROM sqlite_sequence")
            generation = max(self._old.generation(), self._new.generation()) + 1
        with self._new.database.writing() as connection:
            for table, rows in copied.items():
                connection.execute(f"DELETE FROM {table}")
                connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)
            for name, number in highest:
                tables.raise_sequence(connection, name, number)
            connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),))

    def _ids(self, count: int) -> int:
        """Reserve `count` consecutive ids, and return the first."""
        if len(self._free) < count:
            size = max(count, _BLOCK)
            with self._old.database.writing() as connection:
                connection.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'passages'", (size,))
                last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()[0]
            self._free = range(last - size + 1, last + 1)
        first, self._free = self._free.start, self._free[count:]
        return first


def _origin(catalog: Catalog) -> str:
    rows = catalog.database.rows("SELECT value FROM meta WHERE key = 'rebuilt_from'")
    return str(rows[0][0]) if rows else ""


def _documents(catalog: Catalog) -> set[tuple[int, str]]:
    return set(catalog.database.rows("SELECT number, id FROM documents"))


def replace_contents(
    store: FolderStore, other: FolderStore, progress: Callable[[int, int], None] | None = None
) -> None:
    """Replace a library's contents with those of `other`, and close `other`. Call within `store.writing()`.

    All processes that have the library open see the old contents until the transaction ends, then the new ones. The
    new contents have another library id, which tells those processes that their caches are stale. A kill before the
    end of the transaction changes nothing; after a later kill, the indexes are rebuilt.
    """
    store.catalog.database.replace_with(other.catalog.database, progress)
    other.close()
    store.follow()
    for new in sorted(other.folder.iterdir()):
        # The catalog is replaced already, and the caches can be rebuilt: errors no longer matter.
        with suppress(OSError, LibraryNotWritable, LibraryLocked):
            if new.name == _LEXICAL:
                store.replace_lexical(new)
            elif (
                new.is_file() and not new.name.startswith(_STAYING_FILES) and not new.name.endswith(_TEMPORARY_SUFFIXES)
            ):
                new.replace(store.folder / new.name)
