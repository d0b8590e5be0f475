"""Queries for passages and their vectors. Each public function is a method of `Catalog`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from index.records import Passage
from index.storage import filing, schema
from index.storage.catalog.document_queries import claims
from index.storage.catalog.rows import LISTED, DocumentRange, PassageRow, runs
from index.structure import STRUCTURED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import Span
    from index.storage.catalog.rows import WithDatabase
    from index.storage.database import Database

    Array = np.ndarray[Any, Any]

_TEXT_BLOCK = 2048
"""Passages in a block of texts."""
_VECTOR_BLOCK = 8192
"""Passages in a block of vectors."""
_KEYS = 500
"""Keys in one query: SQLite limits its parameters."""
_COLUMNS = """p.id, d.id, p.ordinal, p.start, p.end, p.text, p.sentences, p.document, v.sentences, v.vector, p.checksum,
    (SELECT group_concat(l.start) FROM landmarks l WHERE l.document = p.document
     AND l.kind = 'heading' AND l.start >= p.start AND l.start < p.end), d.media_type, d.title"""


def passages(catalog: WithDatabase, ids: Sequence[int]) -> dict[int, PassageRow]:
    """Return the passages with these ids, as far as they exist. Raises LibraryDamaged if a checksum is wrong."""
    rows = _rows(catalog.database, f"p.id IN {LISTED}", [json.dumps(list(ids))])
    return {row.passage.id: row for row, _ in rows}


def numbers(catalog: WithDatabase, ids: Sequence[int]) -> dict[int, int]:
    """Return the document numbers of these passages, as far as they exist."""
    query = f"SELECT id, document FROM passages WHERE id IN {LISTED}"
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
    """Return the passages of a document that hold a span, in order, each with the white space that follows it."""
    begins = "(SELECT max(ordinal) FROM passages WHERE document = ? AND start <= ?)"
    condition = f"p.document = ? AND p.start < ? AND p.ordinal >= coalesce({begins}, 0)"
    return _rows(catalog.database, condition, [number, max(span.end, span.start + 1), number, span.start])


def texts(catalog: WithDatabase, ranges: Sequence[DocumentRange]) -> Iterator[tuple[int, int, str]]:
    """Yield id, document number and text of the passages in these ranges."""
    query = "SELECT id, document, substr(text, 1, end - start) FROM passages WHERE id BETWEEN ? AND ?"
    for first, last in runs(ranges, _TEXT_BLOCK):
        yield from catalog.database.rows(query, [first, last])


def vectors(catalog: WithDatabase, ranges: Sequence[DocumentRange]) -> Iterator[tuple[Array, Array]]:
    """Yield ids (n,) and vectors (n, dimension), float32, of the passages in these ranges, in blocks."""
    query = "SELECT passage, vector FROM vectors WHERE passage BETWEEN ? AND ?"
    for first, last in runs(ranges, _VECTOR_BLOCK):
        if rows := catalog.database.rows(query, [first, last]):
            yield np.asarray([row[0] for row in rows], dtype=np.int64), _stacked(catalog.database, rows)


def vectors_of(catalog: WithDatabase, ids: Sequence[int]) -> tuple[list[int], Array]:
    """Return ids and vectors (n, dimension), float32, of these passages, as far as they exist."""
    query = f"SELECT passage, vector FROM vectors WHERE passage IN {LISTED}"
    rows = catalog.database.rows(query, [json.dumps(list(ids))])
    return [row[0] for row in rows], _stacked(catalog.database, rows)


def vectors_by_key(catalog: WithDatabase, keys: Sequence[bytes]) -> dict[bytes, filing.PackedVectors]:
    """Return the vectors that are already stored for texts with these hashes.

    Vectors of claimed documents do not count: they come from a portable file, whose hashes may be those of other texts.
    """
    found: dict[bytes, filing.PackedVectors] = {}
    unread = claims(catalog.database)
    for start in range(0, len(keys), _KEYS):
        some = keys[start : start + _KEYS]
        marks = ", ".join("?" * len(some))
        query = f"""SELECT v.key, v.vector, v.sentences FROM vectors v JOIN passages p ON p.id = v.passage
                    WHERE v.key IN ({marks}) AND p.document NOT IN {unread}"""
        found.update((row[0], filing.PackedVectors(*row)) for row in catalog.database.rows(query, some))
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
    return [_checked(database, row) for row in database.rows(query, values)]


def _checked(database: Database, row: Sequence[Any]) -> tuple[PassageRow, str]:
    """Return a passage and the white space after it. Raises LibraryDamaged if its checksum is wrong."""
    identity, document_id, ordinal, start, end, text, sentences, number, sentence_vectors, vector = row[:10]
    stored, headings, media_type, title = row[10:]
    parts = (sentences, vector, sentence_vectors)
    sound = isinstance(text, str) and all(isinstance(part, bytes) for part in parts)
    if not sound or schema.checksum((ordinal, start, end), text, *parts) != stored:
        raise database.damaged(f"passage {identity} does not match its checksum")
    spans = schema.unpack_spans(sentences, start)
    passage = Passage(identity, document_id, ordinal, start, end, text[: end - start], spans)
    starts = frozenset(map(int, headings.split(","))) if headings else frozenset()
    structured = media_type in STRUCTURED
    return PassageRow(passage, number, sentence_vectors, vector, starts, structured, title), text[end - start :]
