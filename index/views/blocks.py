"""What a reader sees of a document: blocks of text and tables, windows of them, and original files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from index.records import DocumentInfo, Location, Span

BlockKind = Literal["heading", "paragraph", "table"]
Form = Literal["", "code", "fields", "quoted", "slide", "notes"]
"""How a paragraph is shown: as prose; as code, whose lines and blanks are kept; as a list of fields, like the head of a
message; as quoted by a reply; as the text of a slide, or as its notes."""
_NUMBERED = re.compile(r"((?:line|cell|record) )(\d+)")
_MOMENT = re.compile(r"(\d{1,3}(?::\d\d){1,2})(?:, (.+))?", re.DOTALL)
_OUTPUT = ", output"


class Part(NamedTuple):
    """A part of a block's text, either within the marked span or outside of it."""

    text: str
    start: int
    """Its offset in the document's text."""
    marked: bool


class Margin(NamedTuple):
    """What stands beside a block: the number of its line or cell, or its time."""

    words: str
    before: str = ""
    """What is left out because it is obvious: `line `."""
    speaker: str = ""
    """Who speaks at that time."""


def clipped(parts: Sequence[Part], start: int, end: int) -> Iterator[Part]:
    """Yield the pieces of the parts that lie between two offsets."""
    for part in parts:
        first, last = max(part.start, start), min(part.start + len(part.text), end)
        if first < last:
            yield Part(part.text[first - part.start : last - part.start], first, part.marked)


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell of a table, or the gap where it has none."""

    parts: tuple[Part, ...] = ()
    """Its words; empty for a gap. A header that is repeated above later rows has the start -1."""
    heads: Literal["", "column", "row"] = ""
    """What the cell is a header of."""
    is_near: bool = False
    """Whether it is a header of a marked cell."""
    is_number: bool = False

    @property
    def is_marked(self) -> bool:
        """Whether some of its words are marked."""
        return any(part.marked for part in self.parts)


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of a table."""

    number: int
    """Its number in the file, from 1; 0 if readers do not name the row by it."""
    cells: tuple[ShownCell, ...]


@dataclass(frozen=True, slots=True)
class ShownTable:
    """Some rows of a table, below the headers of its columns."""

    caption: str
    letters: tuple[str, ...]
    """The names of the columns of a sheet: `A`, `B`; empty for other tables."""
    head: tuple[ShownRow, ...]
    """The rows with the headers of the columns; repeated above later rows of a long table."""
    rows: tuple[ShownRow, ...]


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A heading, a paragraph, a table, or a part of one of these. Only white space separates two blocks."""

    kind: BlockKind
    level: int
    """Depth of a heading, 1 for the highest; 0 for everything else."""
    start: int
    end: int
    page: str
    """The label of the page that begins in this block; empty if none does."""
    parts: tuple[Part, ...]
    """The block's text, in order; no part is empty."""
    place: str = ""
    """The name of the place that begins in this block: a slide, a message, a line; empty if none does."""
    is_section: bool = False
    """Whether that place ends the headings above it, as a slide does."""
    form: Form = ""
    indent: str = ""
    """The blanks before the first line of code."""
    is_apart: bool = False
    """Whether an empty line comes before this code."""
    table: ShownTable | None = None

    @property
    def margin(self) -> Margin | None:
        """What stands beside the block; None if its place has a name that is too long for that."""
        if found := _NUMBERED.fullmatch(self.place):
            return Margin(found[2], found[1])
        if found := _MOMENT.fullmatch(self.place):
            return Margin(found[1], speaker=found[2] or "")
        return Margin(_OUTPUT[2:]) if self.place.startswith("cell ") and self.place.endswith(_OUTPUT) else None

    @property
    def fields(self) -> list[tuple[tuple[Part, ...], tuple[Part, ...]]]:
        """The lines of a list of fields: of each, the parts of its name and those of its value."""
        found, at = [], self.start
        for line in "".join(part.text for part in self.parts).split("\n"):
            name, colon, value = line.partition(":")
            begin = at + len(line) - len(value.lstrip()) if colon else at
            named = tuple(clipped(self.parts, at, at + len(name))) if colon else ()
            found.append((named, tuple(clipped(self.parts, begin, at + len(line)))))
            at += len(line) + 1
        return found

    @property
    def is_marked(self) -> bool:
        """Whether some of its words are marked."""
        return any(part.marked for part in self.parts)


@dataclass(frozen=True, slots=True)
class View:
    """A window of a document's text."""

    document: DocumentInfo
    blocks: tuple[TextBlock, ...]
    """At least one block, in order; with the white space between them they are `document.text[start:end]`."""
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
    quote: str = ""
    """The words of the span, exactly; its beginning if it is very long."""


@dataclass(frozen=True, slots=True)
class OpenOriginal:
    """A document's original file, opened for reading; the caller closes it."""

    file: BinaryIO
    size: int
    """Size in bytes; bytes that were appended since do not belong to it."""
    name: str
    """The file name, without its folder."""
    sha256: str
    """The hash of its bytes when it was opened. Only reading the file shows whether the hash still holds."""


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes of a document's original file."""

    data: bytes
    name: str
    """The file name, without its folder."""
    media_type: str
