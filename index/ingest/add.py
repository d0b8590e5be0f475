"""Adds files and documents to a library: while the encoder works on some, the next ones are read and cut."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

from index.errors import LibraryNotWritable, LoadingError
from index.ingest.members import OpenContainers
from index.ingest.pipeline import PageCounts, Prefetcher, PrefetchWorker, ReceiptBuilder, VectorBuffer
from index.ingest.preparation import (
    BATCH_PASSAGES,
    DocumentCutter,
    Failed,
    FileReader,
    Known,
    Opened,
    PassageEncoder,
    Prepared,
    PreparedItem,
    ReadOptions,
    ToolLoader,
    memory_cost,
)
from index.ingest.queue import absolute
from index.loading.loader import discover
from index.loading.recognition.recogniser import RecognitionOptions, forget_pages
from index.loading.sandbox.messages import Limits
from index.records import Failure, Progress, Settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.records import Document
    from index.storage.catalog.catalog import Catalog

    Outcome = Literal["added", "replaced", "unchanged"]
    from collections.abc import Callable, Mapping

    from index.encoders.encoder import Encoder
    from index.ingest.preparation import Origin
    from index.ingest.queue import Worklist
    from index.records import Portion, ProgressCallback, Receipt, Stage
    from index.storage.store import FolderStore
    from index.text.chunks import Chunker


# A long document is stored in beginnings that grow, so that it can be asked while the rest of it is being read.
#
# Each beginning is a consistent document: whole passages, their text and the landmarks in it. Offsets in it are offsets
# in the whole document. The next beginning replaces it in one transaction, as a changed file replaces its document.
# Each is twice as long as the one before, so all passages together are written about twice.

FIRST = 64
"""Passages of the first beginning: about a second's work of the encoder on two cores."""
_LEAST_REST = 0.5
"""No beginning is stored if the rest is at most this share of it: the whole document is then nearly ready."""


def beginnings(passages: int, stored: int = 0) -> Iterator[int]:
    """Yield the lengths of the beginnings of a document that are longer than the `stored` one, in passages.

    A short document has none.
    """
    end = FIRST
    while passages - end > _LEAST_REST * end:
        if end > stored:
            yield end
        end *= 2


def beginning(whole: Prepared, passages: int) -> Prepared:
    """Return the beginning of a document with this many passages."""
    chunks = whole.chunks[:passages]
    document, end = whole.document, chunks[-1].end
    landmarks = tuple(mark for mark in document.landmarks if mark.start < end)
    first = replace(
        document,
        text=document.text[:end],
        landmarks=landmarks,
        tables=tuple(table.before(end) for table in document.tables if table.start < end),
        boxes=tuple(part for whole in document.boxes if whole.start < end for part in whole.before(end)),
    )
    return replace(whole, document=first, chunks=chunks, keys=whole.keys[:passages])


def planned(prepared: Prepared, catalog: Catalog) -> Iterable[int]:
    """Return the lengths of the beginnings of a document to store before all of it.

    A document that replaces another one is stored in one step, because the library would have neither of them in full
    meanwhile.
    """
    identity = prepared.document.id
    if catalog.document_of(prepared.document.source) not in ("", identity) or catalog.claimed([identity]):
        return ()
    number = catalog.number_of(identity)
    known = catalog.infos([number] if number is not None else [])
    return beginnings(len(prepared.chunks), sum(info.passages for info in known.values()))


def forget_beginnings(catalog: Catalog, group: Iterable[Prepared]) -> None:
    """Remove what is stored of documents that will not be completed now. After a kill it stays, and is completed by the
    next `add`. Raises LibraryNotWritable.
    """
    stored = {catalog.number_of(prepared.document.id) for prepared in group}
    for number in catalog.unfinished().keys() & stored:
        catalog.remove(number)


# Compares documents that were read with those that the library has by an import's claim only.

_COMPARED = ("text", "landmarks", "tables", "recognised", "title", "author", "date", "media_type")
FOUND_IN_FILE = "The import and the file itself differ in {}; the library now has what the file says."
_LABELS = {"landmarks": "pages and headings", "recognised": "recognised words", "media_type": "format"}


