"""Finds the cell of a table that answers a question: the question's words are in its headers and its row, not in it.

The words decide which row and which column are meant, and the meaning of the headers decides where words do not. A cell
that is not clearly better than cells with other words is left alone: then its row may be quoted as any sentence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from index.encoders.encoder import Draft
from index.records import Span
from index.search.answer_types import expected_kind, has_kind
from index.search.header_words import asked_heads, weights_of
from index.text.row_headers import cells_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from index.encoders.encoder import Encoded
    from index.records import Cell, Hit, Table
    from index.search.evidence import EncodedQuestion, PassageEvidence

    Floats = np.ndarray[Any, np.dtype[np.float32]]
    Analyze = Callable[[Sequence[str]], list[list[str]]]
    Encode = Callable[[Sequence[Draft]], list[Encoded]]

SUREST = 0.95
"""The greatest certainty: headers are short, and may mean something else."""
LEAST_CERTAINTY = 0.55
"""The least certainty of a cell that is pinned."""
MOST_COMPARED = 32
"""The number of cells, best first by their words, whose headers are compared with the question in meaning."""
MEANING_SHARE = 0.6
"""The weight of the cosine of question and headers next to the share of the question's words."""
CONTEXT_SHARE, LINK_SHARE = 0.8, 0.8
"""What a word counts that is only in the caption or the document's name, or that heads another cell of the row which
the question names, as in `tensile strength of 1000`; a word of the cell's own headers counts 1."""
KIND_BONUS = 0.12
"""Added to a cell below a header that says what a word of the question asks for: `When`, and `Date`."""
WHOLE_NAME_BONUS = 0.15
"""Added in proportion to the part of the row's header that is in the question: `Water`, not `Water heaters`."""
STEM, SIMILAR = 5, 0.7
"""Words with the same first letters, this many, may be forms of one word, and count this much."""
LEAST_ROW = 0.08
"""The least share of the question's words that must name the row, or the context of a table with a single row."""
LEAST_GAIN = 0.02
"""How much nearer a column's header must bring the row's header to the question, if no word of it is in the question."""
CLEAR, DISTINCT = 0.06, 0.02
"""The least distance to the best cell with other words; and, if that cell lacks words of the question which this one
has, and has none that this one lacks, the least share of these words."""
_NUMBERS = frozenset({"share", "money", "duration", "length", "number", "time"})
_WORDS = re.compile(r"^\W*(?:who|whom|whose|where)\b|\babout\W*$", re.IGNORECASE)
"""Questions that no number answers."""
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")
_NOTHING = re.compile(r"[\W_]*|n/?a\.?|nil|none", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CellFound:
    """The cell that a question asks for."""

    passage: int
    """The id of its passage."""
    span: Span
    certainty: float
    """In [0, 1]."""


class _Candidate(NamedTuple):
    passage: int
    table: Table
    cell: Cell
    words: str
    matched: Floats
    """For each word of the question, how well headers, row and context of the cell contain it."""
    covered: float
    """The weighted mean of `matched`, less the words that only the cell itself contains."""
    row: float
    """The share of the question's words that name the row."""
    column: float
    """The share of the question's words that name the column, with the bonus for its kind."""
    whole: float
    """The share of the row's header that is in the question."""

    @property
    def headers(self) -> str:
        return " · ".join(filter(None, (self.table.caption, *self.table.headers(self.cell))))

    @property
    def without_column(self) -> str:
        headers = self.table.headers(self.cell)
        column = self.table.columns[self.cell.column]
        return " · ".join(filter(None, (self.table.caption, *(header for header in headers if header != column))))


class _Scored(NamedTuple):
    score: float
    near: float
    """The cosine of the question and the cell's headers."""
    gain: float
    """What the column's header adds to it."""
    candidate: _Candidate


class CellFinder:
    """Finds the cell that answers one question."""

    def __init__(self, question: EncodedQuestion, analyze: Analyze, encode: Encode) -> None:
        self._question = question
        self._analyze = analyze
        self._encode = encode
        self._weights = weights_of(question.words, question.idf)
        self._heads = frozenset(term for heads in asked_heads(question.text) for term in analyze([heads])[0])
        self._kind = expected_kind(question.text)
        self._years = frozenset(_YEAR.findall(question.text))
        self._wants_words = bool(_WORDS.search(question.text))

    def find(self, found: Mapping[int, PassageEvidence], context: Mapping[int, str]) -> CellFound | None:
        """Return the cell that answers the question, if one of these passages has it and it is clearly the one.

        `context` has for each passage the words that say what its document and its section are about.
        """
        if self._kind == "reason" or not any(evidence.row.tables for evidence in found.values()):
            return None
        scored = self.scored(found, context)
        if not scored or not self._is_clear(scored):
            return None
        best = scored[0].candidate
        certainty = min(SUREST, best.covered + scored[0].near / 3)
        if certainty < LEAST_CERTAINTY:
            return None
        return CellFound(best.passage, Span(best.cell.start, best.cell.end), certainty)

    def scored(self, found: Mapping[int, PassageEvidence], context: Mapping[int, str]) -> list[_Scored]:
        """Return the cells that may be meant, with their scores, best first."""
        candidates = [
            candidate
            for passage, evidence in found.items()
            for table in evidence.row.tables
            for candidate in self._candidates(evidence, table, self._match(f"{context[passage]} {table.caption}"))
        ]
        best = sorted(candidates, key=lambda candidate: -candidate.covered)[:MOST_COMPARED]
        near = self._nearness([text for each in best for text in (each.headers, each.without_column)])
        scored = [
            _Scored(
                each.covered + WHOLE_NAME_BONUS * each.whole + MEANING_SHARE * near[each.headers],
                near[each.headers],
                near[each.headers] - near[each.without_column],
                each,
            )
            for each in best
        ]
        return sorted(scored, key=lambda each: -each.score)

    def _nearness(self, texts: Sequence[str]) -> dict[str, float]:
        """Return the cosine of the question and each text; 0 for an empty one."""
        drafts = [Draft(text) for text in dict.fromkeys(filter(None, texts))]
        vectors = self._encode(drafts) if drafts else []
        near = {
            draft.text: float(encoded.vector @ self._question.vector)
            for draft, encoded in zip(drafts, vectors, strict=True)
        }
        return {"": 0.0, **near}

    def _is_clear(self, scored: Sequence[_Scored]) -> bool:
        """Whether the best cell is the one that is meant: its row is named, its column, and no other is as good."""
        score, _, gain, best = scored[0]
        named = best.row >= LEAST_ROW or best.whole == 1
        meant = best.column or gain >= LEAST_GAIN or not best.table.columns[best.cell.column]
        if not (named and meant):
            return False
        rival = next((each for each in scored if _plain(each.candidate.words) != _plain(best.words)), None)
        if rival is None or score - rival.score >= CLEAR:
            return True
        more = best.matched - rival.candidate.matched
        return bool(more.min() >= 0 and more @ self._weights >= DISTINCT)

    def _candidates(self, evidence: PassageEvidence, table: Table, context: Floats) -> Iterator[_Candidate]:
        """Yield the cells of a table in a passage that may be an answer."""
        passage = evidence.row.passage
        columns = [self._match(header) for header in table.columns]
        rows: dict[int, list[Cell]] = defaultdict(list)
        for cell in cells_between(table, Span(passage.start, passage.end)):
            if passage.start <= cell.start and cell.end <= passage.end and cell.row >= table.header_rows:
                rows[cell.row].append(cell)
        single = len(table.rows) == table.header_rows + 1
        for cells in rows.values():
            row = _Row(self, passage.id, table, cells, [_words(evidence, cell) for cell in cells])
            yield from row.candidates(columns, context, named=single)

    def may_answer(self, words: str) -> bool:
        """Whether a cell may answer: it is not empty, and has a number or words if the question asks for them."""
        if _NOTHING.fullmatch(words) or (self._wants_words and not any(map(str.isalpha, words))):
            return False
        return self._kind not in _NUMBERS or has_kind("number", words, self._question.text)

    def bonus(self, header: str) -> float:
        """Return the bonus for a column whose header says what the question's first word asks for."""
        return KIND_BONUS * (not self._heads.isdisjoint(self._analyze([header])[0]))

    def contradicts(self, headers: str) -> bool:
        """Whether headers name a year, and the question another one."""
        years = frozenset(_YEAR.findall(headers))
        return bool(self._years and years) and self._years.isdisjoint(years)

    def precision(self, header: str) -> float:
        """Return the share of a header's words that the question contains, in [0, 1]."""
        words = dict.fromkeys(self._analyze([header])[0])
        return sum(word in self._question.words for word in words) / max(len(words), 1)

    def share(self, matched: Floats) -> float:
        """Return the share of the question's words that are matched, by their rarity."""
        return float(matched @ self._weights)

    def match(self, text: str) -> Floats:
        """Return for each word of the question whether a text contains it: 1, 0, or less than 1 for a similar one."""
        terms = frozenset(self._analyze([text])[0])
        stems = frozenset(term[:STEM] for term in terms if len(term) >= STEM)
        return np.array(
            [1.0 if term in terms else SIMILAR * (term[:STEM] in stems) for term in self._question.words], np.float32
        )

    _match = match


class _Row(NamedTuple):
    finder: CellFinder
    passage: int
    table: Table
    cells: list[Cell]
    words: list[str]

    def candidates(self, columns: Sequence[Floats], context: Floats, *, named: bool) -> Iterator[_Candidate]:
        """Yield the cells of the row; `named` if the table has no other, so that the context names the row, too."""
        own = [self.finder.match(words) for words in self.words]
        name = self.table.rows[self.cells[0].row]
        head = self.finder.match(name)
        whole = self.finder.precision(name)
        for n, (cell, words) in enumerate(zip(self.cells, self.words, strict=True)):
            if not self.finder.may_answer(words):
                continue
            others = [m for m in range(len(self.cells)) if m != n]
            beside = _most([own[m] for m in others] + ([head] if cell.column not in self.table.labels else []), head)
            linked = _most([columns[self.cells[m].column] for m in others if own[m].any()], head)
            column = columns[cell.column]
            matched = _most([column, beside, LINK_SHARE * linked, CONTEXT_SHARE * context], head)
            header = self.table.columns[cell.column]
            if self.finder.contradicts(f"{header} {name}"):
                continue
            bonus = self.finder.bonus(header)
            echoed = own[n] * (_most([column, beside, context], head) == 0)
            yield _Candidate(
                self.passage,
                self.table,
                cell,
                words,
                matched,
                self.finder.share(matched - echoed) + bonus,
                self.finder.share(_most([beside, context] if named else [beside], head)),
                self.finder.share(column) + bonus,
                0.0 if cell.column in self.table.labels else whole,
            )


def context_of(hit: Hit) -> str:
    """Return the words that say what the document of a hit and its section are about."""
    return " ".join(
        (hit.document.name, hit.document.source.rpartition("/")[2], hit.location.place, hit.location.heading)
    )


def _words(evidence: PassageEvidence, cell: Cell) -> str:
    start = evidence.row.passage.start
    return evidence.row.passage.text[cell.start - start : cell.end - start]


def _most(matches: Sequence[Floats], like: Floats) -> Floats:
    """Return the best of each word's matches; zeros if there are none."""
    return np.max(matches, axis=0) if len(matches) else np.zeros_like(like)


def _plain(words: str) -> str:
    return "".join(words.split()).casefold()
