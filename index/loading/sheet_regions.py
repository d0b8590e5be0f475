"""Divides the rows of a sheet into tables and single lines: titles above a table, notes below it, tables side by side.

A blank row ends a table, unless the rows after it are the values of the headers before it. A blank column does not
end one, unless the cells beside it are plainly another table.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from index.loading.cell_kinds import kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Rows = Sequence[Sequence[str]]
    """Rows of different lengths; "" for a cell without words."""

_GAP = 2
"""Blank rows within a table, at most."""
_LIST_ROWS, _LIST_LENGTH = 4, 60
"""Rows of a list in one column, at least, and the mean length of its words, at most; fewer and longer ones are text."""
_SAMPLE = 200
_HALF = 0.5


class Region(NamedTuple):
    """Some rows of a sheet, and its first and last column, from 0: a table, or a line if it has only one cell."""

    rows: tuple[int, ...]
    left: int
    right: int


def divide(rows: Rows) -> Iterator[Region]:
    """Yield the tables and lines of a sheet, from the top; of tables side by side, the left one first."""
    for group in _groups(rows):
        yield from _divided(rows, group)


def _filled(row: Sequence[str]) -> list[int]:
    return [column for column, words in enumerate(row) if words]


def _groups(rows: Rows) -> list[list[int]]:
    """Return the numbers of the rows between blank rows; a run that continues a table is in one group with it."""
    groups: list[list[int]] = []
    for is_filled, numbers in groupby(range(len(rows)), key=lambda n: any(rows[n])):
        run = list(numbers)
        if is_filled and groups and run[0] - groups[-1][-1] <= _GAP + 1 and _continues(rows, groups[-1], run):
            groups[-1] += run
        elif is_filled:
            groups.append(run)
    return groups


def _continues(rows: Rows, group: Sequence[int], run: Sequence[int]) -> bool:
    """Return whether a run of rows has values for the table above it, perhaps after a line that names them."""
    if len(_filled(rows[group[-1]])) < 2:
        return False
    first = next((n for n in run[:2] if len(_filled(rows[n])) > 1), None)
    if first is None:
        return False
    columns, above = _filled(rows[first]), {column for n in group[-_SAMPLE:] for column in _filled(rows[n])}
    has_values = any(kind(rows[first][column]) == "number" for column in columns[1:])
    return has_values and columns[-1] <= max(above) and columns[0] >= min(0, *above)


def _divided(rows: Rows, group: Sequence[int]) -> Iterator[Region]:
    """Yield the lines above the table of a group, the table or tables, and the lines below."""
    several = [n for n, number in enumerate(group) if len(_filled(rows[number])) > 1]
    if not several:
        yield from _column(rows, group)
        return
    first, last = several[0], several[-1] + 1
    if first and _is_spanner(rows, group[first - 1], group[first]):
        first -= 1
    yield from _lines(rows, group[:first])
    yield from _side_by_side(rows, group[first:last])
    yield from _lines(rows, group[last:])


def _lines(rows: Rows, numbers: Sequence[int]) -> Iterator[Region]:
    for number in numbers:
        (column,) = _filled(rows[number])
        yield Region((number,), column, column)


def _column(rows: Rows, group: Sequence[int]) -> Iterator[Region]:
    """Yield rows with one cell each: a list if they are many and short, else lines."""
    columns = {_filled(rows[number])[0] for number in group}
    length = sum(len("".join(rows[number])) for number in group) / len(group)
    if len(columns) == 1 and len(group) >= _LIST_ROWS and length <= _LIST_LENGTH:
        yield _region(rows, group, min(columns), max(columns))
    else:
        yield from _lines(rows, group)


def _is_spanner(rows: Rows, number: int, below: int) -> bool:
    """Return whether the only cell of a row heads some columns of the headers below it, and not the whole table."""
    (column,) = _filled(rows[number])
    under = _filled(rows[below])
    return column > 0 and under[0] <= column and not any(kind(rows[below][n]) == "number" for n in under)


def _region(rows: Rows, numbers: Sequence[int], left: int, right: int) -> Region:
    kept = [number for number in numbers if any(rows[number][left : right + 1])]
    return Region(tuple(kept), left, right)


def _side_by_side(rows: Rows, group: Sequence[int]) -> Iterator[Region]:
    """Yield the tables of some rows, which blank columns may separate."""
    columns = sorted({column for number in group for column in _filled(rows[number])})
    parts: list[Region] = []
    for _, run in groupby(enumerate(columns), key=lambda place: place[1] - place[0]):
        found = [column for _, column in run]
        part = _region(rows, group, found[0], found[-1])
        if parts and not _is_apart(rows, parts[-1], part):
            part = _region(rows, group, parts.pop().left, part.right)
        parts.append(part)
    if len(parts) == 1:
        yield parts[0]
        return
    for part in parts:
        within = [[*row[part.left : part.right + 1]] for row in rows[part.rows[0] : part.rows[-1] + 1]]
        for inner in divide(within):
            numbers = tuple(part.rows[0] + number for number in inner.rows)
            yield Region(numbers, part.left + inner.left, part.left + inner.right)


def _is_apart(rows: Rows, left: Region, right: Region) -> bool:
    """Return whether cells on the right are a table of their own.

    They have names of rows, and other rows than the cells on the left or the same headers.
    """
    if min(left.right - left.left, right.right - right.left) < 1:
        return False
    names = [words for number in right.rows[1:_SAMPLE] if (words := _at(rows[number], right.left))]
    named = sum(kind(words) == "word" for words in names) > _HALF * len(names)
    differs = (left.rows[0], left.rows[-1]) != (right.rows[0], right.rows[-1])
    return named and (differs or _first_row(rows, left) == _first_row(rows, right))


def _first_row(rows: Rows, part: Region) -> list[str]:
    """Return the first row of a table that has several cells: the one below its title."""
    cells = ([*rows[number][part.left : part.right + 1]] for number in part.rows)
    return next((row for row in cells if sum(map(bool, row)) > 1), [])


def _at(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""
