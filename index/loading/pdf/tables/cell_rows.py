"""Joins the levels of a table to rows: cells of several lines, and labels that stand beside several rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING

from index.loading.grid import group_names
from index.loading.pdf.tables.columns import Part, is_number, is_period, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf.tables.columns import Gutter, Level
    from index.loading.pdf.tables.rulings import Ruling


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


# Tables that stand side by side are read one below the other: names and values without a head, or with equal heads.

_MIN_COLUMNS = 4
_NUMERIC_SHARE_OF_PAIRS = 0.8
_LONGER = 1.5
"""A value in words is, in the median, at least this many times as long as its name."""


def pairs_in(rows: Sequence[Row], width: int) -> int:
    """Return how many pairs of a name and a value stand side by side; 0 if the columns are no pairs."""
    if width < _MIN_COLUMNS or width % 2:
        return 0
    columns = [[row.text(column) for row in rows if column in row.filled] for column in range(width)]
    if not all(columns):
        return 0
    names, values = columns[::2], columns[1::2]
    if any(sum(map(is_number, texts)) > (1 - _NUMERIC_SHARE_OF_PAIRS) * len(texts) for texts in names):
        return 0
    numeric = [sum(map(is_number, texts)) >= _NUMERIC_SHARE_OF_PAIRS * len(texts) for texts in values]
    longer = [_length(value) >= _LONGER * _length(name) for name, value in zip(names, values, strict=True)]
    return width // 2 if all(numeric) or (all(longer) and not any(numeric)) else 0


def repeats_in(rows: Sequence[Row], width: int) -> int:
    """Return how many tables with the head that is the first row stand side by side; 1 if the head does not repeat."""
    names = [rows[0].text(column) for column in range(width)]
    for number in range(width // 2, 1, -1):
        own = names[: width // number]
        if all(names) and names == own * number and len(set(own)) == len(own):
            firsts = [row.text(column) for row in rows[1:] for column in range(0, width, len(own))]
            return number if sum(map(is_number, firsts)) <= (1 - _NUMERIC_SHARE_OF_PAIRS) * len(firsts) else 1
    return 1


def _length(texts: Sequence[str]) -> float:
    return median(map(len, texts))


def stacked(rows: Sequence[Row], tables: int, width: int = 2, head: int = 0) -> list[Row]:
    """Return the rows of each table of `width` columns, the tables from left to right; the head of the first stays."""
    found = []
    for table in range(tables):
        for row in rows[head if table else 0 :]:
            parts = {n: row.parts[n + width * table] for n in range(width) if n + width * table in row.parts}
            if parts:
                found.append(replace(row, parts=parts, covers={n: (n, n) for n in parts}, label=""))
    return found


# Finds the headers of a table: the rows of its head, headings over several columns, and the names of its rows.

_MAX_HEAD_ROWS = 5
"""Rows of a head, at most."""
_MAX_HEADING_LETTERS = 60
"""A heading has at most this many letters, unless it is bold."""
_NUMERIC_SHARE = 0.6
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
    if 0 < ruled <= _MAX_HEAD_ROWS and ruled < len(rows) and _is_ruled_head(rows, ruled):
        return ruled
    count = 0
    while count < min(_MAX_HEAD_ROWS, len(rows) - 1) and _is_head(rows, count):
        count += 1
    return count


def _is_data(row: Row) -> bool:
    """Return whether most cells of a row are numbers that are not years."""
    values = [row.text(column) for column in row.filled if column]
    return 2 * sum(is_number(text) and not is_period(text) for text in values) > len(values)


def _is_ruled_head(rows: Sequence[Row], ruled: int) -> bool:
    """Return whether the first rule stands below a head: other rows have none, or the first ones have no numbers."""
    head, body = rows[:ruled], rows[ruled:]
    if any(len(row.text(column)) > _MAX_HEADING_LETTERS and not row.bold for row in head for column in row.filled):
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
    if not values or (not row.bold and max(map(len, values)) > _MAX_HEADING_LETTERS):
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
    return {n for n, texts in enumerate(columns) if texts and sum(map(is_number, texts)) >= _NUMERIC_SHARE * len(texts)}


def _labels(rows: Sequence[Row]) -> list[str]:
    """Return the words of the first column; rows below a label whose second cell is a name go with the label."""
    labels: list[str] = []
    for row in rows:
        own = row.text(0) or row.label
        second = row.text(1)
        inherits = not own and labels and second and not is_number(second)
        labels.append(labels[-1] if inherits else own)
    return labels
