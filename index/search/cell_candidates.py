"""The cells of tables that a question may ask for, and how well its words are in their headers and their rows."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from index.records import Cell, Span
from index.search.answer_types import expected_kind, has_kind
from index.search.element_symbols import symbol_in
from index.search.header_words import asked_heads, weights_of
from index.text.row_headers import cells_between
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from index.records import Table
    from index.search.evidence import EncodedQuestion, PassageEvidence

    Floats = np.ndarray[Any, np.dtype[np.float32]]
    Analyze = Callable[[Sequence[str]], list[list[str]]]

CONTEXT_SHARE, LINK_SHARE = 0.8, 0.8
"""What a word counts that is only in the caption or the document's name, or that heads another cell of the row which
the question names, as in `tensile strength of 1000`; a word of the cell's own headers counts 1."""
KIND_BONUS = 0.12
"""Added to a cell below a header that says what a word of the question asks for: `When`, and `Date`."""
STEM, STEM_SHARE, SIMILAR = 4, 0.66, 0.7
"""Words with the same first letters, at least this many and this share of the longer word, may be forms of one word, as
`China` and `Chinese`, and count this much."""
NAMED = 0.75
"""A cell names its row to a reader if the question has at least this share of its words."""
_NUMBERS = frozenset({"share", "money", "duration", "length", "number", "time"})
_WORDS = re.compile(r"^\W*(?:who|whom|whose|where)\b|\babout\W*$", re.IGNORECASE)
"""Questions that no number answers."""
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")
_TIME = re.compile(
    r"^\W*(?:(?:since|until|by|from)\s+)?when\b|\b(?:what|which)\s+\w*\s?(?:year|date|month|day|time)\b", re.I
)
"""Questions for a time; in others, `when` begins a condition."""
_NUMBER = re.compile(r"(?<![\w.,])(?<!\d-)\d+(?:[.,]\d+)*(?![\w-])")
"""A number by itself, not in a code as `SNB22-3`; `0.5` is no `5`."""
_GROUPING = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
"""A comma between thousands: `9,467` is `9467`."""
_UNITS = {"share": re.compile(r"%|\bper ?cent", re.I), "money": re.compile(r"[$€£¥]|\b(?:USD|EUR|GBP|CHF|JPY)\b")}
"""The units in headers of what a question asks for."""
_NOTHING = re.compile(r"[\W_]*|n/?a\.?|nil|none", re.IGNORECASE)


class HeaderMatcher:
    """Compares the words of one question with headers and cells."""

    def __init__(self, question: EncodedQuestion, analyze: Analyze) -> None:
        self.question = question
        self._analyze = analyze
        self.weights = weights_of(question.words, question.idf)
        self._heads = frozenset(term for heads in asked_heads(question.text) for term in analyze([heads])[0])
        kind = expected_kind(question.text)
        self._kind = None if kind == "time" and not _TIME.search(question.text) else kind
        self._wants_words = bool(_WORDS.search(question.text))
        self._years = frozenset(_YEAR.findall(question.text))
        self._numbers = _numbers_in(question.text)

    @property
    def wants_reason(self) -> bool:
        """Whether the question asks for a reason, which no cell is."""
        return self._kind == "reason"

    def match(self, text: str) -> Floats:
        """Return for each word of the question whether a text contains it: 1, 0, or less than 1 for a similar one."""
        terms, numbers = frozenset(self._analyze([text])[0]), _numbers_in(text)
        return np.array(
            [
                float(_GROUPING.sub("", word) in numbers) if _NUMBER.fullmatch(word) else _likeness(term, terms)
                for term, word in self.question.words.items()
            ],
            np.float32,
        )

    def match_header(self, header: str) -> Floats:
        """Return the same for the header of a column, which may be the symbol of an element that the question names."""
        symbols = np.array([symbol_in(word, header) for word in self.question.words.values()], np.float32)
        return np.maximum(self.match(header), symbols)

    def share(self, matched: Floats) -> float:
        """Return the share of the question's words that are matched, by their rarity."""
        return float(matched @ self.weights)

    def precision(self, header: str) -> float:
        """Return the share of a header's words that the question contains, in [0, 1]."""
        numbers = _numbers_in(header)
        words = dict.fromkeys(self._analyze([_NUMBER.sub(" ", header)])[0])
        known = sum(word in self.question.words for word in words) + len(self._numbers & numbers)
        return known / max(len(words) + len(numbers), 1)

    def bonus(self, header: str) -> float:
        """Return the bonus for a column whose header says what the question asks for, or has the unit of it."""
        unit = _UNITS.get(self._kind or "")
        asked = not self._heads.isdisjoint(self._analyze([header])[0])
        return KIND_BONUS * bool(asked or (unit and unit.search(header)))

    def contradicts(self, headers: str) -> bool:
        """Whether headers name a year, and the question another one."""
        years = frozenset(_YEAR.findall(headers))
        return bool(self._years and years) and self._years.isdisjoint(years)

    def may_answer(self, words: str) -> bool:
        """Whether the words of a cell may answer: they have a number, or letters, if the question asks for them.

        An empty cell may, too: its answer is that the table does not say it.
        """
        if _NOTHING.fullmatch(words):
            return True
        if self._wants_words and not any(map(str.isalpha, words)):
            return False
        return self._kind not in _NUMBERS or has_kind("number", words, self.question.text)


