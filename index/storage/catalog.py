"""The truth: one SQLite database that holds everything a library knows."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from index.errors import LibraryDamaged, LibraryError, LibraryTooNew
from index.records import Document, DocumentInfo, Landmark, Location, Passage, Problem, Span
from index.storage import filing, schema
from index.storage.database import Database
from index.storage.numbering import Numbering

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from index.records import Chunk, LandmarkKind
    from index.storage.database import Connection

_INFO = """
    SELECT d.number, d.id, (SELECT min(source) FROM sources s WHERE s.document = d.number) AS source,
           d.title, d.author, d.date, d.media_type, d.characters, d.pages, d.passages, d.notes
    FROM documents d
"""
_LISTED = "(SELECT value FROM json_each(?))"
"""Any number of values as one parameter: SQLite limits how many there may be."""


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage with its document's number and its packed sentence vectors."""

    passage: Passage
    number: int
    sentence_vectors: bytes
    vector: bytes
    headings: frozenset[int]
    """Where in the document's text the headings begin that stand in it."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a document: whole passages, and the landmarks among them."""

    start: int
    """Where in the document's text it begins."""
    text: str
    landmarks: tuple[Landmark, ...]
    """In order."""

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)

    def of(self, span: Span) -> str:
        """The part of the text that stands in a span of the document's."""
        return self.text[max(0, span.start - self.start) : max(0, span.end - self.start)]


@dataclass(frozen=True, slots=True)
class DocumentRange:
    """The ids of a document's passages: `first` to `first + passages - 1`."""

    number: int
    first: int
    passages: int


