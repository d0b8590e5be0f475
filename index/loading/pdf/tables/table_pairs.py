"""Tables that stand side by side are read one below the other: names and values without a head, or with equal heads."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from index.loading.pdf.tables.page_table import is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.loading.pdf.tables.table_rows import Row

_FEWEST_COLUMNS = 4
_NUMERIC = 0.8
_LONGER = 1.5
"""A value in words is, in the median, at least this many times as long as its name."""


def pairs_in(rows: Sequence[Row], width: int) -> int:
    """Return how many pairs of a name and a value stand side by side; 0 if the columns are no pairs."""
    if width < _FEWEST_COLUMNS or width % 2:
        return 0
    columns = [[row.text(column) for row in rows if column in row.filled] for column in range(width)]
    if not all(columns):
        return 0
    names, values = columns[::2], columns[1::2]
    if any(sum(map(is_number, texts)) > (1 - _NUMERIC) * len(texts) for texts in names):
        return 0
    numeric = [sum(map(is_number, texts)) >= _NUMERIC * len(texts) for texts in values]
    longer = [_length(value) >= _LONGER * _length(name) for name, value in zip(names, values, strict=True)]
    return width // 2 if all(numeric) or (all(longer) and not any(numeric)) else 0


def repeats_in(rows: Sequence[Row], width: int) -> int:
    """Return how many tables with the head that is the first row stand side by side; 1 if the head does not repeat."""
    names = [rows[0].text(column) for column in range(width)]
    for number in range(width // 2, 1, -1):
        own = names[: width // number]
        if all(names) and names == own * number and len(set(own)) == len(own):
            firsts = [row.text(column) for row in rows[1:] for column in range(0, width, len(own))]
            return number if sum(map(is_number, firsts)) <= (1 - _NUMERIC) * len(firsts) else 1
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
