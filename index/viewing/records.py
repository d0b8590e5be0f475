"""A window of a document's text, cut into blocks, and a source's file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from typing import BinaryIO

    from index.records import DocumentInfo, Location, Span


class Part(NamedTuple):
    """Words of a block, either within the span that is shown or outside of it."""

    text: str
    start: int
    """Where in the document's text they begin."""
    marked: bool


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, or a paragraph or a part of one. There is nothing but white space between two blocks."""

    kind: Literal["heading", "paragraph"]
    level: int
    """Depth of a heading, 1 for the highest; 0 for a paragraph."""
    start: int
    end: int
    page: str
    """The label of the page that begins with it; empty where none does."""
    parts: tuple[Part, ...]
    """Its text, in order; none of them is empty."""


@dataclass(frozen=True, slots=True)
class View:
    """A window of a document's text."""

    document: DocumentInfo
    blocks: tuple[Block, ...]
    """At least one, in order; together with the white space between them they are `document.text[start:end]`."""
    start: int
    end: int
    span: Span | None
    """What is marked, as far as it stands in the window; None where the beginning was asked for."""
    location: Location
    """Where the span stands, or the beginning."""
    before: bool
    """Whether there is more text before the window."""
    after: bool
    """Whether there is more after it."""


@dataclass(frozen=True, slots=True)
class OpenOriginal:
    """The file that a document was read from, to be read in pieces, and closed."""

    file: BinaryIO
    size: int
    """In bytes; what somebody may have written behind them meanwhile is no part of it."""
    name: str
    """What it is called, without its folder."""
    sha256: str
    """The hash of its bytes. It had them a moment ago; whether it still has, only reading tells."""


@dataclass(frozen=True, slots=True)
class Original:
    """The file that a document was read from, byte for byte."""

    data: bytes
    name: str
    """What it is called, without its folder."""
    media_type: str
