"""Queries for passages, vectors, texts and landmarks. Each public function is a method of `Catalog`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from index.records import Document, Landmark, Location, Passage, Span
from index.records.file_kinds import format_of
from index.records.table import words_above
from index.storage import tables
from index.storage.catalog.document_queries import JSON_VALUES, DocumentRange, Excerpt, infos, runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import LandmarkKind, Table, WordBox
    from index.storage.catalog.document_queries import WithDatabase
    from index.storage.database import Connection, Database

    Array = np.ndarray[Any, Any]

_TEXT_BLOCK = 2048
"""Passages in a block of texts."""
_VECTOR_BLOCK = 8192
"""Passages in a block of vectors."""
_KEYS = 500
"""Maximum number of keys in one query, because SQLite limits the number of parameters."""
_HAS_ROWS = "EXISTS (SELECT 1 FROM cells c WHERE c.document = p.document AND c.start < p.end AND c.end > p.start)"
"""Whether a passage has rows of a table; most have none."""
_COLUMNS = f"""p.id, d.id, p.ordinal, p.start, p.end, p.text, p.sentences, p.document, v.sentences, v.vector,
    p.checksum, (SELECT group_concat(l.start) FROM landmarks l WHERE l.document = p.document
     AND l.kind = 'heading' AND l.start >= p.start AND l.start < p.end), d.media_type, d.title, {_HAS_ROWS}"""
_LANDMARKS = "SELECT kind, start, label, level FROM landmarks WHERE document = ?"


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage with its document's number and its packed sentence vectors."""

    passage: Passage
    number: int
    sentence_vectors: bytes
    vector: bytes
    headings: frozenset[int]
    """Offsets in the document's text of the headings within the passage."""
    structured: bool = False
    """Whether the document is data or markup: then not all lines are sentences."""
    title: str = ""
    """The document's title; empty if it states none."""
    slides: bool = False
    """Whether the document is a presentation: its lines state something without a full stop."""
    tables: tuple[Table, ...] = ()
    """The tables that the passage contains rows of."""


def passages(catalog: WithDatabase, ids: Sequence[int]) -> dict[int, PassageRow]:
    """Return the passages with these ids, as far as they exist. Raises LibraryDamaged if a checksum is wrong."""
    rows = _rows(catalog.database, f"p.id IN {JSON_VALUES}", [json.dumps(list(ids))])
    return {row.passage.id: row for row, _ in rows}


def numbers(catalog: WithDatabase, ids: Sequence[int]) -> dict[int, int]:
    """Return the document numbers of these passages, as far as they exist."""
    query = f"SELECT id, document FROM passages WHERE id IN {JSON_VALUES}"
    return dict(catalog.database.rows(query, [json.dumps(list(ids))]))


def passages_of(catalog: WithDatabase, number: int) -> list[Passage]:
    """Return all passages of a document, in order. Raises LibraryDamaged if some are missing."""
    return [row.passage for row, _ in rows_of(catalog, number)]


def rows_of(catalog: WithDatabase, number: int) -> list[tuple[PassageRow, str]]:
    """Return all passages of a document with their vectors, each with the white space that follows it."""
    database = catalog.database
    with database.snapshot():
        rows = _rows(database, "p.document = ?", [number])
        due = database.rows("SELECT passages FROM documents WHERE number = ?", [number])
    if due and due[0][0] != len(rows):
        raise database.damaged(f"document {number} lacks passages: {len(rows)} of {due[0][0]} are there")
    return rows


def rows_around(catalog: WithDatabase, number: int, span: Span) -> list[tuple[PassageRow, str]]:
    """Return the passages of a document that contain a span, in order, each with the white space after it."""
    begins = "(SELECT max(ordinal) FROM passages WHERE document = ? AND start <= ?)"
    condition = f"p.document = ? AND p.start < ? AND p.ordinal >= coalesce({begins}, 0)"
    return _rows(catalog.database, condition, [number, max(span.end, span.start + 1), number, span.start])


def texts(catalog: WithDatabase, ranges: Sequence[DocumentRange]) -> Iterator[tuple[int, int, str, str]]:
    """Yield id, document number and text of the passages in these ranges, and the headers that their rows lack."""
    query = "SELECT id, document, substr(text, 1, end - start) FROM passages WHERE id BETWEEN ? AND ?"
    for first, last in runs(ranges, _TEXT_BLOCK):
        above = _words_above(catalog.database, first, last)
        for identity, number, text in catalog.database.rows(query, [first, last]):
            yield identity, number, text, above.get(identity, "")


