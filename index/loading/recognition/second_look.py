"""Takes from a second reading of a page what the first one missed, as engines miss lonely words in cells of tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.recognition.engine import PageWords, PrintedWord

_SURE, UNSURE = 0.8, 0.5
"""Confidences of words that are taken from the second reading, and of those that they may replace."""
_TOUCHING, _SAME = 0.1, 0.6
"""Shares that two boxes have in common: more than the first of the smaller one, they touch; more than the second of the
new one, they are one word."""


def with_missed(first: PageWords, second: PageWords) -> PageWords:
    """Return the first reading, with sure words of the second where it has no words, or the same word, and unsure."""
    sure = [word for word in second.words if word.confidence >= _SURE]
    kept = tuple(_better(word, sure) for word in first.words)
    lines = 1 + max((word.line for word in kept), default=-1)
    missed = (word for word in sure if not any(_shared(word, other) > _TOUCHING for other in first.words))
    return replace(first, words=(*kept, *_numbered(missed, lines)))


def _better(word: PrintedWord, sure: Sequence[PrintedWord]) -> PrintedWord:
    """Return a word, or the one word of the second reading that is surely in its place."""
    if word.confidence >= UNSURE:
        return word
    near = [other for other in sure if _shared(word, other) > _TOUCHING]
    same = len(near) == 1 and _shared(word, near[0]) * min(map(_area, (word, near[0]))) > _SAME * _area(near[0])
    return near[0]._replace(line=word.line) if same else word


def _numbered(words: Iterator[PrintedWord], first: int) -> Iterator[PrintedWord]:
    for word in words:
        yield word._replace(line=first + word.line)


def _shared(one: PrintedWord, other: PrintedWord) -> float:
    """Return the share of the smaller box that two words have in common."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    smaller = min(_area(one), _area(other))
    return max(0.0, across) * max(0.0, down) / smaller if smaller > 0 else 0.0


def _area(word: PrintedWord) -> float:
    return (word.right - word.left) * (word.bottom - word.top)
