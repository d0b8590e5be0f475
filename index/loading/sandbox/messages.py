"""The messages between Pincite and a process that reads files."""

from __future__ import annotations

import hashlib
import json
import struct
from array import array
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from index import errors
from index.errors import LoadingError
from index.loading.containers.member_paths import CONTAINER_LIMITS, ContainerLimits
from index.loading.recognition.recogniser import RecognitionOptions
from index.records import Chunk, Document, Landmark, LandmarkKind, PageBoxes, Reading, Span, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO


# Passages as numbers, in which a document of many passages is sent quickly.

_NUMBER = "I"


def packed(chunks: Sequence[Chunk]) -> bytes:
    """Encode passages as numbers: start, end, number of sentences, and the start and end of each sentence."""
    numbers = array(_NUMBER)
    for chunk in chunks:
        numbers.extend((chunk.start, chunk.end, len(chunk.sentences)))
        for span in chunk.sentences:
            numbers.extend(span)
    return numbers.tobytes()


def unpacked(frame: bytes) -> Iterator[Chunk]:
    """Yield the passages that were packed."""
    numbers = array(_NUMBER, frame)
    position = 0
    while position < len(numbers):
        start, end, count = numbers[position : position + 3]
        offsets = numbers[position + 3 : position + 3 + 2 * count]
        yield Chunk(start, end, tuple(map(Span, offsets[::2], offsets[1::2])))
        position += 3 + 2 * count


_LENGTH = struct.Struct(">Q")
MAX_FRAME_BYTES = 1 << 25
"""Largest size of a frame in bytes; longer data is sent in several frames, so that neither side holds it twice."""
SECONDS_PER_MEGABYTE = 5.0
"""Seconds that a file may take beyond `Limits.seconds`, per megabyte of its size."""
_PIECE = 1 << 20
"""Characters per frame."""
_LANDMARKS = 10_000
_CHUNKS = 4_000
_TABLES = 50
_METADATA = ("id", "source", "title", "author", "date", "media_type")
_KINDS = frozenset(get_args(LandmarkKind))
_PAGE_END = "\f"
Task = Literal["document", "members", "identity", "bytes"]
"""What a request wants of a file: its document, its members, the SHA-256 of its bytes, or these bytes themselves."""
_Item = TypeVar("_Item")


class ProtocolError(Exception):
    """The other process has ended, or violates the protocol."""


def send(sink: BinaryIO, frame: bytes) -> None:
    """Send a frame. It may stay in a buffer until `sink` is flushed."""
    sink.write(_LENGTH.pack(len(frame)))
    sink.write(frame)


def send_json(sink: BinaryIO, value: Any) -> None:
    """Send a value as a frame of JSON."""
    send(sink, json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode())


def receive(source: BinaryIO) -> bytes:
    """Receive the next frame. Raises ProtocolError if it is incomplete or too long."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise ProtocolError("it ended")
    length = _LENGTH.unpack(head)[0]
    if length > MAX_FRAME_BYTES:
        raise ProtocolError(f"a frame of {length} bytes")
    frame = source.read(length)
    if len(frame) < length:
        raise ProtocolError("it ended within a frame")
    return frame


def receive_json(source: BinaryIO) -> Any:
    """Receive the value of the next frame. Raises ProtocolError if it is not JSON."""
    try:
        return json.loads(receive(source))
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a frame that is not JSON") from error


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits for reading one file."""

    seconds: float = 120.0
    """Processor time for a small file; each megabyte adds SECONDS_PER_MEGABYTE."""
    megabytes: int = 1000
    """Memory of the whole process."""
    containers: ContainerLimits = CONTAINER_LIMITS
    """How many members a container may have, and how many containers may be in one another."""
    processes: int = 2
    """How many processes may read files at a time: no file is begun while so many do, for whichever library."""

    def seconds_for(self, size: int) -> float:
        """Return the limit on processor time for a file of `size` bytes."""
        return self.seconds + SECONDS_PER_MEGABYTE * size / 1_000_000


