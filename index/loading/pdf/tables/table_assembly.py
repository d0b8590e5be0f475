"""Assembles a table from the lines in a part of a page: columns, rows, head and headers, or nothing if it is none.

pdf_oxide 0.3, a library that finds tables, too, is faster, but loses more than five of a hundred words in five of 35
files with a text layer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import median
from typing import TYPE_CHECKING

from index.loading.draft import field
from index.loading.grid import Outline, grid
from index.loading.pdf.lines import PageTable
from index.loading.pdf.pdfium import runs_to_the_left
from index.loading.pdf.tables.cell_rows import (
    Layout,
    Row,
    column_headers,
    head_of,
    header_rows,
    joined_rows,
    pairs_in,
    repeats_in,
    row_headers,
    row_of,
    spread,
    stacked,
)
from index.loading.pdf.tables.columns import (
    TABLE_CAPTION,
    as_read,
    dividing,
    gutters,
    is_number,
    levels_of,
    parts_of,
)
from index.loading.pdf.word_boxes import boxes_of
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.draft import Block
    from index.loading.pdf.lines import Direction, Line
    from index.loading.pdf.paragraphs import Paragraph
    from index.loading.pdf.tables.columns import Gutter, Lettered, Level
    from index.loading.pdf.tables.rulings import Ruling, Rulings
    from index.loading.pdf.word_boxes import PageLetters
    from index.records import Table


# Tells tables from what only looks like one: columns of prose, lists, contents pages, formulas, forms, charts.

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


_FULL = 0.8
"""A rule divides all columns if it is at least this share of the table's width long."""
_MARGIN = 4.0
_MAX_HEAD_LINES, _MAX_WORDED_LINES = 5, 8
"""Lines of a head above a rule, at most; and of one without numbers."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a page that may be a table, in points."""

    left: float
    right: float
    bottom: float
    top: float
    ruled: bool = False
    """Whether rules stand above and below it."""
    shaded: bool = False
    """Whether all these rules are the sides of shaded boxes."""
    captioned: bool = False
    """Whether a caption stands above or below it."""
    gridded: bool = False
    """Whether rules stand around the cells of every row."""

    @property
    def width(self) -> float:
        """The distance from its left to its right side."""
        return self.right - self.left

    def holds(self, line: Line) -> bool:
        """Return whether most of a line is inside."""
        shared = min(line.right, self.right + _MARGIN) - max(line.left, self.left - _MARGIN)
        middle = line.bottom + line.size / 2
        return self.bottom <= middle <= self.top and shared >= 0.7 * line.width


def assemble(
    text: Lettered, main: Direction, lines: Sequence[Line], region: Region, rulings: Rulings
) -> PageTable | None:
    """Return the table that these lines of a region are; None if they are no table."""
    levels = levels_of(text, lines, main)
    across = [rule for rule in rulings.across if _is_inside(rule, region)]
    down = [rule for rule in rulings.down if region.left - _MARGIN <= rule.at <= region.right + _MARGIN]
    down = [rule for rule in down if rule.start < region.top and rule.end > region.bottom]
    full = [rule for rule in across if _is_full(rule, region)]
    partial = [rule for rule in across if rule not in full]
    height = region.top - region.bottom
    strips = [sum(rule.at > level.middle for rule in full) for level in levels]
    sides = dividing(down, height)
    closed = len(sides) > 2 and sides[0].middle < region.left + _MARGIN and (sides[-1].middle > region.right - _MARGIN)
    body = [level for level, strip in zip(levels, strips, strict=True) if strip > strips[0]]
    voting = body if len(body) > 1 else levels
    found = gutters(levels, voting, down, height, closed=closed)
    if not found:
        return None
    levels, strips = _without_notes(levels, strips, found)
    gridded = closed and len(set(strips)) > 2
    rows, ruled_head = _rows(levels, strips, found, boxed=bool(sides), gridded=gridded)
    return _table(rows, ruled_head, found, partial, replace(region, gridded=gridded))


def _without_notes(
    levels: Sequence[Level], strips: Sequence[int], found: Sequence[Gutter]
) -> tuple[list[Level], list[int]]:
    """Leave out what stands before the first rule, or below the last one, across all columns: a title, or notes."""
    kept = list(zip(levels, strips, strict=True))
    for end in (0, -1):
        while len({strip for _, strip in kept}) > 1:
            strip = kept[end][1]
            levels_there = [level for level, own in kept if own == strip]
            parts = [parts_of(level, found) for level in levels_there]
            if TABLE_CAPTION.match(" ".join(word.text for word in levels_there[0].words)) and end == 0:
                kept = kept[1:]
                continue
            if any(len(part) > 1 for part in parts) or not any(part[0].last > part[0].first for part in parts):
                break
            kept = [(level, own) for level, own in kept if own != strip]
    return [level for level, _ in kept], [strip for _, strip in kept]


