"""Spans of a text, tables of documents, and the words above and beside the rows of a table.

Every offset is a Unicode code point into `Document.text`, and every span is half-open: `[start, end)`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


Naming = Literal["table", "sheet", "rows"]
"""How readers name a cell: `table 2, row 3`; as a spreadsheet does, `B7`; or `row 12, column “price”`."""
_ALPHABET = 26


class Span(NamedTuple):
    """A run of text, `[start, end)` in code points of `Document.text`."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the words of the span."""
        return text[self.start : self.end]


class Cell(NamedTuple):
    """A cell with words. The first row and the first column of a table are 0."""

    start: int
    end: int
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table, or some whole rows of a long one: each part of a long table has the headers of all columns."""

    start: int
    end: int
    caption: str
    """The words that a reader calls it by: a caption, the name of a sheet; empty if there are none."""
    naming: Naming
    number: int
    """The number of the table in its document, from 1; all parts of a long table have the same."""
    header_rows: int
    """The number of its rows that are headers of columns; 0 in all but the first part of a long table."""
    columns: tuple[str, ...]
    """The header of each column: the words above it, from the top, joined by commas; empty if it has none."""
    rows: tuple[str, ...]
    """The header of each row: its first words; empty if it has none."""
    column_numbers: tuple[int, ...]
    """The number of each column in the file, from 1."""
    row_numbers: tuple[int, ...]
    """The number of each row in the file, from 1."""
    cells: tuple[Cell, ...]
    """Ordered by `start`. Cells that are headers are among them."""
    labels: tuple[int, ...] = (0,)
    """The columns, from 0, whose words are the headers of the rows: their cells have no row's header themselves."""

    @classmethod
    def of(cls, value: Sequence[Any]) -> Table:
        """Build a table from the output of `as_lists`, or of JSON made from it. Raises ValueError or TypeError."""
        start, end, caption, naming, number, header_rows, columns, rows, column_numbers, row_numbers, *rest = value
        cells, labels = rest
        found = tuple(Cell(*map(int, cell)) for cell in cells)
        if any(not 0 <= cell.row < len(rows) or not 0 <= cell.column < len(columns) for cell in found):
            raise ValueError("a cell outside its table")
        headers = tuple(map(str, columns)), tuple(map(str, rows))
        numbers = tuple(map(int, column_numbers)), tuple(map(int, row_numbers))
        if tuple(map(len, headers)) != tuple(map(len, numbers)):
            raise ValueError("a table whose rows or columns have too few numbers")
        if naming not in get_args(Naming):
            raise ValueError(f"cells with names of the kind {naming!r}")
        named = tuple(map(int, labels))
        return cls(
            int(start), int(end), str(caption), naming, int(number), int(header_rows), *headers, *numbers, found, named
        )

    def as_lists(self) -> tuple[Any, ...]:
        """Return the table as nested sequences that JSON can hold."""
        return astuple(self)

    def shifted(self, offset: int) -> Table:
        """Return the table as if the text before it had `offset` more characters."""
        cells = tuple(Cell(start + offset, end + offset, row, column) for start, end, row, column in self.cells)
        return replace(self, start=self.start + offset, end=self.end + offset, cells=cells)

    def before(self, end: int) -> Table:
        """Return the part of the table before an offset that is after its start, with all headers of columns."""
        cells = tuple(cell._replace(end=min(cell.end, end)) for cell in self.cells if cell.start < end)
        rows = cells[-1].row + 1 if cells else 0
        return replace(
            self,
            end=min(self.end, end),
            header_rows=min(self.header_rows, rows),
            rows=self.rows[:rows],
            row_numbers=self.row_numbers[:rows],
            cells=cells,
        )

    def cell_at(self, start: int, end: int) -> Cell | None:
        """Return the cell that contains the span; None if it goes beyond one cell."""
        return next((cell for cell in self.cells if cell.start <= start and end <= cell.end), None)

    def headers(self, cell: Cell) -> tuple[str, ...]:
        """Return the header of the cell's column and that of its row, without empty ones; a header has none itself."""
        if cell.row < self.header_rows:
            return ()
        found = (self.columns[cell.column], self.rows[cell.row] if cell.column not in self.labels else "")
        return tuple(header for header in found if header)

    def is_headed(self, cell: Cell, headers: Sequence[str], text: str) -> bool:
        """Whether these are headers of a cell: its own ones, or its row's is made of other cells of the row.

        A question may name a row by other words than the first. `text` is the text of the document.
        """
        if tuple(headers) == self.headers(cell):
            return True
        column = tuple(filter(None, (self.columns[cell.column],)))
        if cell.row < self.header_rows or not headers or tuple(headers[:-1]) != column:
            return False
        first, last = (find(self.cells, cell.row, key=attrgetter("row")) for find in (bisect_left, bisect_right))
        beside = {text[start:end] for start, end, _, other in self.cells[first:last] if other != cell.column}
        rest = headers[-1]
        for words in sorted((self.rows[cell.row], *beside), key=len, reverse=True):
            rest = rest.replace(words, "", 1)
        return not rest.strip(", ")

    def name(self, cell: Cell) -> str:
        """Return what a reader calls the cell: `B7`, `row 12, column “price”`, or `table 2, row 3`."""
        row, column = self.row_numbers[cell.row], self.column_numbers[cell.column]
        if self.naming == "sheet":
            return f"{letters(column)}{row}"
        if self.naming == "rows":
            header = self.columns[cell.column]
            return f"row {row}, column {f'“{header}”' if header else column}"
        return f"table {self.number}, row {row}"

    def range_name(self, start: int, end: int) -> str:
        """Return what a reader calls the rows of a span in the table, `A3:C4` or `rows 3–4`; empty for other spans."""
        within = [cell for cell in self.cells if cell.start < end and cell.end > start]
        if not within or start < self.cells[0].start or end > self.end:
            return ""
        rows = [self.row_numbers[cell.row] for cell in within]
        if self.naming == "sheet":
            columns = [self.column_numbers[cell.column] for cell in within]
            return f"{letters(min(columns))}{min(rows)}:{letters(max(columns))}{max(rows)}"
        several = f"row {rows[0]}" if min(rows) == max(rows) else f"rows {min(rows)}–{max(rows)}"
        return several if self.naming == "rows" else f"table {self.number}, {several}"


