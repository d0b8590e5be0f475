"""What a catalog gives, and in which pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import Landmark, Passage, Span

LISTED = "(SELECT value FROM json_each(?))"
"""Any number of values as one parameter: SQLite limits how many there may be."""


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage with its document's number and its packed sentence vectors."""

    passage: Passage
    number: int
    sentence_vectors: bytes
    vector: bytes
    headings: frozenset[int]
    """Where in the document's text the headings begin that stand in it."""
    structured: bool = False
    """Whether its document is data or markup, not all of whose lines are sentences."""
    title: str = ""
    """The document's; empty where it states none."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a document: whole passages, and the landmarks among them."""

    start: int
    """Where in the document's text it begins."""
    text: str
    landmarks: tuple[Landmark, ...]
    """In order."""

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)

    def of(self, span: Span) -> str:
        """The part of the text that stands in a span of the document's."""
        return self.text[max(0, span.start - self.start) : max(0, span.end - self.start)]


@dataclass(frozen=True, slots=True)
class DocumentRange:
    """The ids of a document's passages: `first` to `first + passages - 1`."""

    number: int
    first: int
    passages: int


def runs(ranges: Sequence[DocumentRange], size: int) -> Iterator[tuple[int, int]]:
    """First and last ids of blocks of about `size` passages; neighbouring documents share a block."""
    first = last = None
    for each in ranges:
        for start in range(each.first, each.first + each.passages, size):
            end = min(start + size, each.first + each.passages) - 1
            if first is not None and last is not None and start == last + 1 and end - first < size:
                last = end
                continue
            if first is not None and last is not None:
                yield first, last
            first, last = start, end
    if first is not None and last is not None:
        yield first, last
