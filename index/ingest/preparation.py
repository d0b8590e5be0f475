"""Prepares files and documents for the library: reads them, cuts them into passages, and gets the passages' vectors."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from index.encoders.encoder import Draft
from index.errors import FingerprintMismatch, HoldsDocuments, LoadingError, SourceNotFound, TooLarge
from index.ingest.pipeline import PageCounts
from index.ingest.queue import OPENED, absolute, stamp_of
from index.loading.containers.member_paths import container_file, file_on_disk
from index.loading.loader import digest, locate
from index.loading.recognition.recogniser import RecognitionOptions
from index.loading.sandbox.messages import ChunkerSettings
from index.loading.sandbox.pool import Parser
from index.records import Portion, Span
from index.records.file_kinds import format_of
from index.records.table import tables_between, words_above
from index.storage.protocol import fingerprint_of
from index.storage.tables import PackedVectors, pack_sentence_vectors, pack_spans, pack_vector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from index.encoders.encoder import Encoder
    from index.ingest.pipeline import VectorBuffer
    from index.ingest.queue import Worklist
    from index.loading.sandbox.messages import Limits
    from index.records import Chunk, Document
    from index.storage.catalog.catalog import Catalog
    from index.storage.store import FolderStore
    from index.text.chunks import Chunker


# The encoder and chunker of an `add`, loaded when the first file needs them.


@dataclass(frozen=True, slots=True)
class Tools:
    """Encoder, chunker and their fingerprint; `cutting` is the chunker as data if another process can do its work."""

    encoder: Encoder
    chunker: Chunker
    fingerprint: str
    cutting: ChunkerSettings | None


class ToolLoader:
    """Loads the tools on first use, from any thread. If all files are unchanged, they are never loaded."""

    def __init__(self, store: FolderStore, load: Callable[[], tuple[Encoder, Chunker]]) -> None:
        self._store = store
        self._load = load
        self._tools: Tools | None = None
        self._lock = threading.Lock()

    def tools(self) -> Tools:
        """Return the tools. Raises FingerprintMismatch if the library was made with others."""
        with self._lock:
            if self._tools is None:
                self._tools = self._loaded()
            return self._tools

    def _loaded(self) -> Tools:
        encoder, chunker = self._load()
        tokenizer = getattr(encoder, "tokenizer_json", "")
        cutting = ChunkerSettings(chunker.target_tokens, chunker.limit, tokenizer) if tokenizer else None
        tools = Tools(encoder, chunker, fingerprint_of(encoder, chunker), cutting)
        stored = self._store.catalog.fingerprint()
        if stored and stored != tools.fingerprint:
            raise FingerprintMismatch(str(self._store.folder), stored, tools.fingerprint)
        return tools


# Files and documents, read and cut.


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a document: its source, and the path and stamp of its file for the worklist."""

    source: str
    path: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that is ready to be encoded."""

    origin: Origin
    document: Document
    chunks: Sequence[Chunk]
    keys: Sequence[bytes]
    members: tuple[str, ...] | None = None
    """The names of the files in it, if it is of a kind that has any, such as a message."""
    size: int = 0
    """Bytes of its file, unpacked."""

    def draft(self, n: int) -> Draft:
        """Return the text to encode for passage `n`."""
        return encoder_draft(self.document, self.chunks[n])


@dataclass(frozen=True, slots=True)
class Known:
    """A file whose bytes were already in the library when it was prepared."""

    origin: Origin
    identity: str
    members: tuple[str, ...] | None = None
    """As in `Prepared`."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is no document, such as an archive: the names of its members."""

    origin: Origin
    identity: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that cannot be read, and why."""

    origin: Origin
    error: LoadingError
    identity: str = ""
    """SHA-256 of the file's bytes; empty if they could not be read, or were not needed."""


