"""Tables of names and values that stand side by side, without a head: they are read one below the other."""

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


def _length(texts: Sequence[str]) -> float:
    return median(map(len, texts))


def stacked(rows: Sequence[Row], pairs: int) -> list[Row]:
    """Return the rows of each pair of columns, the pairs from left to right."""
    found = []
    for pair in range(pairs):
        for row in rows:
            parts = {n: row.parts[n + 2 * pair] for n in range(2) if n + 2 * pair in row.parts}
            if parts:
                found.append(replace(row, parts=parts, covers={n: (n, n) for n in parts}, label=""))
    return found
