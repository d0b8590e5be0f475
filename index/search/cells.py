"""Finds the cell of a table that answers a question: the question's words are in its headers and its row, not in it.

The words decide which row and which column are meant, and the meaning of the headers decides where words do not. A cell
that is not clearly better than cells with other words is left alone: then its row may be quoted as any sentence. If the
cell that is meant says nothing, no other cell answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from index.encoders.encoder import Draft
from index.records import Span
from index.search.cell_candidates import HeaderMatcher, candidates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from index.encoders.encoder import Encoded, Encoder
    from index.records import Hit
    from index.search.cell_candidates import Analyze, Candidate
    from index.search.evidence import EncodedQuestion, PassageEvidence
    from index.search.pins import HitBuilder
    from index.storage.protocol import Store

    Encode = Callable[[Sequence[Draft]], list[Encoded]]

SUREST = 0.95
"""The greatest certainty: headers are short, and may mean something else."""
CERTAIN = 0.55
"""The least certainty of a cell that answers a question by itself."""
LEAST_CERTAINTY = 0.3
"""The least certainty of a cell that is pinned if its row is the best evidence anyway: then it is only more precise."""
REACH = 3
"""The number of passages before and after a hit in a table that are searched for the cell: rows are many, and alike."""
MOST_COMPARED = 32
"""The number of cells, best first by their words, whose headers are compared with the question in meaning."""
MEANING_SHARE = 0.6
"""The weight of the cosine of question and headers next to the share of the question's words."""
WHOLE_NAME_BONUS = 0.15
"""Added in proportion to the part of the row's header that is in the question: `Water`, not `Water heaters`."""
LEAST_ROW = 0.08
"""The least share of the question's words that must name the row, unless its whole header is in the question."""
LEAST_GAIN = 0.05
"""How much nearer a column's header must bring the row's header to the question if none of its words is in there."""
ALL_WORDS, LEAST_NAME = 0.99, 0.6
"""If this share of the question's words names the row and none the column, the least part of the row's header that must
be in the question: who asks what lymphoedema is does not mean the row `lymphoedema practitioner`."""
LEAST_KNOWN = 0.4
"""The least part of the question's words, however common, that headers, row and context must contain: a year alone does
not say that a table is about what was asked."""
CLEAR, DISTINCT = 0.06, 0.02
"""The least distance to the best cell with other words; and, if that cell lacks words of the question which this one
has, and has none that this one lacks, the least share of these words."""

MISSED = 0.03
"""The least share of the question's words that another row has and a row lacks, so that the other may be meant."""


@dataclass(frozen=True, slots=True)
class CellFound:
    """The cell that a question asks for."""

    passage: int
    """The id of its passage."""
    span: Span
    certainty: float
    """In [0, 1]."""
    headers: tuple[str, ...] = ()
    """The headers of its column and its row; the row is named by the words that the question has."""


class _Scored(NamedTuple):
    score: float
    near: float
    """The cosine of the question and the cell's headers."""
    gain: float
    """What the column's header adds to it."""
    candidate: Candidate