class Catalog:
    """All that a library knows: documents, landmarks, passages, vectors, and what became of each."""

    def __init__(self, folder: Path) -> None:
        self.database = self._database = Database(folder / "catalog.db")
        self._numbering = Numbering()
        self._extent: tuple[int, tuple[int, int]] = (-1, (0, 0))
        try:
            version = self._version()
            if version > schema.VERSION:
                raise LibraryTooNew(f"The library {folder} has format {version}; this Pincite knows {schema.VERSION}.")
        except LibraryError:
            self.close()
            raise

    @property
    def blank(self) -> bool:
        """Whether there is nothing yet, not even tables."""
        return self._version() == 0

    @property
    def library_id(self) -> str:
        """What tells this library from every other one."""
        return self._meta("library")

    def close(self) -> None:
        """Let go of the file, which then is complete in itself."""
        self._database.close()

    # Reading

    def generation(self) -> int:
        """How many changes the library has seen."""
        value = self._meta("generation")
        if not value.isdecimal():
            raise self._database.damaged(f"its generation is {value!r}")
        return int(value)

    def fingerprint(self) -> str:
        """What the vectors were made with; empty while there are none."""
        return self._meta("fingerprint")

    def removals_from(self) -> int:
        """From which generation on it is known what was removed."""
        rows = self._database.rows("SELECT value FROM meta WHERE key = 'removals_from'")
        if rows and not str(rows[0][0]).isdecimal():
            raise self._database.damaged(f"its removals are from {rows[0][0]!r}")
        return int(rows[0][0]) if rows else 0

    def documents(self) -> list[DocumentInfo]:
        """All documents, by source."""
        return [self._info(row) for row in self._database.rows(f"{_INFO} ORDER BY source, d.number")]

    def numbered(self) -> dict[int, DocumentInfo]:
        """All documents by number; what changed since they were last asked for is read again."""
        with self._database.snapshot():
            return self._numbering.of(self)

    def all_infos(self) -> dict[int, DocumentInfo]:
        """The same, read anew."""
        return {row[0]: self._info(row) for row in self._database.rows(_INFO)}

    def first_sources(self) -> dict[int, str]:
        """The source that stands for each document, by its number: the first of its sources."""
        return dict(self._database.rows("SELECT document, min(source) FROM sources GROUP BY document"))

    def relinked(self) -> int:
        """When a document that stayed last got a source or lost one."""
        rows = self._database.rows("SELECT value FROM meta WHERE key = 'relinked'")
        return int(rows[0][0]) if rows and str(rows[0][0]).isdecimal() else schema.NEVER if rows else 0

    def identified(self, names: Sequence[str]) -> list[DocumentInfo]:
        """The documents that have one of these as their id, or were read from one of these sources."""
        query = f"""{_INFO} WHERE d.id IN {_LISTED}
                    OR d.number IN (SELECT document FROM sources WHERE source IN {_LISTED})"""
        listed = json.dumps(list(names))
        return [self._info(row) for row in self._database.rows(query, [listed, listed])]

    def extent(self, numbers: Sequence[int] | None = None) -> tuple[int, int]:
        """How many passages and documents there are in all, counted again when something has changed; or of these."""
        query = "SELECT coalesce(sum(passages), 0), count(*) FROM documents"
        if numbers is not None:
            rows = self._database.rows(f"{query} WHERE number IN {_LISTED}", [json.dumps(list(numbers))])
            return rows[0][0], rows[0][1]
        generation = self.generation()
        if self._extent[0] != generation:
            passages, documents = self._database.rows(query)[0]
            self._extent = generation, (passages, documents)
        return self._extent[1]

    def number_of(self, identity: str) -> int | None:
        """The number of the document with this id."""
        rows = self._database.rows("SELECT number FROM documents WHERE id = ?", [identity])
        return int(rows[0][0]) if rows else None

    def infos(self, numbers: Sequence[int]) -> dict[int, DocumentInfo]:
        """The documents of these numbers that still exist."""
        rows = self._database.rows(f"{_INFO} WHERE d.number IN {_LISTED}", [json.dumps(list(numbers))])
        return {row[0]: self._info(row) for row in rows}

    def document_of(self, source: str) -> str:
        """The id of the document that was read from this source; empty where there is none."""
        query = "SELECT d.id FROM sources s JOIN documents d ON d.number = s.document WHERE s.source = ?"
        rows = self._database.rows(query, [source])
        return str(rows[0][0]) if rows else ""

    def sources(self) -> list[tuple[str, str]]:
        """Each source and the id of its document."""
        return self._database.rows(
            "SELECT s.source, d.id FROM sources s JOIN documents d ON d.number = s.document ORDER BY 1"
        )

    def sources_below(self, folder: str) -> dict[str, str]:
        """Each source in a folder, or in one below it, and the id of its document."""
        below = folder.rstrip(os.sep) + os.sep
        query = "SELECT s.source, d.id FROM sources s JOIN documents d ON d.number = s.document"
        after = below[:-1] + chr(ord(os.sep) + 1)
        return dict(self._database.rows(f"{query} WHERE s.source >= ? AND s.source < ?", [below, after]))

    def documents_of(self, sources: Sequence[str]) -> dict[str, str]:
        """The same for these sources."""
        query = f"""SELECT s.source, d.id FROM sources s JOIN documents d ON d.number = s.document
                    WHERE s.source IN {_LISTED}"""
        return dict(self._database.rows(query, [json.dumps(list(sources))]))

    def media_types(self, ids: Sequence[str]) -> dict[str, str]:
        """Of those of these documents that exist, by id."""
        query = f"SELECT id, media_type FROM documents WHERE id IN {_LISTED}"
        return dict(self._database.rows(query, [json.dumps(list(ids))]))

    def document(self, number: int) -> Document | None:
        """A whole document, its text put together from its passages."""
        with self._database.snapshot():
            info = self.infos([number]).get(number)
            if info is None:
                return None
            text = "".join(row.passage.text + gap for row, gap in self._document_rows(number))
            marks = self._database.rows(
                "SELECT kind, start, label, level FROM landmarks WHERE document = ? ORDER BY start, place", [number]
            )
        landmarks = tuple(Landmark(*mark) for mark in marks)
        stated = (info.id, info.source, info.title, info.author, info.date, info.media_type)
        return Document(*stated, text, landmarks, info.notes)

    def excerpt(self, number: int, span: Span) -> Excerpt:
        """The part of a document's text that has a span, and what else stands in the same passages."""
        begins = "(SELECT max(ordinal) FROM passages WHERE document = ? AND start <= ?)"
        condition = f"p.document = ? AND p.start < ? AND p.ordinal >= coalesce({begins}, 0)"
        rows = self._passage_rows(condition, [number, max(span.end, span.start + 1), number, span.start])
        start, text = rows[0][0].passage.start if rows else 0, "".join(row.passage.text + gap for row, gap in rows)
        marks = self._database.rows(
            """SELECT kind, start, label, level FROM landmarks WHERE document = ?
               AND kind IN ('page', 'heading', 'paragraph') AND start BETWEEN ? AND ? ORDER BY start, place""",
            [number, start, start + len(text)],
        )
        return Excerpt(start, text, tuple(Landmark(*mark) for mark in marks))

    def pages_begun(self, number: int, at: int) -> int:
        """How many pages of a document begin at that place or before it."""
        query = "SELECT count(*) FROM landmarks WHERE document = ? AND kind = 'page' AND start <= ?"
        return int(self._database.rows(query, [number, at])[0][0])

    def sources_of(self, number: int) -> list[str]:
        """Where a document was found."""
        query = "SELECT source FROM sources WHERE document = ? ORDER BY source"
        return [row[0] for row in self._database.rows(query, [number])]

    def passages(self, ids: Sequence[int]) -> dict[int, PassageRow]:
        """The passages of these ids that still exist. Raises LibraryDamaged where one does not match its checksum."""
        return {row.passage.id: row for row, _ in self._passage_rows(f"p.id IN {_LISTED}", [json.dumps(list(ids))])}

    def numbers(self, ids: Sequence[int]) -> dict[int, int]:
        """The document's number of each of these passages that still exist."""
        query = f"SELECT id, document FROM passages WHERE id IN {_LISTED}"
        return dict(self._database.rows(query, [json.dumps(list(ids))]))

    def passages_of(self, number: int) -> list[Passage]:
        """All passages of a document, in order."""
        return [row.passage for row, _ in self._document_rows(number)]

    def rows_of(self, number: int) -> list[tuple[PassageRow, str]]:
        """The same with their vectors, each with the white space that follows it in the document."""
        return self._document_rows(number)

    def vectors_by_key(self, keys: Sequence[bytes]) -> dict[bytes, filing.PackedVectors]:
        """Vectors that exist already for texts with these hashes."""
        found: dict[bytes, filing.PackedVectors] = {}
        for some in _slices(keys, 500):
            query = f"SELECT key, vector, sentences FROM vectors WHERE key IN {_marks(some)}"
            found.update((row[0], filing.PackedVectors(*row)) for row in self._database.rows(query, some))
        return found

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

    def ranges(self, numbers: Sequence[int]) -> list[DocumentRange]:
        """The passage ids of these documents."""
        query = f"SELECT number, first, passages FROM documents WHERE number IN {_LISTED}"
        return self._ranges(query, [json.dumps(list(numbers))])

    def vectors(self, ranges: Sequence[DocumentRange]) -> Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
        """Ids (n,) and vectors (n, dimension), float32, in blocks, of the passages in these ranges."""
        for first, last in _runs(ranges, 8192):
            rows = self._database.rows(
                "SELECT passage, vector FROM vectors WHERE passage BETWEEN ? AND ?", [first, last]
            )
            if rows:
                yield np.asarray([row[0] for row in rows], dtype=np.int64), self._stacked(rows)

    def vectors_of(self, ids: Sequence[int]) -> tuple[list[int], np.ndarray[Any, Any]]:
        """The same for these passages, as far as they still exist."""
        query = f"SELECT passage, vector FROM vectors WHERE passage IN {_LISTED}"
        rows = self._database.rows(query, [json.dumps(list(ids))])
        return [row[0] for row in rows], self._stacked(rows)

    def texts(self, ranges: Sequence[DocumentRange]) -> Iterator[tuple[int, int, str]]:
        """Id, document number and text of the passages in these ranges."""
        query = "SELECT id, document, substr(text, 1, end - start) FROM passages WHERE id BETWEEN ? AND ?"
        for first, last in _runs(ranges, 2048):
            yield from self._database.rows(query, [first, last])

    def totals(self) -> dict[str, int]:
        """Numbers of documents, passages, sentences and characters."""
        query = """SELECT count(*), coalesce(sum(passages), 0), coalesce(sum(sentences), 0),
                   coalesce(sum(characters), 0) FROM documents"""
        row = self._database.rows(query)[0]
        return dict(zip(("documents", "passages", "sentences", "characters"), row, strict=True))

    def highest(self) -> int:
        """The highest passage id that was ever given: at least as many as there are passages, and known at once."""
        rows = self._database.rows("SELECT seq FROM sqlite_sequence WHERE name = 'passages'")
        return int(rows[0][0]) if rows else 0

    def locate(self, number: int, start: int) -> Location:
        """Page, path of headings and paragraph of the place `start` in a document."""
        with self._database.reading() as connection:
            page = _last(connection, number, "page", start)
            heading = _last(connection, number, "heading", start)
            path, above = [], heading
            while above:
                path.append(above.label)
                outer = above.level > 1
                above = _last(connection, number, "heading", above.start, below_level=above.level) if outer else None
            anchor = max(page.start if page else -1, heading.start if heading else -1)
            paragraph = connection.execute(
                """SELECT count(*) FROM landmarks
                   WHERE document = ? AND kind = 'paragraph' AND start BETWEEN ? AND ?""",
                (number, anchor, start),
            ).fetchone()[0]
        return Location(page.label if page else "", " > ".join(reversed(path)), paragraph)

    def headings(self, numbers: Sequence[int]) -> dict[str, list[str]]:
        """The headings of these documents, in order, by the document's id."""
        found: dict[str, list[str]] = {}
        query = f"""SELECT d.id, l.label FROM landmarks l JOIN documents d ON d.number = l.document
                    WHERE l.kind = 'heading' AND l.document IN {_LISTED} ORDER BY l.document, l.start, l.place"""
        for identity, label in self._database.rows(query, [json.dumps(list(numbers))]):
            found.setdefault(identity, []).append(label)
        return found

    def problems(self) -> list[Problem]:
        """What SQLite's own check and our checksums find wrong, without raising."""
        again = "Remove the document and add its source again."
        found = []
        try:
            found = [
                Problem(
                    f"The catalog is damaged: {row[0]}.", "Restore the library from a copy, or add the sources anew."
                )
                for row in self._database.rows("PRAGMA integrity_check(20)")
                if row[0] != "ok"
            ]
            for number, identity in self._database.rows("SELECT number, id FROM documents ORDER BY number"):
                try:
                    self._document_rows(number)
                except LibraryDamaged as error:
                    found.append(Problem(f"Document {identity[:12]}: {error.detail}.", again))
        except LibraryDamaged as error:
            found.append(Problem(error.message, error.hint))
        return found

    # Writing

    def create(self) -> None:
        """Make the tables, unless another process just did."""
        with self._database.writing() as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0]:
                return
            for statement in schema.TABLES.split(";"):
                connection.execute(statement)
            meta = [("library", uuid.uuid4().hex), ("generation", "0"), ("fingerprint", "")]
            connection.executemany("INSERT INTO meta VALUES (?, ?)", meta)
            connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {schema.VERSION}")

    def put(
        self, document: Document, chunks: Sequence[Chunk], vectors: Sequence[filing.PackedVectors], fingerprint: str
    ) -> Literal["added", "replaced"]:
        """Store a document in one transaction, in place of what was read from the same source before."""
        return self.put_all([(document, chunks, vectors)], fingerprint)[0]

    def put_all(
        self,
        documents: Iterable[tuple[Document, Sequence[Chunk], Sequence[filing.PackedVectors]]],
        fingerprint: str,
    ) -> list[Literal["added", "replaced"]]:
        """Store several, as `put` does each, in one transaction: a disk takes as long for many as for one."""
        outcomes: list[Literal["added", "replaced"]] = []
        with self._database.writing() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'fingerprint'", (fingerprint,))
            for document, chunks, vectors in documents:
                generation = filing.next_generation(connection)
                replaced = filing.unlink(connection, document.source, generation)
                number = filing.insert_document(connection, document, chunks, generation)
                filing.insert_passages(connection, number, document, chunks, vectors)
                connection.execute("INSERT INTO sources VALUES (?, ?)", (document.source, number))
                outcomes.append("replaced" if replaced else "added")
        return outcomes

    def link(self, source: str, document_id: str) -> None:
        """Note that a document already stored is found at this source, too."""
        with self._database.writing() as connection:
            generation = filing.next_generation(connection)
            filing.unlink(connection, source, generation)
            connection.execute(
                "INSERT INTO sources SELECT ?, number FROM documents WHERE id = ?", (source, document_id)
            )
            filing.note_relinked(connection, generation)

    def relink(self, gained: Mapping[str, str], lost: Iterable[str] = ()) -> None:
        """In one step, sources get the documents with these ids and others lose theirs: nothing is gone meanwhile.

        A document that has no source left is removed.
        """
        with self._database.writing() as connection:
            filing.relink(connection, gained, lost, filing.next_generation(connection))

    def remove(self, number: int) -> None:
        """Remove a document and all that belongs to it."""
        with self._database.writing() as connection:
            filing.remove(connection, number, filing.next_generation(connection))

    def forget_removals(self, until: int) -> int:
        """Forget which documents went up to that generation; how many that were."""
        with self._database.writing() as connection:
            gone = connection.execute("DELETE FROM removals WHERE generation <= ?", (until,)).rowcount
            if gone:
                connection.execute("INSERT OR REPLACE INTO meta VALUES ('removals_from', ?)", (str(until),))
        return gone

    # Details

    def _version(self) -> int:
        return int(self._database.rows("PRAGMA user_version")[0][0])

    def _meta(self, key: str) -> str:
        rows = self._database.rows("SELECT value FROM meta WHERE key = ?", [key])
        if not rows:
            raise self._database.damaged(f"it lost its {key}")
        return str(rows[0][0])

    def _info(self, row: Sequence[Any]) -> DocumentInfo:
        try:
            return DocumentInfo(*row[1:-1], tuple(json.loads(row[-1])))  # type: ignore[call-arg,unused-ignore]
        except (TypeError, ValueError) as error:
            raise self._database.damaged(f"document {row[0]} has notes that are no list: {error}") from error

    def _stacked(self, rows: Sequence[Any]) -> np.ndarray[Any, Any]:
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
                            AND l.kind = 'heading' AND l.start >= p.start AND l.start < p.end)
                    FROM passages p JOIN documents d ON d.number = p.document JOIN vectors v ON v.passage = p.id
                    WHERE {condition} ORDER BY p.document, p.ordinal"""
        result = []
        for row in self._database.rows(query, values):
            identity, document_id, ordinal, start, end, text, sentences, number, sentence_vectors, vector = row[:10]
            stored, headings = row[10:]
            parts = (sentences, vector, sentence_vectors)
            sound = isinstance(text, str) and all(isinstance(part, bytes) for part in parts)
            if not sound or schema.checksum((ordinal, start, end), text, *parts) != stored:
                raise self._database.damaged(f"passage {identity} does not match its checksum")
            spans = schema.unpack_spans(sentences, start)
            passage = Passage(identity, document_id, ordinal, start, end, text[: end - start], spans)
            marked = frozenset(map(int, headings.split(","))) if headings else frozenset()
            result.append((PassageRow(passage, number, sentence_vectors, vector, marked), text[end - start :]))
        return result


def _last(connection: Connection, number: int, kind: LandmarkKind, start: int, below_level: int = 0) -> Landmark | None:
    """The last landmark of a kind at or before `start`; with `below_level`, only one of a lower level before it."""
    row = connection.execute(
        """SELECT kind, start, label, level FROM landmarks
           WHERE document = ? AND kind = ? AND start <= ? AND (? = 0 OR level < ?)
           ORDER BY start DESC, place DESC LIMIT 1""",
        (number, kind, start, below_level, below_level),
    ).fetchone()
    return Landmark(*row) if row else None


def _marks(values: Sequence[Any]) -> str:
    return f"({', '.join('?' * len(values))})"


def _slices(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _runs(ranges: Sequence[DocumentRange], size: int) -> Iterator[tuple[int, int]]:
    """First and last ids of blocks of about `size` passages; neighbouring documents share a block."""
    first = last = None
    for each in ranges:
        for start in range(each.first, each.first + each.passages, size):
            end = min(start + size, each.first + each.passages) - 1
            if first is not None and last is not None and start == last + 1 and end - first < size:
                last = end
                continue
            if first is not None and last is not None:
                yield first, last
            first, last = start, end
    if first is not None and last is not None:
        yield first, last
