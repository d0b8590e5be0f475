"""What is known of a library as a whole, of its documents, and of where they were found."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from index.errors import LibraryError, LibraryTooNew
from index.records import DocumentInfo
from index.storage import schema
from index.storage.catalog.rows import LISTED
from index.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_INFO = """
    SELECT d.number, d.id, (SELECT min(source) FROM sources s WHERE s.document = d.number) AS source,
           d.title, d.author, d.date, d.media_type, d.characters, d.pages, d.passages, d.notes,
           d.number IN {claims} AS claimed
    FROM documents d
"""


class Documents:
    """The library, its documents, and their sources."""

    def __init__(self, folder: Path) -> None:
        self.database = self._database = Database(folder / "catalog.db")
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

    def generation(self) -> int:
        """How many changes the library has seen."""
        value = self._meta("generation")
        if not value.isdecimal():
            raise self._database.damaged(f"its generation is {value!r}")
        return int(value)

    def fingerprint(self) -> str:
        """What the vectors were made with; empty while there are none."""
        return self._meta("fingerprint")

    def model(self) -> str | None:
        """The setting that loads its encoder, empty for the built-in one; None where that is not known."""
        rows = self._database.rows("SELECT value FROM meta WHERE key = 'model'")
        return str(rows[0][0]) if rows else None

    def removals_from(self) -> int:
        """From which generation on it is known what was removed."""
        rows = self._database.rows("SELECT value FROM meta WHERE key = 'removals_from'")
        if rows and not str(rows[0][0]).isdecimal():
            raise self._database.damaged(f"its removals are from {rows[0][0]!r}")
        return int(rows[0][0]) if rows else 0

    def relinked(self) -> int:
        """When a document that stayed last got a source or lost one."""
        rows = self._database.rows("SELECT value FROM meta WHERE key = 'relinked'")
        return int(rows[0][0]) if rows and str(rows[0][0]).isdecimal() else schema.NEVER if rows else 0

    def documents(self) -> list[DocumentInfo]:
        """All documents, by source."""
        return [self._info(row) for row in self._database.rows(f"{self._listing} ORDER BY source, d.number")]

    def all_infos(self) -> dict[int, DocumentInfo]:
        """All documents by number."""
        return {row[0]: self._info(row) for row in self._database.rows(self._listing)}

    def infos(self, numbers: Sequence[int]) -> dict[int, DocumentInfo]:
        """The documents of these numbers that still exist."""
        rows = self._database.rows(f"{self._listing} WHERE d.number IN {LISTED}", [json.dumps(list(numbers))])
        return {row[0]: self._info(row) for row in rows}

    def identified(self, names: Sequence[str]) -> list[DocumentInfo]:
        """The documents that have one of these as their id, or were read from one of these sources."""
        query = f"""{self._listing} WHERE d.id IN {LISTED}
                    OR d.number IN (SELECT document FROM sources WHERE source IN {LISTED})"""
        listed = json.dumps(list(names))
        return [self._info(row) for row in self._database.rows(query, [listed, listed])]

    def number_of(self, identity: str) -> int | None:
        """The number of the document with this id."""
        rows = self._database.rows("SELECT number FROM documents WHERE id = ?", [identity])
        return int(rows[0][0]) if rows else None

    def was_read(self, identity: str) -> bool:
        """Whether there is a document with this id, and its file was read here: no import merely claims it."""
        query = f"SELECT 1 FROM documents WHERE id = ? AND number NOT IN {self._claims}"
        return bool(self._database.rows(query, [identity]))

    def claimed(self, ids: Sequence[str] | None = None) -> frozenset[str]:
        """The ids of the documents of which nobody here has read the file: of all, or of these."""
        query = f"SELECT id FROM documents WHERE number IN {self._claims}"
        if ids is None:
            return frozenset(row[0] for row in self._database.rows(query))
        return frozenset(row[0] for row in self._database.rows(f"{query} AND id IN {LISTED}", [json.dumps(list(ids))]))

    def totals(self) -> dict[str, int]:
        """Numbers of documents, passages, sentences and characters."""
        query = """SELECT count(*), coalesce(sum(passages), 0), coalesce(sum(sentences), 0),
                   coalesce(sum(characters), 0) FROM documents"""
        row = self._database.rows(query)[0]
        return dict(zip(("documents", "passages", "sentences", "characters"), row, strict=True))

    def extent(self, numbers: Sequence[int] | None = None) -> tuple[int, int]:
        """How many passages and documents there are in all, counted again when something has changed; or of these."""
        query = "SELECT coalesce(sum(passages), 0), count(*) FROM documents"
        if numbers is not None:
            rows = self._database.rows(f"{query} WHERE number IN {LISTED}", [json.dumps(list(numbers))])
            return rows[0][0], rows[0][1]
        generation = self.generation()
        if self._extent[0] != generation:
            passages, documents = self._database.rows(query)[0]
            self._extent = generation, (passages, documents)
        return self._extent[1]

    def media_types(self, ids: Sequence[str]) -> dict[str, str]:
        """Media types of the given documents, by id, as far as they exist and were read here."""
        query = f"SELECT id, media_type FROM documents WHERE id IN {LISTED} AND number NOT IN {self._claims}"
        return dict(self._database.rows(query, [json.dumps(list(ids))]))

    def first_sources(self) -> dict[int, str]:
        """The source that stands for each document, by its number: the first of its sources."""
        return dict(self._database.rows("SELECT document, min(source) FROM sources GROUP BY document"))

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

    def sources_of(self, number: int) -> list[str]:
        """Where a document was found."""
        query = "SELECT source FROM sources WHERE document = ? ORDER BY source"
        return [row[0] for row in self._database.rows(query, [number])]

    def document_of(self, source: str) -> str:
        """The id of the document that was read from this source; empty where there is none."""
        query = "SELECT d.id FROM sources s JOIN documents d ON d.number = s.document WHERE s.source = ?"
        rows = self._database.rows(query, [source])
        return str(rows[0][0]) if rows else ""

    def documents_of(self, sources: Sequence[str]) -> dict[str, str]:
        """The same for these sources."""
        query = f"""SELECT s.source, d.id FROM sources s JOIN documents d ON d.number = s.document
                    WHERE s.source IN {LISTED}"""
        return dict(self._database.rows(query, [json.dumps(list(sources))]))

    @property
    def _listing(self) -> str:
        """The query that lists documents."""
        return _INFO.format(claims=self._claims)

    @property
    def _claims(self) -> str:
        """What lists the numbers of claimed documents in a query: nothing where the library is older than claims."""
        there = self._database.rows("SELECT 1 FROM sqlite_schema WHERE name = 'claims'")
        return "(SELECT document FROM claims)" if there else "()"

    def _version(self) -> int:
        return int(self._database.rows("PRAGMA user_version")[0][0])

    def _meta(self, key: str) -> str:
        rows = self._database.rows("SELECT value FROM meta WHERE key = ?", [key])
        if not rows:
            raise self._database.damaged(f"it lost its {key}")
        return str(rows[0][0])

    def _info(self, row: Sequence[Any]) -> DocumentInfo:
        try:
            return DocumentInfo(*row[1:-2], tuple(json.loads(row[-2])), bool(row[-1]))  # type: ignore[call-arg,unused-ignore]
        except (TypeError, ValueError) as error:
            raise self._database.damaged(f"document {row[0]} has notes that are no list: {error}") from error
