"""How like two texts are, and which part of a text is most like a quote.

Likeness is the weight of the words that two texts share. Short words weigh little, because every two sentences share
them.
"""

from __future__ import annotations

import re
from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING

from index.records import Span
from index.text.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

UNSPACED = r"\u3040-\u30ff\u3400-\u9fff"
"""Chinese and Japanese characters, which stand without blanks: every two neighbours count as a word."""
_WORD = re.compile(rf"(?=([{UNSPACED}]{{2}}))[{UNSPACED}]|[{UNSPACED}]|[^\W{UNSPACED}]+")
_SHORT = 3
_SHORT_WEIGHT = 0.25
"""The weight of words of up to three letters beside that of longer words."""
LEAST_SHARED = 0.5
"""The least weight of shared words, as a share of the quote's, at which other words count as the changed quote."""
_REACH = 2_000
"""Characters around the best window in which its sentences are searched for."""
_BEGINNING = re.compile(rf"[{UNSPACED}]|\d+|(?<!\w)[^\W\d_]{{4}}")
_FEW = 4
"""Texts of fewer words of some length may be about the same thing and share none of them."""


def likest(quote: str, text: str) -> Span | None:
    """Return the sentences of a text that share most of a quote's words; None if they share less than LEAST_SHARED."""
    wanted = _weights(quote)
    window = _best_window(wanted, text)
    if window is None:
        return None
    fitting = _sentences(wanted, text, window) or [window]
    spans = [Span(fitting[0].start, fitting[-1].end), *fitting]
    share, span = max(((shared(quote, span.of(text)), span) for span in spans), key=itemgetter(0))
    return span if share >= LEAST_SHARED else None


def is_related(then: str, now: str) -> bool:
    """Return whether two texts share a number or the beginning of a word; true if `then` has too few to tell."""
    first, second = _beginnings(then), _beginnings(now)
    return len(first) < _FEW or not first.isdisjoint(second)


def _beginnings(text: str) -> set[str]:
    """Return the numbers, the first letters of longer words, and the characters of scripts without blanks."""
    return set(_BEGINNING.findall(text.casefold()))


def _weights(words: str) -> Counter[str]:
    """Return the words with their numbers."""
    return Counter(word for word, *_ in _words(words))


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the words, or pairs of characters, with their places."""
    for found in _WORD.finditer(text):
        pair = 1 if found[1] else 0
        yield found[pair].casefold(), *found.span(pair)


def _weight(word: str) -> float:
    return _SHORT_WEIGHT if len(word) <= _SHORT and not word.isdigit() else 1.0


def _total(words: Counter[str]) -> float:
    return sum(number * _weight(word) for word, number in words.items())


def shared(one: str, other: str) -> float:
    """Return the weight of the words that two texts share, as a share of the larger one's, in [0, 1]."""
    first, second = _weights(one), _weights(other)
    return _total(first & second) / max(_total(first), _total(second), _SHORT_WEIGHT)


def _best_window(wanted: Counter[str], text: str) -> Span | None:
    """Return the run of as many words as the quote has that shares the most of them."""
    words = list(_words(text))
    size = min(wanted.total(), len(words))
    inside: Counter[str] = Counter()
    common, best, begin = 0.0, 0.0, -1
    for at, (word, *_) in enumerate(words):
        if at >= size:
            out = words[at - size][0]
            inside[out] -= 1
            common -= _weight(out) if inside[out] < wanted[out] else 0.0
        inside[word] += 1
        common += _weight(word) if inside[word] <= wanted[word] else 0.0
        if common > best + 1e-9:
            best, begin = common, max(0, at - size + 1)
    if best < LEAST_SHARED * _total(wanted) or begin < 0:
        return None
    return Span(words[begin][1], words[min(begin + size, len(words)) - 1][2])


def _sentences(wanted: Counter[str], text: str, window: Span) -> list[Span]:
    """Return the sentences that belong to a window: those whose words the quote shares."""
    start, end = max(0, window.start - _REACH), min(len(text), window.end + _REACH)
    return [
        span
        for span in split_sentences(text, text.rfind("\n", 0, start) + 1 if start else 0, end)
        if span.end > window.start and span.start < window.end and _is_shared(wanted, span.of(text))
    ]


def _is_shared(wanted: Counter[str], sentence: str) -> bool:
    words = _weights(sentence)
    return _total(words & wanted) >= 0.4 * max(_total(words), _SHORT_WEIGHT)
