"""A claim is supported, at odds with its source, or not found there; whatever it is made of."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.checking import Source, compare
from index.checking.facts import read
from index.checking.pairing import pair
from index.checking.wording import verbatim
from index.records import SUPPORTING
from tests.checking.answers import BEYOND, CURIE, DAM, REVENUE, REWORDED, WRONG
from tests.checking.making import judged, verdict
from tests.checking.test_negation import OPPOSED
from tests.checking.test_numbers import WRONG as WRONG_NUMBERS


@pytest.mark.parametrize(("passage", "claim", "closeness"), REWORDED, ids=[each[1][:40] for each in REWORDED])
def test_what_is_only_reworded_is_supported(passage: str, claim: str, closeness: tuple[float, ...]) -> None:
    """An answer in other words passes, with the closeness that the default encoder gives it."""
    assert verdict(claim, passage, closeness) in SUPPORTING


@pytest.mark.parametrize(("passage", "claim", "closeness"), WRONG, ids=[each[1][:40] for each in WRONG])
def test_what_the_passage_does_not_say_is_not_supported(passage: str, claim: str, closeness: tuple[float, ...]) -> None:
    """An answer that is wrong in one point does not."""
    assert verdict(claim, passage, closeness) not in SUPPORTING


@pytest.mark.xfail(strict=True, reason="it compares words; these need to be understood")
@pytest.mark.parametrize(
    ("right", "passage", "claim", "closeness"),
    [(n > 0, *each) for n, each in enumerate(BEYOND)],
    ids=range(len(BEYOND)),
)
def test_what_needs_understanding_is_misjudged(
    right: bool, passage: str, claim: str, closeness: tuple[float, ...]
) -> None:
    """The day one of these passes, the README can say so."""
    assert (verdict(claim, passage, closeness) in SUPPORTING) is right


def test_of_many_sources_the_nearest_are_looked_at() -> None:
    """By closeness and common words; the place is that among all of them."""
    texts = [f"Town number {n} has a mayor." for n in range(40)]
    sources = [Source(text, " ".join(texts)) for text in (*texts, "Prices rose by 18 percent in May.", *texts)]
    found = compare("In May prices rose by 18%.", sources, [0.2] * len(sources))
    assert (found.verdict, found.source) == ("supported", 40)


def test_the_judgement_names_the_sentence_it_rests_on() -> None:
    """`source` is the place among the sources."""
    assert judged("Curie moved to Paris in 1891.", CURIE, (0.66, 0.49, 0.42, 0.4, 0.32)).source == 0
    assert (
        judged("The board proposed a dividend of $0.45 per share.", REVENUE, (0.45, 0.3, 0.74, 0.38, 0.42)).source == 2
    )


def test_word_for_word_is_certain() -> None:
    """Case, blanks and quotation marks do not count, and closeness does not matter."""
    found = judged("it holds back lake nasser,  one of the “largest” artificial lakes", DAM, 0.0)
    assert (found.verdict, found.source, found.score) == ("verbatim", 1, 1.0)


def test_word_for_word_may_run_over_two_sentences() -> None:
    """It is looked for in the passage, too."""
    assert (
        verdict("She never patented it. It was free.", "Well. She never patented it. It was free. Yes.", 0.0)
        in SUPPORTING
    )


def test_a_part_of_a_word_or_number_is_not_word_for_word() -> None:
    """Only whole words are words."""
    assert judged("It costs 1", "It costs 15 euros.").score < 1
    assert judged("The engine was able to start.", "The engine was unable to start.").verdict == "contradicted"


def test_two_neighbouring_sentences_may_carry_one_claim() -> None:
    """Each of its clauses rests on one of them."""
    found = judged(
        "The dam was completed in 1970 after ten years of construction, and it ended the yearly supply of silt.",
        "The dam was completed in 1970 after ten years of construction. It ended the yearly supply of silt downstream.",
        0.6,
    )
    assert (found.verdict, found.detail) == ("supported", "Each of its two parts is in a sentence of the source.")


def test_a_claim_patched_up_from_two_sentences_is_not_found() -> None:
    """A clause that begins as one sentence and ends as another says what neither does."""
    claim = "Phagocytes generally patrol the body of the immune response against worms."
    passage = (
        "Phagocytes generally patrol the body searching for pathogens. "
        "Eosinophils are part of the immune response against worms."
    )
    assert verdict(claim, passage) == "unverified"


def test_a_number_differs_in_a_part_of_a_claim_on_two_sentences() -> None:
    """Each clause is checked against its own sentence."""
    claim = "The dam was completed in 1971 after ten years of construction, and it ended the yearly supply of silt."
    passage = (
        "The dam was completed in 1970 after ten years of construction. It ended the yearly supply of silt downstream."
    )
    assert verdict(claim, passage, 0.6) == "contradicted"


def test_another_source_that_says_so_is_enough() -> None:
    """Of sources that are nearly as close, one that agrees is enough."""
    sources = [Source(text, text) for text in ("Prices rose by 10 percent.", "Prices rose by 18 percent in all.")]
    found = compare("Prices rose by 18%.", sources, [0.9, 0.88])
    assert (found.verdict, found.source) == ("supported", 1)


def test_an_unrelated_sentence_does_not_prove_a_claim_right() -> None:
    """A sentence that is less close does not outvote the one that differs."""
    passage = (
        "It is known as pressure swing adsorption. These technologies are not cryogenic, as is known of vacuum swing."
    )
    assert verdict("It is not known as pressure swing adsorption.", passage, (0.9, 0.6)) == "contradicted"


def test_nothing_to_go_by_is_not_found() -> None:
    """No source, no words, no words that say what it is about, other words."""
    assert compare("Prices rose.", [], []).source is None
    assert compare("", [Source("Prices rose.", "Prices rose.")], [1.0]).verdict == "unverified"
    assert verdict("It was there.", "Prices rose in May.", 0.3) == "unverified"
    assert verdict("Dogs bark at night.", DAM, 0.1) == "unverified"


def test_the_detail_of_what_is_not_found_says_how_near_it_came() -> None:
    """In words that the nearest sentence has."""
    assert (
        judged("Dogs bark at night.", "Cats sleep at night.", 0.1).detail
        == "The nearest sentence has 33 % of its words."
    )


STYLES = {
    "upper case": str.upper,
    "lower case": str.lower,
    "blanks": lambda text: f"  {text}\n".replace(" ", " \u00a0\t"),
    "dashes": lambda text: text.replace("-", "–"),
    "curly": lambda text: text.replace("'", "’"),
    "quoted": lambda text: f"“{text}”",
    "soft hyphens": lambda text: text.replace("a", "a\u00ad"),
}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize(
    ("claim", "passage"),
    [*OPPOSED.values(), *(each for name, each in WRONG_NUMBERS.items() if "month" not in name)],
)
def test_the_way_it_is_written_does_not_change_the_verdict(style: object, claim: str, passage: str) -> None:
    """Case, blanks, dashes and quotation marks say nothing."""
    assert callable(style)
    assert verdict(style(claim), passage) == verdict(claim, passage)


WORDS = st.lists(
    st.sampled_from(
        ("the", "dam", "was", "not", "closed", "in", "1970", "by", "Nixon", "two", "18 percent", ";", ",", "never")
    ),
    max_size=14,
)


@settings(deadline=None)
@given(WORDS.map(" ".join), WORDS.map(" ".join), st.floats(-1, 1))
def test_a_sentence_is_supported_by_a_source_that_contains_it(claim: str, around: str, closeness: float) -> None:
    """However unlike the encoder finds them."""
    passage = f"{around} {claim} {around}"
    if verbatim(claim):
        assert compare(claim, [Source(passage, passage)], [closeness]).verdict in SUPPORTING


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_so_is_any_text(before: str, claim: str, after: str) -> None:
    """In any script, and any sequence of characters."""
    passage = f"{before} {claim} {after}"
    if verbatim(claim):
        assert compare(claim, [Source("x", passage)], [0.0]).verdict in SUPPORTING


PIECES = st.sampled_from(
    (
        "not",
        "n't",
        "no",
        "1",
        "1,000",
        "1/",
        "0/0",
        "1/0",
        "10^",
        "×10^99",
        "$",
        "%",
        "-",
        "--",
        "one",
        "hundred",
        "and",
        "a",
        "half",
        "5:",
        ":60",
        "II",
        "IL-6",
        "İ",
        "ß",
        "½",
        "²",
        "'",
    )
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(), st.lists(PIECES).map(" ".join), st.lists(PIECES).map("".join)),
    st.lists(st.one_of(st.text(), st.lists(PIECES).map(" ".join), st.lists(PIECES).map("".join)), max_size=4),
)
def test_no_text_makes_it_fail(claim: str, texts: list[str]) -> None:
    """Neither as a claim nor as a source."""
    found = compare(claim, [Source(text, " ".join(texts)) for text in texts], [0.9] * len(texts))
    assert 0 <= found.score <= 1
    assert found.source is None or 0 <= found.source < len(texts)


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
    "slashes": "1/" * 50_000,
    "powers": "10^99 x 10^99 " * 1_000,
    "surrogates": "\ud800 1 \udfff",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_take_no_time(text: str) -> None:
    """The cost is linear in the length, or the length is cut."""
    began = time.thread_time()
    compare(f"{text} x", [Source(text, text), Source("Prices rose.", text)], [0.9, 0.9])
    compare("Prices rose by 10^9 and not 5.", [Source(text, text)], [0.9])
    assert time.thread_time() - began < 5


def test_sentences_of_the_same_words_again_and_again_are_not_aligned() -> None:
    """It would take minutes, and what cannot be compared is no support."""
    words = "king queen treaty harbour"
    passage = " ".join(f"{word} x{n}" for n, word in enumerate((words + " ").split() * 45)) + "."
    claim = " and ".join(" ".join([words] * 8) for _ in range(11)) + "."
    found = compare(claim, [Source(passage, passage)] * 12, [0.9] * 12)
    assert found.verdict == "unverified"
    aligned = pair(read(claim), read(passage))
    assert (set(aligned.held), aligned.exchanges) == ({False}, ())
