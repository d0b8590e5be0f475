"""Two texts as the layers read them: `[CLS] first [SEP] second [SEP]`, with a mark on each token.

A mark says whether the token's word stands in the other text, and whether it stands there in the same order. The layers
are small: what they need not find out by attention, they can spend on the meaning.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from index.stems import stem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Tokenizer

NO_WORD, IN_ORDER, OUT_OF_ORDER, STEM_IN_ORDER, STEM_OUT_OF_ORDER, ABSENT = range(6)
MARKS = 6
CLS, SEP = 101, 102
"""Tokens of BERT's vocabulary that begin a pair and end each of its texts."""
_WORD = re.compile(r"\w+")
_FUNCTION_WORDS = frozenset(
    """a an the this that these those and or but nor so of in on at by for from with to into onto as than then it its
    he she his her him they them their we us our you your i me my is are was were be been being am has have had having
    do does did will would can could shall should may might must who whom whose which what when where why how there
    here if because while although though also s t""".split()
)
"""Words that stand anywhere: their order says nothing, and they would hide the order of the others."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text's tokens, and the words they belong to."""

    ids: list[int]
    offsets: list[tuple[int, int]]
    """Where each token stands in the text, in code points."""
    words: list[str]
    """In lower case, in order."""
    word_of: list[int]
    """For each token the number of its word; -1 for punctuation."""


class _Link(NamedTuple):
    """Two places of one word, and the link before it in the same run."""

    first: int
    second: int
    before: _Link | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts laid out for one forward pass; all lists have one item for each token."""

    ids: list[int]
    segments: list[int]
    """0 in the first text, 1 in the second."""
    marks: list[int]
    first: int
    """Tokens of the first text; they begin at 1, after `[CLS]`."""


def read_text(tokenizer: Tokenizer, text: str) -> Text:
    """A text's tokens and words. The tokenizer neither truncates nor pads."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    found = list(_WORD.finditer(text))
    starts = [match.start() for match in found]
    word_of = []
    for start, _ in encoding.offsets:
        at = bisect_right(starts, start) - 1
        word_of.append(at if at >= 0 and start < found[at].end() else -1)
    return Text(encoding.ids, encoding.offsets, [match[0].lower() for match in found], word_of)


def lay_out(first: Text, second: Text, *, longest_first: int, longest: int) -> Pair:
    """The pair, cut at `longest` tokens, its first text at `longest_first`; marks are those of the whole texts."""
    head = first.ids[:longest_first]
    tail = second.ids[: longest - len(head) - 3]
    marks = mark_words(first.words, second.words)
    first_marks, second_marks = (_token_marks(*each) for each in zip((first, second), marks, strict=True))
    return Pair(
        [CLS, *head, SEP, *tail, SEP],
        [0] * (len(head) + 2) + [1] * (len(tail) + 1),
        [NO_WORD, *first_marks[: len(head)], NO_WORD, *second_marks[: len(tail)], NO_WORD],
        len(head),
    )


def mark_words(first: Sequence[str], second: Sequence[str]) -> tuple[list[int], list[int]]:
    """A mark for each word of two texts that says how it stands in the other.

    Words are compared as they are, then by their stems. Those of the longest run of words that both texts have in the
    same order are in order; a shared word outside of it is out of order. A function word is in order wherever it is.
    """
    stems = [[stem(word) for word in words] for words in (first, second)]
    aligned = _aligned(*stems)
    in_first, in_second = {i for i, _ in aligned}, {j for _, j in aligned}
    plain = set(first), set(second)
    stemmed = set(stems[0]), set(stems[1])
    return (
        [_mark(*each, plain[1], stemmed[1], i in in_first) for i, each in enumerate(zip(first, stems[0], strict=True))],
        [
            _mark(*each, plain[0], stemmed[0], j in in_second)
            for j, each in enumerate(zip(second, stems[1], strict=True))
        ],
    )


def _mark(word: str, its_stem: str, others: set[str], other_stems: set[str], aligned: bool) -> int:
    if word in others:
        return IN_ORDER if aligned or word in _FUNCTION_WORDS else OUT_OF_ORDER
    if its_stem in other_stems:
        return STEM_IN_ORDER if aligned else STEM_OUT_OF_ORDER
    return ABSENT


def _token_marks(text: Text, marks: list[int]) -> list[int]:
    return [NO_WORD if word < 0 else marks[word] for word in text.word_of]


def _aligned(first: Sequence[str], second: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of places of the longest common subsequence of telling stems.

    Hunt and Szymanski's method: the longest rising run over the places of equal words, of which texts share few.
    """
    places: dict[str, list[int]] = {}
    for j in range(len(second) - 1, -1, -1):  # from the last, so that one word is not followed by itself
        if second[j] not in _FUNCTION_WORDS:
            places.setdefault(second[j], []).append(j)
    ends: list[int] = []  # ends[n]: the first place at which a run of n + 1 words can end
    runs: list[_Link] = []  # runs[n]: the last link of such a run
    for i, word in enumerate(first):
        for j in places.get(word, ()):
            at = bisect_left(ends, j)
            ends[at : at + 1], runs[at : at + 1] = [j], [_Link(i, j, runs[at - 1] if at else None)]
    pairs, link = [], runs[-1] if runs else None
    while link:
        pairs.append((link.first, link.second))
        link = link.before
    return pairs