def _words_above(database: Database, first: int, last: int) -> dict[int, str]:
    """Return the headers of the rows in passages with ids from `first` to `last`, by passage."""
    columns = "p.id, p.document, p.start, p.end, substr(p.text, 1, p.end - p.start)"
    query = f"SELECT {columns} FROM passages p WHERE p.id BETWEEN ? AND ? AND {_HAS_ROWS}"
    return {
        identity: words_above(tables.tables_in(database, number, Span(start, end)), Span(start, end), text)
        for identity, number, start, end, text in database.rows(query, [first, last])
    }


def vectors(catalog: WithDatabase, ranges: Sequence[DocumentRange]) -> Iterator[tuple[Array, Array]]:
    """Yield ids (n,) and vectors (n, dimension), float32, of the passages in these ranges, in blocks."""
    query = "SELECT passage, vector FROM vectors WHERE passage BETWEEN ? AND ?"
    for first, last in runs(ranges, _VECTOR_BLOCK):
        if rows := catalog.database.rows(query, [first, last]):
            yield np.asarray([row[0] for row in rows], dtype=np.int64), _stacked(catalog.database, rows)


def vectors_of(catalog: WithDatabase, ids: Sequence[int]) -> tuple[list[int], Array]:
    """Return ids and vectors (n, dimension), float32, of these passages, as far as they exist."""
    query = f"SELECT passage, vector FROM vectors WHERE passage IN {JSON_VALUES}"
    rows = catalog.database.rows(query, [json.dumps(list(ids))])
    return [row[0] for row in rows], _stacked(catalog.database, rows)


def vectors_by_key(catalog: WithDatabase, keys: Sequence[bytes]) -> dict[bytes, tables.PackedVectors]:
    """Return the vectors that are already stored for texts with these hashes.

    Vectors of claimed documents are not used: they come from a portable file, whose hashes may belong to other texts.
    """
    found: dict[bytes, tables.PackedVectors] = {}
    for start in range(0, len(keys), _KEYS):
        some = keys[start : start + _KEYS]
        marks = ", ".join("?" * len(some))
        query = f"""SELECT v.key, v.vector, v.sentences FROM vectors v JOIN passages p ON p.id = v.passage
                    WHERE v.key IN ({marks}) AND p.document NOT IN (SELECT document FROM claims)"""
        found.update((row[0], tables.PackedVectors(*row)) for row in catalog.database.rows(query, some))
    return found


def _stacked(database: Database, rows: Sequence[Any]) -> Array:
    """Return the vectors of rows of id and vector, float32, shape (rows, dimension)."""
    if not all(isinstance(row[1], bytes) and len(row[1]) == len(rows[0][1]) for row in rows):
        raise database.damaged(f"the vectors of passages {rows[0][0]} to {rows[-1][0]} are not alike")
    block = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f2")
    return block.reshape(len(rows), -1 if rows else 0).astype(np.float32)


def _rows(database: Database, condition: str, values: Sequence[Any]) -> list[tuple[PassageRow, str]]:
    """Return the passages that a condition selects, each with the white space between it and the next one."""
    query = f"""SELECT {_COLUMNS}
                FROM passages p JOIN documents d ON d.number = p.document JOIN vectors v ON v.passage = p.id
                WHERE {condition} ORDER BY p.document, p.ordinal"""
    rows = database.rows(query, values)
    checked = tables.checked_spans([(row[2:5], row[5], (row[6], row[9], row[8]), row[10]) for row in rows])
    for row, spans in zip(rows, checked, strict=True):
        if spans is None:
            raise database.damaged(f"passage {row[0]} does not match its checksum")
    return [_passage_row(database, row, spans or ()) for row, spans in zip(rows, checked, strict=True)]


def _passage_row(database: Database, row: Sequence[Any], spans: tuple[Span, ...]) -> tuple[PassageRow, str]:
    """Return a passage and the white space after it."""
    identity, document_id, ordinal, start, end, text, _, number, sentence_vectors, vector = row[:10]
    headings, media_type, title, has_rows = row[11:]
    passage = Passage(identity, document_id, ordinal, start, end, text[: end - start], spans)
    starts = frozenset(map(int, headings.split(","))) if headings else frozenset()
    found = tables.tables_in(database, number, Span(start, end)) if has_rows else ()
    own = format_of(media_type)
    row_of = partial(PassageRow, passage, number, sentence_vectors, vector, starts, not own.prose, title)
    return row_of(slides=own.place == "slide", tables=found), text[end - start :]