@dataclass(frozen=True)
class ChunkerSettings:
    """The settings of a `Chunker` as data, to cut documents in another process."""

    target_tokens: int
    limit: int
    tokenizer_json: str
    """The encoder's tokenizer, in the JSON format of the library `tokenizers`."""

    @cached_property
    def identity(self) -> str:
        """The SHA-256 of the tokenizer."""
        return hashlib.sha256(self.tokenizer_json.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Request:
    """A request to read one file."""

    path: str
    source: str
    name: str
    max_bytes: int
    max_pages: int | None
    seconds: float
    cutting: tuple[int, int, str] | None = None
    """How to cut passages: target, limit, and the identity of a tokenizer that was sent before; None to cut none."""
    witness: bool = False
    """Whether to read the pages of a PDF with the second reader as well."""
    passwords: tuple[str, ...] = field(default=(), repr=False)
    """Passwords to try on a locked file."""
    containers: ContainerLimits = CONTAINER_LIMITS
    task: Task = "document"
    recognition: RecognitionOptions = field(default_factory=RecognitionOptions)

    @classmethod
    def of(cls, value: Any) -> Request:
        """Build a request from the output of `dataclasses.asdict`."""
        cutting, passwords, limits = (value.pop(name) for name in ("cutting", "passwords", "containers"))
        cut = tuple(cutting) if cutting else None
        recognition = RecognitionOptions.of(value.pop("recognition"))
        both: Any = {"containers": ContainerLimits(**limits), "recognition": recognition}
        return cls(**value, cutting=cut, passwords=tuple(passwords), **both)


@dataclass(frozen=True, slots=True)
class Cost:
    """The size of a file, and the time and memory that reading it took."""

    seconds: float
    megabytes: float
    """Peak memory of the process while it read the file; 0 if the system does not report it."""
    bytes: int = 0
    """Size of the file, or of the unpacked member of a container."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The document of a file, and its passages if they were requested."""

    document: Document
    chunks: tuple[Chunk, ...] | None
    cost: Cost
    pages: tuple[str, ...] = ()
    """The plain text of each page of a PDF, if a witness was requested."""


def send_found(sink: BinaryIO, found: Sequence[str] | bytes) -> None:
    """Send names of members, or bytes."""
    if isinstance(found, bytes):
        send_json(sink, {"blocks": _frames(found, MAX_FRAME_BYTES)})
        for start in range(0, len(found), MAX_FRAME_BYTES):
            send(sink, found[start : start + MAX_FRAME_BYTES])
    else:
        send_json(sink, {"blocks": _frames(found, _LANDMARKS)})
        for names in _slices(found, _LANDMARKS):
            send_json(sink, names)
    sink.flush()


def receive_found(source: BinaryIO, *, names: bool) -> list[str] | bytes:
    """Receive names of members or bytes, or raise the error that was sent instead. Raises ProtocolError."""
    head = receive_json(source)
    try:
        if "error" in head:
            raise _error(head)
        if names:
            return [str(name) for _ in range(head["blocks"]) for name in receive_json(source)]
        return b"".join([receive(source) for _ in range(head["blocks"])])
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"no members: {error}") from error


def send_parsed(sink: BinaryIO, parsed: Parsed) -> None:
    """Send a document with its passages."""
    document, chunks, pages = parsed.document, parsed.chunks, _PAGE_END.join(parsed.pages)
    head = {
        "stated": [getattr(document, name) for name in _METADATA],
        "notes": document.notes,
        "cost": asdict(parsed.cost),
        "pieces": _frames(document.text, _PIECE),
        "landmarks": _frames(document.landmarks, _LANDMARKS),
        "tables": _frames(document.tables, _TABLES),
        "boxes": len(document.boxes),
        "reading": asdict(document.reading),
        "chunks": None if chunks is None else _frames(chunks, _CHUNKS),
        "pages": len(parsed.pages),
        "page_pieces": _frames(pages, _PIECE),
    }
    send_json(sink, head)
    _send_text(sink, document.text)
    for landmarks in _slices(document.landmarks, _LANDMARKS):
        send_json(sink, [[mark.kind, mark.start, mark.label, mark.level] for mark in landmarks])
    for tables in _slices(document.tables, _TABLES):
        send_json(sink, [table.as_lists() for table in tables])
    for part in document.boxes:
        send_json(sink, [part.start, part.end, part.page, part.recognised])
        send(sink, part.content)
    for batch in _slices(chunks or (), _CHUNKS):
        send(sink, packed(batch))
    _send_text(sink, pages)
    sink.flush()


