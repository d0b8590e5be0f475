"""Turns a grid of texts, as a spreadsheet or a table of a page has it, into the block of a table with its cells.

    grid([["Grade", "Strength, MPa"], ["SNB22-3", "1000"]])

A row of the table is a line of the text, its cells separated by bars. The headers of a cell are the words above it and
those at the beginning of its row. Where the format does not say which rows and columns are headers, their words do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

from index.loading.draft import Block, field
from index.records import Cell, Table
from index.text.dates import GERMAN_MONTHS, MONTHS, SHORT_MONTHS
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    Rows = Sequence[Sequence[str]]
    """Rows of equal lengths; "" for a cell without words."""
    from collections.abc import Sequence

    from index.records.table import Naming


# Tells the kind of a cell of a table from its words: a number, a band, a year, a date, words or nothing.

Kind = Literal["", "word", "number", "band", "year", "date"]
"""A band of numbers, such as an age of `15 - 24` or `65+`, names a class, where a number is a value."""
_NUMBER = re.compile(r"[\s+\-–−~≈<>≤≥±(]*[$€£¥#]?\s?[+\-–−]?[\d.,'’\s]*\d[\d.,'’\s]*[%‰°]?\s?[\w.%/²³$€£¥]{0,4}\)?")
_BAND = re.compile(r"(\d{1,3})\s?[-–—]\s?(\d{1,3})|\d{1,3}\s?\+")
_YEAR = re.compile(r"(?:FY|CY)?\s?(?:1[89]|20)\d\d[EAP*]?|FY\s?'?\d\d(?:/\d\d)?|(?:1[89]|20)\d\d[/–-]\d\d(?:\d\d)?")
_MONTH = rf"(?:{'|'.join((*MONTHS, *SHORT_MONTHS, *GERMAN_MONTHS, 'okt', 'dez'))})\.?"
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
_MOSTLY_DIGITS = 0.5
_MAX_VALUE_CHARACTERS = 40
"""Characters of a number or date, at most."""


@lru_cache(4096)
def kind(words: str) -> Kind:
    """Return what a cell holds; "" if it holds nothing, or a dash that says so."""
    if _NOTHING.fullmatch(words):
        return ""
    if len(words) > _MAX_VALUE_CHARACTERS:
        return "word"
    if _YEAR.fullmatch(words):
        return "year"
    if _DATE.fullmatch(words):
        return "date"
    if (band := _BAND.fullmatch(words)) and (band[1] is None or int(band[1]) < int(band[2])):
        return "band"
    bare = _CURRENCY.sub(r"\g<sign>", words)
    if _NUMBER.fullmatch(bare) or _is_mostly_digits(bare):
        return "number"
    return "word"


def _is_mostly_digits(words: str) -> bool:
    """Return whether words begin with a number and have few letters: `98.3% n=2 (97.7%, n=3)`."""
    solid = [character for character in words if character.isalnum()]
    begins = words.lstrip("+-–−$€£¥(~<>")[:1].isdigit()
    return begins and sum(map(str.isdigit, solid)) > _MOSTLY_DIGITS * len(solid)


# Tells the headers of a table from the words, the kinds and the gaps of its cells.
#
# The rows of headers are at the top: words, or years and dates in a row, above values of another kind. The columns that
# name the rows are at the left: words, or numbers that occur once.

_ENUMERATED = re.compile(r"(?:[^\W\d_]+\.?\s)?(?:(?:\d{1,2}[A-Za-z]?|[IVXLC]+)[.):]?|[A-Za-z][.):])")
"""The number of a row, with or without a word: `Item 1A.`, `IV.`, `b)`."""
MAX_HEADER_ROWS = 4
"""Rows of headers, at most."""
_SAMPLE = 200
"""Rows that are looked at."""
_MAJORITY = 0.6
_NEARLY_ALL = 0.8
_DISTINCT = 0.5
_MIXED = 0.2
_MAX_MEAN_HEADER_CHARACTERS, _MAX_MEAN_LABEL_CHARACTERS = 60, 100
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


def count_titles(rows: Rows) -> int:
    """Return how many rows at the top have one cell alone, above rows with more: they name the table.

    Rows that say nothing count among them. Here, a cell that spans several columns must be given once.
    """
    count = 0
    while count < len(rows) and (_is_alone(rows[count]) or not any(map(kind, rows[count]))):
        count += 1
    return count if count < len(rows) else 0


def _is_alone(row: Sequence[str]) -> bool:
    return bool(row[0]) and sum(map(bool, row)) == 1


def wide_groups(rows: Rows) -> list[int]:
    """Return the numbers of the rows whose words stand in every column: each names the rows below it.

    Here, the words of a cell that spans several columns must stand in all of them. A single such row is none: it may be
    a header, such as the unit of all columns.
    """
    wide = [n for n, row in enumerate(rows) if len(row) > 1 and row[0] and len(set(row)) == 1]
    return wide if len(wide) > 1 else []


def group_names(words: Sequence[str], is_name: Sequence[bool]) -> list[tuple[str, ...] | None]:
    """Return for each row below the headers the words of the groups that it is in; None for a row that names a group.

    `words` are those of the first cells of the rows, and `is_name` tells which of them name groups. Several such rows
    one below another name a group within a group.
    """
    names: list[tuple[str, ...] | None] = []
    inside: tuple[str, ...] = ()
    for n, name in enumerate(words):
        if is_name[n]:
            inside = (*inside, name) if n and is_name[n - 1] else (name,)
        names.append(None if is_name[n] else inside)
    return names


def groups_of_rows(rows: Rows, wide: Collection[int]) -> list[tuple[str, ...] | None]:
    """Return what `group_names` does; `wide` are rows that are known to name groups.

    Where there are none, a row names a group if it has words in its first column alone, and stands at the top, or
    other rows do so, too.
    """
    is_name = [n in wide for n in range(len(rows))] if wide else _narrow_groups(rows)
    return group_names([row[0] if row else "" for row in rows], is_name)


def _narrow_groups(rows: Rows) -> list[bool]:
    """Return for each row whether it names the rows below it, by its first cell alone."""
    alone = [_is_alone(row) and kind(row[0]) == "word" and len(row[0]) < _MAX_MEAN_LABEL_CHARACTERS for row in rows]
    full = sum(sum(map(bool, row)) > 1 for row in rows)
    is_grouped = (alone[:1] == [True] or sum(alone) > 1) and len(rows[0]) > 1 and full >= sum(alone)
    return alone if is_grouped else [False] * len(rows)


def filled_down(rows: Rows) -> list[list[str]]:
    """Return rows with the words of the first column in the rows below, too, that have none there.

    Nothing changes unless most rows have none, the first row has some, and the second column names each row.
    """
    blank = [row for row in rows if not row[0]]
    is_sparse = len(rows) < 2 * len(blank) < 2 * len(rows) and len(rows[0]) > 2 and rows[0][0]
    if not is_sparse or any(kind(row[1]) in ("", "number") for row in rows):
        return [[*row] for row in rows]
    filled, above = [], ""
    for row in rows:
        above = row[0] or above
        filled.append([above, *row[1:]])
    return filled


def count_headers(rows: Rows, stated: int = 0, *, forms: bool = False) -> int:
    """Return how many rows at the top are headers, of which some may be `stated` to be.

    `forms` says that a table of two columns may be a form, with a name and a value in each row.
    """
    body = rows[:_SAMPLE]
    if not stated and (len(body) < 2 or not _is_header(body, forms=forms)):
        return 0
    count = max(1, stated)
    while count < min(MAX_HEADER_ROWS, len(body) - 1) and _continues(body, count):
        count += 1
    return count


def _is_header(rows: Rows, *, forms: bool) -> bool:
    """Return whether the first of these rows is a header."""
    first, below = rows[0], [row for row in rows[1:] if row != rows[0]]
    if not below or not _heads(first, below):
        return False
    named = [words for words, _ in groupby(filter(None, first))]
    if len(set(named)) < max(1, _MAJORITY * len(named)) or _mean(named) > _MAX_MEAN_HEADER_CHARACTERS:
        return False
    repeated = sum(words in {row[column] for row in below} for column, words in enumerate(first) if words)
    if repeated >= _DISTINCT * len(named):
        return False
    kinds = [_kinds(below, column) for column in range(len(first))]
    valued = [_share(found, "word") <= 1 - _MAJORITY for found in kinds if found]
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
    if not found or (found.get(0) == "number" and _share(_kinds(below, 0), "number") >= _MAJORITY):
        return False
    for wanted in ("year", "date", "band", "number"):
        columns = [
            column for column, its_kind in found.items() if its_kind == wanted and (column or wanted != "number")
        ]
        alike = sum(_share(_kinds(below, column), wanted) >= _MAJORITY for column in columns)
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
    return _share(kinds, "word") >= _MAJORITY and not contrast


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
    if _names_labels(row, above, below):
        return True
    valued = any(_kinds(below, column) and _share(_kinds(below, column), "word") <= 1 - _MAJORITY for column in filled)
    fills = any(not above[column] or (column > 1 and above[column] == above[column - 1]) for column in filled)
    if not kind(row[0]) or row[0] == above[0]:
        return fills or valued
    return valued and not above[0] and sum(map(bool, above)) < sum(map(bool, row))


def _names_labels(row: Sequence[str], above: Sequence[str], below: Rows) -> bool:
    """Return whether a row heads the columns that name the rows, below a row that heads those of numbers."""
    numbers = [column for column in range(len(row)) if _share(_kinds(below, column), "number") >= _MAJORITY]
    named = [column for column, words in enumerate(row) if words]
    repeated = any(other[column] == row[column] for other in below for column in named)
    return bool(numbers) and len(named) > 1 and not repeated and all(above[n] and not row[n] for n in numbers)


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
    if not _is_label(body, first) or (_share(_kinds(body, first), "number") >= _MAJORITY and not headed):
        return ()
    return (first, second) if len(filled) > 2 and _needs_second(body, first, second) else (first,)


def _names_rows(rows: Rows, column: int) -> bool:
    return _is_label(rows, column) and _share(_kinds(rows, column), "number") < _MAJORITY


def _needs_second(rows: Rows, first: int, second: int) -> bool:
    """Return whether a column names rows only with the next one: it counts or repeats, and the other tells more."""
    words = [row[first] for row in rows if row[first]]
    kinds = _kinds(rows, second)
    if _counts(words) or sum(map(bool, map(_ENUMERATED.fullmatch, words))) >= _NEARLY_ALL * len(words):
        return _share(kinds, "word") >= _MAJORITY and _distinct(rows, [second]) >= _DISTINCT and _is_label(rows, second)
    if _distinct(rows, [first]) >= _DISTINCT or _share(kinds, "number") > _MIXED:
        return False
    better = _distinct(rows, [first, second]) >= 2 * _distinct(rows, [first])
    return better and _is_label(rows, second)


def _is_label(rows: Rows, column: int) -> bool:
    """Return whether the words of a column can name rows: words that are not long, or whole numbers that occur once."""
    kinds, words = _kinds(rows, column), [row[column] for row in rows if row[column]]
    if not kinds or _mean(words) > _MAX_MEAN_LABEL_CHARACTERS:
        return False
    if _share(kinds, "number") >= _MAJORITY:
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
            for column, label in _over(own, group):
                row[column] = row[column] or row[label]
    return row


def _over(labels: Sequence[int], group: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield columns of a group with the label that stands over each: the nearest one at the left.

    If the first column has none there, the labels stand in the middle or at the right of equal numbers of columns.
    """
    if len(labels) == 1:
        yield from ((column, labels[0]) for column in group)
    elif labels and labels[0] == group[0]:
        yield from ((column, max(label for label in labels if label <= column)) for column in group)
    elif labels and len(group) % len(labels) == 0:
        size = len(group) // len(labels)
        parts = [group[n : n + size] for n in range(0, len(group), size)]
        if all(label in part for label, part in zip(labels, parts, strict=True)):
            yield from ((column, label) for label, part in zip(labels, parts, strict=True) for column in part)


