"""Confidence: what raises and lowers it, with and without the reader, the cosines of an encoder and the word index."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.encoders.pretrained import DEFAULT_NAME
from index.records import Found
from index.search.confidence import (
    DEFAULT,
    DOUBTED_CONFIDENCE,
    INTERCEPT,
    LEAST_ANSWERS,
    LEAST_SHARE,
    MEANING,
    MOST,
    NAMES,
    READER,
    SUREST_WITHOUT_WORDS,
    UNREAD,
    WORDS_ALONE,
    WORDS_UNREAD,
    confidence,
    missing_word_notes,
)
from index.settings import Settings
from tests.cases import cases

ENCODERS = (f"{DEFAULT_NAME}@1", "other@1")
SIGNALS = st.fixed_dictionaries(dict.fromkeys(NAMES, st.floats(-1, 1)))
TABLES = {
    "DEFAULT": (DEFAULT, set(NAMES)),
    "UNREAD": (UNREAD, set(NAMES) - {*READER}),
    "WORDS_ALONE": (WORDS_ALONE, set(NAMES) - {*MEANING}),
    "WORDS_UNREAD": (WORDS_UNREAD, set(NAMES) - {*MEANING, *READER}),
}


@pytest.mark.parametrize("name", TABLES)
def test_coefficients_use_only_available_signals(name: str) -> None:
    """Every weight is positive except that of a missing name, which always lowers the confidence."""
    coefficients, signals = TABLES[name]
    assert coefficients.keys() - {INTERCEPT} <= signals
    assert coefficients["absent"] < 0
    assert all(weight > 0 for name, weight in coefficients.items() if name not in (INTERCEPT, "absent"))


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("read", [True, False])
@given(signals=SIGNALS)
def test_missing_names_lower_the_confidence(encoder: str, read: bool, signals: dict[str, float]) -> None:
    """It holds with and without the reader, for every encoder."""
    available = {name: value for name, value in signals.items() if read or name not in READER}
    none, one, two = (confidence({**available, "absent": float(count)}, encoder) for count in range(3))
    assert none > one > two


@given(SIGNALS)
def test_reader_logit_moves_the_confidence(signals: dict[str, float]) -> None:
    """The reader matters with either encoder; without it, another table applies."""
    for encoder in ENCODERS:
        no, yes = (confidence({**signals, "read": logit, "answers": logit}, encoder) for logit in (-4.0, 4.0))
        assert no < yes
        unread = {name: value for name, value in signals.items() if name not in READER}
        assert 0 < confidence(unread, encoder) < 1


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("doubt", [{"answers": LEAST_ANSWERS - 0.01}, {"share": LEAST_SHARE - 0.01}])
def test_doubt_of_the_reader_caps_the_confidence(encoder: str, doubt: dict[str, float]) -> None:
    """A passage that hardly answers, or a pin with rivals that are together likelier, is shown as unsure at best."""
    sure = {**dict.fromkeys(NAMES, 1.0), "absent": 0.0, "read": MOST, "answers": MOST, "share": LEAST_SHARE}
    doubted = {**sure, "sentence": 9.0, "overlap": 90.0, "coverage": 9.0, **doubt}
    assert confidence(doubted, encoder) == DOUBTED_CONFIDENCE < Settings().bar < confidence(sure, encoder)


@given(SIGNALS)
def test_confidence_is_capped_without_the_word_index(signals: dict[str, float]) -> None:
    """Half of the evidence gives less confidence than all of it, and never full confidence."""
    for encoder in ENCODERS:
        whole, half = (confidence(signals, encoder, has_words=has_words) for has_words in (True, False))
        assert half < whole
        assert half <= SUREST_WITHOUT_WORDS


@cases(
    ("missing", "unknown", "notes"),
    [
        pytest.param((), (), (), id="nothing"),
        pytest.param(("Brazil",), ("Brazil",), ("No passage mentions “Brazil”.",), id="nowhere"),
        pytest.param(("Brazil",), (), ("The passages found do not mention “Brazil”.",), id="elsewhere"),
        pytest.param(
            ("Brazil", "1494"),
            ("1494",),
            ("No passage mentions “1494”.", "The passages found do not mention “Brazil”."),
            id="both",
        ),
        pytest.param(
            ("a", "b", "c", "d"), ("a", "b", "c", "d"), ("No passage mentions “a”, “b” or “c”.",), id="at most three"
        ),
    ],
)
def test_notes_name_the_missing_words(
    missing: tuple[str, ...], unknown: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    """The notes distinguish words that no passage mentions from words that only other passages mention."""
    assert missing_word_notes(Found("?", (), {}, missing=missing, unknown=unknown)) == notes
