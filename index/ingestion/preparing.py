"""From a path to passages that are ready to be encoded, without a look at what other files bring."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.encoding import Draft
from index.errors import LoadingError
from index.loading import digest, locate
from index.parsing import Parser
from index.records import Span
from index.storage.schema import pack_spans
from index.storage.worklist import absolute, stamp_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.ingestion.tools import Toolbox
    from index.parsing import Limits
    from index.records import Chunk, Document
    from index.storage.catalog import Catalog
    from index.storage.worklist import Worklist


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was read: its source, and of a file the path and stamp by which a worklist knows it."""

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

    def draft(self, n: int) -> Draft:
        """What is encoded of its passage `n`."""
        return draft_of(self.document, self.chunks[n])


@dataclass(frozen=True, slots=True)
class Known:
    """Bytes that were in the library when it was asked."""

    origin: Origin
    identity: str


@dataclass(frozen=True, slots=True)
class Failed:
    """What cannot be read."""

    origin: Origin
    error: LoadingError


Ready = Prepared | Known | Failed


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read."""

    limits: Limits
    max_bytes: int
    max_pages: int | None
    sources: Mapping[Path, str]
    worklist: Worklist | None


class FileHand:
    """Reads files, each in a process of its own kind, and cuts them."""

    def __init__(self, catalog: Catalog, toolbox: Toolbox, reading: Reading) -> None:
        self._catalog = catalog
        self._toolbox = toolbox
        self._reading = reading
        self._parser = Parser(reading.limits)

    def work(self, item: str, *, known: bool = True) -> Ready:
        """Read a file, unless its bytes are known; with `known=False`, in any case."""
        path = Path(item)
        given = self._reading.sources.get(path)
        origin = Origin(given or str(path.absolute()), absolute(path))
        try:
            place = locate(path)
            origin = Origin(given or str(place), str(place), stamp_of(place))
            identity = self._identity(place, origin.stamp) if known else ""
            if identity and self._catalog.was_read(identity):
                return Known(origin, identity)
            return self._parsed(place, origin, path.name if given else "")
        except LoadingError as error:
            return Failed(origin, error)

    def stop(self) -> None:
        """End what is being read."""
        self._parser.stop()

    def close(self) -> None:
        """Leave the process to others."""
        self._parser.close()

    def _identity(self, place: Path, stamp: str) -> str:
        """The SHA-256 of a file's bytes, remembered where it has not been touched since."""
        worklist = self._reading.worklist
        remembered = worklist.identity(str(place), stamp) if worklist else ""
        return remembered or digest(place, max_bytes=self._reading.max_bytes)

    def _parsed(self, place: Path, origin: Origin, name: str) -> Prepared:
        tools = self._toolbox.tools()
        parsed = self._parser.parse(
            place,
            source=origin.source,
            name=name,
            max_bytes=self._reading.max_bytes,
            max_pages=self._reading.max_pages,
            cutting=tools.cutting,
        )
        document, chunks = parsed.document, parsed.chunks
        if chunks is None:
            chunks = tools.chunker.chunk(document.text, document.landmarks)
        return prepared(origin, document, chunks)


class DocumentHand:
    """Cuts documents that were made elsewhere."""

    def __init__(self, catalog: Catalog, toolbox: Toolbox) -> None:
        self._catalog = catalog
        self._toolbox = toolbox

    def work(self, item: Document, *, known: bool = True) -> Ready:
        """Take a document as it is, unless its offsets would not survive: passages begin and end with a word."""
        origin = Origin(item.source)
        if not item.text or item.text != item.text.strip():
            reason = "Its text is empty, or begins or ends with white space."
            return Failed(origin, LoadingError(reason, "Strip it, and move its landmarks with it."))
        if known and self._catalog.was_read(item.id):
            return Known(origin, item.id)
        return prepared(origin, item, self._toolbox.tools().chunker.chunk(item.text, item.landmarks))

    def stop(self) -> None:
        """It ends soon by itself."""

    def close(self) -> None:
        """It holds nothing."""


def prepared(origin: Origin, document: Document, chunks: Sequence[Chunk]) -> Prepared:
    """A document with the keys of its passages."""
    return Prepared(origin, document, chunks, tuple(key_of(draft_of(document, chunk)) for chunk in chunks))


def weigh(ready: Ready) -> int:
    """How much memory it takes, in characters."""
    return len(ready.document.text) if isinstance(ready, Prepared) else 0


def draft_of(document: Document, chunk: Chunk) -> Draft:
    """What is encoded of a passage."""
    sentences = tuple(Span(span.start - chunk.start, span.end - chunk.start) for span in chunk.sentences)
    return Draft(document.text[chunk.start : chunk.end], sentences)


def key_of(draft: Draft) -> bytes:
    """What a draft's vectors depend on, beside the encoder: its text and where its sentences are."""
    text = draft.text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(pack_spans(draft.sentences, 0) + text, digest_size=16).digest()