_BAR = " | "
_PART = 1000
"""Cells in a part of a long table: each part is stored, and read again, as a whole."""
_MAX_PLACES = 10_000_000
"""Rows times columns of a table: they are in memory while its headers are told."""


class Merged(NamedTuple):
    """A cell that spans several rows or columns: its first and last row and column, from 0."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a grid besides its words."""

    naming: Naming = "table"
    caption: str = ""
    header_rows: int | None = None
    """The number of rows at the top that are headers; None to tell it from the words."""
    header_columns: int | None = None
    """The number of columns at the left that name their rows; None to tell it from the words."""
    forms: bool | None = None
    """Whether a table of two columns may be a form, with a name and a value in each row; None for tables in texts."""
    merged: Sequence[Merged] = ()
    """The words of such a cell are given once, at its top left; as a header, they stand for all its rows or columns."""
    row_numbers: Sequence[int] = ()
    """The number of each row in the file, from 1; empty to count them."""
    column_numbers: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class _Headers:
    """The headers of a grid: of its columns and of its rows, and where they stand; and its title."""

    title: str
    """The words that stand alone above the table."""
    count: int
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    labels: tuple[int, ...]


def grid(texts: Sequence[Sequence[str | None]], outline: Outline | None = None) -> Block:
    """Return a table as a block; rows may be of different lengths. Rows and cells without words are left out.

    A cell that is None leaves no gap between bars in the text: another one spans its place.
    A grid with words in one cell only is a paragraph and no table, and so is one with very many places for few words.
    """
    known = outline or Outline()
    if sum((cell.bottom - cell.top + 1) * (cell.right - cell.left + 1) for cell in known.merged) > _MAX_PLACES:
        known = replace(known, merged=())
    width = max(map(len, texts), default=0)
    written = [[None if cell is None else one_line(cell) for cell in row] for row in texts]
    kept = [n for n, row in enumerate(written) if any(row)]
    if not kept:
        return Block("")
    text, cells = _written([written[n] for n in kept])
    if len(cells) < 2 or width * len(texts) > _MAX_PLACES:
        return Block(text)
    headers = _headers(written, kept, width, known)
    numbers = known.row_numbers or range(1, len(texts) + 1)
    whole = Table(
        start=0,
        end=len(text),
        caption=field(", ".join(dict.fromkeys(filter(None, (known.caption, headers.title))))),
        naming=known.naming,
        number=0,
        header_rows=headers.count,
        columns=headers.columns,
        rows=headers.rows,
        column_numbers=tuple(known.column_numbers or range(1, width + 1)),
        row_numbers=tuple(numbers[n] for n in kept),
        cells=tuple(cells),
        labels=headers.labels,
    )
    return Block(text, tables=tuple(_parts(whole, text)))


