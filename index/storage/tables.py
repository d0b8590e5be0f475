"""The catalog's tables, the steps of its transactions, and the history of documents."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from index.records import PageBoxes, Reading, Span, Table, WordBox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from index.records import Chunk, Document
    from index.storage.database import Connection, Database


# What the catalog keeps of a document besides its text: its tables, the boxes of its words, and how it was read.
#
# A long table and the boxes of a page are one compressed row each, so that showing one span does not read the whole
# document.

_MAX_UNPACKED_BYTES = 1 << 26
"""Bytes of unpacked content, beyond which a row is damaged."""


def insert_details(connection: Connection, number: int, document: Document) -> None:
    """Store the tables, the boxes and the reading of a document."""
    if document.tables or document.boxes or document.reading != Reading():
        tables = ((number, table.start, table.end, _packed(table.as_lists())) for table in document.tables)
        connection.executemany("INSERT INTO cells VALUES (?, ?, ?, ?)", tables)
        boxes = ((number, part.start, part.end, part.page, part.recognised, part.content) for part in document.boxes)
        connection.executemany("INSERT INTO boxes VALUES (?, ?, ?, ?, ?, ?)", boxes)
        reading = json.dumps(asdict(document.reading), ensure_ascii=False)
        connection.execute("INSERT INTO readings VALUES (?, ?)", (number, reading))


def tables_in(database: Database, number: int, span: Span | None = None) -> tuple[Table, ...]:
    """Return the tables of a document that overlap a span, or all of them, in order. Raises LibraryDamaged."""
    rows = _overlapping(database, "SELECT content FROM cells WHERE document = ?", number, span)
    return tuple(_table(database, content) for (content,) in rows)


def boxes_of(database: Database, number: int, span: Span | None = None) -> tuple[PageBoxes, ...]:
    """Return the boxes of the pages of a document that overlap a span, or all, in order. Raises LibraryDamaged."""
    query = "SELECT start, end, page, recognised <> 0, content FROM boxes WHERE document = ?"
    parts = tuple(PageBoxes(*row) for row in _overlapping(database, query, number, span))
    try:
        for part in parts:
            part.rows()
    except ValueError as error:
        raise database.damaged(f"the places of words are damaged: {error}") from error
    return parts


def boxes_in(database: Database, number: int, span: Span) -> tuple[WordBox, ...]:
    """Return the boxes of a document's words that overlap a span, in order. Raises LibraryDamaged."""
    words = (word for part in boxes_of(database, number, span) for word in part.words())
    return tuple(word for word in words if word.start < max(span.end, span.start + 1) and word.end > span.start)


def details_in(
    database: Database, places: Sequence[tuple[int, Span]]
) -> list[tuple[tuple[Table, ...], tuple[WordBox, ...]]]:
    """Return the tables and the boxes that overlap each place: a document's number and a span in it.

    Boxes are those of documents with recognised words. Most documents have neither these nor tables, so one query for
    all places comes first.
    """
    query = """SELECT value, EXISTS (SELECT 1 FROM cells WHERE document = value),
                      EXISTS (SELECT 1 FROM boxes WHERE recognised AND document = value) FROM json_each(?)"""
    rows = database.rows(query, [json.dumps(sorted({number for number, _ in places}))])
    has = {number: (has_tables, has_boxes) for number, has_tables, has_boxes in rows}
    return [
        (
            tables_in(database, number, span) if has[number][0] else (),
            boxes_in(database, number, span) if has[number][1] else (),
        )
        for number, span in places
    ]


@lru_cache(maxsize=64)
def reading_of(content: str) -> Reading:
    """Return the reading that was stored as JSON. Raises ValueError or TypeError if it is none."""
    return Reading.of(json.loads(content))


def _overlapping(database: Database, query: str, number: int, span: Span | None) -> list[Any]:
    if span is None:
        return database.rows(f"{query} ORDER BY start", [number])
    bounds = [number, max(span.end, span.start + 1), span.start]
    return database.rows(f"{query} AND start < ? AND end > ? ORDER BY start", bounds)


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


def _unpacked(content: bytes) -> Any:
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(content, _MAX_UNPACKED_BYTES)
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise ValueError("it is too long, or incomplete")
    return json.loads(data.decode("utf-8", "surrogatepass"))


# The history of documents: when each was added, and which ones were replaced by another version of their file.
#
# Of a replaced document, only its id is kept, and only as long as the library has a newer version of the same source.


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


