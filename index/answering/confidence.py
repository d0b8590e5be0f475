"""How likely it is that the documents hold an answer, from a few numbers of a search."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from index.retrieval.signals import NAMES
from index.weights import DEFAULT_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = (-7.473, 3.128, 3.362, 0.623, 1.097, 1.486, 1.259, 3.077)
"""Intercept and coefficients for the default encoder, fitted by `benchmarks/confidence.py`."""

WORDS_ALONE = (-4.467, 0.0, 0.0, 0.0, 2.993, 3.807, 2.225, 0.0)
"""The same from the question's words alone, for any other encoder."""


MEANING_ALONE = (-7.473, 3.128, 3.362, 0.623, 1.097, 1.486, 1.259, 3.077)
"""The same for the default encoder without the word index: no word then is rarer than another."""


def features(signals: Mapping[str, float]) -> list[float]:
    """The signals in a fixed order; zeros where nothing was found."""
    return [signals.get(name, 0.0) for name in NAMES]


def confidence(signals: Mapping[str, float], encoder: str, *, has_words: bool = True) -> float:
    """In [0, 1]; 0 where nothing was found. `has_words` says whether the word index took part.

    The cosines of another encoder than the default one mean something else: there the question's words decide alone,
    and without the word index nothing does.
    """
    if not signals:
        return 0.0
    if encoder.startswith(DEFAULT_NAME):
        coefficients = DEFAULT if has_words else MEANING_ALONE
    elif has_words:
        coefficients = WORDS_ALONE
    else:
        return 0.0
    intercept, *weights = coefficients
    logit = intercept + sum(a * b for a, b in zip(weights, features(signals), strict=True))
    return 1 / (1 + math.exp(-logit))
