"""Where the words of a quote stand in a text, and what is most like them: an index finds what a search of all finds."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.citations import resemblance
from index.citations.resemblance import MIN_SHARED_WEIGHT, SearchedText
from index.records import Span

_PIECE = re.compile(r"\s+|[-‐]|[^\s\-‐]")
TEXTS = st.lists(st.sampled_from(["bread", "king", "salt", "harbour", "of", "a", "7"]), min_size=1, max_size=60)
QUOTES = st.lists(
    st.sampled_from(["bread", "king", "salt", "harbour", "of", "a", "7", "queen"]), min_size=1, max_size=9
)


def pattern(words: str) -> str:
    """Return what the same words match: other white space, and with or without hyphens at the ends of lines."""
    pieces = _PIECE.findall(words)
    parts: list[str] = []
    for before, piece, following in zip(["", *pieces], pieces, [*pieces[1:], ""], strict=False):
        if piece.isspace():
            parts.append(r"\s*+" if before in ("-", "‐") else r"\s+")
        elif piece in ("-", "‐"):
            parts.append("[-‐]?+" if following.isspace() and "\n" in following else "[-‐]")
        else:
            is_within = piece.isalnum() and before.isalnum()
            parts.append(rf"(?:[-‐]\s*\n\s*)?{re.escape(piece)}" if is_within else re.escape(piece))
    return "".join(parts)


def total(words: Counter[str]) -> float:
    """Return the weight of words: short ones weigh a quarter."""
    return sum(number * (0.25 if len(word) <= 3 and not word.isdigit() else 1) for word, number in words.items())


@given(st.text("ab -‐\n", max_size=80), st.text("ab -‐\n", min_size=1, max_size=6))
def test_places_are_those_of_a_pattern(text: str, words: str) -> None:
    """The letters are looked up, and then what stands between them; a pattern would try every place of the text."""
    words = words.strip(" \n-‐")
    found = {span.start for span in SearchedText(text).places(words)}
    expected = re.compile(pattern(words)) if words else None
    assert found == {at for at in range(len(text)) if expected and expected.match(text, at)}


@given(TEXTS, QUOTES)
def test_best_window_is_that_of_all(text: list[str], quote: list[str]) -> None:
    """No window shares more of the quote than the one that is found, and none before it shares as much."""
    searched, wanted = SearchedText(" ".join(text)), Counter(quote)
    size = min(len(quote), len(text))
    shares = [total(Counter(text[at : at + size]) & wanted) for at in range(len(text) - size + 1)]
    best = max(shares)
    starts = [found.start() for found in re.finditer(r"\w+", searched.text)]
    window = searched._best_window(wanted, ())
    assert (window.start if window else None) == (
        starts[shares.index(best)] if best >= MIN_SHARED_WEIGHT * total(wanted) else None
    )


def test_place_that_is_left_out_does_not_count() -> None:
    """The next best is found then, and at last none."""
    searched = SearchedText("The king sold salt. Nobody came.\nThe king sold bread.\nDogs bark.")
    first = searched.likest("The king sold salt.")
    assert first is not None
    assert first.of(searched.text) == "The king sold salt."
    second = searched.likest("The king sold salt.", without=[first])
    assert second is not None
    assert second.of(searched.text) == "The king sold bread."
    assert searched.likest("The king sold salt.", without=[first, second]) is None


def test_text_is_read_once_for_all_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quote that is missing costs its own words and those of a few windows, however long the text is."""
    text = " ".join(f"On day {n} the doctor number{n} baked bread{n % 97} in the harbour." for n in range(5_000))
    read = 0
    original = resemblance._words

    def counted(words: str) -> object:
        nonlocal read
        read += len(words)
        return original(words)

    monkeypatch.setattr(resemblance, "_words", counted)
    searched = SearchedText(text)
    for n in range(200):
        assert searched.likest(f"Whales {n} sing below number{n} icebergs and bread{n} of winter.") is None
    assert read < len(text) + 200 * 200


@pytest.mark.parametrize(
    ("text", "words"),
    [("a" * 300_000, "a" * 20_000 + "b"), ("a " * 150_000, "a " * 9_999 + "aa"), ("pump. " * 60_000, "pump " * 3_000),
     ("a" + "- " * 100_000, "a" + "-\n" * 9_000 + "b"), ("a a\n" * 90_000, "a\na " * 5_000 + "a-a")],
    ids=["letter", "letters", "word", "hyphens", "lines"],
)  # fmt: skip
def test_repeated_letters_are_not_compared_over_and_over(
    monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    """The letters of such quotes stand everywhere: only some of the places are looked at."""
    compared = 0
    original = resemblance._is_same_gap

    def counted(then: str, now: str) -> bool:
        nonlocal compared
        compared += 1
        return original(then, now)

    monkeypatch.setattr(resemblance, "_is_same_gap", counted)
    searched = SearchedText(text)
    assert len(list(searched.places(words))) <= 50
    assert compared <= 60_000
    span = searched.likest(words)
    assert span is None or isinstance(span, Span)
