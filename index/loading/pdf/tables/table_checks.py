"""Tells tables from what only looks like one: columns of prose, lists, contents pages, formulas, forms, charts."""

from __future__ import annotations

import re
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from index.loading.pdf.tables.page_table import is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.loading.pdf.tables.table_assembly import Region
    from index.loading.pdf.tables.table_rows import Row

_MARK = re.compile(r"[•▪◦●○■□►‣⁃✓–—*·-]|\(?\d{1,3}[.)]|\(?[a-z][.)]|\(?[ivx]{1,5}[.)]|\[\d{1,3}\]", re.IGNORECASE)
_EQUATION = re.compile(r"\(\d{1,3}(?:\.\d{1,3})*[a-z]?\)")
_LEADER = re.compile(r"(?:[.·…_]\s?){6,}")
_SENTENCE_END = re.compile(r"[.!?:;][\"'”’»)\]]*$")
_LINE, _RUNNING = 15, 0.2
"""Sentences run on if this share of the cells below others with at least `_LINE` letters begin with a small letter."""
_PROSE = 40
_FILLED = 0.5
"""The least share of cells with words."""
_UNRULED_ROWS, _UNRULED_FILLED = 3, 0.7
_NUMERIC = 0.6
_SAME_SIZE = 1.3


def is_table(rows: Sequence[Row], head: int, width: int, region: Region) -> bool:
    """Return whether rows are those of a table."""
    body = rows[head:]
    if not body or _is_sparse(rows, width) or _has_leaders(rows):
        return False
    if _is_list(rows, width) or _is_numbered_formula(body, width):
        return False
    if not region.gridded and _flows(body, width):
        return False
    if region.ruled:
        return True
    return _is_aligned(rows, head, width, region)


def _is_sparse(rows: Sequence[Row], width: int) -> bool:
    cells = sum(len(row.filled) for row in rows)
    covered = sum(last - first for row in rows for first, last in row.covers.values())
    several = sum(len(row.filled) > 1 for row in rows)
    return cells + covered < _FILLED * width * len(rows) or several < 2 or several < len(rows) / 2


def _has_leaders(rows: Sequence[Row]) -> bool:
    found = sum(any(_LEADER.search(row.text(column)) for column in row.filled) for row in rows)
    return found >= len(rows) / 2


def _is_list(rows: Sequence[Row], width: int) -> bool:
    """Return whether the first column has only the marks of a list, or numbers that count lines of prose."""
    marks = [row.text(0) for row in rows if 0 in row.filled]
    if width == 2 and marks and all(map(_MARK.fullmatch, marks)):
        return True
    counted = [int(mark) for mark in marks if mark.isdecimal()]
    counts = len(counted) > 2 and len(counted) == len(marks) and _rises(counted)
    numbers = [is_number(row.text(1)) for row in rows if 1 in row.filled]
    return width == 2 and counts and 2 * sum(numbers) < len(numbers)


def _rises(numbers: Sequence[int]) -> bool:
    return all(1 <= b - a <= 2 for a, b in pairwise(numbers))


def _is_numbered_formula(body: Sequence[Row], width: int) -> bool:
    last = [row.text(width - 1) for row in body if width - 1 in row.filled]
    return bool(last) and all(map(_EQUATION.fullmatch, last)) and width <= 3


def _flows(body: Sequence[Row], width: int) -> bool:
    """Return whether sentences run on from row to row: then these are columns of prose, or rows that are not found."""
    pairs = [
        (above.text(column), below.text(column))
        for above, below in pairwise(body)
        for column in range(width)
        if column in above.filled and column in below.filled
    ]
    wordy = [(above, below) for above, below in pairs if len(above) >= _LINE and not is_number(below)]
    running = sum(below[:1].islower() and not _SENTENCE_END.search(above) for above, below in wordy)
    return running >= 2 and running >= _RUNNING * len(wordy)


def _is_aligned(rows: Sequence[Row], head: int, width: int, region: Region) -> bool:
    """Return whether rows without rules are a table: short cells in one size, and numbers, a head or a caption."""
    body = rows[head:]
    least = _UNRULED_ROWS - region.captioned
    if not region.captioned and sum(len(row.filled) for row in body) < _UNRULED_FILLED * width * len(body):
        return False
    sizes = [row.size for row in rows]
    if len(rows) < least or max(sizes) > _SAME_SIZE * min(sizes):
        return False
    texts = [[row.text(column) for row in body if column in row.filled] for column in range(width)]
    if any(not column for column in texts):
        return False
    numeric = [sum(map(is_number, column)) >= _NUMERIC * len(column) for column in texts]
    if median(len(text) for column in texts for text in column) > _PROSE:
        return False
    if not any(numeric) and not region.captioned:
        return False
    if _counts_pages(texts[-1]) and width == 2 and not head and not region.captioned:
        return False
    return not (numeric[0] and sum(numeric) == 1 and not head and not region.captioned)


def _counts_pages(texts: Sequence[str]) -> bool:
    """Return whether numbers never fall, as the page numbers of a contents page."""
    if not all(text.isdecimal() for text in texts):
        return False
    numbers = [int(text) for text in texts]
    return numbers == sorted(numbers)
