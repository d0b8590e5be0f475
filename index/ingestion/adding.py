"""One `add`: while the encoder works on some files, the next ones are read and cut."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

from index.errors import LibraryNotWritable
from index.ingestion.ahead import Ahead
from index.ingestion.claims import Claims
from index.ingestion.ledger import Ledger
from index.ingestion.preparing import DocumentHand, Failed, FileHand, Known, Prepared, Reading, weigh
from index.ingestion.shelf import Shelf
from index.ingestion.tools import LOOKED_UP, Toolbox
from index.loading import discover
from index.parsing import Limits
from index.records import Failure, Note, Portion, Progress, Settled
from index.storage.filing import PackedVectors
from index.storage.schema import pack_sentence_vectors, pack_vector
from index.storage.worklist import absolute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from index.chunking import Chunker
    from index.encoding import Encoder
    from index.ingestion.preparing import Origin, Ready
    from index.records import Document, ProgressCallback, Receipt, Stage
    from index.storage.store import FolderStore
    from index.storage.worklist import Worklist

BATCH_PASSAGES = 128
"""Passages that are encoded together, of one document or several: enough to sort by length, soon enough stored."""
FEWEST_PASSAGES = 32
"""So many are encoded at once where the next file is not yet read: the encoder does not wait for a full batch."""
INDEX_SECONDS = 0.5
"""How long a stored document may wait to be seen by other processes while more are being added."""
_DEFAULT_LIMITS = Limits()
_Item = TypeVar("_Item")
_Item_contra = TypeVar("_Item_contra", contravariant=True)


class _Hand(Protocol[_Item_contra]):
    """A hand that can be told to read what it would leave out as known."""

    def work(self, item: _Item_contra, *, known: bool = True) -> Ready: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...


class Ingestion:
    """One `add`, from paths to receipt. The caller holds the store's lock."""

    _encodes: ClassVar[bool] = True

    def __init__(
        self,
        store: FolderStore,
        tools: Callable[[], tuple[Encoder, Chunker]],
        *,
        max_bytes: int,
        max_pages: int | None = None,
        progress: ProgressCallback | None = None,
        limits: Limits = _DEFAULT_LIMITS,
        workers: int = 1,
        worklist: Worklist | None = None,
    ) -> None:
        self._store = store
        self._toolbox = Toolbox(store, tools, prepares=self._encodes)
        self._limits = (limits, max_bytes, max_pages)
        self._workers = workers
        self._worklist = worklist
        self._progress = progress
        self._ledger = Ledger()
        self._waiting: list[Prepared] = []
        self._files = 0
        self._indexed_at = 0.0

    def run(self, paths: Iterable[str | Path], sources: Mapping[Path, str] | None = None) -> Receipt:
        """Add files and folders; bytes that were read before cost a hash. Each file stands in the receipt once.

        A file that `sources` has another name for is known by that one.

        Raises FingerprintMismatch where there is something to encode and the library was made with another encoder or
        chunking.
        """
        sources = sources or {}
        files = [str(path) for path in discover(paths)]  # a name takes a fraction of the memory of a Path
        if self._worklist:
            self._worklist.queue(map(absolute, files))
        reading = Reading(*self._limits, sources, self._worklist)
        names = {str(path): source for path, source in sources.items()}

        def hand() -> FileHand:
            return FileHand(self._store.catalog, self._toolbox, reading)

        return self._run(files, hand, lambda file: names.get(file, file), hands=self._workers)

    def run_documents(self, documents: Iterable[Document]) -> Receipt:
        """Add documents that were made elsewhere, as `run` does files."""

        def hand() -> DocumentHand:
            return DocumentHand(self._store.catalog, self._toolbox)

        return self._run(list(documents), hand, lambda document: document.source, hands=1)

    def _run(
        self, items: Sequence[_Item], make: Callable[[], _Hand[_Item]], name: Callable[[_Item], str], *, hands: int
    ) -> Receipt:
        began = time.monotonic()
        self._files = len(items)
        try:
            with (
                closing(make()) as spare,
                Ahead(items, [make() for _ in range(min(hands, len(items)))], weigh) as ahead,
            ):
                for item in items:
                    if self._passages >= (BATCH_PASSAGES if ahead.ready else FEWEST_PASSAGES):
                        self._store_waiting()
                    self._report(name(item), "reading")
                    if not self._take(ahead.take()):
                        self._take(spare.work(item, known=False))
                self._store_waiting()
        except BaseException:
            with suppress(LibraryNotWritable):  # what stopped the work is the error to tell
                self._store.index()
            raise
        finally:
            if self._worklist:
                self._worklist.flush()
        self._store.index()
        self._report("", "done")
        return self._ledger.receipt(time.monotonic() - began)

    @property
    def _passages(self) -> int:
        """How many wait to be encoded."""
        return sum(len(each.chunks) for each in self._waiting)

    def _take(self, ready: Ready) -> bool:
        """Take what was prepared; False for what was known and is not any more, because another file took its place."""
        if isinstance(ready, Failed):
            self._fail(ready)
            return True
        if isinstance(ready, Known):
            return self._is_known(ready.origin, ready.identity)
        if not self._is_known(ready.origin, ready.document.id):
            if len(ready.chunks) >= BATCH_PASSAGES:  # small ones do not wait for a large one
                self._store_waiting()
            self._toolbox.expect(ready.keys)
            self._waiting.append(ready)
        return True

    def _is_known(self, origin: Origin, identity: str) -> bool:
        """Whether these bytes were read before; where they came from another source, this one is noted beside it."""
        catalog = self._store.catalog
        if any(each.document.id == identity for each in self._waiting):
            self._store_waiting()
        if not catalog.was_read(identity):
            return False
        if catalog.document_of(origin.source) != identity:
            catalog.link(origin.source, identity)
        self._ledger.unchanged.append(origin.source)
        self._note(origin, identity)
        self._tell_settled(origin.source, Settled("unchanged"))
        return True

    def _store_waiting(self) -> None:
        """Encode what has not been encoded before, and store each document that waits."""
        group, self._waiting = self._waiting, []
        if not group:
            return
        with Shelf(self._store.folder) as shelf:
            self._fill(shelf, group)
            claims = Claims.of(self._store.catalog, [each.document for each in group])
            documents = ((each.document, each.chunks, shelf.row(each.keys)) for each in group)
            outcomes = self._store.catalog.put_all(documents, self._toolbox.tools().fingerprint)
        for each in group:
            self._note(each.origin, each.document.id)
        for each, outcome in zip(group, outcomes, strict=True):
            self._tell_stored(each, claims.outcome(each.document.id, outcome), claims.notes(each.document.id))
        if time.monotonic() - self._indexed_at > INDEX_SECONDS:
            self._store.index()
            self._indexed_at = time.monotonic()

    def _tell_stored(
        self, each: Prepared, outcome: Literal["added", "replaced", "unchanged"], more: Sequence[str]
    ) -> None:
        document, notes = each.document, (*each.document.notes, *more)
        getattr(self._ledger, outcome).append(document.source)
        self._ledger.notes.extend(Note(document.source, note) for note in notes)
        passages = 0 if outcome == "unchanged" else len(each.chunks)
        self._ledger.passages += passages
        self._tell_settled(document.source, Settled(outcome, passages, notes))

    def _fill(self, shelf: Shelf, group: Sequence[Prepared]) -> None:
        """The vectors of a group: found again, or encoded in batches."""
        places = {key: (each, n) for each in group for n, key in enumerate(each.keys)}
        for keys in _slices(places, LOOKED_UP):
            shelf.put(self._store.catalog.vectors_by_key(keys).values())
        missing = [key for key in places if key not in shelf]
        together = _portions(group, missing)
        self._report_encoding(together, 0, len(missing))
        for start in range(0, len(missing), BATCH_PASSAGES):
            keys = missing[start : start + BATCH_PASSAGES]

            def report(done: int, before: int = start) -> None:
                self._report_encoding(together, before + done, len(missing))

            drafts = [each.draft(n) for each, n in map(places.__getitem__, keys)]
            encoded = self._toolbox.tools().encoder.encode(drafts, report)
            shelf.put(
                PackedVectors(key, pack_vector(one.vector), pack_sentence_vectors(one.sentences))
                for key, one in zip(keys, encoded, strict=True)
            )
        self._ledger.encoded += len(missing)

    def _fail(self, failed: Failed) -> None:
        error, origin = failed.error, failed.origin
        failure = Failure(origin.source, error.message, error.hint)
        self._ledger.failed.append(failure)
        if self._worklist and origin.path:
            self._worklist.fail(origin.path, error.message, error.hint)
        self._tell_settled(origin.source, Settled("failed", failure=failure))

    def _note(self, origin: Origin, identity: str) -> None:
        if self._worklist and origin.path:
            self._worklist.settle(origin.path, origin.stamp, identity)

    def _tell_settled(self, source: str, settled: Settled) -> None:
        self._tell(self._moment(source, "settled", settled=settled))

    def _report(self, source: str, stage: Stage) -> None:
        self._tell(self._moment(source, stage))

    def _report_encoding(self, together: tuple[Portion, ...], done: int, passages: int) -> None:
        if together:
            source = together[0].source
            self._tell(Progress(source, "encoding", self._ledger.files, self._files, done, passages, together))

    def _moment(self, source: str, stage: Stage, **more: Any) -> Progress:
        return Progress(source, stage, self._ledger.files, self._files, 0, 0, **more)

    def _tell(self, moment: Progress) -> None:
        if self._progress:
            self._progress(moment)


def _portions(waiting: Sequence[Prepared], missing: Sequence[bytes]) -> tuple[Portion, ...]:
    """Which files have how many of the passages that are to be encoded; a passage that two have counts for the first.

    Empty where nothing is to be encoded.
    """
    left = set(missing)
    portions = []
    for each in waiting:
        own = left.intersection(each.keys)
        left -= own
        portions.append(Portion(each.document.source, len(own)))
    return tuple(portions) if missing else ()


def _slices(values: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    some = iter(values)
    while part := list(islice(some, size)):
        yield part
