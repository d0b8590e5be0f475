"""The catalog's tables, and the encoding of spans and vectors in them."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

APPLICATION_ID = 0x50494E43  # "PINC", so that `file catalog.db` and we can recognise our databases
VERSION = 1
NEVER = 2**63 - 1
"""A generation that no library reaches: SQLite's largest integer."""

# A passage's `text` runs to the beginning of the next passage, so the texts of a document's passages, in order, are
# its text, stored once. The ids of a document's passages are consecutive, and AUTOINCREMENT never reuses one.
TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE documents (
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
CREATE INDEX documents_generation ON documents (generation);

CREATE TABLE sources (
    source    TEXT PRIMARY KEY,
    document  INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX sources_document ON sources (document);

CREATE TABLE landmarks (
    document  INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
    kind      TEXT NOT NULL,
    start     INTEGER NOT NULL,
    place     INTEGER NOT NULL,
    label     TEXT NOT NULL,
    level     INTEGER NOT NULL,
    PRIMARY KEY (document, kind, start, place)
) WITHOUT ROWID;

CREATE TABLE passages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    document   INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
    ordinal    INTEGER NOT NULL,
    start      INTEGER NOT NULL,
    end        INTEGER NOT NULL,
    text       TEXT NOT NULL,
    sentences  BLOB NOT NULL,
    checksum   INTEGER NOT NULL
);
CREATE INDEX passages_document ON passages (document, ordinal);

CREATE TABLE vectors (
    passage    INTEGER PRIMARY KEY REFERENCES passages (id) ON DELETE CASCADE,
    key        BLOB NOT NULL,
    vector     BLOB NOT NULL,
    sentences  BLOB NOT NULL
);
CREATE INDEX vectors_key ON vectors (key);

CREATE TABLE removals (
    generation  INTEGER NOT NULL,
    document    INTEGER NOT NULL,
    first       INTEGER NOT NULL,
    passages    INTEGER NOT NULL
);
CREATE INDEX removals_generation ON removals (generation);
"""

# Documents whose files were never read here: a portable library claims that the file with this SHA-256 holds these
# words. Older libraries lack the table until they import something, so readers check first whether it exists.
CLAIMS = """
CREATE TABLE IF NOT EXISTS claims (
    document  INTEGER PRIMARY KEY REFERENCES documents (number) ON DELETE CASCADE
)
"""


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
