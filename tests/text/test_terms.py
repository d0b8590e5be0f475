"""Words and terms: a word that can be written in several ways is found in each of them."""

from __future__ import annotations

import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.loading.loader import load
from index.text.words import (
    NUMBER,
    UNKNOWN,
    frequent_words,
    question_terms,
    rarity,
    repeated_question_terms,
    stem,
    terms,
    word_spans,
    words,
)
from tests.cases import cases

SEEDS = [path for path in (Path(__file__).parents[2] / "seeds").iterdir() if path.suffix != ".jsonl"]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60) | st.text("ab1 -.'’é漢カ\n", max_size=40)


# Terms


@cases("question", ["IL6", "IL-6", "IL 6", "il/6", "il_6"])
@cases("text", ["IL6", "IL-6", "IL 6", "il/6", "il_6"])
def test_every_spelling_of_a_code_shares_its_terms(question: str, text: str) -> None:
    """A code written together, with a hyphen or apart always has the terms `il` and `6`."""
    assert {"il", "6"} <= set(terms(question)) & set(terms(text))


@cases(
    ("text", "expected"),
    [
        pytest.param("IL6", ["il6", "il", "6"], id="letters and digits have the whole, too"),
        pytest.param("Su-35", ["su", "35"], id="hyphen"),
        pytest.param("§ 12(b)", ["12", "b"], id="paragraph"),
        pytest.param("B2B", ["b2b", "b", "2", "b"], id="more than two parts"),
        pytest.param("3.5 %", ["3", "5"], id="fraction"),
        pytest.param("9,467 of 1,234.5", ["9", "467", "9467", "of", "1", "234", "1234", "5"], id="thousands"),
        pytest.param("1,23 0,1234 1.5,250", ["1", "23", "0", "1234", "1", "5", "250"], id="no thousands"),
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
def test_terms_are_lower_case_unaccented_and_stemmed(text: str, expected: list[str]) -> None:
    """Terms keep the order of the text and are repeated as often as they occur."""
    assert terms(text) == expected


@given(TEXTS, TEXTS)
def test_terms_do_not_depend_on_the_surrounding_text(first: str, second: str) -> None:
    """Two texts, one below the other, have the terms of both: a passage is indexed with the terms of its sentences."""
    assert terms(f"{first}\n{second}") == terms(first) + terms(second)
    assert words(f"{first}\n{second}") == words(first) + words(second)


@given(TEXTS)
def test_terms_contain_no_white_space(text: str) -> None:
    """No term or word is empty or contains white space, because the index separates terms with spaces."""
    for term in (*terms(text), *words(text)):
        assert term.split() == [term]


@given(TEXTS)
def test_words_do_not_depend_on_case(text: str) -> None:
    """A text in capitals has the same words as in small letters, if each letter has exactly one form in each case."""
    plain = "".join(letter for letter in text if len(letter.upper()) == 1 and letter.upper().lower() == letter.lower())
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
def test_combining_mark_does_not_end_a_word(text: str) -> None:
    """Letters and their combining marks are one word in every Unicode encoding; half a word is not a term."""
    assert len(words(text)) == len(terms(text)) == len(word_spans(text)) == 1


def test_word_of_a_hundred_letters_is_ignored() -> None:
    """A hundred letters in a row are noise that would only fill the index. The sentence around them is still found."""
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
def test_words_are_not_stemmed(text: str, expected: list[str]) -> None:
    """Only case and accents are normalised: verbatim search needs every word, including stop words, unstemmed."""
    assert words(text) == expected


# Questions


def test_question_terms_are_stems_of_its_content_words() -> None:
    """Each has its stem, in order; a code is one word with several terms, and a possessive ending has none."""
    found = question_terms("Who signed the treaties of Kings?")
    assert list(found.values()) == ["signed", "treaties", "Kings"]
    assert set(found) == set(terms("sign treaty king"))
    assert question_terms("What did China's IL6 do?") == {"china": "China", "il6": "IL6", "il": "IL6", "6": "IL6"}
    assert question_terms("What is Su-35?") == {"su": "Su-35", "35": "Su-35"}
    assert repeated_question_terms("Whales, whales: which whale swam?") == ("whale", "whale", "whale", "swam")


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
def test_stop_words_are_terms_if_a_question_has_no_others(question: str, expected: list[str]) -> None:
    """A question of stop words alone searches for them; a single content word is enough to leave them out."""
    assert list(question_terms(question).values()) == expected


@given(TEXTS)
def test_repeated_and_unique_question_terms_agree(question: str) -> None:
    """The terms that are searched for and the terms that are shown are the same, and all are terms of the question."""
    assert set(question_terms(question)) == set(repeated_question_terms(question))
    assert set(question_terms(question)) <= set(terms(question))


# Spans of words


def test_word_spans_cover_whole_words() -> None:
    """Hyphens, points and apostrophes join a word; stop words have no span."""
    text = "The king's Su-35 was at 3.5 of the x_y, café and all."
    assert [span.of(text) for span in word_spans(text)] == ["king's", "Su-35", "3.5", "x_y", "café", "all"]


@given(TEXTS)
def test_word_spans_do_not_overlap(text: str) -> None:
    """Spans are in order, not empty, contain a word, and are never a stop word."""
    spans = word_spans(text)
    assert all(span.end <= following.start for span, following in pairwise(spans))
    assert all(span.of(text).strip() == span.of(text) != "" for span in spans)
    assert all(span.of(text).casefold() not in {"the", "of", "is"} for span in spans)


# As tantivy


def test_words_are_stemmed_as_by_tantivy() -> None:
    """The stems of all words of the sample documents and of everyday English are those of tantivy's stemmer."""
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw())
    for step in (tantivy.Filter.lowercase(), tantivy.Filter.ascii_fold(), tantivy.Filter.stemmer("english")):
        builder = builder.filter(step)
    analyze = builder.build().analyze
    found = {word for document in SEEDS for word in words(load(document, max_bytes=10**8).text)}
    latin = {word for n in range(0xC0, 0x180) if (word := chr(n)).isalpha()}
    vocabulary = found | set(frequent_words(20_000)) | latin
    assert {word: terms(word) for word in vocabulary if word.isalpha()} == {
        word: analyze(word) for word in vocabulary if word.isalpha()
    }


# Stems and rarity


SYLLABLES = ("re", "con", "mis", "form", "nation", "hope", "act", "run")
ENDINGS = ("", "s", "ed", "ing", "ation", "fulness", "ively", "ized")


def test_stems_have_no_endings_and_are_the_same_with_concurrent_callers() -> None:
    """The library's stemmer keeps the current word as state, which concurrent calls once mixed up."""
    assert [stem(word) for word in ("running", "nations", "hopefulness")] == ["run", "nation", "hope"]
    spellings = ["".join(parts) + end for parts in product(SYLLABLES, repeat=3) for end in ENDINGS]
    interval = sys.getswitchinterval()
    stem.cache_clear()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(stem, spellings))
    finally:
        sys.setswitchinterval(interval)
    stem.cache_clear()
    assert found == [stem(word) for word in spellings]


RARITIES = {
    "numbers": (["1973", "10", "12th", "IL-6"], NUMBER),
    "words that are unknown, or of no language": (["河", "", "пушка", "quixotry"], UNKNOWN),
}


@cases(("spellings", "expected"), RARITIES.values(), ids=RARITIES.keys())
def test_rarity_rises_with_rank(spellings: list[str], expected: float) -> None:
    """Whatever case and accents, from the most frequent word to one that few people know; numbers are always rare."""
    assert {rarity(word) for word in spellings} == {expected}
    ranked = [rarity(word) for word in ("the", "people", "oil", "plague", "quixotry")]
    assert ranked == sorted(ranked)
    assert 0 == ranked[0] < ranked[1] < 0.5 < ranked[3] < ranked[4]
    for spelling, variant in (("Oil", "oil"), ("Zürich", "zurich"), ("BRAZIL", "Brazil")):
        assert rarity(spelling) == rarity(variant) < UNKNOWN