def _written(rows: Sequence[Sequence[str | None]]) -> tuple[str, list[Cell]]:
    """Return the rows as lines, and where each cell with words is."""
    lines: list[str] = []
    cells: list[Cell] = []
    position = 0
    for n, row in enumerate(rows):
        line = _BAR.join(words for words in row if words is not None)
        start = position - (len(line) - len(line.lstrip()))
        for column, words in enumerate(row):
            if words:
                cells.append(Cell(start, start + len(words), n, column))
            start += len(words) + len(_BAR) if words is not None else 0
        lines.append(line.strip())
        position += len(lines[-1]) + 1
    return "\n".join(lines), cells


def _headers(written: Sequence[Sequence[str | None]], kept: Sequence[int], width: int, known: Outline) -> _Headers:
    plain = [[*(cell or "" for cell in row), *[""] * (width - len(row))] for row in written]
    titles = count_titles([plain[n] for n in kept])
    rows = _filled(plain, kept, known.merged)
    forms = known.naming == "table" if known.forms is None else known.forms
    if known.header_rows == 0:
        count = titles = 0
    else:
        stated = max(sum(n < (known.header_rows or 0) for n in kept), titles + _height(kept[titles:], known.merged))
        count = titles + _count(rows[titles:], max(0, stated - titles), forms=forms)
    spread = [n for n in range(count - titles) if not _has_wide(kept[n + titles], known.merged)]
    below = _filled(plain, kept, [merged._replace(right=merged.left) for merged in known.merged])[count:]
    columns = column_headers(rows[titles:count], below, spread) or [[] for _ in range(width)]
    wide = [n - count for n in wide_groups(rows) if n >= count]
    named, labels = _row_names(below, kept[count:], wide, known, headed=count > titles)
    title = plain[kept[titles - 1]][0] if titles else ""
    return _Headers(title, count, tuple(map(_joined, columns)), ("",) * count + tuple(named), labels)


