"""Imports the documents of a portable library. The file may come from anybody, so nothing in it is trusted unchecked.

The file is read twice: once to check all of it, and once to import it, one document at a time.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from index.backup.archive import require_space
from index.backup.archive_reader import ArchiveReader
from index.backup.portable_format import FORMAT, VERSION, PortableReader
from index.backup.rebuild import EmbeddedDocument, Embedder
from index.errors import FingerprintMismatch, LibraryNotWritable
from index.ingest.claimed_documents import Claims
from index.records import Failure, Note, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from index.backup.portable_format import DocumentLine
    from index.backup.rebuild import EncodingTools
    from index.records import Document
    from index.records.report import OperationProgress
    from index.storage.store import FolderStore

_INDEX_SECONDS = 2.0
_TAKEN = "The library has read another document from this source; the imported one differs from it."
_TRUST_HINT = "If the file is your own export, import it with --trust; otherwise, remove your document first."
_READ_FIRST = "The exporting library never read this file: add the original file, or remove your document first."
_OTHER_WORDS = "The imported file has other words for the same SHA-256; the library keeps its own."
_TRUSTED_WORDS = "It was imported before with another {}: the trusted file's has replaced it."


def import_library(
    store: FolderStore,
    path: Path,
    tools: Callable[[str], EncodingTools],
    *,
    max_bytes: int,
    trust: bool = False,
    progress: OperationProgress | None = None,
) -> Receipt:
    """Add the documents of a portable file; documents that the library already has stay as they are.

    If the library was made with the same encoder and chunking, the vectors of the file are used; otherwise its texts
    are cut and encoded again. Nothing is changed before the whole file has been checked. A stopped import continues
    when it is run again.

    Only the portable file says that the file with a document's SHA-256 holds these words, so the document is stored as
    a claim: `add` and `sync` read its file although they know the hash, no other document uses its vectors, and nothing
    reads the places that it names as sources. A claim replaces another claim from the same source, but not a document
    that was read here. With `trust`, which is for your own exports, documents that the exporting library had read count
    as read here and replace claims; documents that it had only claimed stay claims.

    `tools` gets the file's fingerprint, because a library without passages may adopt the file's passage length, if the
    settings allow it. `max_bytes` is the limit for one document. Raises BadArchive, NoRoom, LibraryLocked,
    FingerprintMismatch.
    """
    began = time.monotonic()
    with ArchiveReader(path, FORMAT, VERSION, progress) as archive:
        portable = PortableReader(archive, max_bytes)
        portable.check(progress)
        require_space(store.folder, 2 * sum(archive.size(name) for name in archive.parts))
        with store.writing():
            job = _Import(store, portable, tools, progress, trust=trust)
            try:
                job.run()
            except BaseException:
                with suppress(LibraryNotWritable):  # the first error is the one to raise
                    store.index()
                raise
            store.index()
    return job.receipt(time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class _Target:
    """The sources to store a document under, the main one first, and whether it is stored as a claim."""

    sources: list[str]
    claimed: bool


class _Import:
    """One import, document by document. The caller holds the writer lock."""

    def __init__(
        self,
        store: FolderStore,
        portable: PortableReader,
        tools: Callable[[str], EncodingTools],
        progress: OperationProgress | None,
        *,
        trust: bool,
    ) -> None:
        self._trust = trust
        self._store = store
        self._portable = portable
        self._load_tools = tools
        self._progress = progress
        self._done: dict[str, list[str]] = {"added": [], "replaced": [], "unchanged": []}
        self._notes: list[Note] = []
        self._failed: list[Failure] = []
        self._passages = 0
        self._encoded = 0
        self._indexed_at = time.monotonic()

    def run(self) -> None:
        """Import the new documents."""
        if self._fits():
            for line, vectors in self._portable.lines(with_vectors=True):
                if target := self._target(line):
                    document = replace(line.document, source=target.sources[0])
                    self._put(EmbeddedDocument(document, line.chunks, vectors), target, self._portable.made_with)
            return
        tools = self._tools
        embedder = Embedder(tools, self._store.catalog.vectors_by_key)
        targets: dict[str, _Target] = {}
        for embedded in embedder.embed(self._new(targets)):
            self._put(embedded, targets.pop(embedded.document.id), tools.fingerprint)
        self._encoded = embedder.encoded
        self._store.catalog.note_precisions(embedder.precisions)

    def receipt(self, seconds: float) -> Receipt:
        """Return the receipt of the import."""
        outcomes = {name: tuple(sources) for name, sources in self._done.items()}
        counts = {"passages": self._passages, "encoded": self._encoded}
        remarks = {"notes": tuple(self._notes), "failed": tuple(self._failed)}
        return Receipt(**outcomes, **counts, **remarks, seconds=seconds)  # type: ignore[arg-type]

    @cached_property
    def _tools(self) -> EncodingTools:
        tools, stored = self._load_tools(self._portable.made_with), self._store.catalog.fingerprint()
        if stored and stored != tools.fingerprint:
            raise FingerprintMismatch(str(self._store.folder), stored, tools.fingerprint)
        return tools

    def _fits(self) -> bool:
        """Return whether the library can use the file's vectors. Raises BadArchive if their dimension is wrong."""
        if not self._portable.vectors:
            return False
        if self._portable.made_with != (self._store.catalog.fingerprint() or self._tools.fingerprint):
            return False
        rows = self._store.catalog.database.rows("SELECT length(vector) / 2 FROM vectors LIMIT 1")
        if self._portable.dimension != (rows[0][0] if rows else self._tools.encoder.dimension):
            raise self._portable.bad("its vectors do not have the dimension of this encoder's vectors")
        return True

    def _new(self, targets: dict[str, _Target]) -> Iterator[Document]:
        """Yield the documents that the library lacks, and put their targets, by id, into `targets`."""
        for line, _ in self._portable.lines(with_vectors=False):
            if target := self._target(line):
                targets[line.id] = target
                yield replace(line.document, source=target.sources[0])

    def _trusts(self, line: DocumentLine) -> bool:
        """Return whether a document counts as read here: the exporting library had read its file."""
        return self._trust and not line.claimed

    def _target(self, line: DocumentLine) -> _Target | None:
        """Return where to store a document; None, with a note or failure, if it is not stored."""
        catalog, trusted = self._store.catalog, self._trusts(line)
        number = catalog.number_of(line.id)
        if number is not None and not (trusted and not catalog.was_read(line.id)):
            self._keep_existing(line, number)
            return None
        sources = line.sources if trusted else self._free_sources(line)
        return _Target(sources, claimed=not trusted) if sources else None

    def _free_sources(self, line: DocumentLine) -> list[str]:
        """Return the sources that a claim may take, and record a failure if there are none."""
        catalog = self._store.catalog
        others = catalog.documents_of(line.sources)
        claimed = catalog.claimed(list(others.values()))
        free = [source for source in line.sources if source not in others or others[source] in claimed]
        if not free:
            self._failed.append(Failure(line.sources[0], _TAKEN, _READ_FIRST if line.claimed else _TRUST_HINT))
            self._report()
        return free

    def _keep_existing(self, line: DocumentLine, number: int) -> None:
        """Keep a document that the library already has, and add a note if the file has other words for it.

        Its free sources are linked, unless the existing document was read here and the import is not trusted.
        """
        catalog = self._store.catalog
        stored = catalog.document(number)
        if stored is not None and stored.text != line.text:
            self._notes.append(Note(line.sources[0], _OTHER_WORDS))
        if self._trusts(line) or not catalog.was_read(line.id):
            for source in line.sources:
                if not catalog.document_of(source):
                    catalog.link(source, line.id)
        self._record("unchanged", line.sources[0])

    def _put(self, embedded: EmbeddedDocument, target: _Target, fingerprint: str) -> None:
        """Store a document, and update the indexes from time to time."""
        catalog, document = self._store.catalog, embedded.document
        claims = Claims.of(catalog, [document])
        stored = catalog.put(document, embedded.chunks, embedded.vectors, fingerprint, claimed=target.claimed)
        outcome = claims.outcome(document.id, stored)
        for source in target.sources[1:]:
            if catalog.document_of(source) != document.id:
                catalog.link(source, document.id)
        self._passages += len(embedded.chunks) if outcome != "unchanged" else 0
        claim_notes = claims.notes(document.id, _TRUSTED_WORDS)
        self._notes += [Note(document.source, note) for note in (*document.notes, *claim_notes)]
        if time.monotonic() - self._indexed_at > _INDEX_SECONDS:
            self._store.index()
            self._indexed_at = time.monotonic()
        self._record(outcome, document.source)

    def _record(self, outcome: str, source: str) -> None:
        self._done[outcome].append(source)
        self._report()

    def _report(self) -> None:
        if self._progress:
            done = sum(map(len, self._done.values())) + len(self._failed)
            self._progress("importing", done, self._portable.documents)
