"""Turns tables into blocks: with the caption beside a table, and with the parts of a table that goes on over pages."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from index.loading.content import field
from index.loading.grid import Outline, grid
from index.loading.pdf.tables.page_table import TABLE_CAPTION
from index.loading.recognition.engine import exact_words
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.content import Block
    from index.loading.pdf.paragraphs import Paragraph
    from index.loading.pdf.tables.page_table import PageTable
    from index.loading.recognition.engine import PrintedWord
    from index.records import Table

_SAME_EDGE = 4.0
"""Columns go on over pages if their sides are at most this many points apart."""
_LONGEST_CAPTION = 600
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
                return one_line(" ".join(word.text for word in words)[:_LONGEST_CAPTION])
    return ""


def table_block(parts: Sequence[Paragraph], caption: str, labels: Sequence[str]) -> Block:
    """Return the block of a table; `parts` are its paragraphs, one for each page; `labels` name all pages."""
    tables = [part.table for part in parts if part.table]
    kept = [tables[0], *(_without_head(table, tables[0]) for table in tables[1:])]
    rows = [row for table in kept for row in table.rows]
    names = [name for table in kept for name in table.row_headers]
    block = grid(rows, Outline(header_rows=tables[0].header_rows, caption=caption))
    columns = tuple(field(header) for header in tables[0].columns)
    named = tuple(_named(table, tables[0].header_rows, columns, names) for table in block.tables)
    cells = [(cell.start, cell.end) for table in named for cell in table.cells]
    recognised = exact_words(block.text, _words(parts, kept), cells)
    return replace(block, pages=tuple(_pages(parts, kept, block, labels)), tables=named, recognised=recognised)


def _words(parts: Sequence[Paragraph], kept: Sequence[PageTable]) -> Iterator[tuple[int, PrintedWord]]:
    """Yield the words that were recognised in a picture, without those of heads that were left out."""
    for part, table in zip(parts, kept, strict=True):
        yield from part.words[len(part.words) - len(table.places) :] if part.words else ()


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
