"""Stems English words with the Snowball stemmer."""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from typing import Any

_CACHED_WORDS = 50_000
_stemming = threading.Lock()
"""The stemmer stores the current word in itself, so two threads must not use it at once."""


@lru_cache(_CACHED_WORDS)
def stem(word: str) -> str:
    """Return the stem of a word in lower case. Thread-safe."""
    with _stemming:
        return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")