def cell_named(start: int, end: int, tables: Sequence[Table]) -> tuple[str, tuple[str, ...]]:
    """Return the name and the headers of the cell that contains the span; only a name for a span of several cells."""
    for table in tables:
        if cell := table.cell_at(start, end):
            return table.name(cell), table.headers(cell)
    return next(filter(None, (table.range_name(start, end) for table in tables)), ""), ()


def letters(column: int) -> str:
    """Return the name that spreadsheets give a column: `A` for 1, `AA` for 27."""
    name = ""
    while column > 0:
        column, rest = divmod(column - 1, _ALPHABET)
        name = chr(ord("A") + rest) + name
    return name


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a document tells of it besides its words."""

    recognised_pages: int = 0
    """Number of pages whose words were recognised in their pictures."""
    engine: str = ""
    """The program that recognised them, with its version; empty if none did."""
    empty_pages: int = 0
    """Number of pages without words."""
    tables: int = 0
    """Number of tables that are kept as tables."""
    languages: tuple[str, ...] = ()
    """The languages of the text by ISO 639-1, the most frequent first: `en`; empty if none is sure."""
    container: str = ""
    """The source of the message or archive that the document comes from; empty if it is a file of its own. A server
    reveals only the name."""
    doi: str = ""
    """The document's own DOI, as in `10.1371/journal.pone.0118432`; empty if it states none."""

    @classmethod
    def of(cls, value: dict[str, Any]) -> Reading:
        """Build it from the output of `dataclasses.asdict`, or of JSON made from it. Raises ValueError or TypeError."""
        reading = cls(**value)
        counts = (reading.recognised_pages, reading.empty_pages, reading.tables)
        names = (reading.engine, reading.container, reading.doi, *reading.languages)
        if not all(type(count) is int and count >= 0 for count in counts) or not all(type(n) is str for n in names):
            raise ValueError("a reading with values of the wrong kind")
        return replace(reading, languages=tuple(reading.languages))


AS_TEXT = Reading()
"""The reading of a document of which nothing is known but its text."""


# The words above and beside the rows of a table that say what the rows are about: captions and headers.
#
# A passage in the middle of a long table lacks them, so they are added where a passage is indexed or compared with a
# question. The text of the document and all spans stay as they are.

_start, _end = attrgetter("start"), attrgetter("end")
MAX_HEADER_CHARACTERS = 600
"""Characters of the words above a passage. Beyond, a table has too many columns for its headers to say much."""


def tables_between(tables: Sequence[Table], span: Span) -> Sequence[Table]:
    """Return those of a document's tables, which are in order, that overlap a span."""
    first = bisect_right(tables, span.start, key=_end)
    return tables[first : bisect_left(tables, span.end, lo=first, key=_start)]


def cells_between(table: Table, span: Span) -> Sequence[Cell]:
    """Return the cells of a table that overlap a span, in order."""
    first = bisect_right(table.cells, span.start, key=_end)
    return table.cells[first : bisect_left(table.cells, span.end, lo=first, key=_start)]


def words_above(tables: Iterable[Table], span: Span, text: str) -> str:
    """Return the captions and the headers that the rows of a passage have and its text lacks; empty without tables.

    `tables` are those that the passage overlaps. One line for each of them.
    """
    lines = (" | ".join(_missing(table, span, text)) for table in tables)
    return "\n".join(dict.fromkeys(filter(None, lines)))[:MAX_HEADER_CHARACTERS].rstrip()


def words_beside(tables: Iterable[Table], sentence: Span) -> str:
    """Return the caption and all headers of the row that a sentence is; empty if it is no row, or one of headers."""
    for table in tables:
        row = next((cell.row for cell in cells_between(table, sentence)), -1)
        if row >= table.header_rows:
            return " | ".join(filter(None, (table.caption, *table.columns, table.rows[row])))
    return ""


def is_row(tables: Iterable[Table], sentence: Span) -> bool:
    """Whether a sentence is a row of a table, and not one of its headers."""
    return any(cell.row >= table.header_rows for table in tables for cell in cells_between(table, sentence))


def is_header(tables: Iterable[Table], sentence: Span) -> bool:
    """Whether a sentence is a row of headers."""
    return any(cell.row < table.header_rows for table in tables for cell in cells_between(table, sentence))


def _missing(table: Table, span: Span, text: str) -> Iterator[str]:
    """Yield the caption, all headers of columns if their rows are not in the span, and the rows' other headers."""
    rows = dict.fromkeys(cell.row for cell in cells_between(table, span))
    if table.caption not in text:
        yield table.caption
    if rows and min(rows) >= table.header_rows:
        yield from dict.fromkeys(filter(None, table.columns))
    yield from (words for row in rows if (words := table.rows[row]) not in text)
