"""Words that head a column with what a question asks for, and the weights of a question's words among headers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from index.text.words import rarity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_LEAST = 0.05
_STEEPNESS = 1.5
_HEADS = (
    (r"when|date|year", "date year period time day month FY since"),
    (r"who|whom|whose", "name person author by owner contact player"),
    (r"where", "place location address city country state venue"),
    (r"how much", "amount total value"),
    (r"prices?|costs?|expensive|cheap", "price cost fee amount"),
    (r"how many|number of", "number count total quantity units"),
    (r"how old", "age"),
    (r"how long", "length duration time"),
    (r"how (?:tall|high)", "height"),
    (r"how heavy", "weight mass"),
    (r"how far", "distance"),
    (r"how fast", "speed rate"),
    (r"how (?:big|large)", "size area"),
    (r"how often", "frequency"),
    (r"percentage|per ?cent|share", "percent percentage share"),
    (r"sells?|sold", "sales revenue"),
    (r"bought|buys?", "purchases price"),
    (r"earn(?:s|ed|t)?", "earnings profit income"),
    (r"spends?|spent|paid|pays?", "costs expenses expenditure payment"),
)
_ASKED = tuple((re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), heads) for pattern, heads in _HEADS)


def asked_heads(question: str) -> Iterator[str]:
    """Yield words of headers that an English question may mean without using them: `date` for `when`."""
    return (heads for pattern, heads in _ASKED if pattern.search(question))


def weights_of(words: Mapping[str, str], idf: Mapping[str, float]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the weight of each term of a question, by its word's rarity in English and in the library; the sum is 1.

    `words` are the terms with their words, `idf` the inverse document frequencies of the terms.
    """
    most = max([*idf.values(), 1e-6])
    in_english = [max(rarity(word), _LEAST) ** _STEEPNESS for word in words.values()]
    here = [math.sqrt(idf.get(term, most) / most) for term in words]
    weights = np.array(in_english, np.float32) * np.array(here, np.float32)
    return np.asarray(weights / max(float(weights.sum()), 1e-9), np.float32)
