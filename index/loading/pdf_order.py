"""Puts the lines of a page in reading order.

Most programs paint a page as it is read, column by column, so the painted order is kept unless it jumps back and
forth between columns.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from index.loading.pdf_columns import down_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.loading.pdf_lines import Line

_SAME_ROW = 0.7


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
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
