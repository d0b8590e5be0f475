"""Signals: what they say of a question and what was found, and that they do not depend on a library's size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.search.signals import NAMES, READER
from tests.search.conftest import ask
from tests.search.test_excerpts import FakeReader, found_with
from tests.storage.factories import a_document

if TYPE_CHECKING:
    from tests.search.conftest import StoreOf

TREATY = a_document("The king signed the treaty in Lisbon in 1373. The queen was there.", source="/treaty")
OTHERS = [a_document(f"Bread was dear in year {n}. The winter was long.", source=f"/{n}") for n in range(40)]


def test_a_library_s_size_does_not_matter(store_of: StoreOf) -> None:
    """One document, or forty others beside it: the same question has the same signals, to the last digit."""
    question = "Where did the king sign the treaty?"
    alone, among = (ask(store_of(TREATY, *others), question).signals for others in ([], OTHERS))
    assert alone == pytest.approx(among)
    assert alone.keys() == set(NAMES) - set(READER)


def test_words_weigh_by_how_rare_they_are_in_english(store_of: StoreOf) -> None:
    """In a library of one document each word is in every passage or in none: `treaty` still says more than `year`."""
    store = store_of(a_document("The treaty was old.", source="/1"))
    assert ask(store, "treaty bread").signals["coverage"] > ask(store, "old bread").signals["coverage"]


@pytest.mark.parametrize(
    ("question", "missing", "unknown"),
    [
        pytest.param("Did the king of Brazil sign the treaty?", ("Brazil",), ("Brazil",), id="a name"),
        pytest.param("Who signed the treaty of 1494?", ("1494",), ("1494",), id="a number"),
        pytest.param(
            "Did the king ratify the treaty pusillanimously?", ("ratify", "pusillanimously"), None, id="rare words"
        ),
        pytest.param("Who signed the treaty in Lisbon in 1373?", (), (), id="nothing"),
        pytest.param("Did many people see the king sign the treaty?", (), (), id="common words"),
        pytest.param("", (), (), id="no question"),
    ],
)
def test_what_no_passage_has_is_named(
    store_of: StoreOf, question: str, missing: tuple[str, ...], unknown: tuple[str, ...] | None
) -> None:
    """Names, numbers and rare words of the question that no passage near the answer has; common words are not told."""
    found = ask(store_of(TREATY, *OTHERS), question)
    assert found.missing == missing
    assert found.unknown == (missing if unknown is None else unknown)


def test_a_word_of_a_passage_far_off_is_missing_and_not_unknown(store_of: StoreOf) -> None:
    """`Brazil` stands in the library, but in no passage near the answer: that is not the same as nowhere."""
    kings = [a_document(f"The king signed a treaty on the river in {n}.", source=f"/{n}") for n in range(1400, 1420)]
    store = store_of(*kings, a_document("Brazil had copper, silver, glass, paper, rain and bread.", source="/brazil"))
    found = ask(store, "Which king signed a treaty on the river, the king of Brazil?", limit=5)
    assert found.missing == ("Brazil",)
    assert found.unknown == ()


def test_a_title_counts_as_said(store_of: StoreOf) -> None:
    """A paper on Lisbon need not name it in each passage."""
    store = store_of(a_document("The king signed the treaty there.", source="/1", title="History of Lisbon"))
    assert ask(store, "Who signed the treaty of Lisbon?").missing == ()


def test_the_reader_is_heard(store_of: StoreOf) -> None:
    """A yes is more than a no, and what nobody read is not among the signals."""
    store = store_of(TREATY)
    yes, no = (found_with(store, FakeReader(word), "Who signed the treaty?").signals for word in ("king", "nobody"))
    assert all(yes[name] > 0 > no[name] for name in READER)


def test_nothing_found_says_nothing(store_of: StoreOf) -> None:
    """No passage, no signal."""
    found = ask(store_of(), "Who signed the treaty?")
    assert (found.signals, found.missing, found.unknown) == ({}, (), ())
