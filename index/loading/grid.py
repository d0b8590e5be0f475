"""Turns a grid of texts, as a spreadsheet or a table of a page has it, into the block of a table with its cells.

    grid([["Grade", "Strength, MPa"], ["SNB22-3", "1000"]])

A row of the table is a line of the text, its cells separated by bars. The headers of a cell are the words above it and
those at the beginning of its row; `table_headers` tells which rows and columns are headers where the format does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from index.loading.cell_kinds import kind
from index.loading.content import Block, field
from index.loading.table_headers import (
    MOST_HEADERS,
    column_headers,
    count_headers,
    count_titles,
    filled_down,
    groups_of_rows,
    label_columns,
    wide_groups,
)
from index.records import Cell, Table
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records.table import Naming

_BAR = " | "
_PART = 1000
"""Cells in a part of a long table: each part is stored, and read again, as a whole."""
_MOST_PLACES = 10_000_000
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
    if sum((cell.bottom - cell.top + 1) * (cell.right - cell.left + 1) for cell in known.merged) > _MOST_PLACES:
        known = replace(known, merged=())
    width = max(map(len, texts), default=0)
    written = [[None if cell is None else one_line(cell) for cell in row] for row in texts]
    kept = [n for n, row in enumerate(written) if any(row)]
    if not kept:
        return Block("")
    text, cells = _written([written[n] for n in kept])
    if len(cells) < 2 or width * len(texts) > _MOST_PLACES:
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
    return height if height <= MOST_HEADERS else 0


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
