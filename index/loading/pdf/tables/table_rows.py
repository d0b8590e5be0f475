"""Joins the levels of a table to rows: cells of several lines, and labels that stand beside several rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from index.loading.pdf.tables.columns import Part, parts_of
from index.loading.pdf.tables.page_table import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf.tables.columns import Gutter
    from index.loading.pdf.tables.table_words import Level

_TIGHT = 1.45
"""Lines of one cell are at most this many type sizes apart."""
_BESIDE = 0.85
"""A label between two rows is nearer to them than they are to each other."""
_GOES_ON = re.compile(r"(?:[-–,(&/]|\b(?:and|or|of|the|in|for|by|to|from|with|et|de|und|der))$", re.IGNORECASE)
_PROSE = 20
"""Letters of a line of prose in a cell."""


@dataclass(slots=True)
class Row:
    """A row: for each column the parts of its cell, line by line; a part is in the first column that it spans."""

    parts: dict[int, list[Part]]
    bottom: float
    top: float
    size: float
    strip: int = 0
    """The number of the rule above it, counted from the top of the table."""
    bold: bool = False
    label: str = ""
    """The label of its first column, if that stands beside several rows."""
    covers: dict[int, tuple[int, int]] = field(default_factory=dict)
    """The columns `[first, last]` that a cell is the header of, by the column that has the cell."""

    @property
    def filled(self) -> set[int]:
        """The columns that have words in this row."""
        return set(self.parts)

    def texts(self, column: int) -> list[str]:
        """Return the lines of a cell."""
        return [part.text for part in self.parts.get(column, [])]

    def text(self, column: int) -> str:
        """Return the words of a cell. A word that is broken at the end of a line stays broken by its hyphen."""
        text = ""
        for line in self.texts(column):
            broken = text.endswith("-") and len(text) > 1 and text[-2].isalpha() and line[:1].islower()
            text = text[:-1] + line if broken else f"{text} {line}" if text else line
        return text

    def numbers(self) -> set[int]:
        """Return the columns whose cells are numbers."""
        return {column for column in self.parts if is_number(self.text(column))}

    def extend(self, below: Row) -> None:
        """Add the lines of a level below."""
        for column, parts in below.parts.items():
            self.parts.setdefault(column, []).extend(parts)
            self.covers[column] = _wider(self.covers.get(column), below.covers[column])
        self.bottom = min(self.bottom, below.bottom)
        self.bold = self.bold and below.bold


def _wider(covered: tuple[int, int] | None, other: tuple[int, int]) -> tuple[int, int]:
    return (min(covered[0], other[0]), max(covered[1], other[1])) if covered else other


def row_of(level: Level, found: Sequence[Gutter], strip: int, *, header: bool = False) -> Row:
    """Return a level as a row of its own."""
    parts = parts_of(level, found, header=header)
    bold = all(word.bold for word in level.words)
    row = Row({part.first: [part] for part in parts}, level.bottom, level.bottom + level.size, level.size, strip, bold)
    row.covers = {part.first: (part.first, part.last) for part in parts}
    if header:
        _open(row, [gutter.ruled and not gutter.divides(level.middle) for gutter in found])
    return row


def _open(row: Row, passages: Sequence[bool]) -> None:
    """Let a heading cover the columns beside it as far as no rule and no other heading is between."""
    taken = {column for first, last in row.covers.values() for column in range(first, last + 1)}
    for column, (first, last) in row.covers.items():
        while first and passages[first - 1] and first - 1 not in taken:
            first -= 1
        while last < len(passages) and passages[last] and last + 1 not in taken:
            last += 1
        row.covers[column] = first, last


def joined_rows(rows: Sequence[Row], *, boxed: bool, gridded: bool) -> list[Row]:
    """Return the rows of one strip between two rules.

    It is `boxed` if rules stand between its cells, and `gridded` if rules stand around the cells of every row.
    """
    if gridded and len(rows) > 1 and not _has_two_numbers(rows):
        return [_as_one(rows)]
    rows = _beside_labels(list(rows))
    if boxed and len(rows) > 1 and _is_one_row(rows):
        return [_as_one(rows)]
    joined: list[Row] = []
    for row in rows:
        if joined and _continues(joined[-1], row):
            joined[-1].extend(row)
        else:
            joined.append(row)
    return joined


def _beside_labels(rows: list[Row]) -> list[Row]:
    """Take labels that stand beside several rows out of their own level: each is written in the first of its rows."""
    labels = [row for row in rows if row.filled == {0} and _is_between(row, rows)]
    rest = [row for row in rows if row not in labels]
    named = [row for row in rest if 0 in row.filled]
    if len(labels) + len(named) == 1 and len(rest) > 2 and not labels and named[0] not in (rest[0], rest[-1]):
        part = named[0].parts.pop(0)
        named[0].covers.pop(0)
        _give(rest, part)
    for label in labels:
        _give([row for row in rest if 0 not in row.filled and _nearest(row, labels) is label], label.parts[0])
    return rest


def _nearest(row: Row, labels: Sequence[Row]) -> Row:
    return min(labels, key=lambda label: abs(label.bottom - row.bottom))


def _give(rows: Sequence[Row], label: list[Part]) -> None:
    """Write a label in the first of its rows, and name the others by it."""
    if rows:
        rows[0].parts[0], rows[0].covers[0] = label, (0, 0)
        for row in rows:
            row.label = rows[0].text(0)


def _is_between(label: Row, rows: Sequence[Row]) -> bool:
    above = [row for row in rows if row.bottom > label.bottom and row is not label]
    below = [row for row in rows if row.bottom < label.bottom]
    if not above or not below or 0 in above[-1].filled or 0 in below[0].filled:
        return False
    pitch = above[-1].bottom - below[0].bottom
    return max(above[-1].bottom - label.bottom, label.bottom - below[0].bottom) < _BESIDE * pitch


def _as_one(rows: Sequence[Row]) -> Row:
    for row in rows[1:]:
        rows[0].extend(row)
    return rows[0]


def _has_two_numbers(rows: Sequence[Row]) -> bool:
    """Return whether a column has two numbers, as it has if these are several rows."""
    counted = [column for row in rows for column in row.numbers()]
    return len(counted) != len(set(counted))


def _is_one_row(rows: Sequence[Row]) -> bool:
    """Return whether the lines between two rules are those of one row."""
    if _has_two_numbers(rows):
        return False
    several = [row for row in rows if len(row.filled) > 1]
    prose = any(sum(len(row.text(column)) >= _PROSE for row in rows) > 1 for column in range(1, 1 + _last(rows)))
    first = [0 in row.filled for row in rows]
    return len(several) <= 1 or (prose and first == sorted(first, reverse=True)) or sum(first) <= 1


def _last(rows: Sequence[Row]) -> int:
    return max((max(row.filled, default=0) for row in rows), default=0)


def _continues(above: Row, row: Row) -> bool:
    """Return whether a level has the next lines of the cells in the row above."""
    if above.bottom - row.bottom > _TIGHT * max(row.size, above.size):
        return False
    begins = row.text(0)
    runs_on = begins[:1].islower() or bool(_GOES_ON.search(above.text(0)))
    if above.filled == {0}:
        return 0 in row.filled and runs_on and not is_number(begins)
    if 0 in row.filled:
        return row.filled == {0} and (runs_on or begins[:1] == "(")
    if row.numbers() or not row.filled <= above.filled:
        return False
    texts = [(above.text(column), row.text(column)) for column in row.filled]
    flows = any(text[:1].islower() or text[:1] == "(" or _GOES_ON.search(upper) for upper, text in texts)
    return flows or row.filled != above.filled - {0} or max(len(upper) for upper, _ in texts) >= _PROSE


def header_rows(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows of a head: lines of one cell are joined, but not a heading over several columns with others."""
    last: Row | None = None
    for row in rows:
        if last and _is_same_head(last, row):
            last.extend(row)
            continue
        if last:
            yield last
        last = row
    if last:
        yield last


def _is_same_head(above: Row, row: Row) -> bool:
    near = above.bottom - row.bottom <= _TIGHT * max(row.size, above.size)
    spans = any(first != last for first, last in above.covers.values())
    more = len(row.filled - above.filled)
    return near and not spans and (not more or 2 * len(above.filled) >= len(row.filled | above.filled))
