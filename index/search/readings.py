"""Lets the answer reader read the first hits whole, together with the question, and the likeliest rows cell by cell.

All other scores use sentences that were encoded before the question was known. The reader's verdicts decide which
sentence is pinned and quoted, the order of these hits, and the confidence.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from index.encoders.answer_reader import Window
from index.records import Span
from index.records.table import cells_between, is_header, words_above
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from index.encoders.answer_reader import Verdict
    from index.records import Cell, Table
    from index.search.evidence import PassageEvidence
    from index.storage.catalog.passage_queries import PassageRow

FIRST_READ, MOST_READ = 3, 6
"""The number of first hits that are read, and of those that are read if none of the first ones surely answers."""
SURE = 0.0
"""A passage surely answers if the logits of its pin and of the passage, weighted as below, have at least this sum."""
LOGITS = 6.2
"""The number of logits that are worth as much as one point of a cosine."""
ANY_SHARE = 0.9
"""The weight of the logit that any sentence of the passage answers, next to a sentence's own."""
RANK_LOSS = 1.9
"""What a passage loses for the hits before it, in logits for each factor e of `1 + hits`. `benchmarks.pins` fits these
three and tests them set by set."""
REORDER_LOGIT = -1.0
"""The first hits are reordered if a sentence has at least this logit."""


class Reader(Protocol):
    """Reads windows with a question: `index.encoders.answer_reader.AnswerReader`."""

    def read(self, question: str, windows: Sequence[Window]) -> list[Verdict]:
        """Return the verdict on each window, in order."""
        ...


@dataclass(frozen=True, slots=True)
class ReadPassage:
    """A passage that the reader has read."""

    evidence: PassageEvidence
    """The evidence, with pin scores that include the reader's verdict."""
    sentence: float
    """The logit of the sentence that is pinned."""
    any: float
    """The logit that any sentence of the passage answers."""

    @property
    def is_sure(self) -> bool:
        """Whether it surely answers."""
        return self.sentence + ANY_SHARE * self.any >= SURE


def read_hits(question: str, found: Mapping[int, PassageEvidence], reader: Reader) -> dict[int, ReadPassage]:
    """Read the first hits, and more of them if none surely answers; return them by id, in order.

    If one is read, the first quotation is right for 189 of 425 strangers' questions, if three are, for 207; so, for 213
    (`benchmarks.rules`).
    """
    hits = list(found.items())
    readings = read_passages(question, dict(hits[:FIRST_READ]), reader)
    if not any(reading.is_sure for reading in readings.values()):
        readings |= read_passages(question, dict(hits[FIRST_READ:MOST_READ]), reader)
    return readings


def read_passages(question: str, found: Mapping[int, PassageEvidence], reader: Reader) -> dict[int, ReadPassage]:
    """Read these passages, and return them by id."""
    verdicts = reader.read(question, list(map(_window, found.values()))) if found else []
    return {
        passage_id: _reading(evidence, verdict)
        for (passage_id, evidence), verdict in zip(found.items(), verdicts, strict=True)
    }


def reorder(
    scores: Mapping[int, float], readings: Mapping[int, ReadPassage], above: Collection[int] = ()
) -> dict[int, float]:
    """Let the passages that were read exchange scores, so that those with the best pins come first.

    Passages `above`, which contain the question word for word, stay above the others. If no passage is likely to
    answer, all keep their places, because the reader does not know which one is closer to the topic.
    """
    likely = any(reading.sentence >= REORDER_LOGIT for reading in readings.values())
    ids = [passage_id for passage_id in scores if likely and passage_id in readings]
    worth = {passage_id: readings[passage_id].evidence.claim - rank_loss(rank) for rank, passage_id in enumerate(ids)}
    best = sorted(ids, key=lambda passage_id: (passage_id not in above, -worth[passage_id]))
    exchanged = dict(zip(best, sorted((scores[passage_id] for passage_id in ids), reverse=True), strict=True))
    # The passages that were read come first, so that their new order holds where scores are equal.
    return dict(sorted({**exchanged, **scores, **exchanged}.items(), key=lambda item: -item[1]))


def share_of_pin(readings: Mapping[int, ReadPassage], pinned: int) -> float:
    """Return how likely the pin of one passage is, in [0, 1], among all sentences that were read.

    `readings` are in the order in which the search found the passages.
    """
    if pinned not in readings:
        return 0.0
    scores = {
        passage_id: LOGITS * (reading.evidence.claims[list(reading.evidence.pinnable)] - rank_loss(rank))
        for rank, (passage_id, reading) in enumerate(readings.items())
    }
    everything = np.concatenate(list(scores.values()))
    return float(np.exp(scores[pinned].max() - np.logaddexp.reduce(everything)))


def rank_loss(rank: int) -> float:
    """Return what the pin scores of a passage lose if so many hits are before it."""
    return RANK_LOSS * math.log1p(rank) / LOGITS


def _reading(evidence: PassageEvidence, verdict: Verdict) -> ReadPassage:
    """Return a passage with pin scores by the reader, which may pin all but headings and headers of tables."""
    row, spans = evidence.row, evidence.row.passage.sentences
    claims = evidence.cosines + evidence.gains + (verdict.sentences + ANY_SHARE * verdict.any) / LOGITS
    headers = {span.start for span in spans if is_header(row.tables, span)} if row.tables else frozenset()
    below = (n for n, span in enumerate(spans) if span.start not in row.headings and span.start not in headers)
    pinnable = tuple(below) or tuple(range(len(spans)))
    read = replace(evidence, claims=claims.astype(np.float32), logits=verdict.sentences, pinnable=pinnable)
    return ReadPassage(read, float(verdict.sentences[read.pins[0]]), verdict.any)


def _window(evidence: PassageEvidence) -> Window:
    """Return a passage below the title of its document and the headers of its table."""
    row, passage = evidence.row, evidence.row.passage
    above = words_above(row.tables, Span(passage.start, passage.end), passage.text) if row.tables else ""
    preface = "".join(f"{line}\n" for line in (row.title, above) if line)
    shift = len(preface) - passage.start
    return Window(preface + passage.text, tuple(Span(a + shift, b + shift) for a, b in passage.sentences))


# The cell of a table that answers a question: the reader reads the likeliest rows again, one line for each cell.
#
# A line has the header of the column and the words of the cell, as `Price: 12`. So the reader, which knows sentences,
# sees which value belongs to which header. A row whose cells are all unlikely to answer is left alone, and may be
# quoted as any sentence.

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