@dataclass(frozen=True, slots=True)
class Claims:
    """The fields in which each claimed document, by id, differs from its file; empty if they agree."""

    differences: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, catalog: Catalog, read: Sequence[Document]) -> Claims:
        """Compare documents that were read with those that the catalog has by claim only."""
        claimed = catalog.claimed([document.id for document in read])
        found = {}
        for document in read:
            number = catalog.number_of(document.id) if document.id in claimed else None
            stored = catalog.document(number) if number is not None else None
            if stored is not None:
                found[document.id] = tuple(_differing(stored, document))
        return cls(found)

    def outcome(self, identity: str, stored: Literal["added", "replaced"]) -> Outcome:
        """Return a document's outcome: it is unchanged if its claim proved right.

        If it was added, the claim had been removed before, because another document took its source.
        """
        return "unchanged" if stored == "replaced" and self.differences.get(identity) == () else stored

    def notes(self, identity: str, words: str = FOUND_IN_FILE) -> tuple[str, ...]:
        """Return the receipt's notes on a document; `words` has a placeholder for the fields that differ."""
        differing = self.differences.get(identity)
        if not differing:
            return ()
        fields = " and ".join(filter(None, (", ".join(differing[:-1]), differing[-1])))
        return (words.format(fields),)


def _differing(claimed: Document, read: Document) -> list[str]:
    return [_LABELS.get(name, name) for name in _COMPARED if getattr(claimed, name) != getattr(read, name)]


FEWEST_PASSAGES = 32
"""A smaller batch that suffices while the next file is still being read, so that the encoder does not wait."""
INDEX_SECONDS = 0.5
"""How long a stored document may be missing from the indexes while more documents are added."""
_DEFAULT_LIMITS = Limits()
_Item = TypeVar("_Item")
_Item_contra = TypeVar("_Item_contra", contravariant=True)


class RereadingWorker(PrefetchWorker[_Item_contra, PreparedItem], Protocol[_Item_contra]):
    """A worker that can also be asked, with `known=False`, to read a file whose bytes are known."""

    def work(self, item: _Item_contra, *, known: bool = True) -> PreparedItem:
        """Return the prepared item."""
        ...


