"""Encodes documents, passages and errors as frames, and decodes them, in pieces, so that nothing is held twice."""

from __future__ import annotations

from array import array
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from index import errors
from index.errors import LoadingError
from index.parsing.frames import ProtocolError, receive, receive_json, send, send_json
from index.parsing.requests import Cost, Parsed
from index.records import Chunk, Document, Landmark, LandmarkKind, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

_PIECE = 1 << 20
"""Characters per frame."""
_LANDMARKS = 10_000
_CHUNKS = 4_000
_METADATA = ("id", "source", "title", "author", "date", "media_type")
_KINDS = frozenset(get_args(LandmarkKind))
_NUMBER = "I"
_PAGE_END = "\f"
_Item = TypeVar("_Item")


def send_parsed(sink: BinaryIO, parsed: Parsed) -> None:
    """Send a document with its passages."""
    document, chunks, pages = parsed.document, parsed.chunks, _PAGE_END.join(parsed.pages)
    head = {
        "stated": [getattr(document, name) for name in _METADATA],
        "notes": document.notes,
        "cost": asdict(parsed.cost),
        "pieces": _frames(document.text, _PIECE),
        "landmarks": _frames(document.landmarks, _LANDMARKS),
        "chunks": None if chunks is None else _frames(chunks, _CHUNKS),
        "pages": len(parsed.pages),
        "page_pieces": _frames(pages, _PIECE),
    }
    send_json(sink, head)
    _send_text(sink, document.text)
    for landmarks in _slices(document.landmarks, _LANDMARKS):
        send_json(sink, [[mark.kind, mark.start, mark.label, mark.level] for mark in landmarks])
    for batch in _slices(chunks or (), _CHUNKS):
        send(sink, _pack(batch))
    _send_text(sink, pages)
    sink.flush()


def send_error(sink: BinaryIO, error: LoadingError, cost: Cost) -> None:
    """Send the reason why there is no document."""
    send_json(
        sink,
        {"error": type(error).__name__, "message": error.message, "hint": error.hint, "cost": asdict(cost)},
    )
    sink.flush()


def receive_parsed(source: BinaryIO) -> Parsed:
    """Receive a document, or raise the error that was sent instead. Raises ProtocolError for anything else."""
    head = receive_json(source)
    try:
        if "error" in head:
            raise _error(head)
        text = _receive_text(source, head["pieces"])
        landmarks = [mark for _ in range(head["landmarks"]) for mark in _landmarks(receive_json(source))]
        chunks = None
        if head["chunks"] is not None:
            chunks = tuple(chunk for _ in range(head["chunks"]) for chunk in _unpack(receive(source)))
        pages = tuple(_receive_text(source, head["page_pieces"]).split(_PAGE_END)) if head["pages"] else ()
        if len(pages) != head["pages"]:
            raise ValueError(f"{len(pages)} pages")
        id_, source_, title, author, date, media_type = map(str, head["stated"])
        notes = tuple(map(str, head["notes"]))
        document = Document(id_, source_, title, author, date, media_type, text, tuple(landmarks), notes)
        return Parsed(document, chunks, Cost(**head["cost"]), pages)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ProtocolError(f"no document: {error}") from error


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


def _pack(chunks: Sequence[Chunk]) -> bytes:
    """Encode passages as numbers: start, end, number of sentences, and the start and end of each sentence."""
    numbers = array(_NUMBER)
    for chunk in chunks:
        numbers.extend((chunk.start, chunk.end, len(chunk.sentences)))
        for span in chunk.sentences:
            numbers.extend(span)
    return numbers.tobytes()


def _unpack(frame: bytes) -> Iterator[Chunk]:
    numbers = array(_NUMBER, frame)
    position = 0
    while position < len(numbers):
        start, end, count = numbers[position : position + 3]
        offsets = numbers[position + 3 : position + 3 + 2 * count]
        yield Chunk(start, end, tuple(map(Span, offsets[::2], offsets[1::2])))
        position += 3 + 2 * count


def _frames(values: Sequence[Any], size: int) -> int:
    return -(-len(values) // size)


def _slices(values: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
