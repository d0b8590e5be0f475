"""Confidence: what raises and lowers it, with and without the reader, an encoder's cosines and the word index."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.encoders.pretrained import DEFAULT_NAME
from index.records import Found
from index.search.signals import (
    DEFAULT,
    INTERCEPT,
    MEANING,
    NAMES,
    READER,
    SUREST_WITHOUT_WORDS,
    UNREAD,
    WORDS_ALONE,
    WORDS_UNREAD,
    confidence,
    missing_word_notes,
)

ENCODERS = (f"{DEFAULT_NAME}@1", "other@1")
SIGNALS = st.fixed_dictionaries(dict.fromkeys(NAMES, st.floats(-1, 1)))
TABLES = {
    "DEFAULT": (DEFAULT, set(NAMES)),
    "UNREAD": (UNREAD, set(NAMES) - {*READER}),
    "WORDS_ALONE": (WORDS_ALONE, set(NAMES) - {*MEANING}),
    "WORDS_UNREAD": (WORDS_UNREAD, set(NAMES) - {*MEANING, *READER}),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_weighs_the_signals_that_there_are(name: str) -> None:
    """None that is not there; what speaks for an answer never lowers the confidence, a missing name always does."""
    coefficients, signals = TABLES[name]
    assert coefficients.keys() - {INTERCEPT} <= signals
    assert coefficients["absent"] < 0
    assert all(weight > 0 for each, weight in coefficients.items() if each not in (INTERCEPT, "absent"))


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("read", [True, False])
@given(signals=SIGNALS)
def test_a_missing_name_lowers_it(encoder: str, read: bool, signals: dict[str, float]) -> None:
    """With or without the reader, by whatever encoder."""
    told = {name: value for name, value in signals.items() if read or name not in READER}
    none, one, two = (confidence({**told, "absent": float(many)}, encoder) for many in range(3))
    assert none > one > two


@given(SIGNALS)
def test_the_reader_is_heard(signals: dict[str, float]) -> None:
    """What it says moves the confidence by either encoder; where nobody read, it is another table's."""
    for encoder in ENCODERS:
        no, yes = (confidence({**signals, "read": logit, "answers": logit}, encoder) for logit in (-4.0, 4.0))
        assert no < yes
        unread = {name: value for name, value in signals.items() if name not in READER}
        assert 0 < confidence(unread, encoder) < 1


@given(SIGNALS)
def test_without_the_word_index_it_is_capped(signals: dict[str, float]) -> None:
    """Half of the evidence makes an answer less sure than all of it, and never quite sure."""
    for encoder in ENCODERS:
        whole, half = (confidence(signals, encoder, has_words=each) for each in (True, False))
        assert half < whole
        assert half <= SUREST_WITHOUT_WORDS


@pytest.mark.parametrize(
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
def test_what_is_missing_is_named(missing: tuple[str, ...], unknown: tuple[str, ...], notes: tuple[str, ...]) -> None:
    """In words that are true: of what stands elsewhere it is not said that it stands nowhere."""
    assert missing_word_notes(Found("?", (), {}, missing=missing, unknown=unknown)) == notes