class Candidate(NamedTuple):
    """A cell that the question may ask for."""

    passage: int
    """The id of its passage."""
    table: Table
    cell: Cell
    words: str
    matched: Floats
    """For each word of the question, how well headers, row and context of the cell contain it."""
    covered: float
    """The weighted mean of `matched`, less the words that only the cell itself contains."""
    row: float
    """The share of the question's words that name the row; in a table with one row, the context names it, too."""
    column: float
    """The share of the question's words that name the column, with the bonus for its kind."""
    whole: float
    """The share of the row's header that is in the question."""
    within: Floats
    """The same as `matched` for the whole row, this cell included."""
    row_name: str
    """What names the row in the words of the question: its header, if the question has a word of it, and other cells of
    the row that the question names; the header alone if it names none."""

    @property
    def says_nothing(self) -> bool:
        """Whether the cell is empty, or holds a dash."""
        return bool(_NOTHING.fullmatch(self.words))

    @property
    def headers(self) -> str:
        """The caption and the headers of the cell."""
        return " · ".join(filter(None, (self.table.caption, *self.table.headers(self.cell))))

    @property
    def without_column(self) -> str:
        """The same without the header of the column."""
        headers, column = self.table.headers(self.cell), self.table.columns[self.cell.column]
        return " · ".join(filter(None, (self.table.caption, *(header for header in headers if header != column))))


def candidates(matcher: HeaderMatcher, evidence: PassageEvidence, table: Table, context: Floats) -> Iterator[Candidate]:
    """Yield the cells of a table in a passage that the question may ask for; `context` is matched in what is above."""
    passage = evidence.row.passage
    columns = [matcher.match_header(header) for header in table.columns]
    rows: dict[int, list[Cell]] = defaultdict(list)
    for cell in cells_between(table, Span(passage.start, passage.end)):
        if passage.start <= cell.start and cell.end <= passage.end and cell.row >= table.header_rows:
            rows[cell.row].append(cell)
    single = len(table.rows) == table.header_rows + 1
    for number, cells in rows.items():
        words = [passage.text[cell.start - passage.start : cell.end - passage.start] for cell in cells]
        row = _Row(matcher, passage.id, table, table.rows[number], [*cells], words)
        yield from row.candidates(columns, context, named=single)


@dataclass(frozen=True, slots=True)
class _Row:
    matcher: HeaderMatcher
    passage: int
    table: Table
    header: str
    cells: list[Cell]
    words: list[str]

    def candidates(self, columns: Sequence[Floats], context: Floats, *, named: bool) -> Iterator[Candidate]:
        """Yield the cells of the row, empty ones too; `named` if the context names the row."""
        own = [self.matcher.match(words) for words in self.words]
        pairs = list(zip(self.cells, self.words, strict=True))
        none = np.zeros_like(context)
        # A cell names its row if it is made of words of the question: a text that has one among others does not.
        shares = [
            1.0 if cell.column in self.table.labels else self.matcher.precision(words) ** 2 for cell, words in pairs
        ]
        named_by = [share * matched for share, matched in zip(shares, own, strict=True)]
        within = _most([context, *columns, *own])
        head, whole = self.matcher.match(self.header), self.matcher.precision(self.header)
        for n, cell in enumerate([*self.cells, *self._empty_cells()]):
            words, mine = (self.words[n], own[n]) if n < len(self.words) else ("", none)
            header, column = self.table.columns[cell.column], columns[cell.column]
            if not self.matcher.may_answer(words) or self.matcher.contradicts(f"{header} {self.header}"):
                continue
            is_label = cell.column in self.table.labels
            others = [m for m in range(len(self.cells)) if m != n]
            beside = _most([none if is_label else head, *(named_by[m] for m in others)])
            linked = _most([none, *(columns[self.cells[m].column] for m in others if named_by[m].any())])
            known = _most([column, beside, CONTEXT_SHARE * context])
            echoed = mine * (known == 0) * self.matcher.precision(words) ** 2
            matched = np.maximum(known, LINK_SHARE * linked)
            bonus = self.matcher.bonus(header)
            yield Candidate(
                self.passage,
                self.table,
                cell,
                words,
                matched,
                self.matcher.share(matched - echoed) + bonus,
                self.matcher.share(np.maximum(beside, context) if named else beside),
                self.matcher.share(column) + bonus,
                0.0 if is_label else whole,
                within,
                "" if is_label else self._name(n, whole),
            )

    def _name(self, n: int, whole: float) -> str:
        """Return what names the row of a cell; `whole` is the share of the row's header that is in the question."""
        named = [
            one_line(words)
            for m, (cell, words) in enumerate(zip(self.cells, self.words, strict=True))
            if m != n and cell.column not in self.table.labels and self.matcher.precision(words) >= NAMED
        ]
        if not self.header or (named and not whole):
            return ", ".join(named)
        return ", ".join((self.header, *(words for words in named if words not in self.header)))

    def _empty_cells(self) -> Iterator[Cell]:
        """Yield the cells without words below headers: the question may ask for one of them."""
        row = self.cells[0].row
        filled = {cell.column for cell in self.table.cells if cell.row == row}
        for column, header in enumerate(self.table.columns):
            if header and column not in filled:
                yield Cell(self.cells[0].start, self.cells[0].start, row, column)


def _numbers_in(text: str) -> frozenset[str]:
    return frozenset(_GROUPING.sub("", number) for number in _NUMBER.findall(text))


def _likeness(word: str, terms: frozenset[str]) -> float:
    """Return 1 if a term is among others, less if one of them may be another form of it, else 0."""
    if word in terms:
        return 1.0
    return SIMILAR * any(_are_forms(word, term) for term in terms)


def _are_forms(one: str, other: str) -> bool:
    least = max(STEM, math.ceil(STEM_SHARE * max(len(one), len(other))))
    return one[:least] == other[:least] and len(one) >= least and one.isalpha()


def _most(matches: Sequence[Floats]) -> Floats:
    """Return the best of each word's matches."""
    return np.asarray(np.max(matches, axis=0), np.float32)
