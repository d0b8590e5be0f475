"""Queries for documents and for the history of changes, and the rows that a catalog returns."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from index.records import DocumentInfo
from index.storage import tables
from index.storage.tables import reading_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import Landmark, Span
    from index.storage.database import Database


_AFTER_HEXADECIMAL = "g"
JSON_VALUES = "(SELECT value FROM json_each(?))"
"""SQL for any number of values in one JSON parameter, because SQLite limits the number of parameters."""


class WithDatabase(Protocol):
    """The part of the catalog that a query needs."""

    @property
    def database(self) -> Database:
        """The catalog's database."""
        ...


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a document: whole passages, and the landmarks among them."""

    start: int
    """The offset of the piece in the document's text."""
    text: str
    landmarks: tuple[Landmark, ...]
    """Ordered by offset."""

    @property
    def end(self) -> int:
        """The offset of its end."""
        return self.start + len(self.text)

    def of(self, span: Span) -> str:
        """Return the part of the text within a span of the document."""
        return self.text[max(0, span.start - self.start) : max(0, span.end - self.start)]


@dataclass(frozen=True, slots=True)
class DocumentRange:
    """The ids of one document's passages: `first` to `first + passages - 1`."""

    number: int
    first: int
    passages: int


def runs(ranges: Sequence[DocumentRange], size: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last ids of blocks of about `size` passages; neighbouring documents share a block."""
    first = last = None
    for document in ranges:
        for start in range(document.first, document.first + document.passages, size):
            end = min(start + size, document.first + document.passages) - 1
            if first is not None and last is not None and start == last + 1 and end - first < size:
                last = end
                continue
            if first is not None and last is not None:
                yield first, last
            first, last = start, end
    if first is not None and last is not None:
        yield first, last


_INFO = """
    SELECT d.number, d.id, (SELECT min(source) FROM sources s WHERE s.document = d.number) AS source,
           d.title, d.author, d.date, d.media_type, d.characters, d.pages, d.passages, d.notes,
           d.number IN (SELECT document FROM claims) AS claimed,
           coalesce((SELECT passages FROM parts WHERE document = d.number), 0) AS whole,
           coalesce((SELECT content FROM readings WHERE document = d.number), '{}') AS reading
    FROM documents d
"""
_WHOLLY_READ = "number NOT IN (SELECT document FROM claims) AND number NOT IN (SELECT document FROM parts)"
_SOURCES = "SELECT s.source, d.id FROM sources s JOIN documents d ON d.number = s.document"


def documents(catalog: WithDatabase) -> list[DocumentInfo]:
    """Return all documents, ordered by source."""
    return list(_infos(catalog.database, "ORDER BY source, d.number").values())


def all_infos(catalog: WithDatabase) -> dict[int, DocumentInfo]:
    """Return all documents by number."""
    return _infos(catalog.database, "")


def infos(catalog: WithDatabase, numbers: Sequence[int]) -> dict[int, DocumentInfo]:
    """Return the documents with these numbers, as far as they exist."""
    return _infos(catalog.database, f"WHERE d.number IN {JSON_VALUES}", json.dumps(list(numbers)))


def identified(catalog: WithDatabase, names: Sequence[str]) -> list[DocumentInfo]:
    """Return the documents whose id, or one of whose sources, is among these names."""
    names_json = json.dumps(list(names))
    by_source = f"SELECT document FROM sources WHERE source IN {JSON_VALUES}"
    condition = f"WHERE d.id IN {JSON_VALUES} OR d.number IN ({by_source})"
    return list(_infos(catalog.database, condition, names_json, names_json).values())


def number_of(catalog: WithDatabase, identity: str) -> int | None:
    """Return the number of the document with this id; None if there is none."""
    rows = catalog.database.rows("SELECT number FROM documents WHERE id = ?", [identity])
    return int(rows[0][0]) if rows else None


def was_read(catalog: WithDatabase, identity: str) -> bool:
    """Return whether all of the document with this id was read from a file here; False for an imported document."""
    query = f"SELECT 1 FROM documents WHERE id = ? AND {_WHOLLY_READ}"
    return bool(catalog.database.rows(query, [identity]))


def claimed(catalog: WithDatabase, ids: Sequence[str] | None = None) -> frozenset[str]:
    """Return the ids of the documents whose files were never read here: of all, or among these ids."""
    query = "SELECT id FROM documents WHERE number IN (SELECT document FROM claims)"
    if ids is None:
        rows = catalog.database.rows(query)
    else:
        rows = catalog.database.rows(f"{query} AND id IN {JSON_VALUES}", [json.dumps(list(ids))])
    return frozenset(row[0] for row in rows)


def unfinished(catalog: WithDatabase) -> dict[int, int]:
    """Return the number of passages that each document of which only a first part was read will have, by number."""
    return dict(catalog.database.rows("SELECT document, passages FROM parts"))


def to_read(catalog: WithDatabase) -> frozenset[str]:
    """Return the ids of the documents whose files have to be read: they are claimed, or a first part was read."""
    query = f"SELECT id FROM documents WHERE NOT ({_WHOLLY_READ})"
    return frozenset(row[0] for row in catalog.database.rows(query))


def media_types(catalog: WithDatabase, ids: Sequence[str]) -> dict[str, str]:
    """Return the media types of the given documents by id, as far as they exist and were wholly read here."""
    query = f"SELECT id, media_type FROM documents WHERE id IN {JSON_VALUES} AND {_WHOLLY_READ}"
    return dict(catalog.database.rows(query, [json.dumps(list(ids))]))


def first_sources(catalog: WithDatabase) -> dict[int, str]:
    """Return the source of each document by its number; if it has several, the first one."""
    return dict(catalog.database.rows("SELECT document, min(source) FROM sources GROUP BY document"))


def sources(catalog: WithDatabase) -> list[tuple[str, str]]:
    """Return each source and the id of its document, ordered by source."""
    return catalog.database.rows(f"{_SOURCES} ORDER BY 1")


def sources_below(catalog: WithDatabase, folder: str) -> dict[str, str]:
    """Return each source in a folder or below it, and the id of its document."""
    below = folder.rstrip(os.sep) + os.sep
    after = below[:-1] + chr(ord(os.sep) + 1)
    return dict(catalog.database.rows(f"{_SOURCES} WHERE s.source >= ? AND s.source < ?", [below, after]))


def sources_of(catalog: WithDatabase, number: int) -> list[str]:
    """Return the sources of a document, in order."""
    rows = catalog.database.rows("SELECT source FROM sources WHERE document = ? ORDER BY source", [number])
    return [row[0] for row in rows]


def document_of(catalog: WithDatabase, source: str) -> str:
    """Return the id of the document that was read from this source; empty if there is none."""
    rows = catalog.database.rows(f"{_SOURCES} WHERE s.source = ?", [source])
    return str(rows[0][1]) if rows else ""


def documents_of(catalog: WithDatabase, sources: Sequence[str]) -> dict[str, str]:
    """Return the ids of the documents that were read from these sources, by source."""
    return dict(catalog.database.rows(f"{_SOURCES} WHERE s.source IN {JSON_VALUES}", [json.dumps(list(sources))]))


def _infos(database: Database, condition: str, *values: Any) -> dict[int, DocumentInfo]:
    """Return the documents that a condition selects, by number, in the order of the query."""
    rows = database.rows(f"{_INFO} {condition}", values)
    return {row[0]: _info(database, row) for row in rows}


def _info(database: Database, row: Sequence[Any]) -> DocumentInfo:
    *stated, notes, claimed, whole, reading = row[1:]
    try:
        details = (tuple(json.loads(notes)), bool(claimed), False, whole, reading_of(reading))
    except (TypeError, ValueError) as error:
        raise database.damaged(f"the notes or the reading of document {row[0]} are damaged: {error}") from error
    return DocumentInfo(*stated, *details)  # type: ignore[call-arg,unused-ignore]


def ranges(catalog: WithDatabase, numbers: Sequence[int]) -> list[DocumentRange]:
    """Return the passage ids of these documents."""
    query = f"SELECT number, first, passages FROM documents WHERE number IN {JSON_VALUES}"
    return _ranges(catalog.database, query, [json.dumps(list(numbers))])


def added_since(catalog: WithDatabase, generation: int, *, until: int = tables.NEVER) -> list[DocumentRange]:
    """Return the documents that were added after a generation, up to the generation `until`, and still exist."""
    query = "SELECT number, first, passages FROM documents WHERE generation > ? AND generation <= ? ORDER BY number"
    return _ranges(catalog.database, query, [generation, until])


def removed_since(catalog: WithDatabase, generation: int) -> list[DocumentRange] | None:
    """Return the documents that were removed after a generation; None if that is no longer recorded.

    After None, a cache that was made from that generation must be made again. For generation 0,
    when the library was empty, the result is never None.
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
    """Return the generation by which about `passages` more passages were added; NEVER if there were fewer."""
    query = "SELECT generation, passages FROM documents WHERE generation > ? ORDER BY generation LIMIT ?"
    total = 0
    for reached, count in catalog.database.rows(query, [generation, passages]):
        total += count
        if total >= passages:
            return int(reached)
    return tables.NEVER


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
            raise database.damaged(f"document {row[0]} has passages that never existed")
    return [DocumentRange(*row) for row in rows]