def send_error(sink: BinaryIO, error: LoadingError, cost: Cost) -> None:
    """Send the reason why there is no document."""
    send_json(
        sink,
        {"error": type(error).__name__, "message": error.message, "hint": error.hint, "cost": asdict(cost)},
    )
    sink.flush()


def send_page(sink: BinaryIO, page: int, pages: int) -> None:
    """Send that the recognition of a page begins, which takes about as long as reading another file."""
    send_json(sink, {"page": page, "pages": pages})
    sink.flush()


def receive_parsed(source: BinaryIO, begin_page: Callable[[int, int], None] = lambda _page, _pages: None) -> Parsed:
    """Receive a document, or raise the error that was sent instead. Raises ProtocolError for anything else.

    `begin_page` is called for each page that is recognised, in ascending order: its number, and the number of pages.
    """
    head = _head(source, begin_page)
    try:
        if "error" in head:
            raise _error(head)
        text = _receive_text(source, head["pieces"])
        landmarks = [mark for _ in range(head["landmarks"]) for mark in _landmarks(receive_json(source))]
        tables = tuple(Table.of(table) for _ in range(head["tables"]) for table in receive_json(source))
        boxes = tuple(_boxes(source) for _ in range(head["boxes"]))
        chunks = None
        if head["chunks"] is not None:
            chunks = tuple(chunk for _ in range(head["chunks"]) for chunk in unpacked(receive(source)))
        pages = tuple(_receive_text(source, head["page_pieces"]).split(_PAGE_END)) if head["pages"] else ()
        if len(pages) != head["pages"]:
            raise ValueError(f"{len(pages)} pages")
        id_, source_, title, author, date, media_type = map(str, head["stated"])
        notes = tuple(map(str, head["notes"]))
        details = (notes, tables, boxes, Reading.of(head["reading"]))
        document = Document(id_, source_, title, author, date, media_type, text, tuple(landmarks), *details)
        return Parsed(document, chunks, Cost(**head["cost"]), pages)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ProtocolError(f"no document: {error}") from error


def _boxes(source: BinaryIO) -> PageBoxes:
    start, end, page, recognised = receive_json(source)
    return PageBoxes(start, end, page, recognised, receive(source))


def _head(source: BinaryIO, begin_page: Callable[[int, int], None]) -> Any:
    """Receive the first frame of a document or an error, after those that report pages."""
    last = 0
    while "page" in (head := receive_json(source)):
        page, pages = int(head["page"]), int(head["pages"])
        if not last < page <= pages:
            raise ProtocolError(f"page {page} of {pages} after page {last}")
        last = page
        begin_page(page, pages)
    return head


def _send_text(sink: BinaryIO, text: str) -> None:
    for start in range(0, len(text), _PIECE):
        send(sink, text[start : start + _PIECE].encode("utf-8", "surrogatepass"))


def _receive_text(source: BinaryIO, pieces: int) -> str:
    return "".join([receive(source).decode("utf-8", "surrogatepass") for _ in range(pieces)])


def _error(head: dict[str, Any]) -> LoadingError:
    kind = getattr(errors, str(head["error"]), LoadingError)
    known = isinstance(kind, type) and issubclass(kind, LoadingError)
    return (kind if known else LoadingError)(str(head["message"]), str(head["hint"]))


def _landmarks(rows: Any) -> Iterator[Landmark]:
    for kind, start, label, level in rows:
        if kind not in _KINDS:
            raise ValueError(f"a landmark of kind {kind!r}")
        yield Landmark(kind, int(start), str(label), int(level))


def _frames(values: Sequence[Any], size: int) -> int:
    return -(-len(values) // size)


def _slices(values: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