PreparedItem = Prepared | Known | Opened | Failed


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options for reading files."""

    limits: Limits
    max_bytes: int
    max_pages: int | None
    max_characters: int
    """0 for no limit."""
    sources: Mapping[Path, str]
    worklist: Worklist | None
    passwords: tuple[str, ...] = field(default=(), repr=False)
    recognition: RecognitionOptions = field(default_factory=RecognitionOptions)
    pages: PageCounts = field(default_factory=PageCounts)


class FileReader:
    """Reads files in a separate process, and cuts them into passages."""

    def __init__(self, catalog: Catalog, tool_loader: ToolLoader, options: ReadOptions) -> None:
        self._catalog = catalog
        self._tool_loader = tool_loader
        self._options = options
        self._parser = Parser(options.limits)

    def work(self, item: str, *, known: bool = True) -> PreparedItem:
        """Read a file, unless its bytes are known; with `known=False`, read it in any case."""
        path = Path(item)
        source = self._options.sources.get(path)
        origin, identity = Origin(source or str(path.absolute()), absolute(path)), ""
        try:
            file = locate(path)
            origin = Origin(source or str(file), str(file), stamp_of(file) or stamp_of(file_on_disk(file)))
            identity = self._identity(file, origin.stamp) if known else ""
            known_as = self._catalog.media_types([identity]) if identity else {}
            if identity in known_as:
                return Known(origin, identity, self._members_of(file, known_as[identity]))
            return self._parse(file, origin, path.name if source else "", item)
        except HoldsDocuments:
            return self._opened(file, origin, identity)
        except LoadingError as error:
            return Failed(origin, error, identity)
        finally:
            self._options.pages.remove(item)

    def stop(self) -> None:
        """Stop the process that is reading."""
        self._parser.stop()

    def close(self) -> None:
        """Return the process to the pool."""
        self._parser.close()

    def _identity(self, file: Path, stamp: str) -> str:
        """Return the SHA-256 of a file's bytes, from the worklist if the file has not changed since."""
        worklist = self._options.worklist
        recorded = worklist.identity(str(file), stamp) if worklist else ""
        if recorded:
            return recorded.removeprefix(OPENED)
        try:
            return digest(file, max_bytes=self._options.max_bytes)
        except SourceNotFound:
            if container_file(file) is None:
                raise
        return self._parser.identity(file, max_bytes=self._options.max_bytes, passwords=self._options.passwords)

    def _opened(self, file: Path, origin: Origin, identity: str) -> Opened | Failed:
        try:
            return Opened(origin, identity, self._listed(file))
        except LoadingError as error:
            return Failed(origin, error)

    def _listed(self, file: Path) -> tuple[str, ...]:
        return tuple(self._parser.members(file, max_bytes=self._options.max_bytes, passwords=self._options.passwords))

    def _members_of(self, file: Path, media_type: str) -> tuple[str, ...] | None:
        """Return the members of a document that can have some; None if it cannot, or if they cannot be listed."""
        try:
            return self._listed(file) if format_of(media_type).members else None
        except LoadingError:
            return None

    def _parse(self, file: Path, origin: Origin, name: str, item: str) -> Prepared:
        tools = self._tool_loader.tools()
        parsed = self._parser.parse(
            file,
            source=origin.source,
            name=name,
            max_bytes=self._options.max_bytes,
            max_pages=self._options.max_pages,
            cutting=tools.cutting,
            recognition=self._options.recognition,
            report=partial(self._options.pages.set, item),
            passwords=self._options.passwords,
        )
        document, chunks = parsed.document, parsed.chunks
        self._require_short(document)
        if chunks is None:
            chunks = tools.chunker.chunk(document.text, document.landmarks, document.tables)
        ready = replace(prepared(origin, document, chunks), size=parsed.cost.bytes)
        return self._with_members(file, ready)

    def _with_members(self, file: Path, ready: Prepared) -> Prepared:
        """Return a document with the names of its members; if there are too many, with a note instead."""
        if not format_of(ready.document.media_type).members:
            return ready
        try:
            return replace(ready, members=self._listed(file))
        except LoadingError as error:
            notes = (*ready.document.notes, f"Its attachments were not read: {error.message}")
            return replace(ready, document=replace(ready.document, notes=notes))

    def _require_short(self, document: Document) -> None:
        most, length = self._options.max_characters, len(document.text)
        if most and length > most:
            message = f"The text has {length:,} characters, more than the {most:,} that the settings allow."
            raise TooLarge(message, "Raise the limit with PINCITE_MAX_CHARACTERS, or split the file.")


class DocumentCutter:
    """Cuts documents that the caller made into passages."""

    def __init__(self, catalog: Catalog, tool_loader: ToolLoader) -> None:
        self._catalog = catalog
        self._tool_loader = tool_loader

    def work(self, item: Document, *, known: bool = True) -> PreparedItem:
        """Cut a document, unless its text begins or ends with white space: passages begin and end with a word."""
        origin = Origin(item.source)
        if not item.text or item.text != item.text.strip():
            reason = "The document's text is empty, or begins or ends with white space."
            return Failed(origin, LoadingError(reason, "Strip the text, and shift its landmarks accordingly."))
        if known and self._catalog.was_read(item.id):
            return Known(origin, item.id)
        return prepared(origin, item, self._tool_loader.tools().chunker.chunk(item.text, item.landmarks, item.tables))

    def stop(self) -> None:
        """Do nothing: the work is short."""

    def close(self) -> None:
        """Do nothing: there are no resources."""