class Ingestion:
    """One `add`, from paths to receipt. The caller holds the writer lock."""

    _encodes: ClassVar[bool] = True

    def __init__(
        self,
        store: FolderStore,
        tools: Callable[[], tuple[Encoder, Chunker]],
        *,
        max_bytes: int,
        max_pages: int | None = None,
        max_characters: int = 0,
        progress: ProgressCallback | None = None,
        limits: Limits = _DEFAULT_LIMITS,
        workers: int = 1,
        worklist: Worklist | None = None,
        passwords: Sequence[str] = (),
        recognition: RecognitionOptions | None = None,
        admit: Callable[[Document, int], None] = lambda _document, _size: None,
    ) -> None:
        """`admit` is called with each document that was read from a file, and with its size in bytes. A LoadingError of
        it refuses the document.
        """
        self._store = store
        self._tool_loader = ToolLoader(store, tools)
        self._encoder = PassageEncoder(store.catalog, self._tool_loader, self._report_encoding)
        self._limits = (limits, max_bytes, max_pages, max_characters)
        self._recognition = recognition or RecognitionOptions()
        self._pages = PageCounts()
        self._worker_count = workers
        self._worklist = worklist
        self._admit = admit
        self._passwords = tuple(passwords)
        self._sources: dict[Path, str] = {}
        self._containers = OpenContainers(store.catalog, limits.containers, worklist, self._sources)
        self._progress = progress
        self._receipt = ReceiptBuilder()
        self._waiting: list[Prepared] = []
        self._files = 0
        self._indexed_at = 0.0
        self._stored = 0

    def run(self, paths: Iterable[str | Path], sources: Mapping[Path, str] | None = None) -> Receipt:
        """Add files and folders. Bytes that were read before are only hashed. Each file is in the receipt once.

        `sources` gives some paths another source name.

        Raises FingerprintMismatch if there is something to encode and the library was made with another encoder or
        chunking.
        """
        self._sources.update(sources or {})
        files = [str(path) for path in discover(paths)]  # a str takes a fraction of the memory of a Path
        if self._worklist:
            self._worklist.queue(map(absolute, files))
        self._containers.begin(files)
        reading = self._passwords, self._recognition, self._pages
        options = ReadOptions(*self._limits, self._sources, self._worklist, *reading)

        def worker() -> FileReader:
            return FileReader(self._store.catalog, self._tool_loader, options)

        def name(file: str) -> str:
            return self._sources.get(Path(file), file) if self._sources else file

        return self._run(files, worker, name, workers=self._worker_count)

    def run_documents(self, documents: Iterable[Document]) -> Receipt:
        """Add documents that the caller made, as `run` adds files."""

        def worker() -> DocumentCutter:
            return DocumentCutter(self._store.catalog, self._tool_loader)

        return self._run(list(documents), worker, lambda document: document.source, workers=1)

    def _run(
        self,
        items: Sequence[_Item],
        make: Callable[[], RereadingWorker[_Item]],
        name: Callable[[_Item], str],
        *,
        workers: int,
    ) -> Receipt:
        began = time.monotonic()
        try:
            wave = items
            while wave:
                self._files += len(wave)
                self._run_wave(wave, make, name, workers)
                wave = self._containers.next_wave()  # type: ignore[assignment]  # only files have members
            for source, settled in self._containers.finish(self._receipt):
                self._send(self._progress_of(source, "settled", settled=settled))
        except BaseException:
            with suppress(LibraryNotWritable):  # the first error is the one to raise
                self._store.index()
            raise
        finally:
            if self._worklist:
                self._worklist.flush()
        self._store.index()
        if self._encodes:  # a dry run changes nothing
            forget_pages(self._store.folder, lambda identity: self._store.catalog.number_of(identity) is not None)
        self._report("", "done")
        return self._receipt.build(time.monotonic() - began)

    def _run_wave(
        self,
        items: Sequence[_Item],
        make: Callable[[], RereadingWorker[_Item]],
        name: Callable[[_Item], str],
        workers: int,
    ) -> None:
        """Add items of which none is a member of another."""
        with (
            closing(make()) as spare,
            Prefetcher(items, [make() for _ in range(min(workers, len(items)))], memory_cost) as ahead,
        ):
            for item in items:
                if self._passages >= (BATCH_PASSAGES if ahead.ready else FEWEST_PASSAGES):
                    self._store_waiting()
                self._report(name(item), "reading")
                if not self._take(ahead.take(partial(self._report_waiting, item, name(item)))):
                    self._take(spare.work(item, known=False))
            self._store_waiting()

    @property
    def _passages(self) -> int:
        """Number of passages that wait to be encoded."""
        return sum(len(prepared.chunks) for prepared in self._waiting)

    def _take(self, ready: PreparedItem) -> bool:
        """Take a prepared item. Returns False if it was known, but the library has lost its document since."""
        ready = self._admitted(ready)
        if isinstance(ready, Failed):
            # A file before this one may have had the same bytes, under a name that means their format.
            if not ready.identity or not self._is_known(ready.origin, ready.identity):
                self._fail(ready)
            return True
        if ready.members is not None and (failed := self._containers.open(ready, self._receipt)):
            self._fail(failed)
        if isinstance(ready, Opened):
            return True
        if isinstance(ready, Known):
            return self._is_known(ready.origin, ready.identity)
        if not self._is_known(ready.origin, ready.document.id):
            if len(ready.chunks) >= BATCH_PASSAGES:  # small documents do not wait for a large one
                self._store_waiting()
            self._waiting.append(ready)
        return True

    def _admitted(self, ready: PreparedItem) -> PreparedItem:
        """Return an item, or the failure of a document that is refused."""
        try:
            if isinstance(ready, Prepared):
                self._admit(ready.document, ready.size)
        except LoadingError as error:
            return Failed(ready.origin, error)
        return ready

    def _is_known(self, origin: Origin, identity: str) -> bool:
        """Return whether these bytes were read before; if so, link the document to this source, too."""
        catalog = self._store.catalog
        if any(prepared.document.id == identity for prepared in self._waiting):
            self._store_waiting()
        if not catalog.was_read(identity):
            return False
        if catalog.document_of(origin.source) != identity:
            catalog.link(origin.source, identity)
        self._receipt.unchanged.append(origin.source)
        self._record(origin, identity)
        self._report_settled(origin.source, Settled("unchanged", document=identity))
        return True

    def _store_waiting(self) -> None:
        """Encode new passages, and store each document that waits."""
        group, self._waiting = self._waiting, []
        if not group:
            return
        try:
            claims, outcomes = self._store_group(group)
        except BaseException:
            with suppress(LibraryNotWritable):  # the first error is the one to raise
                forget_beginnings(self._store.catalog, group)
            raise
        for prepared in group:
            self._record(prepared.origin, prepared.document.id)
        for prepared, outcome in zip(group, outcomes, strict=True):
            identity = prepared.document.id
            self._report_stored(prepared, claims.outcome(identity, outcome), claims.notes(identity))
        if time.monotonic() - self._indexed_at > INDEX_SECONDS:
            self._store.index()
            self._indexed_at = time.monotonic()

    def _store_group(self, group: Sequence[Prepared]) -> tuple[Claims, list[Literal["added", "replaced"]]]:
        """Store a group of documents. A long document that is alone can be asked before all of it is encoded."""
        first, catalog = group[0], self._store.catalog
        with VectorBuffer(self._store.folder) as buffer:
            self._stored = 0
            for end in planned(first, catalog) if len(group) == 1 else ():
                part = beginning(first, end)
                self._receipt.encoded += self._encoder.fill(buffer, [part], first)
                self._put([part], buffer, whole=len(first.chunks))
                self._store.index()
                self._stored = end
            self._receipt.encoded += self._encoder.fill(buffer, group, first if self._stored else None)
            claims = Claims.of(catalog, [prepared.document for prepared in group])
            return claims, self._put(group, buffer)

    def _put(
        self, group: Sequence[Prepared], buffer: VectorBuffer, *, whole: int = 0
    ) -> list[Literal["added", "replaced"]]:
        documents = ((prepared.document, prepared.chunks, buffer.sequence(prepared.keys)) for prepared in group)
        return self._store.catalog.put_all(documents, self._tool_loader.tools().fingerprint, whole=whole)

    def _report_stored(
        self, prepared: Prepared, outcome: Literal["added", "replaced", "unchanged"], claim_notes: Sequence[str]
    ) -> None:
        document, notes = prepared.document, (*prepared.document.notes, *claim_notes)
        passages = 0 if outcome == "unchanged" else len(prepared.chunks)
        read = self._receipt.store(document, outcome, notes, passages)
        self._report_settled(document.source, Settled(outcome, passages, notes, document=document.id, read=read))

    def _fail(self, failed: Failed) -> None:
        error, origin = failed.error, failed.origin
        failure = Failure(origin.source, error.message, error.hint)
        self._receipt.failed.append(failure)
        if self._worklist and origin.path:
            self._worklist.fail(origin.path, error.message, error.hint)
        self._report_settled(origin.source, Settled("failed", failure=failure))

    def _record(self, origin: Origin, identity: str) -> None:
        if self._worklist and origin.path:
            self._worklist.settle(origin.path, origin.stamp, identity)

    def _report_settled(self, source: str, settled: Settled) -> None:
        if not self._containers.defer(source, settled):
            self._send(self._progress_of(source, "settled", settled=settled))

    def _report(self, source: str, stage: Stage) -> None:
        self._send(self._progress_of(source, stage))

    def _report_waiting(self, item: object, source: str) -> None:
        """Report that an item is still being read, and the page that is being recognised, if any.

        The files before it can be asked meanwhile.
        """
        self._store_waiting()
        page, pages = self._pages.get(item) if isinstance(item, str) else (0, 0)
        self._send(self._progress_of(source, "reading", page=page, of_pages=pages))

    def _report_encoding(self, shares: tuple[Portion, ...], done: int, passages: int) -> None:
        if shares:
            counts = (self._receipt.files, self._files, done, passages)
            self._send(Progress(shares[0].source, "encoding", *counts, shares, stored=self._stored))

    def _progress_of(self, source: str, stage: Stage, **fields: Any) -> Progress:
        return Progress(source, stage, self._receipt.files, self._files, 0, 0, **fields)

    def _send(self, progress: Progress) -> None:
        if self._progress:
            self._progress(progress)