def _is_inside(rule: Ruling, region: Region) -> bool:
    within = region.bottom - _MARGIN <= rule.at <= region.top + _MARGIN
    return within and rule.start >= region.left - 2 * _MARGIN and rule.end <= region.right + 2 * _MARGIN


def _is_full(rule: Ruling, region: Region) -> bool:
    return rule.length >= _FULL * region.width and rule.start <= region.left + 3 * _MARGIN


def _rows(
    levels: Sequence[Level], strips: Sequence[int], found: Sequence[Gutter], *, boxed: bool, gridded: bool
) -> tuple[list[Row], int]:
    """Return the rows, and how many are above the first rule inside the table."""
    several = len(set(strips)) > 1
    rows: list[Row] = []
    head = 0
    for strip, group in groupby(zip(strips, levels, strict=True), key=lambda pair: pair[0]):
        first = not rows and several
        own = [row_of(level, found, strip, header=not rows) for _, level in group]
        own = [row for row in own if row.filled]
        if first and len(own) <= (_MAX_WORDED_LINES if not any(row.numbers() for row in own) else _MAX_HEAD_LINES):
            own = list(header_rows(own))
            head = len(own)
        else:
            own = joined_rows(own, boxed=boxed, gridded=gridded)
        rows += own
    return rows, head


def _table(
    rows: list[Row], ruled_head: int, found: Sequence[Gutter], partial: Sequence[Ruling], region: Region
) -> PageTable | None:
    used = sorted({column for row in rows for column in row.filled})
    if len(used) < 2 or len(rows) < 2:
        return None
    _renumber(rows, used)
    walls = frozenset(sum(column <= number for column in used) for number, gutter in enumerate(found) if gutter.ruled)
    width = len(used)
    head = head_of(rows, ruled_head)
    if not ruled_head and head:
        joined = list(header_rows(rows[:head]))
        rows[:head] = joined
        head = len(joined)
    if not head and (pairs := pairs_in(rows, width)):
        rows, width = stacked(rows, pairs), 2
        found = found[:1]
    if head == 1 and (tables := repeats_in(rows, width)) > 1:
        width //= tables
        rows = stacked(rows, tables, width, head)
        found = found[: width - 1]
    bounds = _bounds(rows[head:] or rows, width)
    spread(rows[:head], Layout(bounds, partial, walls))
    if not is_table(rows, head, width, region):
        return None
    if runs_to_the_left("".join(part.text for row in rows for parts in row.parts.values() for part in parts)):
        _mirror(rows, width)
    columns = column_headers(rows[:head], width)
    names = row_headers(rows[head:], columns, headed=head > 0)
    places = [
        (word.places[0].start, word.places[0].end)
        for row in rows
        for column in sorted(row.filled)
        for part in row.parts[column]
        for word in as_read(part.words)
    ]
    return PageTable(
        rows=tuple(tuple(row.text(column) for column in range(width)) for row in rows),
        header_rows=head,
        columns=columns,
        row_headers=("",) * head + names,
        gaps=tuple((gutter.left, gutter.right) for gutter in found),
        places=tuple(places),
        header_words=sum(len(part.words) for row in rows[:head] for parts in row.parts.values() for part in parts),
        ruled=region.ruled,
    )


def _mirror(rows: Sequence[Row], width: int) -> None:
    """Count the columns from the right, as readers of Arabic or Hebrew do."""
    for row in rows:
        row.parts = {width - 1 - column: parts for column, parts in row.parts.items()}
        row.covers = {
            width - 1 - column: (width - 1 - last, width - 1 - first) for column, (first, last) in row.covers.items()
        }


def _renumber(rows: Sequence[Row], used: Sequence[int]) -> None:
    """Leave out columns without words."""
    number = {column: n for n, column in enumerate(used)}
    ends = {
        column: max((n for n, other in enumerate(used) if other <= column), default=0)
        for column in range(max(used) + 1)
    }
    begins = {column: sum(other < column for other in used) for column in range(max(used) + 1)}
    for row in rows:
        row.parts = {number[column]: parts for column, parts in row.parts.items()}
        row.covers = {
            number[column]: (
                min(number[column], begins.get(first, 0)),
                max(number[column], ends.get(last, len(used) - 1)),
            )
            for column, (first, last) in row.covers.items()
        }


