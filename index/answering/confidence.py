"""How likely it is that the documents hold an answer, from a few numbers of a search."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from index.retrieval.signals import NAMES
from index.weights import DEFAULT_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT = (-7.473, 3.128, 3.362, 0.623, 1.097, 1.486, 1.259, 3.077)
"""Intercept and coefficients for the default encoder, fitted by `benchmarks/confidence.py`."""

WORDS_ALONE = (-4.467, 0.0, 0.0, 0.0, 2.993, 3.807, 2.225, 0.0)
"""The same from the question's words alone, for any other encoder."""


MEANING_ALONE = (-7.921, 2.563, 2.643, 0.702, 1.933, 2.393, 1.765, 3.208)
"""The same for the default encoder without the word index: passages are found by their meaning alone, and no word
counts as rarer than another. Fitted on 676 questions of four sets."""

SUREST_WITHOUT_WORDS = 0.9
"""Half of the evidence makes no answer surer than all of it would; so many questions tell no higher shares apart."""


def features(signals: Mapping[str, float]) -> list[float]:
    """The signals in a fixed order; zeros where nothing was found."""
    return [signals.get(name, 0.0) for name in NAMES]


def confidence(signals: Mapping[str, float], encoder: str, *, has_words: bool = True) -> float:
    """In [0, 1]; 0 where nothing was found. `has_words` says whether the word index took part.

    The cosines of another encoder than the default one mean something else: there the question's words decide alone.
    Without the word index the lesser of two opinions counts: of foreign questions (348, of four sets, each fitted on
    the other three) 2.0 % are then answered at .6, and 6.7 % of a library's own refused. With both indexes that is
    2.6 % and 4.3 %, without the vector index 2.6 % and 4.0 %; where words decide alone, 4.6 % and 12.2 % with the word
    index, 3.4 % and 10.7 % without it. It is never more than SUREST_WITHOUT_WORDS then.
    """
    if not signals:
        return 0.0
    opinions = [DEFAULT] if encoder.startswith(DEFAULT_NAME) else [WORDS_ALONE]
    if has_words:
        return _sure(signals, opinions[0])
    if encoder.startswith(DEFAULT_NAME):
        opinions.append(MEANING_ALONE)
    return min(SUREST_WITHOUT_WORDS, *(_sure(signals, each) for each in opinions))


def _sure(signals: Mapping[str, float], coefficients: Sequence[float]) -> float:
    """The logistic function of the weighed signals."""
    intercept, *weights = coefficients
    logit = intercept + sum(a * b for a, b in zip(weights, features(signals), strict=True))
    return 1 / (1 + math.exp(-logit))
