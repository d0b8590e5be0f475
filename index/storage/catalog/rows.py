"""The rows that a catalog returns, and the blocks of ids that it reads them in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import Landmark, Passage, Span
    from index.storage.database import Database

LISTED = "(SELECT value FROM json_each(?))"
"""Any number of values as one parameter, because SQLite limits the number of parameters."""


class WithDatabase(Protocol):
    """What a query needs of the catalog."""

    @property
    def database(self) -> Database:
        """The catalog's database."""
        ...


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage with its document's number and its packed sentence vectors."""

    passage: Passage
    number: int
    sentence_vectors: bytes
    vector: bytes
    headings: frozenset[int]
    """Offsets in the document's text of the headings within the passage."""
    structured: bool = False
    """Whether the document is data or markup: not all its lines are sentences."""
    title: str = ""
    """The document's title; empty if it states none."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a document: whole passages, and the landmarks among them."""

    start: int
    """The offset of the piece in the document's text."""
    text: str
    landmarks: tuple[Landmark, ...]
    """Ordered by offset."""

    @property
    def end(self) -> int:
        """The offset of its end."""
        return self.start + len(self.text)

    def of(self, span: Span) -> str:
        """Return the part of the text within a span of the document."""
        return self.text[max(0, span.start - self.start) : max(0, span.end - self.start)]


@dataclass(frozen=True, slots=True)
class DocumentRange:
    """The ids of one document's passages: `first` to `first + passages - 1`."""

    number: int
    first: int
    passages: int


def runs(ranges: Sequence[DocumentRange], size: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last ids of blocks of about `size` passages; neighbouring documents share a block."""
    first = last = None
    for document in ranges:
        for start in range(document.first, document.first + document.passages, size):
            end = min(start + size, document.first + document.passages) - 1
            if first is not None and last is not None and start == last + 1 and end - first < size:
                last = end
                continue
            if first is not None and last is not None:
                yield first, last
            first, last = start, end
    if first is not None and last is not None:
        yield first, last
