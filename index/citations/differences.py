"""The difference of two texts, word by word, for readers."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Side = Literal["both", "then", "now"]
_WORD = re.compile(r"\w+|[^\w\s]+")
_MOST_PAIRS = 20_000
"""Pairs of equal words: a thousand words of prose and their newer version have about as many. Texts with more, such as
those that repeat a word, are shown as a whole, because the comparison takes time by the cube."""


def difference(then: str, now: str) -> Iterator[tuple[Side, str]]:
    """Yield the words of both texts in order: those of both, those of then alone, those of now alone.

    White space differs only where one text has none: a line break instead of a blank is no difference.
    """
    for side, parts in groupby(_parts(then, now), key=itemgetter(0)):
        if words := "".join(words for _, words in parts):
            yield side, words


def _parts(then: str, now: str) -> Iterator[tuple[Side, str]]:
    at_then = at_now = 0
    for old, new in _equal_words(then, now):
        yield from _replaced(then[at_then : old.start()], now[at_now : new.start()])
        yield "both", old[0]
        at_then, at_now = old.end(), new.end()
    yield from _replaced(then[at_then:], now[at_now:])


def _equal_words(then: str, now: str) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Yield pairs of equal words in order; none for texts that have too many of them."""
    first, second = list(_WORD.finditer(then)), list(_WORD.finditer(now))
    one, other = [found[0] for found in first], [found[0] for found in second]
    known, others = Counter(one), Counter(other)
    if sum(number * others[word] for word, number in known.items()) > _MOST_PAIRS:
        return
    for a, b, size in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks():
        yield from zip(first[a : a + size], second[b : b + size], strict=True)


def _replaced(then: str, now: str) -> Iterator[tuple[Side, str]]:
    """Yield what stands between two equal words: the white space at its ends belongs to both texts, if both have it."""
    if bool(then) == bool(now) and not then.strip() + now.strip():
        yield "both", then
        return
    starts = then[: len(then) - len(then.lstrip())] if now[:1].isspace() else ""
    then, now = then[len(starts) :], now.lstrip() if starts else now
    ends = then[len(then.rstrip()) :] if now[-1:].isspace() else ""
    then, now = then[: len(then) - len(ends)], now.rstrip() if ends else now
    yield from (("both", starts), ("then", then), ("now", now), ("both", ends))