class CellFinder:
    """Finds the cell that answers one question."""

    def __init__(self, question: EncodedQuestion, analyze: Analyze, encode: Encode) -> None:
        self._question = question
        self._encode = encode
        self._matcher = HeaderMatcher(question, analyze)

    def find(self, found: Mapping[int, PassageEvidence], context: Mapping[int, str]) -> CellFound | None:
        """Return the cell that answers the question, if one of these passages has it and it is clearly the one.

        `context` has for each passage the words that say what its document and its section are about.
        """
        if self._matcher.wants_reason:
            return None
        meant = self._not_narrowed([each for each in self.scored(found, context) if _is_meant(each)])
        if not meant or not self._is_clear(meant[0], meant[1:]):
            return None
        best = meant[0].candidate
        if np.count_nonzero(best.matched) < LEAST_KNOWN * len(best.matched):
            return None
        certainty = min(SUREST, best.covered + meant[0].near / 3)
        if certainty < LEAST_CERTAINTY:
            return None
        headers = tuple(filter(None, (best.table.columns[best.cell.column], best.row_name)))
        return CellFound(best.passage, Span(best.cell.start, best.cell.end), certainty, headers)

    def scored(self, found: Mapping[int, PassageEvidence], context: Mapping[int, str]) -> list[_Scored]:
        """Return the cells that may be meant, with their scores, best first."""
        every = [
            candidate
            for passage, evidence in found.items()
            for table in evidence.row.tables
            for candidate in candidates(
                self._matcher, evidence, table, self._matcher.match(f"{context[passage]} {table.caption}")
            )
        ]
        best = sorted(every, key=lambda each: -each.covered - WHOLE_NAME_BONUS * each.whole)[:MOST_COMPARED]
        near = self._nearness([text for each in best for text in (each.headers, each.without_column)])
        return sorted((_scored(each, near) for each in best), key=lambda each: -each.score)

    def _not_narrowed(self, meant: Sequence[_Scored]) -> list[_Scored]:
        """Return these cells without those of narrower tables and columns that the question does not ask for.

        `Cups since 67` is narrower than `Cups`: who asks for the cups does not mean those since 67.
        """
        captions = {each.candidate.table.caption for each in meant}
        narrower = {caption for caption in captions if any(self._narrows(caption, other) for other in captions)}
        wide = [each for each in meant if each.candidate.table.caption not in narrower]
        headers = {_column(each) for each in wide}
        return [each for each in wide if not any(self._narrows(_column(each), other) for other in headers)]

    def _narrows(self, words: str, other: str) -> bool:
        """Whether a caption or a header is another one with more words, none of which the question contains."""
        if not other or not words.casefold().startswith(other.casefold()):
            return False
        more = words[len(other) :]
        return bool(more.split()) and not more[0].isalnum() and not self._matcher.precision(more)

    def _nearness(self, texts: Sequence[str]) -> dict[str, float]:
        """Return the cosine of the question and each text; 0 for an empty one."""
        drafts = [Draft(text) for text in dict.fromkeys(filter(None, texts))]
        vectors = self._encode(drafts) if drafts else []
        near = {
            draft.text: float(encoded.vector @ self._question.vector)
            for draft, encoded in zip(drafts, vectors, strict=True)
        }
        return {"": 0.0, **near}

    def _is_clear(self, best: _Scored, others: Sequence[_Scored]) -> bool:
        """Whether a cell is the one that is meant: it says something, and no cell with other words is as good."""
        cell = best.candidate
        if cell.whole < 1 and any(self._knows_more(each.candidate, cell) for each in others):
            return False
        rival = next((each for each in others if _plain(each.candidate.words) != _plain(cell.words)), None)
        if cell.says_nothing:
            return False
        if rival is None or best.score - rival.score >= CLEAR or cell.whole == 1 > rival.candidate.whole:
            return True
        more = cell.matched - rival.candidate.matched
        return bool(more.min() >= 0 and more @ self._matcher.weights >= DISTINCT)

    def _knows_more(self, other: Candidate, cell: Candidate) -> bool:
        """Whether another row of the same table has words of the question which a cell's row lacks altogether."""
        if other.table != cell.table or other.cell.row == cell.cell.row:
            return False
        return bool(np.maximum(other.within - cell.within, 0) @ self._matcher.weights >= MISSED)


def find_cell(builder: HitBuilder, hits: Sequence[Hit], store: Store, encoder: Encoder) -> CellFound | None:
    """Return the cell that answers the question: in these hits, or near them in the same tables.

    A cell that is not certain is returned only if its row is the pin of the first hit.
    """
    first = [hit for hit in hits if builder.evidence[hit.passage.id].row.tables]
    if not first:
        return None
    near = [hit.passage.id + step for hit in first for step in range(-REACH, REACH + 1)]
    context = {hit.document.id: _context_of(hit) for hit in reversed(first)}
    found = {
        passage_id: evidence
        for passage_id, evidence in builder.weigh(dict.fromkeys(near)).items()
        if evidence.row.tables and evidence.row.passage.document_id in context
    }
    finder = CellFinder(builder.question, store.analyze, encoder.encode_quotes)
    cell = finder.find(found, {key: context[each.row.passage.document_id] for key, each in found.items()})
    return cell if cell is not None and (cell.certainty >= CERTAIN or _holds(hits[0], cell)) else None


def _holds(hit: Hit, cell: CellFound) -> bool:
    """Whether the pin of a hit is the row of a cell."""
    return hit.passage.id == cell.passage and hit.pin.start <= cell.span.start and cell.span.end <= hit.pin.end


def _context_of(hit: Hit) -> str:
    """Return the words that say what the document of a hit and its section are about."""
    info, location = hit.document, hit.location
    return " ".join((info.name, info.source.rpartition("/")[2], location.place, location.heading))


def _scored(candidate: Candidate, near: Mapping[str, float]) -> _Scored:
    cosine = near[candidate.headers]
    score = candidate.covered + WHOLE_NAME_BONUS * candidate.whole + MEANING_SHARE * cosine
    return _Scored(score, cosine, cosine - near[candidate.without_column], candidate)


def _is_meant(each: _Scored) -> bool:
    """Whether the question names the row of a cell, and its column; or the column has no header."""
    cell = each.candidate
    names_row = cell.row >= LEAST_ROW or cell.whole == 1
    if cell.row >= ALL_WORDS and not cell.column and cell.whole < LEAST_NAME:
        return False
    return names_row and bool(cell.column or each.gain >= LEAST_GAIN or not cell.table.columns[cell.cell.column])


def _column(each: _Scored) -> str:
    return each.candidate.table.columns[each.candidate.cell.column]


def _plain(words: str) -> str:
    return "".join(words.split()).casefold()
