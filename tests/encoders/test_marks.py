"""Marks: what a token tells of its word before any layer has read it."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import BertPreTokenizer

from index.encoders.pairs import (
    ABSENT,
    CLS,
    IN_ORDER,
    NO_WORD,
    OUT_OF_ORDER,
    SEP,
    STEM_IN_ORDER,
    STEM_OUT_OF_ORDER,
    lay_out,
    mark_words,
    read_text,
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """Words and stops, each a token."""
    words = ["the", "cat", "saw", "a", "dog", ",", "which", "slept", "."]
    made = Tokenizer(WordLevel({word: i for i, word in enumerate(["[UNK]", *words])}, unk_token="[UNK]"))
    made.pre_tokenizer = BertPreTokenizer()
    return made


def marks(claim: str, premise: str) -> dict[str, int]:
    """The mark of each word of a claim."""
    words = claim.split()
    return dict(zip(words, mark_words(words, premise.split())[0], strict=True))


def test_words_of_both_texts_in_one_order() -> None:
    """Whatever stands between them."""
    assert set(marks("doctor visited actor", "the doctor often visited the old actor").values()) == {IN_ORDER}


def test_a_word_in_another_place_is_out_of_order() -> None:
    """Of two roles that are exchanged, the words outside the longest common run are marked in both texts."""
    first, second = mark_words(["doctor", "visited", "actor"], ["actor", "visited", "doctor"])
    assert sorted(first) == sorted(second) == [IN_ORDER, OUT_OF_ORDER, OUT_OF_ORDER]


def test_stems() -> None:
    """Another form of a word is marked as such, in its place and out of it."""
    found = marks("sailors visiting ships", "a ship was visited by sailors")
    assert found["visiting"] == STEM_IN_ORDER or found["ships"] == STEM_IN_ORDER
    assert STEM_OUT_OF_ORDER in found.values()


def test_a_word_that_is_missing() -> None:
    """In either text."""
    first, second = mark_words(["secretly", "sold"], ["sold", "yesterday"])
    assert (first, second) == ([ABSENT, IN_ORDER], [IN_ORDER, ABSENT])


def test_function_words_have_no_order() -> None:
    """They stand anywhere: only their absence tells something."""
    found = marks("the mill by the river", "river by mill the")
    assert found["the"] == found["by"] == IN_ORDER
    assert marks("of", "the mill")["of"] == ABSENT


def test_nothing_in_common_and_nothing_at_all() -> None:
    """Neither fails."""
    assert mark_words([], ["mill"]) == ([], [ABSENT])
    assert mark_words([], []) == ([], [])


def test_a_pair_is_laid_out_with_both_separators(tokenizer: Tokenizer) -> None:
    """Ids, segments and marks have one item for each token; stops and markers are no words."""
    pair = lay_out(*(read_text(tokenizer, t) for t in ("a cat.", "the dog saw a cat.")), longest_first=9, longest=30)
    assert [pair.ids[0], pair.ids[4], pair.ids[-1]] == [CLS, SEP, SEP]
    assert pair.segments == [0] * 5 + [1] * 7
    assert pair.marks == [
        NO_WORD,
        IN_ORDER,
        IN_ORDER,
        NO_WORD,
        NO_WORD,
        *[ABSENT] * 3,
        IN_ORDER,
        IN_ORDER,
        NO_WORD,
        NO_WORD,
    ]
    assert pair.first == 3


def test_what_is_too_long_is_cut_but_known(tokenizer: Tokenizer) -> None:
    """The cut is of tokens: a word beyond it still counts as one that the other text has."""
    claim, premise = read_text(tokenizer, "dog"), read_text(tokenizer, "the cat saw a dog")
    pair = lay_out(claim, premise, longest_first=5, longest=6)
    assert len(pair.ids) == len(pair.segments) == len(pair.marks) == 6
    assert pair.marks[1] == IN_ORDER


def test_parts_of_a_word_share_its_mark() -> None:
    """Where a tokenizer takes a word apart, each part has the mark of the whole."""
    from index.encoders.pretrained import read_default

    text = read_text(read_default().tokenizer, "unverifiable statements")
    assert len(text.ids) > 2
    assert text.word_of == [0] * (len(text.ids) - 1) + [1]
