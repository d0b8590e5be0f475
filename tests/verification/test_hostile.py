"""Texts that nobody writes neither break the check, nor slow it down, nor count as supported."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.text.wording import verbatim_key, words
from index.verification.judgement import compare
from index.verification.premises import Excerpt
from tests.cases import cases
from tests.nightly import length
from tests.verification.claims import judged, sure

PIECES = st.sampled_from(
    (
        "not", "n't", "no", "1", "1,000", "1/", "0/0", "1/0", "10^", "×10^99", "$", "%", "-", "--", "one", "hundred",
        "and", "a", "half", "5:", ":60", "II", "IL-6", "İ", "ß", "½", "²", "'", "two in five", "a quarter of an hour",
        "fıve in ten", "half an mınute",
        "said that", "if", "which", "was", "by", "the dam", "of", "than", "more", "(", ")", "“", "”", ";", "?",
    )
)  # fmt: skip


def _excerpt(*sentences: str) -> Excerpt:
    return Excerpt(sentences, (0.9,) * len(sentences), (True,) * len(sentences))


TEXTS = st.one_of(st.text(), st.lists(PIECES).map(" ".join), st.lists(PIECES).map("".join))


@settings(max_examples=length(20, 100), deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=4))
def test_no_text_raises_an_error(claim: str, texts: list[str]) -> None:
    """Any text can be a claim or a source."""
    found = compare(claim, [_excerpt(*texts)], sure(0.9, 0.1))
    assert 0 <= found.score <= 1
    assert all(place.excerpt == 0 and 0 <= place.sentence < len(texts) for place in found.places)


@settings(max_examples=length(20, 100), deadline=None)
@given(st.text())
def test_claim_equal_to_a_source_sentence_is_verbatim(claim: str) -> None:
    """Scripts and characters do not matter."""
    if verbatim_key(claim) and 0 < len(words(claim)) <= 100:
        assert compare(claim, [_excerpt("x"), _excerpt(claim)], None).verdict == "verbatim"


HOSTILE = {
    "a long word": "a" * 200_000,
    "a long number": "9" * 200_000,
    "many numbers": "one hundred and " * 20_000,
    "many negations": "not " * 50_000,
    "many capitals": "A" * 50 + " B" * 50_000,
    "many dots": "a." * 50_000,
    "many hyphens": "a-1-" * 50_000,
    "many marks": "\u0301" * 100_000,
    "many brackets": "((((" * 50_000,
    "brackets around a question mark": "(" * 1950 + "?" + ")" * 1950 + ", he said.",
    "slashes": "1/" * 50_000,
    "powers": "10^99 x 10^99 " * 1_000,
    "surrogates": "\ud800 1 \udfff",
    "a clause in a clause": "he said that " * 200 + "it rained.",
    "a list": "dams and " * 250 + "dams rose.",
}


@cases("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_take_linear_time(text: str) -> None:
    """The cost is linear in the length, or the length is limited."""
    text = text[: len(text) // length(20, 1)]
    began = time.thread_time()
    for shares in ((0.9, 0.1), (0.1, 0.9), (0.1, 0.1)):
        compare(f"{text} x", [_excerpt(text, "Prices rose.")], sure(*shares))
        compare("Prices rose by 10^9 and not 5.", [_excerpt(text)], sure(*shares))
    assert time.thread_time() - began < 8


STYLES = {
    "blanks": lambda text: f"  {text}\n".replace(" ", " \u00a0\t"),
    "curly": lambda text: text.replace("'", "’"),
    "soft hyphens": lambda text: text.replace("a", "a\u00ad"),
}
PAIRS = (
    ("Prices rose by 18 percent.", "Prices rose by 10 percent."),
    ("The drug doesn't lower the pressure.", "The drug lowers the pressure."),
    ("The plans were drawn by Rosa's daughter.", "Rosa's daughter drew the plans."),
)


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize(("claim", "passage"), PAIRS)
def test_typography_does_not_change_the_verdict(style: object, claim: str, passage: str) -> None:
    """Blanks, soft hyphens and quotation marks do not matter."""
    assert callable(style)
    assert judged(style(claim), passage).verdict == judged(claim, passage).verdict