def _bounds(rows: Sequence[Row], width: int) -> list[tuple[float, float]]:
    """Return where the words of each column begin and end; words that span columns do not count."""
    found: list[tuple[float, float]] = []
    for column in range(width):
        parts = [
            part for row in rows for part in row.parts.get(column, []) if row.covers[column][0] == row.covers[column][1]
        ] or [part for row in rows for part in row.parts.get(column, [])]
        left = min((part.left for part in parts), default=found[-1][1] if found else 0.0)
        found.append((left, max((part.right for part in parts), default=left)))
    return found


# Turns tables into blocks: with the caption beside a table, and with the parts of a table that goes on over pages.

_SAME_EDGE = 4.0
"""Columns go on over pages if their sides are at most this many points apart."""
_MAX_CAPTION_CHARACTERS = 600
_NUMBER_ALONE = 12
"""A caption of so few letters is only a number, and its words stand below."""


def continued(found: Sequence[Paragraph]) -> Iterator[tuple[int, int]]:
    """Yield for each paragraph its index and the next one; a table that goes on over pages is several paragraphs."""
    first = 0
    for index, (above, below) in enumerate(pairwise(found), 1):
        if not _goes_on(above, below):
            yield first, index
            first = index
    if found:
        yield first, len(found)


def _goes_on(above: Paragraph, below: Paragraph) -> bool:
    if above.table is None or below.table is None or below.page != above.last_page + 1:
        return False
    gaps, others = above.table.gaps, below.table.gaps
    if len(gaps) != len(others) or len(above.table.columns) != len(below.table.columns):
        return False
    shared = (min(a[1], b[1]) - max(a[0], b[0]) for a, b in zip(gaps, others, strict=True))
    return all(width >= -_SAME_EDGE for width in shared)


def caption_of(found: Sequence[Paragraph], first: int, end: int, taken: set[int]) -> str:
    """Return the caption above or below a table. `taken` are the captions of earlier tables; this one is added."""
    for near in (range(first - 1, max(-1, first - 3), -1), range(end, min(end + 1, len(found)))):
        for index in near:
            text = found[index].text
            if index not in taken and not found[index].table and TABLE_CAPTION.match(text):
                words = found[index : first if index < first else index + 1]
                if len(words) > 1 and len(text) > _NUMBER_ALONE:
                    break
                taken.add(index)
                return one_line(" ".join(word.text for word in words)[:_MAX_CAPTION_CHARACTERS])
    return ""


def table_block(
    parts: Sequence[Paragraph], caption: str, labels: Sequence[str], letters: Sequence[PageLetters | None]
) -> Block:
    """Return the block of a table; `parts` are its paragraphs, one for each page.

    `labels` name all pages, and `letters` are those of all pages.
    """
    tables = [part.table for part in parts if part.table]
    kept = [tables[0], *(_without_head(table, tables[0]) for table in tables[1:])]
    rows = [row for table in kept for row in table.rows]
    names = [name for table in kept for name in table.row_headers]
    block = grid(rows, Outline(header_rows=tables[0].header_rows, caption=caption))
    columns = tuple(field(header) for header in tables[0].columns)
    named = tuple(_named(table, tables[0].header_rows, columns, names) for table in block.tables)
    places = [(part.page, *place) for part, table in zip(parts, kept, strict=True) for place in table.places]
    boxes = boxes_of(block.text, places, letters)
    return replace(block, pages=tuple(_pages(parts, kept, block, labels)), tables=named, boxes=boxes)


def _without_head(table: PageTable, first: PageTable) -> PageTable:
    """Return the next part of a table without the head that it repeats."""
    head = first.header_rows
    if head and table.rows[:head] == first.rows[:head]:
        return replace(
            table,
            rows=table.rows[head:],
            row_headers=table.row_headers[head:],
            places=table.places[table.header_words :],
            header_words=0,
        )
    names = tuple(name or row[0] for name, row in zip(table.row_headers, table.rows, strict=True))
    return replace(table, row_headers=names)


def _named(table: Table, head: int, columns: tuple[str, ...], names: Sequence[str]) -> Table:
    """Return a part of a table with the headers that were found on the page, also of cells that span others."""
    rows = tuple(field(names[number - 1]) for number in table.row_numbers)
    heads = sum(number <= head for number in table.row_numbers)
    return replace(table, header_rows=heads, columns=columns, rows=rows)


def _pages(
    parts: Sequence[Paragraph], kept: Sequence[PageTable], block: Block, labels: Sequence[str]
) -> Iterator[tuple[int, str]]:
    """Yield the pages that begin in the table: each at its first row."""
    lines = block.text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    row = 0
    for part, table in zip(parts, kept, strict=True):
        for _, page in part.pages:
            yield min(starts[min(row, len(lines))], len(block.text)), labels[page]
        row += len(table.rows)
