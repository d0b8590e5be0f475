"""Files to passages in the store: read, chunked, encoded, each document stored in one transaction."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from index.encoding import Draft
from index.errors import FingerprintMismatch, LibraryNotWritable, LoadingError
from index.loading import discover, load_bytes, locate, read_bytes
from index.records import Failure, Note, Portion, Progress, Receipt, Settled, Span
from index.storage.filing import PackedVectors
from index.storage.schema import pack_sentence_vectors, pack_spans, pack_vector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from index.chunking import Chunker
    from index.encoding import Encoder
    from index.records import Chunk, Document, ProgressCallback, Stage
    from index.storage.store import FolderStore

BATCH_PASSAGES = 128
"""Passages that are encoded together, of one document or several: enough to sort by length, soon enough stored."""
INDEX_SECONDS = 0.5
"""How long a stored document may wait to be seen by other processes while more are being added."""
_SEPARATOR = " | "
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document that is ready to be encoded."""

    document: Document
    chunks: tuple[Chunk, ...]
    drafts: tuple[Draft, ...]
    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Tools:
    """What turns documents into vectors, and its name."""

    encoder: Encoder
    chunker: Chunker
    fingerprint: str


@dataclass(slots=True)
class _Ledger:
    """The receipt while it is being written."""

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    passages: int = 0
    encoded: int = 0

    @property
    def files(self) -> int:
        return len(self.added) + len(self.replaced) + len(self.unchanged) + len(self.failed)

    def receipt(self, seconds: float) -> Receipt:
        return Receipt(
            added=tuple(self.added),
            replaced=tuple(self.replaced),
            unchanged=tuple(self.unchanged),
            failed=tuple(self.failed),
            notes=tuple(self.notes),
            passages=self.passages,
            encoded=self.encoded,
            seconds=seconds,
        )


