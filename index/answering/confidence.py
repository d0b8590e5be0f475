"""How likely it is that the documents hold an answer, from a few numbers of a search."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from index.weights import DEFAULT_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.records import Found

    Coefficients = Mapping[str, float]

INTERCEPT = "intercept"
DEFAULT: Coefficients = {
    INTERCEPT: -3.824,
    "sentence": 3.032,
    "passage": 3.438,
    "overlap": 0.077,
    "coverage": 0.766,
    "together": 0.679,
    "absent": -0.25,
    "read": 0.164,
    "answers": 0.199,
}
"""Of a logistic function of `index.retrieval.signals`, for the default encoder and the reader. All tables here were
fitted by `benchmarks/confidence.py`, on libraries of one, eight, fifty and all documents of questions that the reader
was not trained on."""
UNREAD: Coefficients = {
    INTERCEPT: -5.001,
    "sentence": 3.529,
    "passage": 3.752,
    "overlap": 1.325,
    "coverage": 1.464,
    "together": 0.667,
    "told": 0.329,
    "absent": -0.25,
}
"""The same without the reader."""
WORDS_ALONE: Coefficients = {
    INTERCEPT: -1.05,
    "overlap": 0.191,
    "coverage": 1.694,
    "together": 0.903,
    "absent": -0.25,
    "read": 0.107,
    "answers": 0.289,
}
"""The same for any other encoder, whose cosines mean something else: words and the reader decide."""
WORDS_UNREAD: Coefficients = {
    INTERCEPT: -2.9,
    "overlap": 2.101,
    "coverage": 2.704,
    "together": 1.385,
    "told": 0.45,
    "absent": -0.25,
}
"""The same without the reader: words decide alone."""

DOUBT_WITHOUT_WORDS = 1.0
"""What is taken from the logit where passages were found by their meaning alone: they are nearer than those that words
find, too, whether they answer or not."""
SUREST_WITHOUT_WORDS = 0.9
"""Half of the evidence makes no answer surer than all of it would; the questions tell no higher shares apart."""
NAMED = 3
"""How many words a note names at most."""


def confidence(signals: Mapping[str, float], encoder: str, *, has_words: bool = True) -> float:
    """In [0, 1]; 0 where nothing was found. `has_words` says whether the word index took part.

    The cosines of another encoder than the default one mean something else, and are not asked.
    """
    if not signals:
        return 0.0
    read = "read" in signals
    if encoder.startswith(DEFAULT_NAME):
        coefficients = DEFAULT if read else UNREAD
    else:
        coefficients = WORDS_ALONE if read else WORDS_UNREAD
    if has_words:
        return _logistic(signals, coefficients)
    doubtful = {**coefficients, INTERCEPT: coefficients[INTERCEPT] - DOUBT_WITHOUT_WORDS}
    return min(SUREST_WITHOUT_WORDS, _logistic(signals, doubtful))


def not_mentioned(found: Found) -> tuple[str, ...]:
    """Notes that name the question's names, numbers and rare words that no passage has, or none of those found."""
    apart = [word for word in found.missing if word not in found.unknown]
    notes = []
    if found.unknown:
        notes.append(f"No passage mentions {_enumerated(found.unknown)}.")
    if apart:
        notes.append(f"The passages found do not mention {_enumerated(apart)}.")
    return tuple(notes)


def _logistic(signals: Mapping[str, float], coefficients: Coefficients) -> float:
    """The logistic function of the weighed signals."""
    logit = sum(weight * signals[name] for name, weight in coefficients.items() if name != INTERCEPT)
    return 1 / (1 + math.exp(-logit - coefficients[INTERCEPT]))


def _enumerated(words: Sequence[str]) -> str:
    """At most NAMED words, in quotation marks, with "or" before the last."""
    *first, last = [f"“{word}”" for word in words[:NAMED]]
    return f"{', '.join(first)} or {last}" if first else last
