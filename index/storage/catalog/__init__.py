"""The truth: one SQLite database that holds everything a library knows.

`documents`, `passages` and `places` read from it, each on top of the one before; here is what writes.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Literal

from index.errors import LibraryDamaged
from index.records import Problem
from index.storage import filing, schema
from index.storage.catalog.places import Places
from index.storage.catalog.rows import DocumentRange, Excerpt, PassageRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from index.records import Chunk, Document

__all__ = ["Catalog", "DocumentRange", "Excerpt", "PassageRow"]


class Catalog(Places):
    """All that a library knows: documents, landmarks, passages, vectors, and what became of each."""

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

    def create(self) -> None:
        """Make the tables, unless another process just did."""
        with self._database.writing() as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0]:
                return
            for statement in (*schema.TABLES.split(";"), schema.CLAIMS):
                connection.execute(statement)
            meta = [("library", uuid.uuid4().hex), ("generation", "0"), ("fingerprint", "")]
            connection.executemany("INSERT INTO meta VALUES (?, ?)", meta)
            connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {schema.VERSION}")

    def put(
        self,
        document: Document,
        chunks: Sequence[Chunk],
        vectors: Sequence[filing.PackedVectors],
        fingerprint: str,
        *,
        claimed: bool = False,
    ) -> Literal["added", "replaced"]:
        """Store a document in one transaction, in place of what was read from the same source before.

        It also takes the place of one that was `claimed` to be read from the same bytes.
        """
        return self.put_all([(document, chunks, vectors)], fingerprint, claimed=claimed)[0]

    def put_all(
        self,
        documents: Iterable[tuple[Document, Sequence[Chunk], Sequence[filing.PackedVectors]]],
        fingerprint: str,
        *,
        claimed: bool = False,
    ) -> list[Literal["added", "replaced"]]:
        """Store several, as `put` does each, in one transaction: a disk takes as long for many as for one."""
        outcomes: list[Literal["added", "replaced"]] = []
        with self._database.writing() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'fingerprint'", (fingerprint,))
            for document, chunks, vectors in documents:
                generation = filing.next_generation(connection)
                displaced = filing.displace(connection, document.id, generation)
                replaced = filing.unlink(connection, document.source, generation) or displaced
                number = filing.insert_document(connection, document, chunks, generation)
                filing.insert_passages(connection, number, document, chunks, vectors)
                if claimed:
                    filing.claim(connection, number)
                connection.execute("INSERT INTO sources VALUES (?, ?)", (document.source, number))
                outcomes.append("replaced" if replaced else "added")
        return outcomes

    def note_model(self, model: str) -> None:
        """Note the setting that loads the encoder of the fingerprint, which tells only what came of it."""
        with self._database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('model', ?)", (model,))

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
