"""The draft that a format module returns, and the conversion of a draft to a document with landmarks."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from index.records import Document, Landmark, Reading
from index.records.boxes import pages_of, shifted
from index.records.table import AS_TEXT
from index.text.sentences import normalise, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from index.records import Table


_ORDER = {"page": 0, "place": 1, "heading": 2, "paragraph": 3}
_BETWEEN = "\n\n"
MAX_HEADING_LEVEL = 6
MAX_FIELD_CHARACTERS = 300
"""Characters. A title or heading is repeated with every hit, so a very long one is cut."""


@dataclass(frozen=True, slots=True)
class Content:
    """A file whose format is known: its bytes, its media type, and its text if it is text."""

    data: bytes
    media_type: str
    text: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, table, code listing or heading; its text is already normalised."""

    text: str
    level: int = 0
    """Depth of a heading, from 1; 0 for everything else."""
    pages: tuple[tuple[int, str], ...] = ()
    """The pages that begin in this block: offset within `text`, and label."""
    places: tuple[tuple[int, str, int], ...] = ()
    """The other named places that begin in this block: offset within `text`, label and level, as in `Landmark`."""
    tables: tuple[Table, ...] = ()
    """The table that the block is, or its parts if it is long; offsets are within `text`, and numbers are set later."""
    boxes: NDArray[np.int64] | None = dataclasses.field(default=None, compare=False)
    """Where its words stand on their pages; offsets are within `text`. See `index.records.boxes` for the columns."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The content of a file as parsed, before it has an id and a source."""

    blocks: Sequence[Block]
    title: str = ""
    author: str = ""
    date: str = ""
    notes: tuple[str, ...] = ()
    reading: Reading = AS_TEXT


def paragraph(text: str, level: int = 0) -> Block:
    """Return a block of prose: each run of blanks becomes one blank, newlines stay."""
    lines = (" ".join(line.split()) for line in normalise(text).split("\n"))
    return Block(normalise("\n".join(lines)), min(level, MAX_HEADING_LEVEL))


def verbatim(text: str) -> Block:
    """Return a block whose blanks carry meaning: code, verse, aligned columns."""
    return Block(normalise(text))


def rows(cells: Iterable[Iterable[str]]) -> Block:
    """Return a table as a block: one line per row, cells separated by a bar."""
    lines = (" | ".join(" ".join(cell.split()) for cell in row) for row in cells)
    return Block(normalise("\n".join(line for line in lines if line.strip(" |"))))


def field(text: str) -> str:
    """Return the text on one line, cut to `MAX_FIELD_CHARACTERS` characters."""
    line = one_line(text)
    return line if len(line) <= MAX_FIELD_CHARACTERS else f"{line[: MAX_FIELD_CHARACTERS - 1].rstrip()}…"


def compose(draft: Draft, content: Content, *, id: str, source: str) -> Document:  # noqa: A002 - the record's own word
    """Return the document of a draft: its blocks joined by blank lines, with landmarks where they begin."""
    pieces: list[str] = []
    landmarks: list[Landmark] = []
    tables: list[Table] = []
    boxes: list[NDArray[np.int64]] = []
    numbered = position = 0
    for block in draft.blocks:
        if block.text and pieces:
            pieces.append(_BETWEEN)
            position += len(_BETWEEN)
        landmarks += _landmarks(block, position)
        numbered += bool(block.tables)
        tables += [replace(table.shifted(position), number=numbered) for table in block.tables]
        boxes += [] if block.boxes is None else [shifted(block.boxes, position)]
        if block.text:
            pieces.append(block.text)
            position += len(block.text)
    return Document(
        id=id,
        source=source,
        title=field(draft.title),
        author=field(draft.author),
        date=draft.date,
        media_type=content.media_type,
        text="".join(pieces),
        landmarks=tuple(sorted(landmarks, key=lambda landmark: (landmark.start, _ORDER[landmark.kind]))),
        notes=content.notes + draft.notes,
        tables=tuple(tables),
        boxes=pages_of(boxes),
        reading=replace(draft.reading, tables=numbered),
    )


def _landmarks(block: Block, position: int) -> list[Landmark]:
    found = [Landmark("page", position + offset, field(label)) for offset, label in block.pages]
    found += [Landmark("place", position + offset, field(label), level) for offset, label, level in block.places]
    if not block.text:
        return found
    if block.level:
        return [*found, Landmark("heading", position, field(block.text), block.level)]
    return [*found, Landmark("paragraph", position)]


# Places for lines: where each line of a file begins in the text that was made from it.
#
# The text of a block and the lines that it was made from differ in blanks only, so the beginning of a line is found by
# counting the other characters.

_NEWLINE = re.compile("\r\n?|\n")


def source_lines(text: str) -> list[str]:
    """Return the lines of a file as an editor numbers them."""
    return _NEWLINE.split(text)


def written_lines(text: str) -> list[int]:
    """Return the number in the file, from 1, of each line of the normalised text that is not blank, in order."""
    return [
        number
        for number, line in enumerate(source_lines(text), 1)
        if line.strip()
        for part in (normalise(line).split("\n") if not line.isprintable() or not line.isascii() else (line,))
        if part.strip()
    ]


def numbered(block: Block, lines: Sequence[tuple[int, str]]) -> Block:
    """Return a block with a place for each line that it was made from, given as numbers and normalised texts.

    A block that was not made from exactly these lines keeps only the place of the first one.
    """
    lines = [(number, "".join(line.split())) for number, line in lines]
    lines = [(number, line) for number, line in lines if line]
    if not lines or not block.text:
        return block
    solid = [offset for offset, character in enumerate(block.text) if not character.isspace()]
    if sum(len(line) for _, line in lines) != len(solid):
        return replace(block, places=((0, f"line {lines[0][0]}", 0),))
    starts = accumulate((len(line) for _, line in lines[:-1]), initial=0)
    places = ((solid[start], f"line {number}", 0) for start, (number, _) in zip(starts, lines, strict=True))
    return replace(block, places=tuple(_distinct(places)))


def _distinct(places: Iterable[tuple[int, str, int]]) -> Iterable[tuple[int, str, int]]:
    """Yield the places without those that repeat the label before them."""
    last = ""
    for place in places:
        if place[1] != last:
            yield place
        last = place[1]
