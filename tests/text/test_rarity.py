"""How rare a word is in English: by rank, whatever its case and accents, and the same in every library."""

from __future__ import annotations

import pytest

from index.text.words import NUMBER, UNKNOWN, rarity


def test_a_rarer_word_is_rarer() -> None:
    """From the most frequent word to one that few know."""
    words = ["the", "people", "oil", "plague", "quixotry"]
    assert [rarity(word) for word in words] == sorted(rarity(word) for word in words)
    assert rarity("the") == 0
    assert rarity("quixotry") == UNKNOWN > rarity("plague") > 0.5 > rarity("people")


@pytest.mark.parametrize(("one", "other"), [("Oil", "oil"), ("Zürich", "zurich"), ("BRAZIL", "Brazil")])
def test_case_and_accents_do_not_matter(one: str, other: str) -> None:
    """A word is as rare however it is written."""
    assert rarity(one) == rarity(other) < UNKNOWN


@pytest.mark.parametrize("word", ["1973", "10", "12th", "IL-6"])
def test_a_number_is_rare(word: str) -> None:
    """However often a year stands in texts, a question that has one means it."""
    assert rarity(word) == NUMBER


@pytest.mark.parametrize("word", ["河", "", "пушка"])
def test_what_is_not_known_is_rare(word: str) -> None:
    """A word of another language, and none at all."""
    assert rarity(word) == UNKNOWN
