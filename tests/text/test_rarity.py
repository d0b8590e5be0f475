"""The rarity of a word in English follows its rank, ignores case and accents, and is the same in every library."""

from __future__ import annotations

import pytest

from index.text.words import NUMBER, UNKNOWN, rarity


def test_rarity_rises_with_rank() -> None:
    """The words go from the most frequent to one that few people know."""
    words = ["the", "people", "oil", "plague", "quixotry"]
    assert [rarity(word) for word in words] == sorted(rarity(word) for word in words)
    assert rarity("the") == 0
    assert rarity("quixotry") == UNKNOWN > rarity("plague") > 0.5 > rarity("people")


@pytest.mark.parametrize(("spelling", "variant"), [("Oil", "oil"), ("Zürich", "zurich"), ("BRAZIL", "Brazil")])
def test_rarity_ignores_case_and_accents(spelling: str, variant: str) -> None:
    """A word is equally rare in every spelling."""
    assert rarity(spelling) == rarity(variant) < UNKNOWN


@pytest.mark.parametrize("word", ["1973", "10", "12th", "IL-6"])
def test_number_is_rare(word: str) -> None:
    """However frequent a year is in texts, a question that contains it means it."""
    assert rarity(word) == NUMBER


@pytest.mark.parametrize("word", ["河", "", "пушка"])
def test_unknown_word_is_rare(word: str) -> None:
    """That includes words of other languages and the empty word."""
    assert rarity(word) == UNKNOWN
