"""Questions that continue a thread, and those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.follow_ups import SETS, read_set
from index.answers.follow_up import WEIGHTS, continues
from index.text.questions import is_fragment, read_question

if TYPE_CHECKING:
    from index.encoders.encoder import SentenceTransformerEncoder

LEAST_FOLLOWING, LEAST_WHOLE = 0.9, 0.9
"""The least shares of the dialogues' questions that are told apart; `python -m training.follow_ups` prints them."""


def test_without_a_vector_a_fragment_continues() -> None:
    """With another encoder, only the form of a question tells."""
    assert continues(read_question("and in 2019?"), None)
    assert not continues(read_question("Who signed the treaty of 2001?"), None)


def test_the_vector_decides_on_other_questions() -> None:
    """The weights are those of a logistic regression, with the intercept last."""
    weights = np.load(WEIGHTS)
    towards = weights[:-1] / np.linalg.norm(weights[:-1])
    assert continues(read_question("Who built the bridge of Oslo?"), towards)
    assert not continues(read_question("Who built the bridge of Oslo?"), -towards)


@pytest.mark.model
def test_follow_ups_of_other_writers_are_told_from_whole_questions(real_encoder: SentenceTransformerEncoder) -> None:
    """On the dialogues of four writers."""
    right: dict[str, list[bool]] = {"follow-up": [], "complete": []}
    for dialogue in (dialogue for name in SETS for dialogue in read_set(name)):
        if dialogue.kind in right:
            found = continues(read_question(dialogue.second), real_encoder.encode_question(dialogue.second))
            right[dialogue.kind].append(found == (dialogue.kind == "follow-up"))
    assert np.mean(right["follow-up"]) >= LEAST_FOLLOWING
    assert np.mean(right["complete"]) >= LEAST_WHOLE


@pytest.mark.parametrize("name", [name for name in SETS if name != "own"])
def test_fragments_and_key_words_are_told_apart(name: str) -> None:
    """A fragment is asked back, key words are searched for."""
    right = [
        is_fragment(dialogue.second) == (dialogue.kind == "fragment")
        for dialogue in read_set(name)
        if dialogue.kind in ("fragment", "keywords")
    ]
    assert sum(right) >= 0.9 * len(right)
