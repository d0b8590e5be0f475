"""Tells whether two sentences say the same with other names or numbers, or whether one denies the other."""

from __future__ import annotations

import re
from functools import lru_cache

from index.text.words import STOP_WORDS, language

LEAST_SHARED = 0.7
"""The least share of the shorter sentence's content words that the other sentence has."""
FEWEST_SHARED = 3
_WORD = re.compile(r"[^\W_]+(?:[.,'’-][^\W_]+)*")
_DENIALS = frozenset(["no", "not", "never", "nor", "none", "neither", "without", "cannot"])
_CACHED = 4096


def disagree(one: str, other: str, question: str = "") -> bool:
    """Whether each has a name or number that the other lacks, or one alone a denial, and the rest is much the same.

    Sentences on different names or numbers of the question do not disagree: they answer different questions.
    """
    firsts, seconds = _words(one), _words(other)
    shared = firsts.keys() & seconds.keys()
    if len(shared) < max(FEWEST_SHARED, LEAST_SHARED * min(len(firsts), len(seconds))):
        return False
    apart = [{word for word, named in words.items() if named and word not in shared} for words in (firsts, seconds)]
    if not (apart[0] | apart[1]).isdisjoint(_words(question)):
        return False
    differing = len(firsts) + len(seconds) - 2 * len(shared)
    return all(apart) or (_denies(one) != _denies(other) and not (apart[0] or apart[1]) and differing <= 1)


@lru_cache(_CACHED)
def _words(text: str) -> dict[str, bool]:
    """Return the content words in lower case, and whether each is a number or, in English, a name."""
    names = language(text) in ("en", "")
    found = {}
    for n, match in enumerate(_WORD.finditer(text)):
        word = match[0]
        if word.casefold() not in STOP_WORDS:
            found[word.casefold()] = any(map(str.isdigit, word)) or (names and n > 0 and word[0].isupper())
    return found


def _denies(text: str) -> bool:
    words = [match[0].casefold().replace("’", "'") for match in _WORD.finditer(text)]
    return any(word in _DENIALS or word.endswith("n't") for word in words)
