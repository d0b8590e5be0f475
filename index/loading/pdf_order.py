"""The order in which the lines of a page are read.

Most programs paint a page as it is read, column by column, so the painted order stands unless it jumps back and forth
between two columns.
"""

from __future__ import annotations

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
