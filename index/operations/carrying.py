"""The portable form of a library: documents as JSON Lines, and beside them their vectors as plain numbers.

    documents/00001.jsonl   one document a line: its text, where it was found, its landmarks, its passages
    vectors/00001.f16       one vector a passage, float16, little-endian, in the same order
    sentences/00001.i8      one vector a sentence, int8, in the same order

The manifest says with what the vectors were made and how long they are. A file without vectors is complete, too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from index.records import Chunk, Document, Landmark, LandmarkKind, Span  # pydantic reads the annotations of Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydantic import TypeAdapter

FORMAT = "pincite library"
VERSION = 1
DOCUMENTS, VECTORS, SENTENCES = "documents/{:05}.jsonl", "vectors/{:05}.f16", "sentences/{:05}.i8"
_LONGEST_NAME = 4096


@dataclass(frozen=True, slots=True)
class Line:
    """A document as it is carried. Spans are in code points of its text; a landmark is kind, start, label, level."""

    id: str
    sources: list[str]
    title: str
    author: str
    date: str
    media_type: str
    notes: list[str]
    text: str
    landmarks: list[tuple[LandmarkKind, int, str, int]]
    passages: list[tuple[int, int, list[tuple[int, int]]]]
    """Start, end, and the spans of the sentences."""
    claimed: bool = False
    """Whether nobody had read its file where it was exported; written only where it is so, and missing in old files."""

    def to_json(self) -> bytes:
        """One line."""
        fields = {name: getattr(self, name) for name in Line.__slots__ if name != "claimed" or self.claimed}
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @property
    def document(self) -> Document:
        """As the library knows it, at the first of its sources."""
        marks = tuple(Landmark(*mark) for mark in self.landmarks)
        stated = (self.title, self.author, self.date, self.media_type)
        return Document(self.id, self.sources[0], *stated, self.text, marks, tuple(self.notes))

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """Its passages."""
        return tuple(Chunk(start, end, tuple(Span(*span) for span in spans)) for start, end, spans in self.passages)


def carried(document: Document, sources: Sequence[str], chunks: Iterable[Chunk], *, claimed: bool) -> Line:
    """A document as a line."""
    return Line(
        id=document.id,
        sources=list(sources),
        title=document.title,
        author=document.author,
        date=document.date,
        media_type=document.media_type,
        notes=list(document.notes),
        text=document.text,
        landmarks=[(mark.kind, mark.start, mark.label, mark.level) for mark in document.landmarks],
        passages=[(chunk.start, chunk.end, [(span.start, span.end) for span in chunk.sentences]) for chunk in chunks],
        claimed=claimed,
    )


def parsed(data: bytes) -> Line:
    """The reverse of `to_json`, believed in nothing. Raises ValueError, which says what is wrong."""
    from pydantic import ValidationError

    try:
        line: Line = _adapter().validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][:4])
        raise ValueError(f"{place} {first['msg']}".strip()) from error
    if flaw := next(_flaws(line), ""):
        raise ValueError(flaw)
    return line


def _flaws(line: Line) -> Iterator[str]:
    """Whatever of a document contradicts itself."""
    text = line.text
    if not text or text != text.strip() or "\r" in text:
        yield "its text is empty, or not as Pincite keeps texts"
    if any(not 0 <= start <= len(text) or level < 0 for _, start, _, level in line.landmarks):
        yield "a landmark lies outside its text"
    if (
        any(not name or "\0" in name or len(name) > _LONGEST_NAME for name in (line.id, *line.sources))
        or not line.sources
    ):
        yield "it has no id or no source that can be"
    yield from _flaws_of_passages(line)


def _flaws_of_passages(line: Line) -> Iterator[str]:
    text = line.text
    at = 0
    for start, end, spans in line.passages:
        if not at <= start < end <= len(text) or _WORD.search(text, at, start):
            yield f"a passage at {start} is out of place"
        inside = start
        for first, last in spans:
            if not inside <= first < last <= end or _WORD.search(text, inside, first):
                yield f"a sentence at {first} is out of place"
            inside = last
        if _WORD.search(text, inside, end):
            yield f"the passage at {start} has words in no sentence"
        at = end
    if not line.passages or line.passages[0][0] != 0 or at != len(text):
        yield "its passages are not its text"


_WORD = re.compile(r"\S")


@cache
def _adapter() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(Line)