def document(catalog: WithDatabase, number: int) -> Document | None:
    """Return a whole document, with its text joined from its passages; None if there is no such document."""
    with catalog.database.snapshot():
        info = infos(catalog, [number]).get(number)
        if info is None:
            return None
        text = "".join(row.passage.text + gap for row, gap in rows_of(catalog, number))
        marks = catalog.database.rows(f"{_LANDMARKS} ORDER BY start, place", [number])
    landmarks = tuple(Landmark(*mark) for mark in marks)
    stated = (info.id, info.source, info.title, info.author, info.date, info.media_type)
    details = (tables_in(catalog, number), tables.boxes_of(catalog.database, number), info.reading)
    return Document(*stated, text, landmarks, info.notes, *details)


def excerpt(catalog: WithDatabase, number: int, span: Span) -> Excerpt:
    """Return the passages of a document that hold a span, as one text, with the landmarks among them."""
    rows = rows_around(catalog, number, span)
    start, text = rows[0][0].passage.start if rows else 0, "".join(row.passage.text + gap for row, gap in rows)
    # The kinds are named so that SQLite can use the index on (document, kind, start).
    among = "AND kind IN ('page', 'place', 'heading', 'paragraph') AND start BETWEEN ? AND ? ORDER BY start, place"
    marks = catalog.database.rows(f"{_LANDMARKS} {among}", [number, start, start + len(text)])
    return Excerpt(start, text, tuple(Landmark(*mark) for mark in marks))


def locate(catalog: WithDatabase, places: Sequence[tuple[int, Span]]) -> list[Location]:
    """Return the location of each place: a document's number and a span in it."""
    with catalog.database.reading() as connection:
        found = [_location(connection, number, span.start) for number, span in places]
    details = tables.details_in(catalog.database, places)
    return [
        location.detailed(span, *detail) if any(detail) else location
        for (_, span), location, detail in zip(places, found, details, strict=True)
    ]


def tables_in(catalog: WithDatabase, number: int, span: Span | None = None) -> tuple[Table, ...]:
    """Return the tables of a document that overlap a span, or all of them, in order."""
    return tables.tables_in(catalog.database, number, span)


def boxes_in(catalog: WithDatabase, number: int, span: Span) -> tuple[WordBox, ...]:
    """Return the boxes of a document's words that overlap a span, in order."""
    return tables.boxes_in(catalog.database, number, span)


def _location(connection: Connection, number: int, start: int) -> Location:
    page = _last(connection, number, "page", start)
    place = _last(connection, number, "place", start)
    heading = _last(connection, number, "heading", start)
    section = _last(connection, number, "place", start, below_level=2, above_level=0)
    closed = section[0] if section else -1
    path, above = [], heading
    while above and above[0] >= closed:
        begin, label, level = above
        path.append(label)
        above = _last(connection, number, "heading", begin, below_level=level) if level > 1 else None
    anchor = max(page[0] if page else -1, heading[0] if heading else -1)
    paragraph = connection.execute(
        """SELECT count(*) FROM landmarks
           WHERE document = ? AND kind = 'paragraph' AND start BETWEEN ? AND ?""",
        (number, anchor, start),
    ).fetchone()[0]
    counted = paragraph if place is None or anchor > place[0] else 0
    return Location(page[1] if page else "", " > ".join(reversed(path)), counted, place[1] if place else "")


def headings(catalog: WithDatabase, numbers: Sequence[int]) -> dict[str, list[str]]:
    """Return the headings of these documents, in order, by the document's id."""
    found: dict[str, list[str]] = {}
    query = f"""SELECT d.id, l.label FROM landmarks l JOIN documents d ON d.number = l.document
                WHERE l.kind = 'heading' AND l.document IN {JSON_VALUES} ORDER BY l.document, l.start, l.place"""
    for identity, label in catalog.database.rows(query, [json.dumps(list(numbers))]):
        found.setdefault(identity, []).append(label)
    return found


def pages_begun(catalog: WithDatabase, number: int, at: int) -> int:
    """Return how many pages of a document begin at or before an offset."""
    query = "SELECT count(*) FROM landmarks WHERE document = ? AND kind = 'page' AND start <= ?"
    return int(catalog.database.rows(query, [number, at])[0][0])


def _last(
    connection: Connection, number: int, kind: LandmarkKind, start: int, below_level: int = 0, above_level: int = -1
) -> tuple[int, str, int] | None:
    """Return start, label and level of the last landmark of a kind at or before `start`.

    Only landmarks with a level below `below_level`, if that is not 0, and above `above_level` count.
    """
    row: tuple[int, str, int] | None = connection.execute(
        """SELECT start, label, level FROM landmarks
           WHERE document = ? AND kind = ? AND start <= ? AND (? = 0 OR level < ?) AND level > ?
           ORDER BY start DESC, place DESC LIMIT 1""",
        (number, kind, start, below_level, below_level, above_level),
    ).fetchone()
    return row
