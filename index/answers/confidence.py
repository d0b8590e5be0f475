"""Estimates, from a few signals of a search, how likely the documents hold an answer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from index.encoders.pretrained import DEFAULT_NAME

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
"""Coefficients of a logistic function of `index.search.signals`, for the default encoder with the reader.
`benchmarks/confidence.py` fitted all these tables on libraries of one, eight, fifty and all documents, with questions
that the reader was not trained on."""
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
"""For the default encoder without the reader."""
WORDS_ALONE: Coefficients = {
    INTERCEPT: -1.05,
    "overlap": 0.191,
    "coverage": 1.694,
    "together": 0.903,
    "absent": -0.25,
    "read": 0.107,
    "answers": 0.289,
}
"""For any other encoder, whose cosines mean something else: words and the reader decide."""
WORDS_UNREAD: Coefficients = {
    INTERCEPT: -2.9,
    "overlap": 2.101,
    "coverage": 2.704,
    "together": 1.385,
    "told": 0.45,
    "absent": -0.25,
}
"""For any other encoder without the reader: words alone decide."""

DOUBT_WITHOUT_WORDS = 1.0
"""Subtracted from the logit if the word index took no part. Passages found by meaning alone are closer to the question
than those that words find, whether they answer it or not."""
SUREST_WITHOUT_WORDS = 0.9
"""The highest confidence without the word index: half of the evidence cannot be surer than all of it, and the questions
do not distinguish higher shares."""
NAMED_WORDS = 3
"""The largest number of words that a note names."""


def confidence(signals: Mapping[str, float], encoder: str, *, has_words: bool = True) -> float:
    """Return the confidence in [0, 1]; 0 if nothing was found.

    `has_words` says whether the word index took part. Cosines of an encoder other than the default are ignored, since
    they mean something else.
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


def missing_word_notes(found: Found) -> tuple[str, ...]:
    """Return notes with the question's names, numbers and rare words that no passage, or none found, contains."""
    apart = [word for word in found.missing if word not in found.unknown]
    notes = []
    if found.unknown:
        notes.append(f"No passage mentions {_enumerated(found.unknown)}.")
    if apart:
        notes.append(f"The passages found do not mention {_enumerated(apart)}.")
    return tuple(notes)


def _logistic(signals: Mapping[str, float], coefficients: Coefficients) -> float:
    """Return the logistic function of the weighted signals."""
    logit = sum(weight * signals[name] for name, weight in coefficients.items() if name != INTERCEPT)
    return 1 / (1 + math.exp(-logit - coefficients[INTERCEPT]))


def _enumerated(words: Sequence[str]) -> str:
    """Join at most NAMED words, in quotation marks, with "or" before the last."""
    *first, last = [f"“{word}”" for word in words[:NAMED_WORDS]]
    return f"{', '.join(first)} or {last}" if first else last
