"""Finds the headers of a table: the rows of its head, headings over several columns, and the names of its rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING

from index.loading.pdf.tables.page_table import is_number, is_period
from index.loading.table_headers import group_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.loading.pdf.tables.rulings import Ruling
    from index.loading.pdf.tables.table_rows import Row

_MOST_ROWS = 5
"""Rows of a head, at most."""
_LONG = 60
"""A heading has at most this many letters, unless it is bold."""
_NUMERIC = 0.6
"""A column is numeric if this share of its cells are numbers."""
_UNDER = 1.4
"""A rule under a heading is at most this many type sizes below its baseline."""
_CENTRED = 0.06
"""A heading is centred over columns if it is off their middle by less than this share of their width."""
_OFF = 0.8
"""…or by less than this many type sizes."""
_KEY = re.compile(r"#\s?\w{0,2}|no\.?|nr\.?|id|n|k|year|date|month|day|size|page|rank", re.IGNORECASE)
_NAMES = 3
"""The most columns that name rows."""


def head_of(rows: Sequence[Row], ruled: int) -> int:
    """Return the number of rows of the head; `ruled` is the number of rows above the first rule inside the table."""
    ruled = next((n for n in range(1, ruled) if _is_data(rows[n])), ruled)
    if 0 < ruled <= _MOST_ROWS and ruled < len(rows) and _is_ruled_head(rows, ruled):
        return ruled
    count = 0
    while count < min(_MOST_ROWS, len(rows) - 1) and _is_head(rows, count):
        count += 1
    return count


def _is_data(row: Row) -> bool:
    """Return whether most cells of a row are numbers that are not years."""
    values = [row.text(column) for column in row.filled if column]
    return 2 * sum(is_number(text) and not is_period(text) for text in values) > len(values)


def _is_ruled_head(rows: Sequence[Row], ruled: int) -> bool:
    """Return whether the first rule stands below a head: other rows have none, or the first ones have no numbers."""
    head, body = rows[:ruled], rows[ruled:]
    if any(len(row.text(column)) > _LONG and not row.bold for row in head for column in row.filled):
        return False
    numbers = [row.text(column) for row in head for column in row.numbers()]
    words = [row.text(column) for row in head for column in row.filled - row.numbers()]
    if len({row.strip for row in body}) < len(body) and words:
        return True
    return all(map(is_period, numbers)) and bool(words)


def _is_head(rows: Sequence[Row], count: int) -> bool:
    """Return whether a row belongs to the head, given that `count` rows above it do."""
    row, below = rows[count], rows[count + 1 :]
    values = [row.text(column) for column in row.filled if column]
    numbers = [text for text in values if is_number(text)]
    if not values or (not row.bold and max(map(len, values)) > _LONG):
        return False
    if numbers and not all(map(is_period, numbers)):
        return False
    if any(map(is_period, numbers)) and all(_periods(other) for other in below):
        return False
    if count == 0:
        return True
    spans = any(first != last for first, last in rows[count - 1].covers.values())
    return spans or (0 not in row.filled and row.filled > {0} and _has_data(below)) or (row.bold and not _bold(below))


def _periods(row: Row) -> bool:
    return any(is_period(row.text(column)) for column in row.filled if column)


def _has_data(rows: Sequence[Row]) -> bool:
    return any(row.numbers() - {0} for row in rows)


def _bold(rows: Sequence[Row]) -> bool:
    return sum(row.bold for row in rows) > len(rows) / 2


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands below a head: the ends of the words of each column, and the rules."""

    bounds: Sequence[tuple[float, float]]
    partial: Sequence[Ruling]
    walls: frozenset[int] = frozenset()
    """The columns that begin at a vertical rule."""


def spread(rows: Sequence[Row], layout: Layout) -> None:
    """Set which columns each heading of a head covers."""
    everything = set(range(len(layout.bounds)))
    headed = {column for row in rows for column in row.filled}
    for number, row in enumerate(rows):
        below = {column for other in rows[number + 1 :] for column in other.filled}
        below = below if number < len(rows) - 1 else (everything - headed - {0}) | row.filled
        for column in sorted(row.filled):
            row.covers[column] = _reach(row, column, layout, below)


