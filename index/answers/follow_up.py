"""Tells a question that continues earlier ones, as `and in 2019?`, from one that can be understood alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from index.text.question_fragments import is_latin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.text.questions import Question

    Floats = np.ndarray[Any, np.dtype[np.float32]]

WEIGHTS = Path(__file__).parents[1] / "encoders" / "follow_up.npy"
"""Of a logistic regression on the default encoder's vector, the intercept last; `training.follow_ups` fits them."""


class Turn(NamedTuple):
    """An earlier question of a thread, and what its answer quotes."""

    question: str
    quotes: Callable[[], Sequence[str]] = tuple


def continues(question: Question, vector: Floats | None) -> bool:
    """Whether a question continues the thread it is asked in.

    `vector` is its vector by the default encoder, shape (dimension,), of length one. Without one, and in letters that
    encoder does not know, only a fragment of a question continues.
    """
    if question.is_fragment:
        return True
    return (
        vector is not None and is_latin(question.text) and float(_weights()[:-1] @ vector) + float(_weights()[-1]) > 0
    )


@cache
def _weights() -> Floats:
    return np.asarray(np.load(WEIGHTS), np.float32)