APPLICATION_ID = 0x50494E43  # "PINC", so that `file catalog.db` and we can recognise our databases
VERSION = 3
"""Rises with every change of the tables: an older library then gets those that it lacks.

New tables alone come so. A changed table needs a statement of its own in `Catalog.create`, which alters the old one.
"""
NEVER = 2**63 - 1
"""A generation that no library reaches: SQLite's largest integer."""

# A passage's `text` runs to the beginning of the next passage, so the texts of a document's passages, in order, are
# its text, stored once. The ids of a document's passages are consecutive, and AUTOINCREMENT never reuses one.
TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS documents (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    title       TEXT NOT NULL,
    author      TEXT NOT NULL,
    date        TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    notes       TEXT NOT NULL,
    characters  INTEGER NOT NULL,
    pages       INTEGER NOT NULL,
    sentences   INTEGER NOT NULL,
    first       INTEGER NOT NULL,
    passages    INTEGER NOT NULL,
    generation  INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS documents_generation ON documents (generation);

CREATE TABLE IF NOT EXISTS sources (
    source    TEXT PRIMARY KEY,
    document  INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sources_document ON sources (document);

CREATE TABLE IF NOT EXISTS landmarks (
    document  INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
    kind      TEXT NOT NULL,
    start     INTEGER NOT NULL,
    place     INTEGER NOT NULL,
    label     TEXT NOT NULL,
    level     INTEGER NOT NULL,
    PRIMARY KEY (document, kind, start, place)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS passages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    document   INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
    ordinal    INTEGER NOT NULL,
    start      INTEGER NOT NULL,
    end        INTEGER NOT NULL,
    text       TEXT NOT NULL,
    sentences  BLOB NOT NULL,
    checksum   INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS passages_document ON passages (document, ordinal);

CREATE TABLE IF NOT EXISTS vectors (
    passage    INTEGER PRIMARY KEY REFERENCES passages (id) ON DELETE CASCADE,
    key        BLOB NOT NULL,
    vector     BLOB NOT NULL,
    sentences  BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS vectors_key ON vectors (key);

CREATE TABLE IF NOT EXISTS removals (
    generation  INTEGER NOT NULL,
    document    INTEGER NOT NULL,
    first       INTEGER NOT NULL,
    passages    INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS removals_generation ON removals (generation);

-- Documents whose files were never read here: a portable library claims that the file with this SHA-256 holds these
-- words.
CREATE TABLE IF NOT EXISTS claims (document INTEGER PRIMARY KEY REFERENCES documents (number) ON DELETE CASCADE);

-- Documents that are being read: the library has their first passages, and `passages` is how many they will have.
CREATE TABLE IF NOT EXISTS parts (
    document  INTEGER PRIMARY KEY REFERENCES documents (number) ON DELETE CASCADE,
    passages  INTEGER NOT NULL
);

-- Tables, and the boxes of words by page. A table and a page are one compressed row each, so that showing one span does
-- not read the whole document. Boxes have row numbers: without them, a row of a page's size would take two pages.
CREATE TABLE IF NOT EXISTS cells (
    document  INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
    start     INTEGER NOT NULL,
    end       INTEGER NOT NULL,
    content   BLOB NOT NULL,
    PRIMARY KEY (document, start)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS boxes (
    document    INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
    start       INTEGER NOT NULL,
    end         INTEGER NOT NULL,
    page        INTEGER NOT NULL,
    recognised  INTEGER NOT NULL,
    content     BLOB NOT NULL,
    PRIMARY KEY (document, start)
);
CREATE INDEX IF NOT EXISTS boxes_recognised ON boxes (document) WHERE recognised;

CREATE TABLE IF NOT EXISTS readings (
    document  INTEGER PRIMARY KEY REFERENCES documents (number) ON DELETE CASCADE,
    content   TEXT NOT NULL
);

-- When each document was added, and the ids of documents that were replaced by a newer version of their file.
CREATE TABLE IF NOT EXISTS arrivals (
    document  INTEGER PRIMARY KEY REFERENCES documents (number) ON DELETE CASCADE,
    added     TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS predecessors (id TEXT PRIMARY KEY, source TEXT NOT NULL) WITHOUT ROWID;
"""

StoredPassage = tuple[tuple[int, int, int], str, tuple[bytes, bytes, bytes], int]
"""A passage's place (ordinal, start, end), text, packed sentences and vectors, and the checksum over all of them."""


def pack_spans(spans: Sequence[Span], start: int) -> bytes:
    """Encode spans as pairs of little-endian 32-bit offsets from `start`."""
    return (np.asarray(spans, dtype="<u4").reshape(-1, 2) - np.uint32(start)).astype("<u4").tobytes()


def unpack_spans(packed: bytes, start: int) -> tuple[Span, ...]:
    """Decode the output of `pack_spans`."""
    return tuple(Span(a + start, b + start) for a, b in np.frombuffer(packed, dtype="<u4").reshape(-1, 2).tolist())


def pack_vector(vector: np.ndarray[Any, Any]) -> bytes:
    """Encode a unit vector as float16."""
    return vector.astype("<f2").tobytes()


def pack_sentence_vectors(vectors: np.ndarray[Any, Any]) -> bytes:
    """Encode vectors, one per row, as int8. Each is scaled to the full range, which does not change cosines."""
    largest = np.maximum(np.abs(vectors).max(axis=-1, keepdims=True, initial=0.0), 1e-12)
    scaled: np.ndarray[Any, Any] = np.rint(vectors * (127.0 / largest)).astype(np.int8)
    return scaled.tobytes()


def unpack_sentence_vectors(packed: bytes, dimension: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Decode the output of `pack_sentence_vectors` to unit vectors of shape (sentences, dimension)."""
    rows = np.frombuffer(packed, dtype=np.int8).reshape(-1, dimension).astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


def checksum(place: tuple[int, int, int], text: str, *blobs: bytes) -> int:
    """Return the CRC-32 over the contents of a passage; `place` is its ordinal, start and end."""
    total = zlib.crc32(text.encode("utf-8", "surrogatepass"), zlib.crc32(repr(place).encode()))
    for blob in blobs:
        total = zlib.crc32(blob, total)
    return total


def checked_spans(passages: Sequence[StoredPassage]) -> list[tuple[Span, ...] | None]:
    """Return the sentences of each stored passage; None for a passage that does not match its checksum."""
    return [_sentences(*passage) for passage in passages]


def _sentences(place: tuple[int, int, int], text: str, blobs: Sequence[bytes], stored: int) -> tuple[Span, ...] | None:
    sound = isinstance(text, str) and all(isinstance(blob, bytes) for blob in blobs)
    return unpack_spans(blobs[0], place[1]) if sound and checksum(place, text, *blobs) == stored else None


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
        record_relinked(connection, generation)
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
    record_relinked(connection, generation)
    forget_replaced(connection)


def record_relinked(connection: Connection, generation: int) -> None:
    """Record that an existing document gained or lost a source: no document's own generation shows that."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('relinked', ?)", (str(generation),))


def link(connection: Connection, number: int, sources: Iterable[str]) -> None:
    """Link new sources to a document."""
    connection.executemany("INSERT INTO sources VALUES (?, ?)", ((source, number) for source in sources))


def remove(connection: Connection, number: int, generation: int) -> None:
    """Remove a document and its data, and record which passages were removed."""
    connection.execute(
        "INSERT INTO removals SELECT ?, number, first, passages FROM documents WHERE number = ?", (generation, number)
    )
    connection.execute("DELETE FROM documents WHERE number = ?", (number,))


def insert_document(
    connection: Connection, document: Document, chunks: Sequence[Chunk], generation: int, number: int | None = None
) -> int:
    """Store a document, its landmarks and its details, by default under the next free number, and return the number.

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
    insert_details(connection, number, document)
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
        spans = pack_spans(chunk.sentences, chunk.start)
        check = checksum((ordinal, chunk.start, chunk.end), text, spans, packed.vector, packed.sentences)
        values = (number, ordinal, chunk.start, chunk.end, text, spans, check)
        identity = connection.execute(insert, values).lastrowid
        vector_values = (identity, packed.key, packed.vector, packed.sentences)
        connection.execute("INSERT INTO vectors VALUES (?, ?, ?, ?)", vector_values)


def raise_sequence(connection: Connection, name: str, number: int) -> None:
    """Raise a table's id counter to `number`; never lower it."""
    if not connection.execute("SELECT 1 FROM sqlite_sequence WHERE name = ?", (name,)).fetchone():
        connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, number))
    connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, name))


# Documents that were not read here from their first word to their last: claimed ones, and beginnings of long ones.


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
        remove(connection, row[0], generation)
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
        remove(connection, found, generation)
    return [row[0] for row in rows]
