"""Cuts tables into runs of cells that fit into a window, and lays such a run out as rows below the column headers.

The cuts depend on the table alone, so overlapping windows agree on them.
"""

from __future__ import annotations

import re
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from index.records.table import letters
from index.views.blocks import Part, ShownCell, ShownRow, ShownTable, clipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import Cell, Span, Table

LONGEST_RUN = 2_400
"""Characters in a run of cells, unless one cell has more."""
_MOST_PLACES = 1_500
"""Cells and gaps in a run: the rows of a table with few words and many columns are mostly gaps."""
_MOST_COLUMNS = 40
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
        places = (rows + 1) * max(len(columns), min(len(table.columns), _MOST_COLUMNS))
        if rows and (row[-1].end - begin > LONGEST_RUN or places > _MOST_PLACES):
            begin, rows, columns = row[0].start, 0, {cell.column for cell in row}
            yield begin
        for cell in row:
            if cell.end - begin > LONGEST_RUN and cell.start > begin:
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
    if len(table.columns) <= _MOST_COLUMNS:
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
