"""Passages and their vectors: some, a whole document's, or what came and went since."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from index.records import Passage
from index.storage import filing, schema
from index.storage.catalog.documents import Documents
from index.storage.catalog.rows import LISTED, DocumentRange, PassageRow, runs
from index.storage.numbering import Numbering
from index.structure import STRUCTURED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.records import DocumentInfo

    Array = np.ndarray[Any, Any]


class Passages(Documents):
    """Passages and their vectors, and the documents that these belong to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._numbering = Numbering()

    def numbered(self) -> dict[int, DocumentInfo]:
        """The same as `all_infos`; only what changed since they were last asked for is read again."""
        with self._database.snapshot():
            return self._numbering.of(self)

    def passages(self, ids: Sequence[int]) -> dict[int, PassageRow]:
        """The passages of these ids that still exist. Raises LibraryDamaged where one does not match its checksum."""
        return {row.passage.id: row for row, _ in self._passage_rows(f"p.id IN {LISTED}", [json.dumps(list(ids))])}

    def numbers(self, ids: Sequence[int]) -> dict[int, int]:
        """The document's number of each of these passages that still exist."""
        query = f"SELECT id, document FROM passages WHERE id IN {LISTED}"
        return dict(self._database.rows(query, [json.dumps(list(ids))]))

    def passages_of(self, number: int) -> list[Passage]:
        """All passages of a document, in order."""
        return [row.passage for row, _ in self._document_rows(number)]

    def rows_of(self, number: int) -> list[tuple[PassageRow, str]]:
        """The same with their vectors, each with the white space that follows it in the document."""
        return self._document_rows(number)

    def texts(self, ranges: Sequence[DocumentRange]) -> Iterator[tuple[int, int, str]]:
        """Id, document number and text of the passages in these ranges."""
        query = "SELECT id, document, substr(text, 1, end - start) FROM passages WHERE id BETWEEN ? AND ?"
        for first, last in runs(ranges, 2048):
            yield from self._database.rows(query, [first, last])

    def vectors(self, ranges: Sequence[DocumentRange]) -> Iterator[tuple[Array, Array]]:
        """Ids (n,) and vectors (n, dimension), float32, in blocks, of the passages in these ranges."""
        for first, last in runs(ranges, 8192):
            rows = self._database.rows(
                "SELECT passage, vector FROM vectors WHERE passage BETWEEN ? AND ?", [first, last]
            )
            if rows:
                yield np.asarray([row[0] for row in rows], dtype=np.int64), self._stacked(rows)

    def vectors_of(self, ids: Sequence[int]) -> tuple[list[int], Array]:
        """The same for these passages, as far as they still exist."""
        query = f"SELECT passage, vector FROM vectors WHERE passage IN {LISTED}"
        rows = self._database.rows(query, [json.dumps(list(ids))])
        return [row[0] for row in rows], self._stacked(rows)

    def vectors_by_key(self, keys: Sequence[bytes]) -> dict[bytes, filing.PackedVectors]:
        """Vectors that exist already for texts with these hashes.

        Those of claimed documents are left out: they are what a portable file says, and the texts of other documents
        may have the same hashes.
        """
        found: dict[bytes, filing.PackedVectors] = {}
        claims = self._claims
        for some in _slices(keys, 500):
            query = f"""SELECT v.key, v.vector, v.sentences FROM vectors v JOIN passages p ON p.id = v.passage
                        WHERE v.key IN {_marks(some)} AND p.document NOT IN {claims}"""
            found.update((row[0], filing.PackedVectors(*row)) for row in self._database.rows(query, some))
        return found

    def ranges(self, numbers: Sequence[int]) -> list[DocumentRange]:
        """The passage ids of these documents."""
        query = f"SELECT number, first, passages FROM documents WHERE number IN {LISTED}"
        return self._ranges(query, [json.dumps(list(numbers))])

    def added_since(self, generation: int, *, until: int = schema.NEVER) -> list[DocumentRange]:
        """The documents that came after that generation, up to another one, and are still there."""
        query = "SELECT number, first, passages FROM documents WHERE generation > ? AND generation <= ? ORDER BY number"
        return self._ranges(query, [generation, until])

    def generation_after(self, generation: int, passages: int) -> int:
        """The generation by which about so many passages came after that one; NEVER where fewer did."""
        query = "SELECT generation, passages FROM documents WHERE generation > ? ORDER BY generation LIMIT ?"
        reached, total = schema.NEVER, 0
        for each, count in self._database.rows(query, [generation, passages]):
            total += count
            if total >= passages:
                reached = each
                break
        return reached

    def removed_since(self, generation: int) -> list[DocumentRange] | None:
        """The documents that went after that generation.

        None where that is not known any more: what was made from that generation has to be made anew. Of the first
        one nothing has to be known, for there was nothing that could go.
        """
        query = "SELECT document, first, passages FROM removals WHERE generation > ? ORDER BY generation"
        with self._database.snapshot():
            known = generation <= 0 or generation >= self.removals_from()
            return self._ranges(query, [generation]) if known else None

    def highest(self) -> int:
        """The highest passage id that was ever given: at least as many as there are passages, and known at once."""
        rows = self._database.rows("SELECT seq FROM sqlite_sequence WHERE name = 'passages'")
        return int(rows[0][0]) if rows else 0

    def _stacked(self, rows: Sequence[Any]) -> Array:
        """The vectors of rows of id and vector, float32, shape (rows, dimension)."""
        if not all(isinstance(row[1], bytes) and len(row[1]) == len(rows[0][1]) for row in rows):
            raise self._database.damaged(f"the vectors of passages {rows[0][0]} to {rows[-1][0]} are not alike")
        block = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f2")
        return block.reshape(len(rows), -1 if rows else 0).astype(np.float32)

    def _ranges(self, query: str, values: Sequence[Any]) -> list[DocumentRange]:
        """The ranges that a query brings. Raises LibraryDamaged for one that was never given to a document."""
        rows = self._database.rows(query, values)
        last = self._database.rows("SELECT seq FROM sqlite_sequence WHERE name = 'passages'") if rows else []
        for row in rows:
            if not all(isinstance(value, int) for value in row) or not 0 < row[1] <= row[1] + row[2] <= last[0][0] + 1:
                raise self._database.damaged(f"document {row[0]} has passages that never were")
        return [DocumentRange(*row) for row in rows]

    def _document_rows(self, number: int) -> list[tuple[PassageRow, str]]:
        """All of a document's passages. Raises LibraryDamaged where some are missing."""
        with self._database.snapshot():
            rows = self._passage_rows("p.document = ?", [number])
            due = self._database.rows("SELECT passages FROM documents WHERE number = ?", [number])
        if due and due[0][0] != len(rows):
            raise self._database.damaged(f"document {number} lacks passages: {len(rows)} of {due[0][0]} are there")
        return rows

    def _passage_rows(self, condition: str, values: Sequence[Any]) -> list[tuple[PassageRow, str]]:
        """Passages, each with the white space between it and the next one."""
        query = f"""SELECT p.id, d.id, p.ordinal, p.start, p.end, p.text, p.sentences, p.document, v.sentences,
                           v.vector, p.checksum,
                           (SELECT group_concat(l.start) FROM landmarks l WHERE l.document = p.document
                            AND l.kind = 'heading' AND l.start >= p.start AND l.start < p.end),
                           d.media_type, d.title
                    FROM passages p JOIN documents d ON d.number = p.document JOIN vectors v ON v.passage = p.id
                    WHERE {condition} ORDER BY p.document, p.ordinal"""
        result = []
        for row in self._database.rows(query, values):
            identity, document_id, ordinal, start, end, text, sentences, number, sentence_vectors, vector = row[:10]
            stored, headings, media_type, title = row[10:]
            parts = (sentences, vector, sentence_vectors)
            sound = isinstance(text, str) and all(isinstance(part, bytes) for part in parts)
            if not sound or schema.checksum((ordinal, start, end), text, *parts) != stored:
                raise self._database.damaged(f"passage {identity} does not match its checksum")
            spans = schema.unpack_spans(sentences, start)
            passage = Passage(identity, document_id, ordinal, start, end, text[: end - start], spans)
            marked = frozenset(map(int, headings.split(","))) if headings else frozenset()
            result.append(
                (
                    PassageRow(passage, number, sentence_vectors, vector, marked, media_type in STRUCTURED, title),
                    text[end - start :],
                )
            )
        return result


def _marks(values: Sequence[Any]) -> str:
    return f"({', '.join('?' * len(values))})"


def _slices(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
