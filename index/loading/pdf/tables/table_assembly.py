"""Assembles a table from the lines in a part of a page: columns, rows, head and headers, or nothing if it is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from index.loading.pdf.pdfium import runs_to_the_left
from index.loading.pdf.tables.columns import dividing, gutters, parts_of
from index.loading.pdf.tables.page_headers import Layout, column_headers, head_of, row_headers, spread
from index.loading.pdf.tables.page_table import TABLE_CAPTION, PageTable
from index.loading.pdf.tables.table_checks import is_table
from index.loading.pdf.tables.table_pairs import pairs_in, repeats_in, stacked
from index.loading.pdf.tables.table_rows import Row, header_rows, joined_rows, row_of
from index.loading.pdf.tables.table_words import as_read, levels_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.loading.pdf.lines import Direction, Line
    from index.loading.pdf.tables.columns import Gutter
    from index.loading.pdf.tables.rulings import Ruling, Rulings
    from index.loading.pdf.tables.table_words import Lettered, Level

_FULL = 0.8
"""A rule divides all columns if it is at least this share of the table's width long."""
_MARGIN = 4.0
_MOST_LINES, _MOST_WORDED = 5, 8
"""Lines of a head above a rule, at most; and of one without numbers."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a page that may be a table, in points."""

    left: float
    right: float
    bottom: float
    top: float
    ruled: bool = False
    """Whether rules stand above and below it."""
    shaded: bool = False
    """Whether all these rules are the sides of shaded boxes."""
    captioned: bool = False
    """Whether a caption stands above or below it."""
    gridded: bool = False
    """Whether rules stand around the cells of every row."""

    @property
    def width(self) -> float:
        """The distance from its left to its right side."""
        return self.right - self.left

    def holds(self, line: Line) -> bool:
        """Return whether most of a line is inside."""
        shared = min(line.right, self.right + _MARGIN) - max(line.left, self.left - _MARGIN)
        middle = line.bottom + line.size / 2
        return self.bottom <= middle <= self.top and shared >= 0.7 * line.width


def assemble(
    text: Lettered, main: Direction, lines: Sequence[Line], region: Region, rulings: Rulings
) -> PageTable | None:
    """Return the table that these lines of a region are; None if they are no table."""
    levels = levels_of(text, lines, main)
    across = [rule for rule in rulings.across if _is_inside(rule, region)]
    down = [rule for rule in rulings.down if region.left - _MARGIN <= rule.at <= region.right + _MARGIN]
    down = [rule for rule in down if rule.start < region.top and rule.end > region.bottom]
    full = [rule for rule in across if _is_full(rule, region)]
    partial = [rule for rule in across if rule not in full]
    height = region.top - region.bottom
    strips = [sum(rule.at > level.middle for rule in full) for level in levels]
    sides = dividing(down, height)
    closed = len(sides) > 2 and sides[0].middle < region.left + _MARGIN and (sides[-1].middle > region.right - _MARGIN)
    body = [level for level, strip in zip(levels, strips, strict=True) if strip > strips[0]]
    voting = body if len(body) > 1 else levels
    found = gutters(levels, voting, down, height, closed=closed)
    if not found:
        return None
    levels, strips = _without_notes(levels, strips, found)
    gridded = closed and len(set(strips)) > 2
    rows, ruled_head = _rows(levels, strips, found, boxed=bool(sides), gridded=gridded)
    return _table(rows, ruled_head, found, partial, replace(region, gridded=gridded))


def _without_notes(
    levels: Sequence[Level], strips: Sequence[int], found: Sequence[Gutter]
) -> tuple[list[Level], list[int]]:
    """Leave out what stands before the first rule, or below the last one, across all columns: a title, or notes."""
    kept = list(zip(levels, strips, strict=True))
    for end in (0, -1):
        while len({strip for _, strip in kept}) > 1:
            strip = kept[end][1]
            levels_there = [level for level, own in kept if own == strip]
            parts = [parts_of(level, found) for level in levels_there]
            if TABLE_CAPTION.match(" ".join(word.text for word in levels_there[0].words)) and end == 0:
                kept = kept[1:]
                continue
            if any(len(part) > 1 for part in parts) or not any(part[0].last > part[0].first for part in parts):
                break
            kept = [(level, own) for level, own in kept if own != strip]
    return [level for level, _ in kept], [strip for _, strip in kept]


def _is_inside(rule: Ruling, region: Region) -> bool:
    within = region.bottom - _MARGIN <= rule.at <= region.top + _MARGIN
    return within and rule.start >= region.left - 2 * _MARGIN and rule.end <= region.right + 2 * _MARGIN


