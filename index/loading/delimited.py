"""Reads tables in text (csv, tsv): lines above and below the table, and the table, whose rows are counted as records.

A file whose lines are sentences is no table, whatever it is called; it is read as plain text.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from index.errors import TooLarge
from index.loading import plain_text
from index.loading.draft import Block, Draft, paragraph
from index.loading.grid import Outline, grid, kind
from index.text.prose import is_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.draft import Content


# Tells how a text separates the fields of its records: by which delimiter, and with which quotes.
#
# Each delimiter is tried on the first records. The best one divides nearly all of them into equally many fields, and
# leaves values that are whole: numbers, dates, words. (csv.Sniffer takes any letter that occurs regularly.)

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 200
"""Records that are tried."""
_SAMPLE_CHARACTERS = 2_000_000
_AROUND_FIELDS = re.compile(r"(?:^|(?<=[,;\t|]))'|'(?=[,;\t|]|\r?$)", re.MULTILINE)
_NEARLY_ALL = 0.9
_MAX_FIELD_CHARACTERS = 10_000_000
_EVEN = 0.8
"""The share of records that have the same number of fields, at least."""
_RAGGED = 0.9
"""The share of records with two fields or more, at least, if their numbers differ."""
_WORD_SCORE = 0.8
"""How much a field of words tells about a delimiter; a number or a date tells 1."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How records are divided: the delimiter, or "" if each line is one field."""

    delimiter: str
    quote: str = '"'


def records(text: str, dialect: Dialect) -> Iterator[list[str]]:
    """Yield the records of a text, each as its fields; a blank line is a record without fields."""
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    delimiter = dialect.delimiter or "\x1f"
    spaced = delimiter in ",;|" and _is_spaced(text[:_SAMPLE_CHARACTERS], dialect)
    yield from csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, quotechar=dialect.quote, skipinitialspace=spaced
    )


def _is_spaced(text: str, dialect: Dialect) -> bool:
    """Return whether quoted fields come after a blank: `a, "b"`."""
    return f"{dialect.delimiter} {dialect.quote}" in text


def detect(text: str, *, expected: str = "") -> Dialect:
    """Return the dialect of a text; `expected` is the delimiter that the name of the file promises."""
    sample = text[:_SAMPLE_CHARACTERS]
    quote = "'" if sample.count("'") > 4 and '"' not in sample and _is_quoted(sample) else '"'
    tried = {delimiter: _tried(sample, Dialect(delimiter, quote)) for delimiter in _DELIMITERS}
    scores = {delimiter: _score(rows) * (1.2 if delimiter == expected else 1) for delimiter, rows in tried.items()}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    if scores[best]:
        return Dialect(best, quote)
    ragged = {delimiter: sum(len(row) > 1 for row in rows) / max(1, len(rows)) for delimiter, rows in tried.items()}
    best = max(ragged, key=lambda delimiter: (ragged[delimiter], delimiter == expected))
    return Dialect(best if ragged[best] >= _RAGGED and _has_values(tried[best]) else "", quote)


def _is_quoted(text: str) -> bool:
    """Return whether single quotes surround fields and are no apostrophes."""
    return len(_AROUND_FIELDS.findall(text)) >= _NEARLY_ALL * text.count("'")


def _tried(text: str, dialect: Dialect) -> list[list[str]]:
    try:
        return [row for row in islice(records(text, dialect), _SAMPLE) if any(row)]
    except csv.Error:
        return []


def _score(rows: Sequence[Sequence[str]]) -> float:
    """Return how well a delimiter suits: the share of records that are alike, times the share of whole values."""
    widths = Counter(map(len, rows))
    if not widths or len(rows) < 2:
        return 0.0
    width, count = widths.most_common(1)[0]
    if width < 2 or count < _EVEN * len(rows):
        return 0.0
    fields = [field.strip() for row in rows for field in row]
    values = sum(_WORD_SCORE if kind(field) == "word" else 1 for field in fields) / len(fields)
    return count / len(rows) * values * (1 - 1 / (2 * width))


def _has_values(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether some fields are numbers or dates, so that records of unequal length are no prose with commas."""
    fields = [field.strip() for row in rows for field in row]
    return sum(kind(field) not in ("word", "") for field in fields) > 0.1 * len(fields)


_MAX_CELLS = 500_000
"""Cells with words in a file: more need more memory than the settings allow by default."""
_TABS = "text/tab-separated-values"
_PROSE_LINE_CHARACTERS = 120
_MAX_LINES_ASIDE = 5
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
        if cells > _MAX_CELLS:
            raise TooLarge(f"{name} has more than {_MAX_CELLS:,} cells.", "Split it into files with fewer rows.")
    return rows


def _is_prose(text: str) -> bool:
    """Return whether the lines of a text are mostly sentences or long."""
    lines = [line for line in islice(text.splitlines(), _SAMPLE) if line.strip()]
    return sum(len(line) > _PROSE_LINE_CHARACTERS or is_sentence(line) for line in lines) * 2 > len(lines)


def _blocks(rows: Sequence[Sequence[str]]) -> list[Block]:
    """Return the lines above the table, the table, and the lines below: a line is a row with one field at the left."""
    lone = [sum(bool(field.strip()) for field in row) < 2 and bool(row) and bool(row[0].strip()) for row in rows]
    first = next((n for n, row in enumerate(rows) if not lone[n] and any(row)), 0)
    last = len(rows) - next((n for n, row in enumerate(reversed(rows)) if not lone[-1 - n] and any(row)), 0)
    if first > _MAX_LINES_ASIDE or len(rows) - last > _MAX_LINES_ASIDE:
        first, last = 0, len(rows)
    above, below = ([paragraph(row[0]) for row in part if any(row)] for part in (rows[:first], rows[last:]))
    outline = Outline("rows", above[-1].text if above else "", row_numbers=range(first + 1, last + 1))
    return [block for block in (*above, grid(rows[first:last], outline), *below) if block.text]