def _reach(row: Row, column: int, layout: Layout, below: set[int]) -> tuple[int, int]:
    """Return the columns under a heading: those over the rule below it, else the most over which it is centred."""
    bounds, partial = layout.bounds, layout.partial
    first, last = row.covers[column]
    part = row.parts[column][-1]
    middles = [part.middle for parts in row.parts.values() for part in parts[-1:]]
    for rule in partial:
        if sum(rule.start <= middle <= rule.end for middle in middles) > 1:
            continue
        if 0 < row.bottom - rule.at + 0.3 * row.size < _UNDER * row.size and rule.start <= part.middle <= rule.end:
            under = [
                n for n, (left, right) in enumerate(bounds) if rule.start - 2 <= (left + right) / 2 <= rule.end + 2
            ]
            if len(under) > 1 and min(under) <= first and last <= max(under):
                return min(under), max(under)
    others = [range(*_beyond(reach)) for other, reach in row.covers.items() if other != column]
    taken = {n for other in others for n in other}
    best = first, last
    for start in range(first, -1, -1):
        for end in range(last, len(bounds)):
            walled = layout.walls.intersection(range(start + 1, first + 1)) or layout.walls.intersection(
                range(last + 1, end + 1)
            )
            free = not walled and not taken.intersection(range(start, end + 1)) and set(range(start, end + 1)) <= below
            if free and end - start > best[1] - best[0] and _is_centred(part.middle, bounds, start, end, row.size):
                best = start, end
    return best


def _beyond(reach: tuple[int, int]) -> tuple[int, int]:
    return reach[0], reach[1] + 1


def _is_centred(middle: float, bounds: Sequence[tuple[float, float]], start: int, end: int, size: float) -> bool:
    left, right = bounds[start][0], bounds[end][1]
    return abs((left + right) / 2 - middle) <= max(_CENTRED * (right - left), _OFF * size)


def column_headers(rows: Sequence[Row], width: int) -> tuple[str, ...]:
    """Return the words above each column, from the top."""
    headers = []
    for column in range(width):
        above = [
            row.text(own)
            for row in rows
            for own, (first, last) in sorted(row.covers.items())
            if first <= column <= last
        ]
        headers.append(", ".join(text for text, _ in groupby(filter(None, above))))
    return tuple(headers)


def row_headers(rows: Sequence[Row], headers: Sequence[str], *, headed: bool) -> tuple[str, ...]:
    """Return the name of each row: its first cells, as many as tell it from others; a label also of rows beside it.

    Without a head, a wide table of words may be several narrow ones side by side, so its rows have no names.
    """
    width = len(headers)
    numeric = _numeric(rows, width)
    if not headed and width > _NAMES and not numeric:
        return ("",) * len(rows)
    labels = [_labels(rows)]
    while len(labels) < min(_NAMES, width - 1) and 0 not in numeric:
        if len(labels) in numeric and not _is_key(rows, len(labels), headers[len(labels)]):
            break
        names = [tuple(column[n] for column in labels) for n in range(len(rows))]
        if len(set(names)) == len(names):
            break
        labels.append([row.text(len(labels)) for row in rows])
    own = [tuple(filter(None, (column[n] for column in labels))) for n in range(len(rows))]
    groups = group_names([row.text(0) for row in rows], [_is_group(row, rows) for row in rows])
    return tuple(", ".join((*(group or ()), *words)) for group, words in zip(groups, own, strict=True))


def _is_group(row: Row, rows: Sequence[Row]) -> bool:
    """Return whether a row has one cell that names the rows below it: by its type, a colon, or across all columns.

    A cell alone may also be the first line of a name that goes on in the next row.
    """
    others = [other for other in rows if other.filled != {0}]
    marked = (row.bold and not _bold(others)) or row.text(0).endswith(":")
    return row.filled == {0} and len(others) > 1 and marked


def _is_key(rows: Sequence[Row], column: int, header: str) -> bool:
    """Return whether the numbers of a column count or date the rows, and so help to name them."""
    return bool(_KEY.fullmatch(header)) or all(is_period(row.text(column)) for row in rows)


def _numeric(rows: Sequence[Row], width: int) -> set[int]:
    columns = [[row.text(column) for row in rows if column in row.filled] for column in range(width)]
    return {n for n, texts in enumerate(columns) if texts and sum(map(is_number, texts)) >= _NUMERIC * len(texts)}


def _labels(rows: Sequence[Row]) -> list[str]:
    """Return the words of the first column; rows below a label whose second cell is a name go with the label."""
    labels: list[str] = []
    for row in rows:
        own = row.text(0) or row.label
        second = row.text(1)
        inherits = not own and labels and second and not is_number(second)
        labels.append(labels[-1] if inherits else own)
    return labels


def usual_size(rows: Sequence[Row]) -> float:
    """Return the size of most type."""
    return median(row.size for row in rows)