def _count(rows: Sequence[Sequence[str]], stated: int, *, forms: bool) -> int:
    """Return how many rows at the top are headers; a row that names a group of rows is none."""
    groups = wide_groups(rows)
    others = [row for n, row in enumerate(rows) if n not in groups]
    return min(count_headers(others, min([stated, *groups]), forms=forms), *groups[:1] or [len(rows)])


def _height(kept: Sequence[int], merged: Sequence[Merged]) -> int:
    """Return how many rows the cells of the first row span, if others of its cells span columns: all are headers."""
    first = [cell for cell in merged if kept and cell.top == kept[0]]
    bottom = max((cell.bottom for cell in first if cell.right == cell.left), default=-1)
    height = sum(n <= bottom for n in kept) if any(cell.right > cell.left for cell in first) else 0
    return height if height <= MAX_HEADER_ROWS else 0


def _row_names(
    rows: Sequence[Sequence[str]], kept: Sequence[int], wide: Sequence[int], known: Outline, *, headed: bool
) -> tuple[list[str], tuple[int, ...]]:
    """Return the header of each row below those of headers, with the groups that it is in, and the columns of names."""
    groups = groups_of_rows(rows, wide) if known.naming != "rows" else [()] * len(rows)
    single = [row for row, group in zip(rows, groups, strict=True) if group is not None]
    filled = single if known.naming == "rows" or known.header_columns is not None else filled_down(single)
    labels = _labels(filled, kept, known, sparse=filled != single, headed=headed)
    names = iter(filled)
    found = [
        _joined([*(group or ()), *map((row if group is None else next(names)).__getitem__, labels)])
        for row, group in zip(rows, groups, strict=True)
    ]
    return found, labels


