"""Prepares single files and documents for encoding: reads, cuts, and computes the keys of their passages."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from index.encoders.encoder import Draft
from index.errors import HoldsDocuments, LoadingError, SourceNotFound, TooLarge
from index.ingest.pipeline import PageCounts
from index.ingest.queue import OPENED, absolute, stamp_of
from index.loading.containers.member_paths import container_file, file_on_disk
from index.loading.loader import digest, locate
from index.loading.recognition.recogniser import RecognitionOptions
from index.loading.sandbox.pool import Parser
from index.records import Span
from index.records.file_kinds import format_of
from index.records.table import tables_between, words_above
from index.storage.tables import pack_spans

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.ingest.passage_encoding import ToolLoader
    from index.ingest.queue import Worklist
    from index.loading.sandbox.messages import Limits
    from index.records import Chunk, Document
    from index.storage.catalog.catalog import Catalog


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
