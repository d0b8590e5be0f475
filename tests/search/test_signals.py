"""Signals: what they say about a question and its hits, independent of the library's size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.search.confidence import NAMES, READER
from tests.search.conftest import ask
from tests.search.test_readings import FakeReader, search_with
from tests.storage.factories import a_document

if TYPE_CHECKING:
    from tests.search.conftest import StoreOf

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