def _has_wide(row: int, merged: Sequence[Merged]) -> bool:
    return any(cell.right > cell.left and cell.top <= row <= cell.bottom for cell in merged)


def _filled(plain: Sequence[list[str]], kept: Sequence[int], merged: Sequence[Merged]) -> list[list[str]]:
    """Return the rows that are kept, with the words of merged cells in all places that they span."""
    if not merged:
        return [plain[n] for n in kept]
    rows = [[*row] for row in plain]
    for cell in merged:
        words = rows[cell.top][cell.left] if cell.top < len(rows) and cell.left < len(rows[cell.top]) else ""
        for row in rows[cell.top : cell.bottom + 1] if words else ():
            for column in range(cell.left, min(cell.right + 1, len(row))):
                row[column] = words
    return [rows[n] for n in kept]


def _labels(
    rows: Sequence[Sequence[str]], kept: Sequence[int], known: Outline, *, sparse: bool, headed: bool
) -> tuple[int, ...]:
    if known.header_columns is not None:
        return tuple(range(known.header_columns))
    inside = range(kept[0], kept[-1] + 1) if kept else ()
    tall = {m.left for m in known.merged if m.bottom > m.top and m.left == m.right and m.top in inside}
    tall |= {0} if sparse else set()
    return label_columns(rows, tall, headed=headed)


def _joined(words: Sequence[str]) -> str:
    """Return the words of a header from the top, each once, without dashes."""
    return field(", ".join(text for text, _ in groupby(filter(kind, words))))


def _parts(table: Table, text: str) -> Iterator[Table]:
    """Yield a table in parts of whole rows with about `_PART` cells each."""
    group: list[Cell] = []
    for _, cells in groupby(table.cells, key=lambda cell: cell.row):
        row = list(cells)
        if group and len(group) + len(row) > _PART:
            yield _part(table, text, group, row[0].row)
            group = []
        group += row
    yield _part(table, text, group, len(table.rows))


def _part(table: Table, text: str, cells: Sequence[Cell], end: int) -> Table:
    """Return the rows that begin with the row of the first of these cells, up to the row `end`."""
    first, end_of_line = cells[0].row, text.find("\n", cells[-1].end)
    return replace(
        table,
        start=text.rfind("\n", 0, cells[0].start) + 1,
        end=end_of_line if end_of_line >= 0 else table.end,
        header_rows=max(0, table.header_rows - first),
        rows=table.rows[first:end],
        row_numbers=table.row_numbers[first:end],
        cells=tuple(Cell(start, stop, row - first, column) for start, stop, row, column in cells),
    )
