"""Finds the cell of a table that answers a question: the reader reads the likeliest rows again, one line for each cell.

A line has the header of the column and the words of the cell, as `Price: 12`. So the reader, which knows sentences,
sees which value belongs to which header. A row whose cells are all unlikely to answer is left alone, and may be quoted
as any sentence.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from index.encoders.answer_reader import Window
from index.records import Span
from index.records.table import cells_between
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from index.records import Cell, Table
    from index.search.readings import Reader, ReadPassage
    from index.storage.catalog.passage_queries import PassageRow

MOST_ROWS = 4
"""The number of rows that are read again, the likeliest first."""
ROW_GAP = 1.0
"""A row is read again if its logit is at most this much less than the greatest of the pinned sentences."""
CELL_LOGIT = 0.0
"""The least logit of a cell that is pinned."""
_NOTHING = re.compile(r"[\s\-–—.…_?]*|n/?a\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CellFound:
    """The cell that a question asks for."""

    passage: int
    """The id of its passage."""
    span: Span
    sentence: float
    """The reader's logit that it answers."""
    any: float
    """The reader's logit that any cell of its row answers."""
    headers: tuple[str, ...] = ()
    """The headers of its column and its row."""

    @property
    def certainty(self) -> float:
        """The probability that it answers."""
        return 1 / (1 + math.exp(-self.sentence))


class TableRow(NamedTuple):
    """A row of a table in a passage."""

    sentence: int
    """The number of the sentence that it is, or that it is a part of."""
    table: Table
    cells: tuple[tuple[Cell, str], ...]
    """Its cells with their words."""

    def lines(self) -> list[str]:
        """Return a line for each cell: the header of its column, and its words."""
        return cell_lines((self.table.columns[cell.column], words) for cell, words in self.cells)


def find_cell(question: str, readings: Mapping[int, ReadPassage], reader: Reader) -> CellFound | None:
    """Return the cell that answers the question, if the reader finds its row likely.

    Without it, the first quotation is right for 209 of 425 strangers' questions instead of 213 (`benchmarks.rules`).
    """
    best = max((reading.sentence for reading in readings.values()), default=0.0)
    rows = [
        (float(reading.evidence.logits[row.sentence]), passage_id, row)
        for passage_id, reading in readings.items()
        if reading.evidence.logits is not None
        for row in rows_of(reading.evidence.row)
    ]
    likely = sorted((each for each in rows if each[0] >= best - ROW_GAP), key=lambda each: -each[0])[:MOST_ROWS]
    if not likely:
        return None
    titles = [readings[passage_id].evidence.row.title for _, passage_id, _ in likely]
    windows = [
        row_window((title, row.table.caption), row.lines()) for title, (*_, row) in zip(titles, likely, strict=True)
    ]
    found = [
        (row_logit + verdict.any + logit, logit, verdict.any, passage_id, row, n)
        for (row_logit, passage_id, row), verdict in zip(likely, reader.read(question, windows), strict=True)
        for n, logit in enumerate(verdict.sentences.tolist())
        if logit >= CELL_LOGIT
    ]
    if not found:
        return None
    _, logit, of_any, passage_id, row, n = max(found, key=lambda each: each[0])
    cell, words = row.cells[n]
    if _NOTHING.fullmatch(words):
        return None
    return CellFound(passage_id, Span(cell.start, cell.end), logit, of_any, row.table.headers(cell))


def rows_of(row: PassageRow) -> Iterator[TableRow]:
    """Yield the rows of the tables in a passage, without headers."""
    passage = row.passage
    for n, span in enumerate(passage.sentences):
        for table in row.tables:
            cells: dict[int, list[tuple[Cell, str]]] = {}
            for cell in cells_between(table, span):
                if cell.row >= table.header_rows and passage.start <= cell.start and cell.end <= passage.end:
                    words = one_line(passage.text[cell.start - passage.start : cell.end - passage.start])
                    cells.setdefault(cell.row, []).append((cell, words))
            yield from (TableRow(n, table, tuple(found)) for found in cells.values())


def cell_lines(cells: Iterable[tuple[str, str]]) -> list[str]:
    """Return the line that the reader reads for each cell, given by its header and its words."""
    return [f"{header}: {words}" if header else words for header, words in cells]


def row_window(above: Iterable[str], lines: Sequence[str]) -> Window:
    """Return the window of these lines, below the title of the document and the caption of the table."""
    preface = "".join(f"{line}\n" for line in above if line)
    starts = accumulate((len(line) + 1 for line in lines[:-1]), initial=len(preface))
    spans = tuple(Span(start, start + len(line)) for start, line in zip(starts, lines, strict=False))
    return Window(preface + "\n".join(lines), spans)
