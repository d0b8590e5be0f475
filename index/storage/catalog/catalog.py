"""The catalog: one SQLite database that holds everything a library knows. It is the truth; both indexes are caches.

Its queries are functions of other modules, listed in its body. They use only the catalog's database.
"""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from index.errors import LibraryDamaged, LibraryError, LibraryTooNew
from index.records import Problem
from index.storage import tables
from index.storage.catalog import document_queries, passage_queries
from index.storage.catalog.document_queries import JSON_VALUES
from index.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from index.records import Chunk, Document, DocumentInfo

_EXTENT = "SELECT coalesce(sum(passages), 0), count(*) FROM documents"


class Catalog:
    """The documents, landmarks, passages and vectors of a library, and its history. Safe to use from several threads.

    Every method raises LibraryDamaged if the data that it reads contradict each other.
    """

    def __init__(self, folder: Path, *, immutable: bool = False) -> None:
        self.database = Database(folder / "catalog.db", immutable=immutable)
        self._numbering = DocumentCache()
        self._extent: tuple[int, tuple[int, int]] = (-1, (0, 0))
        try:
            version = self._version()
            fact = f"The library {folder} has format {version}; this Pincite knows {tables.VERSION}."
            if version > tables.VERSION:
                raise LibraryTooNew(fact)
            if 0 < version < tables.VERSION:
                if self.database.read_only:
                    raise LibraryError(fact, "Open it once where its folder can be written: that brings it up to date.")
                self.create()
        except LibraryError:
            self.close()
            raise

    def close(self) -> None:
        """Close the database; its single file is then complete."""
        self.database.close()

    # Facts about the library

    @property
    def blank(self) -> bool:
        """Whether the database has no tables."""
        return self._version() == 0

    @property
    def library_id(self) -> str:
        """The library's identity. A rebuild or a restore changes it."""
        return self._meta("library")

    def generation(self) -> int:
        """Return the number of changes so far."""
        value = self._meta("generation")
        if not value.isdecimal():
            raise self.database.damaged(f"its generation is {value!r}")
        return int(value)

    def fingerprint(self) -> str:
        """Return the names of the encoder and the chunker of the vectors; empty if there are no vectors yet."""
        return self._meta("fingerprint")

    def model(self) -> str | None:
        """Return the setting that loads the encoder: empty for the built-in encoder, None if it is unknown."""
        return self._optional_meta("model")

    def precisions(self) -> list[str]:
        """Return the precisions in which vectors were computed, in alphabetical order."""
        return (self._optional_meta("precisions") or "").split()

    def relinked(self) -> int:
        """Return the last generation in which a document gained or lost a source and stayed in the library."""
        value = self._optional_meta("relinked")
        return 0 if value is None else int(value) if value.isdecimal() else tables.NEVER

    def totals(self) -> dict[str, int]:
        """Return the numbers of documents, passages, sentences and characters."""
        query = """SELECT count(*), coalesce(sum(passages), 0), coalesce(sum(sentences), 0),
                   coalesce(sum(characters), 0) FROM documents"""
        row = self.database.rows(query)[0]
        return dict(zip(("documents", "passages", "sentences", "characters"), row, strict=True))

    def extent(self, numbers: Sequence[int] | None = None) -> tuple[int, int]:
        """Return the numbers of passages and documents, in the whole library or among these documents.

        The totals of the library are counted once per generation.
        """
        if numbers is not None:
            passages, documents = self.database.rows(
                f"{_EXTENT} WHERE number IN {JSON_VALUES}", [json.dumps(list(numbers))]
            )[0]
            return passages, documents
        if self._extent[0] != (generation := self.generation()):
            self._extent = generation, tuple(self.database.rows(_EXTENT)[0])
        return self._extent[1]

    def numbered(self) -> dict[int, DocumentInfo]:
        """Return all documents by number, like `all_infos`, but read only those that changed since the last call."""
        with self.database.snapshot():
            return self._numbering.of(self)

    def problems(self) -> list[Problem]:
        """Return the faults that SQLite's own check and our checksums find, without raising."""
        found: list[Problem] = []
        remedy = "Restore the library from a backup, or add the sources again."
        try:
            for (fault,) in self.database.rows("PRAGMA integrity_check(20)"):
                if fault != "ok":
                    found.append(Problem(f"The catalog is damaged: {fault}.", remedy))
            for number, identity in self.database.rows("SELECT number, id FROM documents ORDER BY number"):
                try:
                    self.rows_of(number)
                except LibraryDamaged as error:
                    remedy = "Remove the document and add its source again."
                    found.append(Problem(f"Document {identity[:12]}: {error.detail}.", remedy))
        except LibraryDamaged as error:
            found.append(Problem(error.message, error.hint))
        return found

    def _version(self) -> int:
        return int(self.database.rows("PRAGMA user_version")[0][0])

    def _optional_meta(self, key: str) -> str | None:
        rows = self.database.rows("SELECT value FROM meta WHERE key = ?", [key])
        return str(rows[0][0]) if rows else None

    def _meta(self, key: str) -> str:
        value = self._optional_meta(key)
        if value is None:
            raise self.database.damaged(f"it lost its {key}")
        return value

    # Documents and sources

    documents = document_queries.documents
    all_infos = document_queries.all_infos
    infos = document_queries.infos
    identified = document_queries.identified
    number_of = document_queries.number_of
    was_read = document_queries.was_read
    claimed = document_queries.claimed
    unfinished = document_queries.unfinished
    to_read = document_queries.to_read
    media_types = document_queries.media_types
    first_sources = document_queries.first_sources
    sources = document_queries.sources
    sources_below = document_queries.sources_below
    sources_of = document_queries.sources_of
    document_of = document_queries.document_of
    documents_of = document_queries.documents_of

    # Passages and vectors

    passages = passage_queries.passages
    numbers = passage_queries.numbers
    passages_of = passage_queries.passages_of
    rows_of = passage_queries.rows_of
    rows_around = passage_queries.rows_around
    texts = passage_queries.texts
    vectors = passage_queries.vectors
    vectors_of = passage_queries.vectors_of
    vectors_by_key = passage_queries.vectors_by_key

    # Texts

    document = passage_queries.document
    excerpt = passage_queries.excerpt
    locate = passage_queries.locate
    tables_in = passage_queries.tables_in
    boxes_in = passage_queries.boxes_in
    headings = passage_queries.headings
    pages_begun = passage_queries.pages_begun

    # History

    ranges = document_queries.ranges
    added_since = document_queries.added_since
    removed_since = document_queries.removed_since
    removals_from = document_queries.removals_from
    generation_after = document_queries.generation_after
    highest = document_queries.highest
    added_at = document_queries.added_at
    successor_of = document_queries.successor_of

    # Changes, each in one transaction

    def create(self) -> None:
        """Create the tables, or those that an older library lacks, unless another process has just done so."""
        with self.database.writing() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version >= tables.VERSION:
                return
            for statement in tables.TABLES.split(";"):
                connection.execute(statement)
            if not version:
                meta = [("library", uuid.uuid4().hex), ("generation", "0"), ("fingerprint", "")]
                connection.executemany("INSERT INTO meta VALUES (?, ?)", meta)
                connection.execute(f"PRAGMA application_id = {tables.APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {tables.VERSION}")

    def begin_ids_after(self, passages: int, documents: int) -> None:
        """Give only ids above these numbers, so that they differ from those of another catalog."""
        with self.database.writing() as connection:
            tables.raise_sequence(connection, "passages", passages)
            tables.raise_sequence(connection, "documents", documents)
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('ids_after', ?)", (f"{passages} {documents}",))

    def ids_after(self) -> tuple[int, int]:
        """Return the numbers that `begin_ids_after` was called with, or zeros."""
        passages, documents = (self._optional_meta("ids_after") or "0 0").split()
        return int(passages), int(documents)

    def put(
        self,
        document: Document,
        chunks: Sequence[Chunk],
        vectors: Sequence[tables.PackedVectors],
        fingerprint: str,
        *,
        claimed: bool = False,
    ) -> Literal["added", "replaced"]:
        """Store a document. It replaces the document that was read from the same source before.

        It also replaces an imported document that `claimed` to come from the same bytes.
        """
        return self.put_all([(document, chunks, vectors)], fingerprint, claimed=claimed)[0]

    def put_all(
        self,
        documents: Iterable[tuple[Document, Sequence[Chunk], Sequence[tables.PackedVectors]]],
        fingerprint: str,
        *,
        claimed: bool = False,
        whole: int = 0,
    ) -> list[Literal["added", "replaced"]]:
        """Store several documents like `put`, in one transaction: a disk takes as long for many as for one.

        If they are beginnings of documents, `whole` is the number of passages that each will have. The next `put` of
        the same document replaces its beginning, which counts as added and not as replaced.
        """
        outcomes: list[Literal["added", "replaced"]] = []
        with self.database.writing() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'fingerprint'", (fingerprint,))
            for document, chunks, vectors in documents:
                generation = tables.next_generation(connection)
                displaced = tables.remove_claimed(connection, document.id, generation)
                former = tables.id_at(connection, document.source)
                others = tables.remove_part(connection, document.id, generation)
                replaced = tables.unlink(connection, document.source, generation) or displaced
                number = tables.insert_document(connection, document, chunks, generation)
                tables.insert_passages(connection, number, document, chunks, vectors)
                tables.mark(connection, number, claimed=claimed, whole=whole)
                tables.link(connection, number, {document.source, *others})
                tables.note(connection, number, document.source, former)
                outcomes.append("replaced" if replaced else "added")
        return outcomes

    def note_model(self, model: str) -> None:
        """Store the setting that loads the encoder: the fingerprint contains only the encoder's name."""
        with self.database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('model', ?)", (model,))

    def note_precisions(self, precisions: Iterable[str]) -> None:
        """Remember that vectors were also computed in these precisions."""
        if missing := set(precisions).difference(self.precisions(), [""]):
            names = " ".join(sorted(missing.union(self.precisions())))
            with self.database.writing() as connection:
                connection.execute("INSERT OR REPLACE INTO meta VALUES ('precisions', ?)", (names,))

    def link(self, source: str, document_id: str) -> None:
        """Add this source to a document that is already stored."""
        with self.database.writing() as connection:
            generation = tables.next_generation(connection)
            tables.unlink(connection, source, generation)
            connection.execute(
                "INSERT INTO sources SELECT ?, number FROM documents WHERE id = ?", (source, document_id)
            )
            tables.record_relinked(connection, generation)

    def relink(self, gained: Mapping[str, str], lost: Iterable[str] = ()) -> None:
        """Link each gained source to the document with the given id, and unlink the lost sources, in one transaction.

        Documents that then have no source are removed.
        """
        with self.database.writing() as connection:
            tables.relink(connection, gained, lost, tables.next_generation(connection))

    def remove(self, number: int) -> None:
        """Remove a document with its passages, vectors and landmarks."""
        with self.database.writing() as connection:
            tables.remove(connection, number, tables.next_generation(connection))
            tables.forget_replaced(connection)

    def forget_removals(self, until: int) -> int:
        """Delete the record of removals up to a generation, and return their number."""
        with self.database.writing() as connection:
            forgotten = connection.execute("DELETE FROM removals WHERE generation <= ?", (until,)).rowcount
            if forgotten:
                connection.execute("INSERT OR REPLACE INTO meta VALUES ('removals_from', ?)", (str(until),))
        return forgotten


class DocumentCache:
    """All documents by number. Each call reads only the documents that changed since the last call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[str, int, dict[int, DocumentInfo]] = ("", 0, {})

    def of(self, catalog: Catalog) -> dict[int, DocumentInfo]:
        """Return all documents of the catalog in this thread's snapshot."""
        library, generation = catalog.library_id, catalog.generation()
        with self._lock:
            known, since, infos = self._known
            if (known, since) != (library, generation):
                changed = _changed(catalog, since, infos) if known == library and since < generation else None
                infos = catalog.all_infos() if changed is None else changed
                self._known = library, generation, infos
            return infos


def _changed(catalog: Catalog, since: int, infos: dict[int, DocumentInfo]) -> dict[int, DocumentInfo] | None:
    """Return the documents with the changes since a generation; None if the removals are no longer recorded."""
    removed = catalog.removed_since(since)
    if removed is None:
        return None
    numbers = {document.number for document in removed}
    changed = {number: info for number, info in infos.items() if number not in numbers}
    changed |= catalog.infos([document.number for document in catalog.added_since(since)])
    if catalog.relinked() > since:
        for number, source in catalog.first_sources().items():
            if number in changed and changed[number].source != source:
                changed[number] = replace(changed[number], source=source)
    return changed
