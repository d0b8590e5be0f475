"""Records of views: a window of a document's text in blocks, and the original file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from typing import BinaryIO

    from index.records import DocumentInfo, Location, Span


class Part(NamedTuple):
    """A part of a block's text, either within the marked span or outside of it."""

    text: str
    start: int
    """Its offset in the document's text."""
    marked: bool


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph, or a part of a paragraph. Only white space separates two blocks."""

    kind: Literal["heading", "paragraph"]
    level: int
    """Depth of a heading, 1 for the highest; 0 for a paragraph."""
    start: int
    end: int
    page: str
    """The label of the page that begins in this block; empty if none does."""
    parts: tuple[Part, ...]
    """The block's text, in order; no part is empty."""


@dataclass(frozen=True, slots=True)
class View:
    """A window of a document's text."""

    document: DocumentInfo
    blocks: tuple[Block, ...]
    """At least one, in order; together with the white space between them they are `document.text[start:end]`."""
    start: int
    end: int
    span: Span | None
    """The marked span, which may extend beyond the window; None if the beginning was requested."""
    location: Location
    """The location of the span, or of the beginning."""
    before: bool
    """Whether there is more text before the window."""
    after: bool
    """Whether there is more after it."""


@dataclass(frozen=True, slots=True)
class OpenOriginal:
    """A document's original file, opened for reading; the caller closes it."""

    file: BinaryIO
    size: int
    """Size in bytes; bytes that were appended since do not belong to it."""
    name: str
    """The file name, without its folder."""
    sha256: str
    """The hash of its bytes when it was opened. Only reading the file shows whether it still has it."""


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes of a document's original file."""

    data: bytes
    name: str
    """The file name, without its folder."""
    media_type: str
