"""Turns a grid of texts, as a spreadsheet or a table of a page has it, into the block of a table with its cells.

    grid([["Grade", "Strength, MPa"], ["SNB22-3", "1000"]])

A row of the table is a line of the text, its cells separated by bars. The headers of a cell are the words above it and
those at the beginning of its row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from index.loading.content import Block, field
from index.records import Cell, Table
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records.table import Naming

_BAR = " | "
_PART = 1000
"""Cells in a part of a long table: each part is stored, and read again, as a whole."""
_NUMBER = re.compile(
    r"[\s+\-–−(]*[$€£¥]?\s*[\d.,'\s]*\d[\d.,'\s]*\s*(?:%|[A-Za-z]{1,3})?\)?|[-–—*.]*|n/?a", re.IGNORECASE
)
_MOST_HEADERS = 4
"""Rows of headers, at most."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a grid besides its words."""

    naming: Naming = "table"
    caption: str = ""
    header_rows: int | None = None
    """The number of rows that are headers; None to tell it from the words."""
    header_columns: int = 1
    """The number of columns that name their rows."""
    row_numbers: Sequence[int] = ()
    """The number of each row in the file, from 1; empty to count them."""
    column_numbers: Sequence[int] = ()


def grid(texts: Sequence[Sequence[str]], outline: Outline | None = None) -> Block:
    """Return a table as a block; rows may be of different lengths. Rows and cells without words are left out.

    A cell that spans several columns or rows is given once for each of them if it is a header, and once otherwise.
    """
    known = outline or Outline()
    width = max(map(len, texts), default=0)
    numbers = known.row_numbers or range(1, len(texts) + 1)
    kept = [
        (number, [*map(one_line, row), *[""] * (width - len(row))]) for number, row in zip(numbers, texts, strict=True)
    ]
    kept = [(number, row) for number, row in kept if any(row)]
    if not kept:
        return Block("")
    rows = [row for _, row in kept]
    headers = _header_rows(rows) if known.header_rows is None else min(known.header_rows, len(rows))
    text, cells = _written(rows)
    whole = Table(
        start=0,
        end=len(text),
        caption=field(known.caption),
        naming=known.naming,
        number=0,
        header_rows=headers,
        columns=tuple(_joined([row[column] for row in rows[:headers]]) for column in range(width)),
        rows=tuple("" if n < headers else _row_header(row, known.header_columns) for n, row in enumerate(rows)),
        column_numbers=tuple(known.column_numbers or range(1, width + 1)),
        row_numbers=tuple(number for number, _ in kept),
        cells=tuple(cells),
    )
    return Block(text, tables=tuple(_parts(whole, text)))


def _written(rows: Sequence[Sequence[str]]) -> tuple[str, list[Cell]]:
    """Return the rows as lines, and where each cell with words is."""
    lines: list[str] = []
    cells: list[Cell] = []
    position = 0
    for n, row in enumerate(rows):
        line, blanks = _BAR.join(row), len(_BAR.join(row)) - len(_BAR.join(row).lstrip())
        start = position - blanks
        for column, words in enumerate(row):
            if words:
                cells.append(Cell(start, start + len(words), n, column))
            start += len(words) + len(_BAR)
        lines.append(line.strip())
        position += len(lines[-1]) + 1
    return "\n".join(lines), cells


def _header_rows(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows at the top are headers: rows without numbers above rows with numbers, else the first."""
    if len(rows) < 2 or any(map(_is_number, filter(None, rows[0][1:]))):
        return 0
    count = 1
    while count < min(_MOST_HEADERS, len(rows) - 1) and _continues_headers(rows, count):
        count += 1
    return count


def _continues_headers(rows: Sequence[Sequence[str]], count: int) -> bool:
    """Return whether the row after `count` header rows is one, too: the rows above have gaps which it fills in."""
    row, above = rows[count], rows[count - 1]
    fills = any(cell and not upper for cell, upper in zip(row, above, strict=True))
    return fills and not row[0] and not any(map(_is_number, filter(None, row)))


def _is_number(words: str) -> bool:
    return bool(_NUMBER.fullmatch(words))


def _joined(words: Sequence[str]) -> str:
    """Return the words of a header from the top, each once."""
    return ", ".join(text for text, _ in groupby(filter(None, words)))


def _row_header(row: Sequence[str], columns: int) -> str:
    return _joined(row[:columns])


def _parts(table: Table, text: str) -> Iterator[Table]:
    """Yield a table in parts of whole rows with about `_PART` cells each."""
    group: list[Cell] = []
    for _, cells in groupby(table.cells, key=lambda cell: cell.row):
        row = list(cells)
        if group and len(group) + len(row) > _PART:
            yield _part(table, text, group, row[0].row)
            group = []
        group += row
    yield _part(table, text, group, len(table.rows))


def _part(table: Table, text: str, cells: Sequence[Cell], end: int) -> Table:
    """Return the rows that begin with the row of the first of these cells, up to the row `end`."""
    first, end_of_line = cells[0].row, text.find("\n", cells[-1].end)
    return replace(
        table,
        start=text.rfind("\n", 0, cells[0].start) + 1,
        end=end_of_line if end_of_line >= 0 else table.end,
        header_rows=max(0, table.header_rows - first),
        rows=table.rows[first:end],
        row_numbers=table.row_numbers[first:end],
        cells=tuple(cell._replace(row=cell.row - first) for cell in cells),
    )
