"""A mark tells the model how a token's word relates to the other text, before any layer reads it."""

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
    """Build a tokenizer in which each word and each stop is a token."""
    words = ["the", "cat", "saw", "a", "dog", ",", "which", "slept", "."]
    word_tokenizer = Tokenizer(
        WordLevel({word: number for number, word in enumerate(["[UNK]", *words])}, unk_token="[UNK]")
    )
    word_tokenizer.pre_tokenizer = BertPreTokenizer()
    return word_tokenizer


def marks(claim: str, premise: str) -> dict[str, int]:
    """Return the mark of each word of a claim."""
    words = claim.split()
    return dict(zip(words, mark_words(words, premise.split())[0], strict=True))


def test_words_are_marked_by_their_relation_to_the_other_text() -> None:
    """In order whatever stands between, out of order (but function words), of the same stem, or absent."""
    assert set(marks("doctor visited actor", "the doctor often visited the old actor").values()) == {IN_ORDER}
    first, second = mark_words(["doctor", "visited", "actor"], ["actor", "visited", "doctor"])
    assert sorted(first) == sorted(second) == [IN_ORDER, OUT_OF_ORDER, OUT_OF_ORDER]
    word_marks = marks("sailors visiting ships", "a ship was visited by sailors")
    assert word_marks["visiting"] == STEM_IN_ORDER or word_marks["ships"] == STEM_IN_ORDER
    assert STEM_OUT_OF_ORDER in word_marks.values()
    first, second = mark_words(["secretly", "sold"], ["sold", "yesterday"])
    assert (first, second) == ([ABSENT, IN_ORDER], [IN_ORDER, ABSENT])
    word_marks = marks("the mill by the river", "river by mill the")
    assert word_marks["the"] == word_marks["by"] == IN_ORDER
    assert marks("of", "the mill")["of"] == ABSENT
    assert mark_words([], ["mill"]) == ([], [ABSENT])
    assert mark_words([], []) == ([], [])


def test_pair_layout_has_both_separators(tokenizer: Tokenizer) -> None:
    """Stops belong to no word; a truncated word still counts as present in its text."""
    pair = lay_out(
        *(read_text(tokenizer, text) for text in ("a cat.", "the dog saw a cat.")), longest_first=9, longest=30
    )
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
    claim, premise = read_text(tokenizer, "dog"), read_text(tokenizer, "the cat saw a dog")
    pair = lay_out(claim, premise, longest_first=5, longest=6)
    assert len(pair.ids) == len(pair.segments) == len(pair.marks) == 6
    assert pair.marks[1] == IN_ORDER


def test_word_pieces_belong_to_their_word() -> None:
    """A word that the tokenizer splits gets one mark, through the number of its word."""
    from index.encoders.pretrained import read_default

    text = read_text(read_default().tokenizer, "unverifiable statements")
    assert len(text.ids) > 2
    assert text.word_of == [0] * (len(text.ids) - 1) + [1]
