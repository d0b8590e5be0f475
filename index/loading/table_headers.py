"""Tells the headers of a table from the words, the kinds and the gaps of its cells.

The rows of headers are at the top: words, or years and dates in a row, above values of another kind. The columns that
name the rows are at the left: words, or numbers that occur once.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    Rows = Sequence[Sequence[str]]
    """Rows of equal lengths; "" for a cell without words."""

Kind = Literal["", "word", "number", "year", "date"]
_NUMBER = re.compile(r"[\s+\-–−~≈<>≤≥±(]*[$€£¥#]?\s?[+\-–−]?[\d.,'’\s]*\d[\d.,'’\s]*[%‰°]?\s?[\w.%/²³$€£¥]{0,4}\)?")
_YEAR = re.compile(r"(?:FY|CY)?\s?(?:1[89]|20)\d\d[EAP*]?|FY\s?'?\d\d(?:/\d\d)?|(?:1[89]|20)\d\d[/–-]\d\d(?:\d\d)?")
_MONTH = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?"
    r"|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)\.?"
)
_DATE = re.compile(
    rf"\d{{4}}-\d\d(?:-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?)?|\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}"
    r"|\d{1,2}/\d{1,2}\s?[-–]\s?\d{1,2}/\d{1,2}|\d{1,2}\.\d{1,2}\.\s?[-–]\s?\d{1,2}\.\d{1,2}\.|\d{1,2}:\d\d(?::\d\d)?"
    rf"|(?:\d{{1,2}}\.?\s)?{_MONTH}(?:\s\d{{1,2}},)?[\s-](?:\d\d){{1,2}}|{_MONTH}|[QH][1-4](?:[\s/'-]?\d{{2,4}})?"
    r"|\d{4}[\s-]?[QH][1-4]",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"[-–—−*.…☐☑☒✓✔✗✘•\s]*|n/?a\.?|nil|none|null|#(?:n/a|div/0!|ref!|value!|name\?|num!|null!)", re.IGNORECASE
)
_CURRENCY = re.compile(
    r"^(?P<sign>[-–−+]?\(?[-–−+]?)(?:(?:AUD|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HUF|INR|JPY|NOK|PLN|SEK|USD)\s?"
    r"|(?:(?:A|C|HK|NZ|R|US)?\$|[€£¥₩₹₽₺]|Fr\.|kr\.?|zł|Rs\.?)\s?)(?=[-–−+(]?[\d.])"
)
"""A currency before a number: `CHF 1,200`, `-US$5`, `$(94.00)`."""
_ENUMERATED = re.compile(r"(?:[^\W\d_]+\.?\s)?(?:(?:\d{1,2}[A-Za-z]?|[IVXLC]+)[.):]?|[A-Za-z][.):])")
"""The number of a row, with or without a word: `Item 1A.`, `IV.`, `b)`."""
_MOSTLY_DIGITS = 0.5
_LONGEST_VALUE = 40
"""Characters of a number or date, at most."""
_MOST_HEADERS = 4
"""Rows of headers, at most."""
_SAMPLE = 200
"""Rows that are looked at."""
_MOST = 0.6
_NEARLY_ALL = 0.8
_DISTINCT = 0.5
_MIXED = 0.2
_LONG_HEADER, _LONG_LABEL = 60, 100
"""Mean number of characters from which words are no headers of columns, or of rows."""
_CONTRAST = 3
"""How many times longer the values of a form are than the words above them, if those are headers."""
_OF_VALUES = frozenset(
    {
        "value",
        "values",
        "description",
        "meaning",
        "definition",
        "explanation",
        "amount",
        "details",
        "content",
        "comment",
    }
    | {"comments", "notes", "type", "default", "quantity", "price", "result", "answer", "example", "translation"}
    | {"wert", "werte", "beschreibung", "bedeutung", "betrag", "menge", "preis"}
)
"""Words that head a column of values in a table of two columns."""


@lru_cache(4096)
def kind(words: str) -> Kind:
    """Return what a cell holds; "" if it holds nothing, or a dash that says so."""
    if _NOTHING.fullmatch(words):
        return ""
    if len(words) > _LONGEST_VALUE:
        return "word"
    if _YEAR.fullmatch(words):
        return "year"
    if _DATE.fullmatch(words):
        return "date"
    bare = _CURRENCY.sub(r"\g<sign>", words)
    if _NUMBER.fullmatch(bare) or _is_mostly_digits(bare):
        return "number"
    return "word"


def _is_mostly_digits(words: str) -> bool:
    """Return whether words begin with a number and have few letters: `98.3% n=2 (97.7%, n=3)`."""
    solid = [character for character in words if character.isalnum()]
    begins = words.lstrip("+-–−$€£¥(~<>")[:1].isdigit()
    return begins and sum(map(str.isdigit, solid)) > _MOSTLY_DIGITS * len(solid)


def count_titles(rows: Rows) -> int:
    """Return how many rows at the top have one cell alone, above rows with more: they name the table.

    Here, a cell that spans several columns must be given once.
    """
    count = 0
    while count < len(rows) and rows[count][0] and sum(map(bool, rows[count])) == 1:
        count += 1
    return count if count < len(rows) else 0


def count_headers(rows: Rows, stated: int = 0, *, forms: bool = False) -> int:
    """Return how many rows at the top are headers, of which some may be `stated` to be.

    `forms` says that a table of two columns may be a form, with a name and a value in each row.
    """
    body = rows[:_SAMPLE]
    if not stated and (len(body) < 2 or not _is_header(body, forms=forms)):
        return 0
    count = max(1, stated)
    while count < min(_MOST_HEADERS, len(body) - 1) and _continues(body, count):
        count += 1
    return count


def _is_header(rows: Rows, *, forms: bool) -> bool:
    """Return whether the first of these rows is a header."""
    first, below = rows[0], [row for row in rows[1:] if row != rows[0]]
    if not below or not _heads(first, below):
        return False
    named = [words for words, _ in groupby(filter(None, first))]
    if len(set(named)) < max(1, _MOST * len(named)) or _mean(named) > _LONG_HEADER:
        return False
    repeated = sum(words in {row[column] for row in below} for column, words in enumerate(first) if words)
    if repeated >= _DISTINCT * len(named):
        return False
    kinds = [_kinds(below, column) for column in range(len(first))]
    valued = [_share(found, "word") <= 1 - _MOST for found in kinds if found]
    if len(first) == 1:
        return any(valued)
    if not _covers(rows, kinds):
        return False
    return not (len(first) == 2 and _is_form(rows, kinds[1], forms=forms))


def _covers(rows: Rows, kinds: Sequence[Sequence[Kind]]) -> bool:
    """Return whether the first row, or the second one if it is a header, too, has words above most values."""
    continued = len(rows) > 2 and _continues(rows, 1)
    filled = [column for column in range(1, len(kinds)) if kinds[column]]
    named = sum(bool(rows[0][column] or (continued and rows[1][column])) for column in filled)
    return named >= _DISTINCT * len(filled)


def _heads(row: Sequence[str], below: Rows) -> bool:
    """Return whether all cells of a row can be headers: words, or years, dates or 1, 2, 3 above something else."""
    found = {column: kind(words) for column, words in enumerate(row) if kind(words)}
    if not found or (found.get(0) == "number" and _share(_kinds(below, 0), "number") >= _MOST):
        return False
    for wanted in ("year", "date", "number"):
        columns = [
            column for column, its_kind in found.items() if its_kind == wanted and (column or wanted != "number")
        ]
        alike = sum(_share(_kinds(below, column), wanted) >= _MOST for column in columns)
        if columns and (alike * 2 >= len(columns) or (wanted == "number" and not _counts([row[n] for n in columns]))):
            return False
    return True


def _counts(words: Sequence[str]) -> bool:
    """Return whether words are whole numbers in order, two or more: the numbers of columns."""
    if len(words) < 2 or not all(word.isdecimal() and len(word) < 5 for word in words):
        return False
    first = int(words[0])
    return first <= 1 and [int(word) for word in words] == list(range(first, first + len(words)))


def _is_form(rows: Rows, kinds: Sequence[Kind], *, forms: bool) -> bool:
    """Return whether a table of two columns has a name and a value in each row, and no header."""
    first = rows[0]
    if sum(row[0].endswith(":") for row in rows) > _DISTINCT * len(rows):
        return True
    if set(first[1].lower().split()) & _OF_VALUES or _resemble(*first):
        return False
    mixed = _MIXED < _share(kinds, "word") < 1 - _MIXED
    if mixed or not forms:
        return mixed
    contrast = _mean([row[1] for row in rows[1:]]) >= _CONTRAST * len(first[1])
    return _share(kinds, "word") >= _MOST and not contrast


def _resemble(one: str, other: str) -> bool:
    """Return whether two texts differ in a number or letter at their end: `Column A`, `Column B`."""
    head, _, rest = one.rpartition(" ")
    return bool(head) and len(rest) < 3 and other.rpartition(" ")[0] == head


def _continues(rows: Rows, count: int) -> bool:
    """Return whether the row after some rows of headers is one, too: it names what is below the gaps above it."""
    row, above, below = rows[count], rows[count - 1], rows[count + 1 :]
    filled = [column for column in range(1, len(row)) if row[column]]
    if not filled or not _heads(row, below) or (row == above):
        return False
    valued = any(_kinds(below, column) and _share(_kinds(below, column), "word") <= 1 - _MOST for column in filled)
    fills = any(not above[column] or (column > 1 and above[column] == above[column - 1]) for column in filled)
    if not kind(row[0]) or row[0] == above[0]:
        return fills or valued
    return valued and not above[0] and sum(map(bool, above)) < sum(map(bool, row))


def _kinds(rows: Rows, column: int) -> list[Kind]:
    return [found for row in rows if (found := kind(row[column]))]


def _share(kinds: Sequence[Kind], wanted: Kind) -> float:
    return kinds.count(wanted) / len(kinds) if kinds else 0.0


def _mean(words: Iterable[str]) -> float:
    lengths = [len(text) for text in words if text]
    return sum(lengths) / len(lengths) if lengths else 0.0


def label_columns(rows: Rows, tall: Collection[int] = (), *, headed: bool = True) -> tuple[int, ...]:
    """Return the columns, from 0, that name the rows below the headers; numbers name rows only if they are `headed`.

    `tall` are columns with cells that span several rows: they name groups, and the column after them names the rows.
    """
    body = rows[:_SAMPLE]
    filled = [column for column in range(len(body[0]) if body else 0) if _kinds(body, column)]
    if len(filled) < 2:
        return ()
    first, second = filled[:2]
    if first in tall:
        names = next((n for n, column in enumerate(filled) if column not in tall), len(filled))
        names += names < len(filled) - 1 and _names_rows(body, filled[names])
        return tuple(filled[:names])
    if not _is_label(body, first) or (_share(_kinds(body, first), "number") >= _MOST and not headed):
        return ()
    return (first, second) if len(filled) > 2 and _needs_second(body, first, second) else (first,)


def _names_rows(rows: Rows, column: int) -> bool:
    return _is_label(rows, column) and _share(_kinds(rows, column), "number") < _MOST


def _needs_second(rows: Rows, first: int, second: int) -> bool:
    """Return whether a column names rows only with the next one: it counts or repeats, and the other tells more."""
    words = [row[first] for row in rows if row[first]]
    kinds = _kinds(rows, second)
    if _counts(words) or sum(map(bool, map(_ENUMERATED.fullmatch, words))) >= _NEARLY_ALL * len(words):
        return _share(kinds, "word") >= _MOST and _distinct(rows, [second]) >= _DISTINCT and _is_label(rows, second)
    if _distinct(rows, [first]) >= _DISTINCT or _share(kinds, "number") > _MIXED:
        return False
    better = _distinct(rows, [first, second]) >= 2 * _distinct(rows, [first])
    return better and _is_label(rows, second)


def _is_label(rows: Rows, column: int) -> bool:
    """Return whether the words of a column can name rows: words that are not long, or whole numbers that occur once."""
    kinds, words = _kinds(rows, column), [row[column] for row in rows if row[column]]
    if not kinds or _mean(words) > _LONG_LABEL:
        return False
    if _share(kinds, "number") >= _MOST:
        return len(set(words)) == len(words) and all(word.isalnum() for word in words)
    return len(words) < 3 or len(set(words)) > 1


def _distinct(rows: Rows, columns: Sequence[int]) -> float:
    found = [tuple(row[column] for column in columns) for row in rows]
    return len(set(found)) / len(found) if found else 0.0


def column_headers(rows: Rows, below: Rows, spread: Collection[int]) -> list[list[str]]:
    """Return the words above each column, from the top; `rows` are the rows of headers, `below` those below them.

    The words of a row in `spread`, whose cells span one column each, also stand for the columns beside them that have
    words only in the rows below.
    """
    above = [_spread(rows, n) if n in spread else list(row) for n, row in enumerate(rows)]
    columns = [[row[column] for row in above] for column in range(len(rows[0]) if rows else 0)]
    for column in range(2, len(columns)):
        if not any(columns[column]) and _are_alike(below, column):
            columns[column] = columns[column - 1]
    return columns


def _are_alike(rows: Rows, column: int) -> bool:
    """Return whether a column holds words or dates, as the column before it does: one header stands for both."""
    ours, theirs = _kinds(rows[:_SAMPLE], column), _kinds(rows[:_SAMPLE], column - 1)
    return bool(ours and theirs) and "number" not in (*ours, *theirs)


def _spread(rows: Rows, number: int) -> list[str]:
    """Return a row of headers in which the words stand for each column of their group."""
    row, lower = list(rows[number]), rows[number + 1 :]
    named = [any(under[column] for under in lower) for column in range(len(row))]
    labels = [column for column in range(1, len(row)) if row[column]]
    for _, run in groupby(range(1, len(row)), key=lambda column: named[column]):
        group = list(run)
        if named[group[0]]:
            own = [column for column in labels if column in group] or (labels if len(labels) == 1 else [])
            for column in group:
                left = [label for label in own if label <= column]
                chosen = left[-1] if left else own[0] if len(own) == 1 else None
                row[column] = row[column] or (row[chosen] if chosen is not None else "")
    return row
