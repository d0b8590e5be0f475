"""The order in which the lines of a PDF page are read, across columns.

Most programs paint a page as it is read, column by column, so the painted order is kept unless it jumps back and
forth between columns: pdfium's own order of characters is better than any that is made from places.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from index.loading.pdf.pdfium import runs_to_the_left

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.loading.pdf.lines import Line

_MIN_LINES = 5
_PROSE_LENGTH = 20
_CROSSING_SHARE = 0.25
_JUMPS_SHARE = 0.4
_PROSE_SHARE = 0.8
_MAX_CLIMBS, _CLIMBS_SHARE = 2, 0.1
_SET_OUT = 2.5
"""How far to the left of its column a list mark or a heading may begin, in type sizes."""
_LEVEL = 0.3
"""Two lines are on one level if their distance is less than this share of the type size."""
_APART = 0.6
"""The smallest blank space between the columns and a head or a foot, in type sizes."""
_SPACE_RATIO, _MAX_OTHER_SPACES = 0.8, 2
"""A space separates a head or a foot only if at most `_MAX_OTHER_SPACES` spaces are `_SPACE_RATIO` times as high. If
there are more, they separate paragraphs."""
_HEAD_SHARE = 1 / 4
_MIN_ROWS = 3
_SAME_ROW = 0.7


def down_columns(lines: Sequence[Line]) -> list[Line]:
    """Return lines in reading order, given in painted order, which is kept unless it jumps between columns.

    If it jumps, the columns are read one after the other. They may actually be the cells of a table, or a poem and its
    translation. But only this order keeps the sentences of columns whole, while cells stay whole in either order.
    """
    gutter = _gutter(lines)
    if gutter is None or not _jumps(lines, gutter) or _is_table(lines):
        return list(lines)
    return _by_columns(lines, gutter)


def _gutter(lines: Sequence[Line]) -> float | None:
    """Return where a second column of prose begins; None if there is one column or a table, whose cells are short."""
    prose = [line for line in lines if _is_prose(line)]
    best, second_column = _MIN_LINES - 1, None
    for edge in sorted({round(line.left) for line in prose}):
        left = sum(line.right <= edge for line in prose)
        right = sum(line.left >= edge - 1 for line in prose)
        crossing = len(prose) - left - right
        if crossing <= _CROSSING_SHARE * len(prose) and min(left, right) > best:
            best, second_column = min(left, right), float(edge)
    return None if second_column is None else _outdented(lines, second_column)


def _outdented(lines: Sequence[Line], edge: float) -> float:
    """Return where list marks and headings begin that stand out to the left of the second column."""
    end = max(line.right for line in lines if _is_prose(line) and line.right <= edge)
    places = [
        line.left
        for line in lines
        if line.left >= edge - 1 or (line.left >= end and line.left > edge - _SET_OUT * line.size)
    ]
    return max(end, min(places))


def _is_prose(line: Line) -> bool:
    """Return whether a line is longer than a cell and is not numbers. A Chinese letter counts twice, as it is wide."""
    length = len(line.text)
    if _PROSE_LENGTH / 2 <= length < _PROSE_LENGTH:
        length += sum(unicodedata.east_asian_width(letter) in "WF" for letter in line.text)
    return length >= _PROSE_LENGTH and 2 * sum(map(str.isalpha, line.text)) >= len(line.text)


def _side(line: Line, gutter: float) -> int:
    if line.left >= gutter - 1:
        return 1
    return -1 if line.right <= gutter else 0


def _jumps(lines: Sequence[Line], gutter: float) -> bool:
    """Return whether the painted order often changes between the columns. Two columns need only one change.

    Below the end of the shorter column there are no changes. So if both columns are prose, the part of the page where
    both have lines is also judged alone. Cells of a table are rarely prose.
    """
    columns = [[line.bottom for line in lines if _is_prose(line) and _side(line, gutter) == side] for side in (-1, 1)]
    low, high = max(map(min, columns)), min(map(max, columns))
    sided = [line for line in lines if _side(line, gutter)]
    beside = [line for line in sided if low <= line.bottom <= high]
    prose = sum(map(_is_prose, beside)) >= _PROSE_SHARE * len(beside)
    return _alternates(sided, gutter) or (prose and _alternates(beside, gutter))


def _alternates(lines: Sequence[Line], gutter: float) -> bool:
    """Return whether lines are painted downwards and often change sides. A page painted cell by cell often jumps up."""
    changes = sum(_side(above, gutter) != _side(below, gutter) for above, below in pairwise(lines))
    climbs = sum(below.bottom - above.bottom > below.size for above, below in pairwise(lines))
    return changes > _JUMPS_SHARE * len(lines) and climbs <= max(_MAX_CLIMBS, _CLIMBS_SHARE * changes)


def _is_table(lines: Sequence[Line]) -> bool:
    """Return whether most rows have three lines or more side by side, few of which are prose."""
    levels = [level for level in side_by_side(lines) if len(level) > 1]
    rows = sum(len(level) > 2 and 2 * sum(map(_is_prose, level)) <= len(level) for level in levels)
    return 2 * rows > len(levels)


def _by_columns(lines: Sequence[Line], gutter: float) -> list[Line]:
    """Return lines from the top. Lines that span both columns divide them into bands, as do a head and a foot."""
    levels = list(side_by_side(lines))
    apart = _set_apart(levels, gutter)
    ordered: list[Line] = []
    band: list[Line] = []
    for number, (level, spans) in enumerate(zip(levels, _spanning(levels, gutter), strict=True)):
        if spans or number in apart:
            ordered += _band(band, gutter)
            band = []
        if spans:
            ordered += level
        else:
            band += level
    return ordered + _band(band, gutter)


def _band(lines: Sequence[Line], gutter: float) -> list[Line]:
    """Return one column after the other, each of which may itself have columns."""
    columns = [[line for line in lines if _side(line, gutter) == side] for side in (-1, 1)]
    if runs_to_the_left("".join(line.text for line in lines)):
        columns.reverse()
    return [line for column in columns for line in down_columns(column)]


def side_by_side(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Yield the lines that stand side by side, from left to right, from the top of the page to its foot."""
    level: list[Line] = []
    for line in sorted(lines, key=lambda line: -line.bottom):
        if level and level[0].bottom - line.bottom > _LEVEL * line.size:
            yield sorted(level, key=lambda line: line.left)
            level = []
        level.append(line)
    if level:
        yield sorted(level, key=lambda line: line.left)