class Ingestion:
    """One `add`, from paths to receipt. The caller holds the store's lock."""

    def __init__(
        self,
        store: FolderStore,
        tools: Callable[[], tuple[Encoder, Chunker]],
        *,
        max_bytes: int,
        max_pages: int | None = None,
        progress: ProgressCallback | None = None,
    ) -> None:
        self._store = store
        self._load_tools = tools
        self._max_bytes = max_bytes
        self._max_pages = max_pages
        self._sources: Mapping[Path, str] = {}
        self._progress = progress
        self._ledger = _Ledger()
        self._waiting: list[_Prepared] = []
        self._files = 0
        self._indexed_at = 0.0

    def run(self, paths: Iterable[str | Path], sources: Mapping[Path, str] | None = None) -> Receipt:
        """Add files and folders; bytes that were read before cost a hash. Each file stands in the receipt once.

        A file that `sources` has another name for is known by that one.

        Raises FingerprintMismatch where there is something to encode and the library was made with another encoder or
        chunking.
        """
        self._sources = sources or {}
        files = list(discover(paths))
        return self._run(files, self._take_file)

    def run_documents(self, documents: Iterable[Document]) -> Receipt:
        """Add documents that were made elsewhere, as `run` does files."""
        return self._run(list(documents), self._take_document)

    def _run(self, items: Sequence[_Item], take: Callable[[_Item], None]) -> Receipt:
        began = time.monotonic()
        self._files = len(items)
        try:
            for item in items:
                take(item)
                if sum(len(each.chunks) for each in self._waiting) >= BATCH_PASSAGES:
                    self._store_waiting()
            self._store_waiting()
        except BaseException:
            with suppress(LibraryNotWritable):  # what stopped the work is the error to tell
                self._store.index()
            raise
        self._store.index()
        self._report("", "done")
        return self._ledger.receipt(time.monotonic() - began)

    @cached_property
    def _tools(self) -> _Tools:
        """Encoder and chunker, loaded for the first file that needs them: where all is unchanged, none does."""
        encoder, chunker = self._load_tools()
        tools = _Tools(encoder, chunker, encoder.name + _SEPARATOR + chunker.name)
        stored = self._store.catalog.fingerprint()
        if stored and stored != tools.fingerprint:
            raise FingerprintMismatch(str(self._store.folder), stored, tools.fingerprint)
        return tools

    def _take_file(self, path: Path) -> None:
        """Read a file, unless its bytes are known."""
        source = self._sources.get(path)
        self._report(source or str(path), "reading")
        try:
            place = locate(path)
            data = read_bytes(place, max_bytes=self._max_bytes)
            if not self._is_known(source or str(place), hashlib.sha256(data).hexdigest()):
                name = path.name if source else ""
                self._prepare(load_bytes(data, source=source or str(place), name=name, max_pages=self._max_pages))
        except LoadingError as error:
            self._fail(source or str(path.absolute()), error.message, error.hint)

    def _take_document(self, document: Document) -> None:
        """Take a document as it is, unless its offsets would not survive: passages begin and end with a word."""
        if not document.text or document.text != document.text.strip():
            reason = "Its text is empty, or begins or ends with white space."
            self._fail(document.source, reason, "Strip it, and move its landmarks with it.")
        elif not self._is_known(document.source, document.id):
            self._prepare(document)

    def _prepare(self, document: Document) -> None:
        """Chunk a document; it then waits to be encoded together with others, but small ones not with a large one."""
        chunks = self._tools.chunker.chunk(document.text, document.landmarks)
        if len(chunks) >= BATCH_PASSAGES:
            self._store_waiting()
        drafts = tuple(_draft(document, chunk) for chunk in chunks)
        self._waiting.append(_Prepared(document, chunks, drafts, tuple(_key(draft) for draft in drafts)))

    def _is_known(self, source: str, identity: str) -> bool:
        """Whether these bytes are in the library; where they came from another source, this one is noted beside it."""
        catalog = self._store.catalog
        if catalog.document_of(source) != identity:
            if any(each.document.id == identity for each in self._waiting):
                self._store_waiting()
            if catalog.number_of(identity) is None:
                return False
            catalog.link(source, identity)
        self._ledger.unchanged.append(source)
        self._settle(source, Settled("unchanged"))
        return True

    def _store_waiting(self) -> None:
        """Encode what has not been encoded before, and store each document that waits."""
        vectors = self._vectors()
        for each in self._waiting:
            source = each.document.source
            packed = [vectors[key] for key in each.keys]
            outcome = self._store.catalog.put(each.document, each.chunks, packed, self._tools.fingerprint)
            (self._ledger.added if outcome == "added" else self._ledger.replaced).append(source)
            self._ledger.notes.extend(Note(source, note) for note in each.document.notes)
            self._ledger.passages += len(each.chunks)
            self._settle(source, Settled(outcome, len(each.chunks), each.document.notes))
            if time.monotonic() - self._indexed_at > INDEX_SECONDS:
                self._store.index()
                self._indexed_at = time.monotonic()
        self._waiting = []

    def _vectors(self) -> dict[bytes, PackedVectors]:
        """The vectors of all that waits, by key: found again, or encoded in batches."""
        drafts = {key: draft for each in self._waiting for key, draft in zip(each.keys, each.drafts, strict=True)}
        vectors = self._store.catalog.vectors_by_key(list(drafts))
        missing = [key for key in drafts if key not in vectors]
        together = _portions(self._waiting, missing)
        self._report_encoding(together, 0, len(missing))
        for start in range(0, len(missing), BATCH_PASSAGES):
            keys = missing[start : start + BATCH_PASSAGES]

            def report(done: int, before: int = start) -> None:
                self._report_encoding(together, before + done, len(missing))

            encoded = self._tools.encoder.encode([drafts[key] for key in keys], report)
            for key, each in zip(keys, encoded, strict=True):
                vectors[key] = PackedVectors(key, pack_vector(each.vector), pack_sentence_vectors(each.sentences))
        self._ledger.encoded += len(missing)
        return vectors

    def _fail(self, source: str, reason: str, hint: str) -> None:
        failure = Failure(source, reason, hint)
        self._ledger.failed.append(failure)
        self._settle(source, Settled("failed", failure=failure))

    def _report(self, source: str, stage: Stage) -> None:
        self._tell(Progress(source, stage, self._ledger.files, self._files, 0, 0))

    def _report_encoding(self, together: tuple[Portion, ...], done: int, passages: int) -> None:
        if together:
            source = together[0].source
            self._tell(Progress(source, "encoding", self._ledger.files, self._files, done, passages, together))

    def _settle(self, source: str, settled: Settled) -> None:
        self._tell(Progress(source, "settled", self._ledger.files, self._files, 0, 0, settled=settled))

    def _tell(self, moment: Progress) -> None:
        if self._progress:
            self._progress(moment)


def encoder_of(fingerprint: str) -> str:
    """The name of the encoder in a library's fingerprint."""
    return fingerprint.partition(_SEPARATOR)[0]


def _portions(waiting: Sequence[_Prepared], missing: Sequence[bytes]) -> tuple[Portion, ...]:
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


def _draft(document: Document, chunk: Chunk) -> Draft:
    sentences = tuple(Span(span.start - chunk.start, span.end - chunk.start) for span in chunk.sentences)
    return Draft(document.text[chunk.start : chunk.end], sentences)


def _key(draft: Draft) -> bytes:
    """What a draft's vectors depend on, beside the encoder: its text and where its sentences are."""
    text = draft.text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(pack_spans(draft.sentences, 0) + text, digest_size=16).digest()
