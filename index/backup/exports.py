"""Exports a snapshot of a library to a portable file, while others read and write it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from index.backup.archive import ArchiveWriter, file_size, require_space
from index.backup.portable_format import DOCUMENTS, FORMAT, SENTENCES, VECTORS, VERSION, line_of
from index.records import Chunk
from index.records.report import Exported

if TYPE_CHECKING:
    from pathlib import Path

    from index.records.report import OperationProgress
    from index.storage.catalog.catalog import Catalog
    from index.storage.catalog.passage_queries import PassageRow
    from index.storage.store import FolderStore

_SHARD = 16 << 20
"""Bytes that are collected before they are written, so that the memory does not depend on the library's size."""


def export_library(
    store: FolderStore,
    path: Path,
    *,
    vectors: bool = True,
    force: bool = False,
    progress: OperationProgress | None = None,
) -> Exported:
    """Write all documents, and with `vectors` their vectors, so that an import need not encode them.

    A document that is only claimed here is marked, so that no import treats it as read. Raises ArchiveExists,
    ArchiveNotWritable, NoRoom, LibraryDamaged.
    """
    began = time.monotonic()
    catalog = store.catalog
    with ArchiveWriter(path, FORMAT, VERSION, force=force) as archive, catalog.database.snapshot():
        require_space(archive.folder, file_size(catalog.database.path))
        totals = catalog.totals()
        shards = _Shards(archive, vectors=vectors)
        numbers = [number for (number,) in catalog.database.rows("SELECT number FROM documents ORDER BY number")]
        for done, number in enumerate(numbers, 1):
            shards.add(catalog, number)
            if progress:
                progress("exporting", done, len(numbers))
        shards.flush()
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        archive.add_facts(
            made_at=made_at,
            made_with=catalog.fingerprint(),
            vectors=vectors,
            dimension=shards.dimension,
            shards=shards.written,
            **totals,
        )
    seconds = time.monotonic() - began
    return Exported(str(path), file_size(path), totals["documents"], totals["passages"], vectors, seconds)


class _Shards:
    """Collects documents, and writes them to the archive in shards."""

    def __init__(self, archive: ArchiveWriter, *, vectors: bool) -> None:
        self._archive = archive
        self._with_vectors = vectors
        self._lines: list[bytes] = []
        self._rows: list[PassageRow] = []
        self._size = 0
        self.written = 0
        self.dimension = 0

    def add(self, catalog: Catalog, number: int) -> None:
        """Add a document. Raises LibraryDamaged if it does not match its checksums."""
        document = catalog.document(number)
        assert document is not None
        rows = [row for row, _ in catalog.rows_of(number)]
        chunks = (Chunk(row.passage.start, row.passage.end, row.passage.sentences) for row in rows)
        claimed = not catalog.was_read(document.id)
        self._lines.append(line_of(document, catalog.sources_of(number), chunks, claimed=claimed).to_json())
        self._size += len(self._lines[-1])
        if self._with_vectors:
            self._rows += rows
            self._size += sum(len(row.vector) + len(row.sentence_vectors) for row in rows)
            self.dimension = len(rows[0].vector) // 2
        if self._size >= _SHARD:
            self.flush()

    def flush(self) -> None:
        """Write the collected documents as a shard."""
        if not self._lines:
            return
        self.written += 1
        with self._archive.part(DOCUMENTS.format(self.written), compress=True, documents=len(self._lines)) as part:
            for line in self._lines:
                part.write(line)
        if self._with_vectors:
            with self._archive.part(VECTORS.format(self.written), rows=len(self._rows)) as part:
                part.write(b"".join(row.vector for row in self._rows))
            sentences = sum(len(row.passage.sentences) for row in self._rows)
            with self._archive.part(SENTENCES.format(self.written), rows=sentences) as part:
                part.write(b"".join(row.sentence_vectors for row in self._rows))
        self._lines, self._rows, self._size = [], [], 0