def _spanning(levels: Sequence[Sequence[Line]], gutter: float) -> list[bool]:
    """Return for each level whether it spans both columns, as a wide line or a row of a wide table does.

    The cells of such a row are short. In several rows, cells on both sides begin at places where no column line begins.
    """
    margins = _margins(levels)
    cells = [[line for line in level if round(line.left) not in margins] for level in levels]
    tabular = [
        len(level) > 2 and not any(map(_is_prose, level)) and len({_side(line, gutter) for line in apart}) > 1
        for level, apart in zip(levels, cells, strict=True)
    ]
    runs = [list(run) for _, run in groupby(tabular)]
    rows = [is_row and len(run) >= _MIN_ROWS for run in runs for is_row in run]
    return [row or any(not _side(line, gutter) for line in level) for row, level in zip(rows, levels, strict=True)]


def _margins(levels: Iterable[Sequence[Line]]) -> set[int]:
    """Return the places where lines of prose begin, and a point beside them."""
    begins = {round(line.left) for level in levels for line in level if _is_prose(line)}
    return {place + shift for place in begins for shift in (-1, 0, 1)}


def _set_apart(levels: Sequence[Sequence[Line]], gutter: float) -> set[int]:
    """Return the levels below the head, such as names side by side, and at the foot, which blank spaces set apart.

    Such a space is higher than nearly all others; spaces between paragraphs are of one height. Lines at the margins of
    both columns are no foot: they end the columns.
    """
    spaces = [
        min(line.bottom for line in above) - max(line.top for line in below)
        if all(_side(line, gutter) for line in (*above, *below))
        else 0.0
        for above, below in pairwise(levels)
    ]
    least = (
        max(_APART * levels[0][0].size, *sorted([0.0] * _MAX_OTHER_SPACES + spaces)[-1 - _MAX_OTHER_SPACES :][:1])
        / _SPACE_RATIO
    )
    head = [number for number, space in enumerate(spaces, 1) if space > least and number <= _HEAD_SHARE * len(levels)]
    ends_columns = len(levels[-1]) > 1 and {round(line.left) for line in levels[-1]} <= _margins(levels[:-1])
    foot = [len(spaces)] if spaces and spaces[-1] > least and not ends_columns else []
    return {*head[-1:], *foot}


def lines_in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """Return lines in reading order; lines that run sideways in a margin come last."""
    upright = [line for line in lines if not line.sideways]
    sideways = [line for line in lines if line.sideways]
    return _rows(down_columns(upright)) + sideways


def _rows(lines: Sequence[Line]) -> list[Line]:
    """Join lines that stand side by side, such as the cells of a table, into one line."""
    rows: list[Line] = []
    for line in lines:
        if rows and _beside(rows[-1], line):
            rows[-1] = replace(
                rows[-1],
                text=f"{rows[-1].text} {line.text}",
                left=min(rows[-1].left, line.left),
                right=max(rows[-1].right, line.right),
                bold=rows[-1].bold and line.bold,
                cells=rows[-1].cells + 1,
                places=rows[-1].places + line.places,
            )
        else:
            rows.append(line)
    return rows


def _beside(row: Line, line: Line) -> bool:
    """Return whether a line stands in the row, after its last one: on the right, or where words run to the left."""
    overlap = min(row.top, line.top) - max(row.bottom, line.bottom)
    if row.table or line.table or overlap <= _SAME_ROW * max(row.size, line.size):
        return False
    return line.left >= row.right or (line.right <= row.left and runs_to_the_left(row.text + line.text))
