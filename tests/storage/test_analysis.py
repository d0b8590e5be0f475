"""Words and terms: what is written in several ways is found in each of them."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.storage.lexical.terms import question_terms, repeated_question_terms, terms, word_spans, words
from tests.cases import cases

TEXTS = st.text(st.characters(codec="utf-8"), max_size=60) | st.text("ab1 -.'’é漢カ\n", max_size=40)


# Terms


@cases("question", ["IL6", "IL-6", "IL 6", "il/6", "il_6"])
@cases("text", ["IL6", "IL-6", "IL 6", "il/6", "il_6"])
def test_a_code_is_found_however_it_is_written(question: str, text: str) -> None:
    """Written together, with a hyphen or apart, all share the terms `il` and `6`."""
    assert {"il", "6"} <= set(terms(question)) & set(terms(text))


@cases(
    ("text", "expected"),
    [
        pytest.param("IL6", ["il6", "il", "6"], id="letters and digits have the whole, too"),
        pytest.param("Su-35", ["su", "35"], id="hyphen"),
        pytest.param("§ 12(b)", ["12", "b"], id="paragraph"),
        pytest.param("B2B", ["b2b", "b", "2", "b"], id="more than two parts"),
        pytest.param("3.5 %", ["3", "5"], id="fraction"),
        pytest.param("treaties Treaty", ["treati", "treati"], id="endings and case"),
        pytest.param("café naïve Ærø", ["cafe", "naiv", "aero"], id="accents"),
        pytest.param("snake_case", ["snake", "case"], id="underscore"),
        pytest.param("東京都", ["東", "京", "都"], id="ideographs one by one"),
        pytest.param("ソニーTV", ["ソ", "ニ", "ー", "tv"], id="kana beside letters"),
        pytest.param("Straße", ["strass"], id="sharp s"),
        pytest.param("", [], id="nothing"),
        pytest.param("?! — …", [], id="no word"),
    ],
)
def test_the_terms_of_a_text(text: str, expected: list[str]) -> None:
    """Lower case, without accents, stemmed, in order and as often as they occur."""
    assert terms(text) == expected


@given(TEXTS, TEXTS)
def test_terms_do_not_depend_on_what_stands_around(one: str, other: str) -> None:
    """The terms of two texts one below the other are those of both: a passage is indexed as its sentences are."""
    assert terms(f"{one}\n{other}") == terms(one) + terms(other)
    assert words(f"{one}\n{other}") == words(one) + words(other)


@given(TEXTS)
def test_no_term_can_be_torn_apart(text: str) -> None:
    """No term or word has white space or is empty, for they are indexed with spaces between them."""
    for each in (*terms(text), *words(text)):
        assert each.split() == [each]


@given(TEXTS)
def test_case_does_not_matter(text: str) -> None:
    """A text in capitals has the words of the text in small letters, where a letter has but one form of each."""
    plain = "".join(each for each in text if len(each.upper()) == 1 and each.upper().lower() == each.lower())
    assert words(plain.upper()) == words(plain.lower())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(unicodedata.normalize("NFD", "naïve"), id="accents apart"),
        pytest.param("हिन्दी", id="Hindi"),
        pytest.param("שָׁלוֹם", id="pointed Hebrew"),
        pytest.param("العَرَبِيَّة", id="vocalised Arabic"),
    ],
)
def test_a_mark_does_not_end_a_word(text: str) -> None:
    """Letters and their marks are one word, however they are encoded: half of one is no term."""
    assert len(words(text)) == len(terms(text)) == len(word_spans(text)) == 1


def test_a_word_beyond_all_measure_is_no_word() -> None:
    """A hundred letters on end are noise, and would only fill the index; a sentence around them is found."""
    assert terms(f"key {'a' * 100} ends") == words("key end")
    assert len(terms("b" * 99)) == 1


# Words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The KING's treaties", ["the", "king", "s", "treaties"]),
        ("IL6 and IL-6", ["il6", "and", "il", "6"]),
        ("Café 東京", ["cafe", "東", "京"]),
    ],
)
def test_words_stand_as_they_are(text: str, expected: list[str]) -> None:
    """But for case and accents: what has to be there verbatim is not stemmed, and nothing is left out."""
    assert words(text) == expected


# Questions


def test_the_terms_of_a_question() -> None:
    """Each telling word has its stem, in the question's order; idle words are left out."""
    found = question_terms("Who signed the treaties of Kings?")
    assert list(found.values()) == ["signed", "treaties", "Kings"]
    assert set(found) == set(terms("sign treaty king"))


def test_a_term_leads_to_the_word_as_it_was_asked() -> None:
    """A code is one word with several terms; a possessive ending belongs to none."""
    assert question_terms("What did China's IL6 do?") == {"china": "China", "il6": "IL6", "il": "IL6", "6": "IL6"}
    assert question_terms("What is Su-35?") == {"su": "Su-35", "35": "Su-35"}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("The Who", ["The", "Who"]),
        ("What is it?", ["What", "is", "it"]),
        ("The Who of what?", ["The", "Who", "of", "what"]),
        ("The Who played", ["played"]),
        ("?!", []),
    ],
)
def test_idle_words_count_where_there_are_no_others(question: str, expected: list[str]) -> None:
    """A question of nothing but idle words asks for them; one telling word is enough to leave them out."""
    assert list(question_terms(question).values()) == expected


def test_what_a_question_repeats_counts_as_often() -> None:
    """A long question says several times what it is about."""
    assert repeated_question_terms("Whales, whales: which whale swam?") == ("whale", "whale", "whale", "swam")


@given(TEXTS)
def test_both_ways_to_ask_have_the_same_terms(question: str) -> None:
    """Those that are looked for and those that are told are the same, and they are terms of the question."""
    assert set(question_terms(question)) == set(repeated_question_terms(question))
    assert set(question_terms(question)) <= set(terms(question))


# Where words stand


def test_where_telling_words_stand() -> None:
    """Whole, with what hyphens, points and apostrophes join; idle ones are not among them."""
    text = "The king's Su-35 was at 3.5 of the x_y, café and all."
    assert [span.of(text) for span in word_spans(text)] == ["king's", "Su-35", "3.5", "x_y", "café", "all"]


@given(TEXTS)
def test_words_do_not_overlap(text: str) -> None:
    """Spans are in order, none is empty, each holds a word, and none is idle."""
    spans = word_spans(text)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert all(span.of(text).strip() == span.of(text) != "" for span in spans)
    assert all(span.of(text).casefold() not in {"the", "of", "is"} for span in spans)