def prepared(origin: Origin, document: Document, chunks: Sequence[Chunk]) -> Prepared:
    """Return a document with the keys of its passages."""
    return Prepared(origin, document, chunks, tuple(key_of(encoder_draft(document, chunk)) for chunk in chunks))


def memory_cost(ready: PreparedItem) -> int:
    """Return the memory that a prepared item takes, in characters."""
    return len(ready.document.text) if isinstance(ready, Prepared) else 0


def encoder_draft(document: Document, chunk: Chunk) -> Draft:
    """Return the text of a passage to encode, with its sentences, and the headers of its rows if it has any."""
    sentences = tuple(Span(span.start - chunk.start, span.end - chunk.start) for span in chunk.sentences)
    span = Span(chunk.start, chunk.end)
    text = span.of(document.text)
    return Draft(text, sentences, words_above(tables_between(document.tables, span), span, text))


def key_of(draft: Draft) -> bytes:
    """Return a 16-byte hash of all that a draft's vectors depend on besides the encoder.

    That is its text, its sentences, and its context, if it has one.
    """
    text = draft.text.encode("utf-8", "surrogatepass")
    context = f"\0{draft.context}".encode("utf-8", "surrogatepass") if draft.context else b""
    return hashlib.blake2b(pack_spans(draft.sentences, 0) + text + context, digest_size=16).digest()


# The vectors of passages: from the catalog if it has the same words, else from the encoder.

LOOKUP_BATCH = 2000
"""Keys that are looked up in the catalog at a time."""
BATCH_PASSAGES = 128
"""Passages per batch of the encoder, from one or several documents: enough to sort by length, and soon stored."""


class ReportEncoding(Protocol):
    """Receives the progress of encoding."""

    def __call__(self, shares: tuple[Portion, ...], done: int, passages: int, /) -> None:
        """Report that `done` of the `passages` passages, which files share, are encoded."""
        ...


class PassageEncoder:
    """Fills buffers with the vectors of documents."""

    def __init__(self, catalog: Catalog, tool_loader: ToolLoader, report: ReportEncoding) -> None:
        self._catalog = catalog
        self._tool_loader = tool_loader
        self._report = report

    def fill(self, buffer: VectorBuffer, group: Sequence[Prepared], whole: Prepared | None = None) -> int:
        """Put the vectors of a group into the buffer, and return how many had to be encoded.

        If the group is the beginning of a `whole` document, the progress is that of the whole.
        """
        passages = {key: (prepared, n) for prepared in group for n, key in enumerate(prepared.keys)}
        for keys in _slices((key for key in passages if key not in buffer), LOOKUP_BATCH):
            buffer.put(self._catalog.vectors_by_key(keys).values())
        missing = [key for key in passages if key not in buffer]
        shares, before, of = portions(group, missing), 0, len(missing)
        if whole is not None:
            of = len(whole.keys)
            shares, before = (Portion(whole.document.source, of),), len(group[0].keys) - len(missing)
        self._report(shares, before, of)
        for start in range(0, len(missing), BATCH_PASSAGES):
            keys = missing[start : start + BATCH_PASSAGES]

            def report(done: int, before: int = before + start) -> None:
                self._report(shares, before + done, of)

            drafts = [prepared.draft(n) for prepared, n in map(passages.__getitem__, keys)]
            encoded = self._tool_loader.tools().encoder.encode(drafts, report)
            buffer.put(
                PackedVectors(key, pack_vector(embedding.vector), pack_sentence_vectors(embedding.sentences))
                for key, embedding in zip(keys, encoded, strict=True)
            )
        if missing:
            self._catalog.note_precisions([getattr(self._tool_loader.tools().encoder, "precision", "")])
        return len(missing)


def _slices(values: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    remaining = iter(values)
    while part := list(islice(remaining, size)):
        yield part


def portions(group: Sequence[Prepared], missing: Sequence[bytes]) -> tuple[Portion, ...]:
    """Return how many of the passages to encode each file has; a shared passage counts for its first file.

    Empty if nothing is to be encoded.
    """
    left = set(missing)
    portions = []
    for prepared in group:
        own = left.intersection(prepared.keys)
        left -= own
        portions.append(Portion(prepared.document.source, len(own)))
    return tuple(portions) if missing else ()
