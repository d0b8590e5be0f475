"""The portable format of a library: documents as JSON Lines, and their vectors as plain numbers.

    documents/00001.jsonl   one document per line: its text, sources, landmarks and passages
    vectors/00001.f16       one vector per passage, float16, little-endian, in the same order
    sentences/00001.i8      one vector per sentence, int8, in the same order

The manifest gives the fingerprint of the encoder and the dimension. A file without vectors is complete, too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from index.records import (  # pydantic reads the annotations of DocumentLine
    Chunk,
    Document,
    Landmark,
    LandmarkKind,
    Span,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydantic import TypeAdapter

FORMAT = "pincite library"
VERSION = 1
DOCUMENTS, VECTORS, SENTENCES = "documents/{:05}.jsonl", "vectors/{:05}.f16", "sentences/{:05}.i8"
_LONGEST_NAME = 4096


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document in the portable format. Offsets count code points; a landmark is kind, start, label, level."""

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
    """For each passage: start, end, and the spans of its sentences."""
    claimed: bool = False
    """Whether the exporting library had never read its file. Written only if true, and missing in old files."""

    def to_json(self) -> bytes:
        """Return the document as one line."""
        fields = {name: getattr(self, name) for name in DocumentLine.__slots__ if name != "claimed" or self.claimed}
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @property
    def document(self) -> Document:
        """The document, with the first of its sources."""
        landmarks = tuple(Landmark(*landmark) for landmark in self.landmarks)
        metadata = (self.title, self.author, self.date, self.media_type)
        return Document(self.id, self.sources[0], *metadata, self.text, landmarks, tuple(self.notes))

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The document's passages."""
        return tuple(Chunk(start, end, tuple(Span(*span) for span in spans)) for start, end, spans in self.passages)


def line_of(document: Document, sources: Sequence[str], chunks: Iterable[Chunk], *, claimed: bool) -> DocumentLine:
    """Return a document in the portable format."""
    return DocumentLine(
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


def parse_line(data: bytes) -> DocumentLine:
    """Parse the output of `to_json` and check all of it. Raises ValueError with the first flaw."""
    from pydantic import ValidationError

    try:
        line: DocumentLine = _adapter().validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][:4])
        raise ValueError(f"{place} {first['msg']}".strip()) from error
    if flaw := next(_flaws(line), ""):
        raise ValueError(flaw)
    return line


def _flaws(line: DocumentLine) -> Iterator[str]:
    """Yield the contradictions within a document."""
    text = line.text
    if not text or text != text.strip() or "\r" in text:
        yield "its text is empty or not normalised"
    if any(not 0 <= start <= len(text) or level < 0 for _, start, _, level in line.landmarks):
        yield "a landmark lies outside its text"
    if (
        any(not name or "\0" in name or len(name) > _LONGEST_NAME for name in (line.id, *line.sources))
        or not line.sources
    ):
        yield "it has no valid id or no valid source"
    yield from _flaws_of_passages(line)


def _flaws_of_passages(line: DocumentLine) -> Iterator[str]:
    text = line.text
    position = 0
    for start, end, spans in line.passages:
        if not position <= start < end <= len(text) or _WORD.search(text, position, start):
            yield f"a passage at {start} is out of place"
        inside = start
        for first, last in spans:
            if not inside <= first < last <= end or _WORD.search(text, inside, first):
                yield f"a sentence at {first} is out of place"
            inside = last
        if _WORD.search(text, inside, end):
            yield f"the passage at {start} has words outside its sentences"
        position = end
    if not line.passages or line.passages[0][0] != 0 or position != len(text):
        yield "its passages do not cover its text"


_WORD = re.compile(r"\S")


@cache
def _adapter() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(DocumentLine)
