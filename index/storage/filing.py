"""The steps of the catalog's transactions. Each function takes the connection of the running transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.storage import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from index.records import Chunk, Document
    from index.storage.database import Connection


@dataclass(frozen=True, slots=True)
class PackedVectors:
    """The vectors of one passage as the catalog stores them, and the hash of the embedded text."""

    key: bytes
    vector: bytes
    sentences: bytes


def next_generation(connection: Connection) -> int:
    """Increase the library's generation, and return it."""
    connection.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'")
    return int(connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()[0])


def unlink(connection: Connection, source: str, generation: int) -> bool:
    """Remove a source, and its document if it has no other source. Return whether the source existed."""
    row = connection.execute("SELECT document FROM sources WHERE source = ?", (source,)).fetchone()
    if row is None:
        return False
    connection.execute("DELETE FROM sources WHERE source = ?", (source,))
    if not connection.execute("SELECT 1 FROM sources WHERE document = ? LIMIT 1", row).fetchone():
        remove(connection, row[0], generation)
    else:
        note_relinked(connection, generation)
    return True


def relink(connection: Connection, gained: Mapping[str, str], lost: Iterable[str], generation: int) -> None:
    """Link each gained source to the document with the given id and unlink the lost sources.

    Documents that then have no source are removed.
    """
    sources = json.dumps([*gained, *lost])
    numbers = connection.execute(
        "SELECT DISTINCT document FROM sources WHERE source IN (SELECT value FROM json_each(?)) ORDER BY 1", (sources,)
    ).fetchall()
    connection.execute("DELETE FROM sources WHERE source IN (SELECT value FROM json_each(?))", (sources,))
    connection.executemany("INSERT INTO sources SELECT ?, number FROM documents WHERE id = ?", gained.items())
    for row in numbers:
        if not connection.execute("SELECT 1 FROM sources WHERE document = ? LIMIT 1", row).fetchone():
            remove(connection, row[0], generation)
    note_relinked(connection, generation)


def note_relinked(connection: Connection, generation: int) -> None:
    """Record that an existing document gained or lost a source: no document's own generation shows that."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('relinked', ?)", (str(generation),))


def claim(connection: Connection, number: int) -> None:
    """Record that the document's file was never read here."""
    connection.execute(schema.CLAIMS)
    connection.execute("INSERT INTO claims VALUES (?)", (number,))


def displace(connection: Connection, identity: str, generation: int) -> bool:
    """Remove a document that was only claimed, with all its claimed sources. Return whether there was one."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'claims'").fetchone():
        return False
    row = connection.execute(
        "SELECT number FROM documents WHERE id = ? AND number IN (SELECT document FROM claims)", (identity,)
    ).fetchone()
    if row is not None:
        remove(connection, row[0], generation)
    return row is not None


def remove(connection: Connection, number: int, generation: int) -> None:
    """Remove a document and its data, and record which passages were removed."""
    connection.execute(
        "INSERT INTO removals SELECT ?, number, first, passages FROM documents WHERE number = ?", (generation, number)
    )
    connection.execute("DELETE FROM documents WHERE number = ?", (number,))


def insert_document(
    connection: Connection, document: Document, chunks: Sequence[Chunk], generation: int, number: int | None = None
) -> int:
    """Store a document and its landmarks, by default under the next free number, and return the number.

    Its passages get the next free ids.
    """
    pages = sum(landmark.kind == "page" for landmark in document.landmarks)
    sentences = sum(len(chunk.sentences) for chunk in chunks)
    last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()
    first = (last[0] if last else 0) + 1
    metadata = (document.id, document.title, document.author, document.date, document.media_type)
    notes = json.dumps(document.notes, ensure_ascii=False)
    values = (number, *metadata, notes, len(document.text), pages, sentences, first, len(chunks), generation)
    number = connection.execute(f"INSERT INTO documents VALUES ({', '.join('?' * 13)})", values).lastrowid
    assert number is not None
    connection.executemany(
        "INSERT INTO landmarks VALUES (?, ?, ?, ?, ?, ?)",
        ((number, mark.kind, mark.start, n, mark.label, mark.level) for n, mark in enumerate(document.landmarks)),
    )
    return number


def insert_passages(
    connection: Connection,
    number: int,
    document: Document,
    chunks: Sequence[Chunk],
    vectors: Sequence[PackedVectors],
) -> None:
    """Store the passages of a document with their vectors."""
    ends = [chunk.start for chunk in chunks[1:]] + [len(document.text)]
    insert = "INSERT INTO passages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)"
    for ordinal, (chunk, packed, text_end) in enumerate(zip(chunks, vectors, ends, strict=True)):
        text = document.text[chunk.start : text_end]
        spans = schema.pack_spans(chunk.sentences, chunk.start)
        check = schema.checksum((ordinal, chunk.start, chunk.end), text, spans, packed.vector, packed.sentences)
        values = (number, ordinal, chunk.start, chunk.end, text, spans, check)
        identity = connection.execute(insert, values).lastrowid
        vector_values = (identity, packed.key, packed.vector, packed.sentences)
        connection.execute("INSERT INTO vectors VALUES (?, ?, ?, ?)", vector_values)
