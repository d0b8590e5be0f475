"""Rebuilds a library from its stored texts with another encoder or chunking, or compacts it.

The new catalog grows beside the old one, in a folder of its own, document by document. It survives a stop or a kill,
and the next run continues it. Meanwhile, others read and change the old library. Writers are locked out only at the
end: their last changes are copied, and the new catalog replaces the old one in one transaction.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from index.backup.archive import file_size, require_space
from index.errors import LibraryError
from index.ingest.preparation import BATCH_PASSAGES, encoder_draft, key_of
from index.records.report import Compacted, Rebuilt
from index.storage.database import Database
from index.storage.files import WriterLock
from index.storage.protocol import encoder_of, fingerprint_of
from index.storage.replacement import Successor, replace_contents
from index.storage.store import FolderStore
from index.storage.tables import PackedVectors, pack_sentence_vectors, pack_vector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from index.encoders.encoder import Draft, Encoder
    from index.records import Chunk, Document
    from index.records.report import OperationProgress
    from index.text.chunks import Chunker

    VectorLookup = Callable[[Sequence[bytes]], dict[bytes, PackedVectors]]

_STAGING = "compacting"
_WORTH = 0.01
"""The catalog is rewritten if more than this share of its pages is empty."""
_READER_NOTE = "Another program is reading the library: the rest of the space is freed when it has finished."
_FOLDER = "rebuilding"
_ROUNDS = 3
"""Passes over the latest changes before writers are locked out."""
PATIENCE = 600.0
"""Seconds for which the last step waits for another writer."""


@dataclass(frozen=True, slots=True)
class EncodingTools:
    """The encoder and chunker for an operation."""

    encoder: Encoder
    chunker: Chunker

    @property
    def fingerprint(self) -> str:
        """The fingerprint of a library that is made with them."""
        return fingerprint_of(self.encoder, self.chunker)


@dataclass(frozen=True, slots=True)
class EmbeddedDocument:
    """A document with its passages and their vectors."""

    document: Document
    chunks: tuple[Chunk, ...]
    vectors: list[PackedVectors]


class Embedder:
    """Cuts and encodes documents. Vectors that `known` finds by their keys are reused."""

    def __init__(self, tools: EncodingTools, known: VectorLookup) -> None:
        self._tools = tools
        self._known = known
        self.encoded = 0
        """Passages encoded so far."""
        self.found = 0
        """Passages whose vectors were reused."""

    @property
    def precisions(self) -> list[str]:
        """The precision of the encoder, if it encoded any passage."""
        return [getattr(self._tools.encoder, "precision", "")] if self.encoded else []

    def embed(self, documents: Iterable[Document]) -> Iterator[EmbeddedDocument]:
        """Yield each document in order, as soon as its batch is full."""
        waiting: list[tuple[Document, tuple[Chunk, ...]]] = []
        for document in documents:
            waiting.append((document, self._tools.chunker.chunk(document.text, document.landmarks, document.tables)))
            if sum(len(chunks) for _, chunks in waiting) >= BATCH_PASSAGES:
                yield from self._embed_batch(waiting)
                waiting = []
        yield from self._embed_batch(waiting)

    def _embed_batch(self, waiting: Sequence[tuple[Document, tuple[Chunk, ...]]]) -> Iterator[EmbeddedDocument]:
        drafts = [[encoder_draft(document, chunk) for chunk in chunks] for document, chunks in waiting]
        keys = [[key_of(draft) for draft in document_drafts] for document_drafts in drafts]
        vectors = self._vectors(dict(zip(chain(*keys), chain(*drafts), strict=True)))
        for (document, chunks), own in zip(waiting, keys, strict=True):
            yield EmbeddedDocument(document, chunks, [vectors[key] for key in own])

    def _vectors(self, drafts: dict[bytes, Draft]) -> dict[bytes, PackedVectors]:
        vectors = self._known(list(drafts))
        missing = [key for key in drafts if key not in vectors]
        for start in range(0, len(missing), BATCH_PASSAGES):
            batch = missing[start : start + BATCH_PASSAGES]
            encoded = self._tools.encoder.encode([drafts[key] for key in batch])
            for key, embedding in zip(batch, encoded, strict=True):
                vectors[key] = PackedVectors(
                    key, pack_vector(embedding.vector), pack_sentence_vectors(embedding.sentences)
                )
        self.encoded += len(missing)
        self.found += len(drafts) - len(missing)
        return vectors


def compact(store: FolderStore, *, progress: OperationProgress | None = None) -> Compacted:
    """Make a library's folder as small as possible, while others read it.

    The catalog is copied without empty pages, and the copy replaces it in one transaction. A kill at any instant
    leaves a complete catalog with the same contents. Raises LibraryLocked while another process changes the library,
    and NoRoom, before any change, if the disk lacks space for the work.
    """
    began = time.monotonic()
    staging = store.folder / _STAGING
    before = store.bytes_on_disk()
    with store.writing():
        shutil.rmtree(staging, ignore_errors=True)
        if progress:
            progress("indexing", 0, 1)
        store.index()
        try:
            staging.mkdir()
            store.compact_lexical(staging / "lexical")
            store.catalog.forget_removals(min(store.saved_generations(), default=store.catalog.generation()))
            _condense(store, staging, progress)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        notes = () if store.catalog.database.truncate_log() else (_READER_NOTE,)
    after = store.bytes_on_disk()
    return Compacted(before, after, time.monotonic() - began, notes)


def _condense(store: FolderStore, staging: Path, progress: OperationProgress | None) -> None:
    """Rewrite the catalog without empty pages, if there are enough of them."""
    database = store.catalog.database
    pages, empty, size = (
        int(database.rows(f"PRAGMA {name}")[0][0]) for name in ("page_count", "freelist_count", "page_size")
    )
    if empty <= _WORTH * pages:
        return
    require_space(store.folder, 2 * (pages - empty) * size)  # the copy, and the log of the transaction
    smaller = Database(staging / "catalog.db")
    try:
        if progress:
            progress("copying", 0, pages - empty)
        database.vacuum_into(smaller.path)
        if smaller.rows("PRAGMA quick_check(1)") != [("ok",)]:
            raise database.damaged("a copy of it is damaged")
        database.replace_with(smaller, progress and (lambda done, of: progress("replacing", done, of)))
    finally:
        smaller.close()


def rebuild(
    store: FolderStore, tools: EncodingTools, *, model: str | None = None, progress: OperationProgress | None = None
) -> Rebuilt:
    """Cut and encode every document again from its stored text. Ids, sources, titles, notes and landmarks stay.

    `model` is the setting that loads the encoder; the library stores it. It is None if it is not known.

    Raises LibraryLocked if another process is rebuilding the library, or changes it for longer than `PATIENCE` seconds
    when the new catalog is ready; the work done is kept then, too. Raises NoRoom before any change.
    """
    began = time.monotonic()
    with WriterLock(store.folder, "rebuild").held(patience=0):
        side, successor = _begin(store, tools)
        try:
            if model is not None:
                side.catalog.note_model(model)
            work = _Rebuild(store, side, successor, tools, progress)
            for _ in range(_ROUNDS):
                if not work.catch_up():
                    break
            side.index()
            side.wait_for_dense()
            if progress:
                progress("waiting", 0, 1)
            with store.writing(patience=PATIENCE):
                work.finish()
        finally:
            side.close()
        shutil.rmtree(side.folder, ignore_errors=True)
    totals = store.catalog.totals()
    encoded, found = work.embedder.encoded, totals["passages"] - work.embedder.encoded
    seconds = time.monotonic() - began
    return Rebuilt(totals["documents"], totals["passages"], encoded, max(found, 0), tools.fingerprint, seconds)


def _begin(store: FolderStore, tools: EncodingTools) -> tuple[FolderStore, Successor]:
    """Open the new catalog: that of an earlier run if it can be continued, else an empty one."""
    folder = store.folder / _FOLDER
    side = _open(folder)
    successor = Successor(store.catalog, side.catalog, tools.fingerprint)
    if successor.begun and not successor.matches:
        side.close()
        shutil.rmtree(folder)
        side = _open(folder)
        successor = Successor(store.catalog, side.catalog, tools.fingerprint)
    try:
        catalog_bytes = file_size(store.folder / "catalog.db")
        require_space(store.folder, 2 * catalog_bytes - file_size(folder / "catalog.db"))
        if not successor.begun:
            successor.begin()
    except BaseException:
        side.close()
        raise
    return side, successor


def _open(folder: Path) -> FolderStore:
    """Open the new library, and first remove the remains of a run that was killed during its cleanup."""
    try:
        return FolderStore(folder, create=True)
    except LibraryError:
        shutil.rmtree(folder, ignore_errors=True)
        return FolderStore(folder, create=True)


class _Rebuild:
    """One rebuild: fills the new catalog."""

    def __init__(
        self,
        store: FolderStore,
        side: FolderStore,
        successor: Successor,
        tools: EncodingTools,
        progress: OperationProgress | None,
    ) -> None:
        self._store = store
        self._side = side
        self._successor = successor
        self._library = store.catalog.library_id
        self._same_encoder = encoder_of(store.catalog.fingerprint()) == tools.encoder.name
        self._progress = progress
        self._numbers: dict[str, int] = {}
        self.embedder = Embedder(tools, self._known)

    def catch_up(self) -> int:
        """Add every document that the new catalog lacks, and return their number."""
        missing = self._successor.missing()
        for done, embedded in enumerate(self.embedder.embed(self._documents(missing)), 1):
            document = embedded.document
            self._successor.put(self._numbers.pop(document.id), document, embedded.chunks, embedded.vectors)
            if self._progress:
                self._progress("encoding", done, len(missing))
        self._side.catalog.note_precisions(self._precisions())
        return len(missing)

    def finish(self) -> None:
        """Copy the last changes, and replace the library's catalog. Call only while other writers are locked out."""
        if self._store.catalog.library_id != self._library:
            raise LibraryError("The library was replaced while it was being rebuilt.", "Start again: pincite rebuild")
        self.catch_up()
        self._successor.finish()
        self._side.index()
        require_space(self._store.folder, file_size(self._side.folder / "catalog.db"))
        progress = self._progress
        replace_contents(self._store, self._side, progress and (lambda done, of: progress("replacing", done, of)))

    def _precisions(self) -> list[str]:
        """Return those of the vectors that are kept, and of new ones."""
        kept = self._store.catalog.precisions() if self._same_encoder else []
        return [*kept, *self.embedder.precisions]

    def _documents(self, numbers: Sequence[int]) -> Iterator[Document]:
        """Yield the documents that still exist."""
        for number in numbers:
            document = self._store.catalog.document(number)
            if document is not None:
                self._numbers[document.id] = number
                yield document

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, PackedVectors]:
        """Return reusable vectors of the same encoder: of unchanged passages, and of texts that occur twice."""
        known = self._side.catalog.vectors_by_key(keys)
        if self._same_encoder:
            known |= self._store.catalog.vectors_by_key([key for key in keys if key not in known])
        return known
