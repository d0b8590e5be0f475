"""Tells how a text separates the fields of its records: by which delimiter, and with which quotes.

Each delimiter is tried on the first records. The best one divides nearly all of them into equally many fields, and
leaves values that are whole: numbers, dates, words. (csv.Sniffer takes any letter that occurs regularly.)
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from index.loading.cell_kinds import kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 200
"""Records that are tried."""
_SAMPLE_CHARACTERS = 2_000_000
_AROUND_FIELDS = re.compile(r"(?:^|(?<=[,;\t|]))'|'(?=[,;\t|]|\r?$)", re.MULTILINE)
_NEARLY_ALL = 0.9
_LARGEST_FIELD = 10_000_000
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
    csv.field_size_limit(_LARGEST_FIELD)
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
