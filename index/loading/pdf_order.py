"""The order in which the lines of a page are read.

Most programs paint a page as it is read, column by column, so the painted order stands unless it jumps back and forth
between two columns.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.loading.pdf_lines import Line

_FEWEST_LINES = 5
_PROSE_LENGTH = 20
_CROSSING_SHARE = 0.25
_JUMPS_SHARE = 0.4
_SAME_ROW = 0.7
_FULL = 0.8
"""Of the width of the widest line of a column."""
_NEXT = 2.0
"""In sizes of type: how far below a line the next one is, at most."""


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """Lines as read; what runs sideways in a margin comes last."""
    upright = [line for line in lines if not line.sideways]
    sideways = [line for line in lines if line.sideways]
    gutter = _gutter(upright)
    if gutter is not None and _jumps(upright, gutter):
        upright = _by_columns(upright, gutter)
    return _rows(upright) + sideways


def _rows(lines: Sequence[Line]) -> list[Line]:
    """What stands side by side, as the cells of a table do, is one line after all."""
    rows: list[Line] = []
    for line in lines:
        if rows and _beside(rows[-1], line):
            rows[-1] = replace(
                rows[-1],
                text=f"{rows[-1].text} {line.text}",
                right=line.right,
                bold=rows[-1].bold and line.bold,
                cells=rows[-1].cells + 1,
            )
        else:
            rows.append(line)
    return rows


def _beside(row: Line, line: Line) -> bool:
    overlap = min(row.top, line.top) - max(row.bottom, line.bottom)
    return line.left >= row.right and overlap > _SAME_ROW * max(row.size, line.size)


def _gutter(lines: Sequence[Line]) -> float | None:
    """Where a second column of prose begins; None on a page of one column, or of tables, whose cells are short."""
    prose = [line for line in lines if len(line.text) >= _PROSE_LENGTH]
    best, where = _FEWEST_LINES - 1, None
    for edge in sorted({round(line.left) for line in prose}):
        left = sum(line.right <= edge for line in prose)
        right = sum(line.left >= edge - 1 for line in prose)
        crossing = len(prose) - left - right
        if crossing <= _CROSSING_SHARE * len(prose) and min(left, right) > best:
            best, where = min(left, right), float(edge)
    return where


def _side(line: Line, gutter: float) -> int:
    if line.left >= gutter - 1:
        return 1
    return -1 if line.right <= gutter else 0


def _jumps(lines: Sequence[Line], gutter: float) -> bool:
    """Whether the painted order changes sides far more often than the one time that two columns need."""
    sides = [side for line in lines if (side := _side(line, gutter))]
    changes = sum(a != b for a, b in pairwise(sides))
    return changes > _JUMPS_SHARE * len(sides)


def _by_columns(lines: Sequence[Line], gutter: float) -> list[Line]:
    """What stands above both columns as it is painted, then down the columns."""
    head = _head(lines, gutter)
    above = [line for line in lines if line.bottom >= head]
    return above + _down_columns([line for line in lines if line.bottom < head], gutter)


def _head(lines: Sequence[Line], gutter: float) -> float:
    """Where the columns begin: at the first two lines in a row that fill one, as the names of authors hardly do."""
    tops = []
    for side in (-1, 1):
        column = sorted((line for line in lines if _side(line, gutter) == side), key=lambda line: -line.bottom)
        full = _FULL * max((line.width for line in column), default=0.0)
        tops += [
            above.top
            for above, below in pairwise(column)
            if min(above.width, below.width) >= full and above.bottom - below.bottom < _NEXT * above.size
        ]
    return max(tops, default=math.inf)


def _down_columns(lines: Sequence[Line], gutter: float) -> list[Line]:
    """From the top: what spans both columns parts the page into bands; in each, the left column comes first."""
    ordered: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for line in sorted(lines, key=lambda line: (-line.bottom, line.left)):
        side = _side(line, gutter)
        if side:
            (right if side > 0 else left).append(line)
            continue
        ordered += [*left, *right, line]
        left, right = [], []
    return [*ordered, *left, *right]
