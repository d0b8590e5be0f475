"""What a reader sees of a document: blocks of text and tables, windows of them, and original files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from index.records.file_kinds import format_of
from index.records.table import letters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from index.records import Cell, DocumentInfo, Location, Span, Table


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
        if match := _NUMBERED.fullmatch(self.place):
            return Margin(match[2], match[1])
        if match := _MOMENT.fullmatch(self.place):
            return Margin(match[1], speaker=match[2] or "")
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


# Tells in which form a paragraph is shown: prose, code, the head of a message, a quoted reply, notes of a slide.

_FIELD = re.compile(r"\w[^\n:]{0,40}:(?: .*)?")
_REPLY = re.compile(r"^(?:>.*(?:\n|\Z))+", re.MULTILINE)
_NOTES = ", notes"
_CODE_LINE = re.compile(
    r"[\w\])]\(|\w\[|\w\.\w+\b(?!\.)|^\s*(?:import|from|def|class|for|while|if|else|try|return|with|print)\b.*"
    r"|[\w\])]\s*[-+*/|&]?=\s*\S|[{};:]$|^\s*[#%!$@]|^\s*[)\]}]"
)
_PROSE_LINE = re.compile(r"\w[\w,;:'’\"”)]* (?:[\w(“\"‘'—–-]+[,;:]? ){3,}.*[.!?…]['\"”)]*$")


def is_code(media_type: str) -> bool:
    """Return whether every line of such a file is code or data."""
    return format_of(media_type).form == "code"


def form_of(media_type: str, text: str, place: str) -> Form:
    """Return the form of a paragraph; `place` is the name of the place that it is in."""
    own = format_of(media_type)
    if own.form == "code" or (own.place == "cell" and (place.endswith(_OUTPUT) or _is_code(text))):
        return "code"
    if own.form == "message":
        return _form_in_message(text)
    if own.form == "record":
        return "fields" if _are_fields(text) else ""
    if own.place == "slide":
        return "notes" if place.endswith(_NOTES) else "slide"
    return ""


def cuts(media_type: str, text: str) -> Iterator[int]:
    """Yield where paragraphs begin besides blank lines: in a message, at quoted lines and after them."""
    if format_of(media_type).form == "message":
        for reply in _REPLY.finditer(text):
            yield from reply.span()


def _form_in_message(text: str) -> Form:
    if all(line.startswith(">") for line in text.split("\n")):
        return "quoted"
    return "fields" if _are_fields(text) else ""


def _are_fields(text: str) -> bool:
    lines = text.split("\n")
    return len(lines) > 1 and all(map(_FIELD.fullmatch, lines))


def _is_code(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()]
    code = sum(bool(_CODE_LINE.search(line)) and not _PROSE_LINE.search(line) for line in lines)
    return 2 * code >= len(lines)


# Cuts tables into runs of cells that fit into a window, and lays such a run out as rows below the column headers.
#
# The cuts depend on the table alone, so overlapping windows agree on them.

MAX_RUN_CHARACTERS = 2_400
"""Characters in a run of cells, unless one cell has more."""
_MAX_PLACES = 1_500
"""Cells and gaps in a run: the rows of a table with few words and many columns are mostly gaps."""
_MAX_COLUMNS = 40
"""A table with more columns is shown without the columns that are empty in the shown rows."""
_NUMBER = re.compile(r"[\s+\-–−(]*[$€£¥]?\s*\d[\d.,'\s]*\s*[%‰)]*|[-–—]")


def runs(table: Table) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each run of cells: whole rows, or cells of a row that is too long."""
    cuts = [table.start, *_cuts(table), table.end]
    yield from (run for run in pairwise(cuts) if run[0] < run[1])


def _cuts(table: Table) -> Iterator[int]:
    """Yield where the runs after the first one begin."""
    begin, rows, columns = table.start, 0, set[int]()
    for _, group in groupby(table.cells, key=lambda cell: cell.row):
        row = list(group)
        columns.update(cell.column for cell in row)
        places = (rows + 1) * max(len(columns), min(len(table.columns), _MAX_COLUMNS))
        if rows and (row[-1].end - begin > MAX_RUN_CHARACTERS or places > _MAX_PLACES):
            begin, rows, columns = row[0].start, 0, {cell.column for cell in row}
            yield begin
        for cell in row:
            if cell.end - begin > MAX_RUN_CHARACTERS and cell.start > begin:
                begin = cell.start
                yield begin
        rows += 1


def shown(table: Table, parts: Sequence[Part], span: Span) -> ShownTable:
    """Return the cells of a table whose words are in the parts of a block. The words of the span are marked."""
    start, end = parts[0].start, parts[-1].start + len(parts[-1].text)
    inside = [cell for cell in table.cells if cell.start < end and cell.end > start]
    columns = _columns(table, inside)
    marked = [cell for cell in inside if max(cell.start, span.start) < min(cell.end, span.end)]
    layout = _Layout(table, columns, parts, frozenset(cell[2:] for cell in marked))
    head = [cell for cell in inside if cell.row < table.header_rows]
    body = [cell for cell in inside if cell.row >= table.header_rows]
    return ShownTable(
        caption=table.caption,
        letters=tuple(letters(table.column_numbers[column]) for column in columns) if table.naming == "sheet" else (),
        head=tuple(layout.rows(head)) if head else layout.repeated(),
        rows=tuple(layout.rows(body)),
    )


def _columns(table: Table, cells: Sequence[Cell]) -> list[int]:
    """Return the columns to show."""
    if len(table.columns) <= _MAX_COLUMNS:
        filled = {cell.column for cell in table.cells}
        return [n for n, header in enumerate(table.columns) if header or n in filled]
    return sorted({cell.column for cell in cells})


class _Layout:
    """Puts cells into the rows and columns of a table."""

    def __init__(
        self, table: Table, columns: Sequence[int], parts: Sequence[Part], marked: frozenset[tuple[int, int]]
    ) -> None:
        self._table = table
        self._columns = columns
        self._parts = parts
        self._rows_near = {row for row, _ in marked}
        self._columns_near = {column for _, column in marked}

    def rows(self, cells: Sequence[Cell]) -> Iterator[ShownRow]:
        """Yield a row for each row that has a cell."""
        numbered = self._table.naming != "table"
        for row, group in groupby(sorted(cells, key=lambda cell: cell.row), key=lambda cell: cell.row):
            here = {cell.column: cell for cell in group}
            first = min(here)
            shown = (self._cell(here[n], first) if n in here else ShownCell() for n in self._columns)
            yield ShownRow(self._table.row_numbers[row] if numbered else 0, tuple(shown))

    def repeated(self) -> tuple[ShownRow, ...]:
        """Return the headers of the columns, for rows that are not below them; empty if there are none."""
        words = [self._table.columns[column] for column in self._columns]
        if not any(words):
            return ()
        cells = (
            ShownCell((Part(text, -1, False),), "column", column in self._columns_near) if text else ShownCell()
            for text, column in zip(words, self._columns, strict=True)
        )
        return (ShownRow(0, tuple(cells)),)

    def _cell(self, cell: Cell, first: int) -> ShownCell:
        parts = tuple(clipped(self._parts, cell.start, cell.end))
        marked = any(part.marked for part in parts)
        words = "".join(part.text for part in parts)
        if cell.row < self._table.header_rows:
            return ShownCell(parts, "column", not marked and cell.column in self._columns_near)
        if cell.column == first and words and self._table.rows[cell.row].startswith(words):
            return ShownCell(parts, "row", not marked and cell.row in self._rows_near)
        return ShownCell(parts, is_number=bool(_NUMBER.fullmatch(words)))
