"""English words without their endings, by the Snowball stemmer."""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from typing import Any

_KNOWN_WORDS = 50_000
_stemming = threading.Lock()
"""The stemmer keeps the word that it is at in itself: two threads at once would work on each other's."""


@lru_cache(_KNOWN_WORDS)
def stem(word: str) -> str:
    """The stem of a word in lower case. Any thread may ask."""
    with _stemming:
        return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")
