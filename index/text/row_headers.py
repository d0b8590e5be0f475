"""The words above and beside the rows of a table that say what the rows are about: captions and headers.

A passage in the middle of a long table lacks them, so they are added where a passage is indexed or compared with a
question. The text of the document and all spans stay as they are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.records import Cell, Span, Table

_start, _end = attrgetter("start"), attrgetter("end")
LONGEST = 600
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
    return "\n".join(dict.fromkeys(filter(None, lines)))[:LONGEST].rstrip()


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