def _is_full(rule: Ruling, region: Region) -> bool:
    return rule.length >= _FULL * region.width and rule.start <= region.left + 3 * _MARGIN


def _rows(
    levels: Sequence[Level], strips: Sequence[int], found: Sequence[Gutter], *, boxed: bool, gridded: bool
) -> tuple[list[Row], int]:
    """Return the rows, and how many are above the first rule inside the table."""
    several = len(set(strips)) > 1
    rows: list[Row] = []
    head = 0
    for strip, group in groupby(zip(strips, levels, strict=True), key=lambda pair: pair[0]):
        first = not rows and several
        own = [row_of(level, found, strip, header=not rows) for _, level in group]
        own = [row for row in own if row.filled]
        if first and len(own) <= (_MOST_WORDED if not any(row.numbers() for row in own) else _MOST_LINES):
            own = list(header_rows(own))
            head = len(own)
        else:
            own = joined_rows(own, boxed=boxed, gridded=gridded)
        rows += own
    return rows, head


def _table(
    rows: list[Row], ruled_head: int, found: Sequence[Gutter], partial: Sequence[Ruling], region: Region
) -> PageTable | None:
    used = sorted({column for row in rows for column in row.filled})
    if len(used) < 2 or len(rows) < 2:
        return None
    _renumber(rows, used)
    walls = frozenset(sum(column <= number for column in used) for number, gutter in enumerate(found) if gutter.ruled)
    width = len(used)
    head = head_of(rows, ruled_head)
    if not ruled_head and head:
        joined = list(header_rows(rows[:head]))
        rows[:head] = joined
        head = len(joined)
    if not head and (pairs := pairs_in(rows, width)):
        rows, width = stacked(rows, pairs), 2
        found = found[:1]
    if head == 1 and (tables := repeats_in(rows, width)) > 1:
        width //= tables
        rows = stacked(rows, tables, width, head)
        found = found[: width - 1]
    bounds = _bounds(rows[head:] or rows, width)
    spread(rows[:head], Layout(bounds, partial, walls))
    if not is_table(rows, head, width, region):
        return None
    if runs_to_the_left("".join(part.text for row in rows for parts in row.parts.values() for part in parts)):
        _mirror(rows, width)
    columns = column_headers(rows[:head], width)
    names = row_headers(rows[head:], columns, headed=head > 0)
    places = [
        (word.places[0].start, word.places[0].end)
        for row in rows
        for column in sorted(row.filled)
        for part in row.parts[column]
        for word in as_read(part.words)
    ]
    return PageTable(
        rows=tuple(tuple(row.text(column) for column in range(width)) for row in rows),
        header_rows=head,
        columns=columns,
        row_headers=("",) * head + names,
        gaps=tuple((gutter.left, gutter.right) for gutter in found),
        places=tuple(places),
        header_words=sum(len(part.words) for row in rows[:head] for parts in row.parts.values() for part in parts),
        ruled=region.ruled,
    )


def _mirror(rows: Sequence[Row], width: int) -> None:
    """Count the columns from the right, as readers of Arabic or Hebrew do."""
    for row in rows:
        row.parts = {width - 1 - column: parts for column, parts in row.parts.items()}
        row.covers = {
            width - 1 - column: (width - 1 - last, width - 1 - first) for column, (first, last) in row.covers.items()
        }


def _renumber(rows: Sequence[Row], used: Sequence[int]) -> None:
    """Leave out columns without words."""
    number = {column: n for n, column in enumerate(used)}
    ends = {
        column: max((n for n, other in enumerate(used) if other <= column), default=0)
        for column in range(max(used) + 1)
    }
    begins = {column: sum(other < column for other in used) for column in range(max(used) + 1)}
    for row in rows:
        row.parts = {number[column]: parts for column, parts in row.parts.items()}
        row.covers = {
            number[column]: (
                min(number[column], begins.get(first, 0)),
                max(number[column], ends.get(last, len(used) - 1)),
            )
            for column, (first, last) in row.covers.items()
        }


def _bounds(rows: Sequence[Row], width: int) -> list[tuple[float, float]]:
    """Return where the words of each column begin and end; words that span columns do not count."""
    found: list[tuple[float, float]] = []
    for column in range(width):
        parts = [
            part for row in rows for part in row.parts.get(column, []) if row.covers[column][0] == row.covers[column][1]
        ] or [part for row in rows for part in row.parts.get(column, [])]
        left = min((part.left for part in parts), default=found[-1][1] if found else 0.0)
        found.append((left, max((part.right for part in parts), default=left)))
    return found
