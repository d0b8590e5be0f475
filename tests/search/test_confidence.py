"""Signals of a question and its hits, and the confidence that they give: what raises and lowers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from tests.search.conftest import ask
from tests.search.test_readings import FakeReader, search_with
from tests.storage.factories import a_document

if TYPE_CHECKING:
    from tests.search.conftest import StoreOf

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


TREATY = a_document("The king signed the treaty in Lisbon in 1373. The queen was there.", source="/treaty")
OTHERS = [a_document(f"Bread was dear in year {year}. The winter was long.", source=f"/{year}") for year in range(40)]


def test_signals_do_not_depend_on_the_library_size(store_of: StoreOf) -> None:
    """With one document, or forty others as well, a question has the same signals to the last digit."""
    question = "Where did the king sign the treaty?"
    alone, among = (ask(store_of(TREATY, *others), question).signals for others in ([], OTHERS))
    assert alone == pytest.approx(among)
    assert alone.keys() == set(NAMES) - set(READER)


def test_words_weigh_by_their_rarity_in_english(store_of: StoreOf) -> None:
    """In a library of one document every word is in all passages or none, but `treaty` still says more than `year`."""
    store = store_of(a_document("The treaty was old.", source="/1"))
    assert ask(store, "treaty bread").signals["coverage"] > ask(store, "old bread").signals["coverage"]


@pytest.mark.parametrize(
    ("question", "missing", "unknown"),
    [
        pytest.param("Did the king of Brazil sign the treaty?", ("Brazil",), ("Brazil",), id="a name"),
        pytest.param("How do I sign the treaty?", (), (), id="the asker is no name"),
        pytest.param("Who signed the treaty of 1494?", ("1494",), ("1494",), id="a number"),
        pytest.param(
            "Did the king ratify the treaty pusillanimously?", ("ratify", "pusillanimously"), None, id="rare words"
        ),
        pytest.param("Who signed the treaty in Lisbon in 1373?", (), (), id="nothing"),
        pytest.param("Did many people see the king sign the treaty?", (), (), id="common words"),
        pytest.param("", (), (), id="no question"),
    ],
)
def test_words_missing_from_the_passages_are_named(
    store_of: StoreOf, question: str, missing: tuple[str, ...], unknown: tuple[str, ...] | None
) -> None:
    """Names, numbers and rare words that no passage near the answer has are named; common words are not."""
    found = ask(store_of(TREATY, *OTHERS), question)
    assert found.missing == missing
    assert found.unknown == (missing if unknown is None else unknown)


def test_word_of_a_distant_passage_is_missing_but_not_unknown(store_of: StoreOf) -> None:
    """`Brazil` is in the library but in no passage near the answer, which is not the same as nowhere.

    A paper on Lisbon need not name it in every passage; a search without passages has no signals and no such words.
    """
    kings = [
        a_document(f"The king signed a treaty on the river in {year}.", source=f"/{year}") for year in range(1400, 1420)
    ]
    store = store_of(*kings, a_document("Brazil had copper, silver, glass, paper, rain and bread.", source="/brazil"))
    found = ask(store, "Which king signed a treaty on the river, the king of Brazil?", limit=5)
    assert found.missing == ("Brazil",)
    assert found.unknown == ()
    titled = a_document("The king signed the treaty there.", source="/1", title="History of Lisbon")
    assert ask(store_of(titled), "Who signed the treaty of Lisbon?").missing == ()
    found = ask(store_of(), "Who signed the treaty?")
    assert (found.signals, found.missing, found.unknown) == ({}, (), ())


def test_reader_answer_is_a_signal(store_of: StoreOf) -> None:
    """A yes gives a higher signal than a no, and unread passages give none."""
    store = store_of(TREATY)
    yes, no = (search_with(store, FakeReader(word), "Who signed the treaty?").signals for word in ("king", "nobody"))
    assert all(yes[name] > 0 > no[name] for name in READER)
