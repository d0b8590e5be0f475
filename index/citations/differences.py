"""The difference of two texts, word by word, for readers."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Side = Literal["both", "then", "now"]
_TOKEN = re.compile(r"\w+|[^\w\s]+|\s+")
_MOST_TOKENS = 4_000
"""Longer texts are compared as a whole: the comparison takes quadratic time."""


def difference(then: str, now: str) -> Iterator[tuple[Side, str]]:
    """Yield the words of both texts in order: those of both, those of then alone, those of now alone."""
    first, second = _TOKEN.findall(then), _TOKEN.findall(now)
    if len(first) + len(second) > _MOST_TOKENS:
        yield from (("then", then), ("now", now))
        return
    for kind, a, b, c, d in SequenceMatcher(None, _spaced(first), _spaced(second), autojunk=False).get_opcodes():
        if kind == "equal":
            yield "both", "".join(first[a:b])
            continue
        yield from ((side, words) for side, words in _sides(first[a:b], second[c:d]) if words)


def _sides(then: Sequence[str], now: Sequence[str]) -> Iterator[tuple[Side, str]]:
    yield "then", "".join(then)
    yield "now", "".join(now)


def _spaced(tokens: Sequence[str]) -> list[str]:
    """Return the tokens with equal white space: a line break instead of a blank is no difference."""
    return [" " if token.isspace() else token for token in tokens]
