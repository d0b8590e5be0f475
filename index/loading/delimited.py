"""Reads tables in text (csv, tsv): lines above and below the table, and the table, whose rows are counted as records.

A file whose lines are sentences is no table, whatever it is called; it is read as plain text.
"""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING

from index.errors import TooLarge
from index.loading import plain_text
from index.loading.content import Block, Draft, paragraph
from index.loading.dialects import Dialect, detect, records
from index.loading.grid import Outline, grid
from index.text.structure import is_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.loading.content import Content

_MOST_CELLS = 500_000
"""Cells with words in a file: more need more memory than the settings allow by default."""
_TABS = "text/tab-separated-values"
_LONG_LINE = 120
_SAMPLE = 200
_MOST_LINES = 5
"""Lines above or below a table, at most: more of them are rows with one field."""


def read(content: Content, name: str) -> Draft:
    """Return the table of a file of records, or the draft of plain text if it has none.

    Raises:
        TooLarge: it has more cells than can be read.

    """
    dialect = detect(content.text, expected="\t" if content.media_type == _TABS else ",")
    if not dialect.delimiter and _is_prose(content.text):
        return plain_text.read(content, name)
    try:
        return Draft(_blocks(_rows(content.text, dialect, name)))
    except csv.Error:  # a field of many megabytes: its quote does not end
        return plain_text.read(content, name)


def _rows(text: str, dialect: Dialect, name: str) -> list[list[str]]:
    """Return the records of a text. Raises TooLarge or csv.Error."""
    rows: list[list[str]] = []
    cells = 0
    for record in records(text, dialect):
        while record and not record[-1].strip():
            record.pop()
        rows.append(record)
        cells += sum(map(bool, record))
        if cells > _MOST_CELLS:
            raise TooLarge(f"{name} has more than {_MOST_CELLS:,} cells.", "Split it into files with fewer rows.")
    return rows


def _is_prose(text: str) -> bool:
    """Return whether the lines of a text are mostly sentences or long."""
    lines = [line for line in islice(text.splitlines(), _SAMPLE) if line.strip()]
    return sum(len(line) > _LONG_LINE or is_sentence(line) for line in lines) * 2 > len(lines)


def _blocks(rows: Sequence[Sequence[str]]) -> list[Block]:
    """Return the lines above the table, the table, and the lines below: a line is a row with one field at the left."""
    lone = [sum(bool(field.strip()) for field in row) < 2 and bool(row) and bool(row[0].strip()) for row in rows]
    first = next((n for n, row in enumerate(rows) if not lone[n] and any(row)), 0)
    last = len(rows) - next((n for n, row in enumerate(reversed(rows)) if not lone[-1 - n] and any(row)), 0)
    if first > _MOST_LINES or len(rows) - last > _MOST_LINES:
        first, last = 0, len(rows)
    above, below = ([paragraph(row[0]) for row in part if any(row)] for part in (rows[:first], rows[last:]))
    outline = Outline("rows", above[-1].text if above else "", row_numbers=range(first + 1, last + 1))
    return [block for block in (*above, grid(rows[first:last], outline), *below) if block.text]
