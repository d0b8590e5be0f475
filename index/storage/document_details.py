"""What the catalog keeps of a document besides its text: its tables, its recognised words, and how it was read.

A long table and the words of a page are one compressed row each, so that showing one span does not read the whole
document.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from index.records import Reading, RecognisedWord, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import Document, Span
    from index.storage.database import Connection, Database

_LARGEST = 1 << 26
"""Bytes of unpacked content, beyond which a row is damaged."""


def insert_details(connection: Connection, number: int, document: Document) -> None:
    """Store the tables, the recognised words and the reading of a document."""
    if document.tables or document.recognised or document.reading != Reading():
        tables = ((number, table.start, table.end, _packed(table.as_lists())) for table in document.tables)
        connection.executemany("INSERT INTO cells VALUES (?, ?, ?, ?)", tables)
        connection.executemany("INSERT INTO recognised VALUES (?, ?, ?, ?)", _pages(number, document.recognised))
        reading = json.dumps(asdict(document.reading), ensure_ascii=False)
        connection.execute("INSERT INTO readings VALUES (?, ?)", (number, reading))


def _pages(number: int, words: Sequence[RecognisedWord]) -> list[tuple[int, int, int, bytes]]:
    pages = [list(group) for _, group in groupby(words, key=lambda word: word.page)]
    return [(number, page[0].start, page[-1].end, _packed(page)) for page in pages]


def passages_with_tables(database: Database, condition: str, values: Sequence[Any]) -> list[tuple[int, int, int, int]]:
    """Return id, document, start and end of the passages `p` that a condition selects and that have rows of a table."""
    among = "EXISTS (SELECT 1 FROM cells c WHERE c.document = p.document AND c.start < p.end AND c.end > p.start)"
    query = f"SELECT p.id, p.document, p.start, p.end FROM passages p WHERE ({condition}) AND {among}"  # noqa: S608
    return database.rows(query, values)


def tables_in(database: Database, number: int, span: Span | None = None) -> tuple[Table, ...]:
    """Return the tables of a document that overlap a span, or all of them, in order. Raises LibraryDamaged."""
    return tuple(_table(database, content) for content in _contents(database, "cells", number, span))


def recognised_in(database: Database, number: int, span: Span | None = None) -> tuple[RecognisedWord, ...]:
    """Return the recognised words of a document that overlap a span, or all, in order. Raises LibraryDamaged."""
    pages = [_words(database, content) for content in _contents(database, "recognised", number, span)]
    return tuple(word for page in pages for word in page if span is None or _overlaps(word, span))


def details_in(
    database: Database, places: Sequence[tuple[int, Span]]
) -> list[tuple[tuple[Table, ...], tuple[RecognisedWord, ...]]]:
    """Return the tables and the recognised words that overlap each place: a document's number and a span in it.

    Most documents have neither, so two queries for all places come first.
    """
    tabular, recognised = (_documents_in(database, table, places) for table in ("cells", "recognised"))
    return [
        (
            tables_in(database, number, span) if number in tabular else (),
            recognised_in(database, number, span) if number in recognised else (),
        )
        for number, span in places
    ]


def _documents_in(database: Database, table: str, places: Sequence[tuple[int, Span]]) -> set[int]:
    """Return the numbers of the documents of these places that have rows in a table."""
    query = f"SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM {table} WHERE document = value)"  # noqa: S608
    return {row[0] for row in database.rows(query, [json.dumps(sorted({number for number, _ in places}))])}


def reading_of(database: Database, content: str) -> Reading:
    """Return the reading that was stored as JSON. Raises LibraryDamaged."""
    try:
        return _reading(content)
    except (TypeError, ValueError) as error:
        raise database.damaged(f"a document was read in an unknown way: {error}") from error


@lru_cache(maxsize=64)
def _reading(content: str) -> Reading:
    return Reading.of(json.loads(content))


def _overlaps(word: RecognisedWord, span: Span) -> bool:
    return word.start < max(span.end, span.start + 1) and word.end > span.start


def _contents(database: Database, table: str, number: int, span: Span | None) -> list[bytes]:
    query = f"SELECT content FROM {table} WHERE document = ?"  # noqa: S608 - one of our tables
    if span is None:
        return [row[0] for row in database.rows(f"{query} ORDER BY start", [number])]
    bounds = [number, max(span.end, span.start + 1), span.start]
    return [row[0] for row in database.rows(f"{query} AND start < ? AND end > ? ORDER BY start", bounds)]


def _packed(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def _table(database: Database, content: bytes) -> Table:
    try:
        return _unpacked_table(content)
    except (TypeError, ValueError, zlib.error) as error:
        raise database.damaged(f"a table of a document is damaged: {error}") from error


@lru_cache(maxsize=64)
def _unpacked_table(content: bytes) -> Table:
    return Table.of(_unpacked(content))


def _words(database: Database, content: bytes) -> list[RecognisedWord]:
    try:
        return [RecognisedWord(*word) for word in _unpacked(content)]
    except (TypeError, ValueError, zlib.error) as error:
        raise database.damaged(f"the recognised words of a page are damaged: {error}") from error


def _unpacked(content: bytes) -> Any:
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(content, _LARGEST)
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise ValueError("it is too long, or incomplete")
    return json.loads(data.decode("utf-8", "surrogatepass"))
