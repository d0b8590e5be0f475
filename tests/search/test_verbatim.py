"""Passages that contain the question word for word come first, however far apart their meaning is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.records import CANDIDATES
from index.search.retriever import VERBATIM_MOST
from tests.search.conftest import ask
from tests.storage.factories import a_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import Document
    from tests.search.conftest import StoreOf

ELSEWHERE = [
    "A whale swam by the ship in the harbour. The king rode a horse to the river bridge in winter, and {} was silent.",
    "The queen had a garden with a clock of glass. Bread, oil and silver were dear in summer, for {} had rained.",
]
"""Texts about many ideas, in which a few words hardly count."""


def crowd(words: Sequence[str], count: int = CANDIDATES + 20) -> list[Document]:
    """Make nearer passages that consist of these words in another order, or apart."""
    return [a_document(f" x{number} ".join(words), source=f"/{number}") for number in range(count)]


@pytest.mark.parametrize(
    ("question", "phrase", "crowded"),
    [
        pytest.param("Su-35", "a Su-35 of the air force", ["35 Su", "35", "Su"], id="code"),
        pytest.param("§ 12(b)", "what § 12(b) says", ["b 12", "12", "b"], id="paragraph"),
        pytest.param("10 percent", "a loss of 10 percent", ["percent 10", "percent", "10"], id="share"),
        pytest.param("CVE-2021-44228", "the bug CVE-2021-44228", ["2021", "44228 CVE", "CVE"], id="identifier"),
        pytest.param("of the said parties", "each of the said parties", ["parties", "said"], id="four words"),
        pytest.param(
            "the comet letter school music", "the comet letter school music", ["comet", "music letter"], id="ideas"
        ),
    ],
)
def test_verbatim_passage_comes_first(store_of: StoreOf, question: str, phrase: str, crowded: list[str]) -> None:
    """It leads although more passages than candidates have the same words in another form."""
    verbatim = [a_document(text.format(phrase), source=f"/wanted{number}") for number, text in enumerate(ELSEWHERE)]
    store = store_of(*crowd(crowded), *verbatim)
    found = ask(store, question, limit=5)
    assert {hit.document.source for hit in found.hits[:2]} == {"/wanted0", "/wanted1"}
    assert [hit.why.verbatim for hit in found] == [True, True, False, False, False]
    assert all(phrase in hit.passage.text for hit in found.hits[:2])


def test_verbatim_match_ignores_case_accents_and_operators(store_of: StoreOf) -> None:
    """`CAFE Noir` contains `café noir`, and `noir café` does not; `ships` is not `ship` word for word.

    Excluded passages are not lifted, and the phrase is the question without its operators.
    """
    store = store_of(
        a_document("The CAFE Noir served bread.", source="/held"), a_document("A noir café.", source="/turned")
    )
    assert {hit.document.source: hit.why.verbatim for hit in ask(store, "café noir")} == {
        "/held": True,
        "/turned": False,
    }
    store = store_of(
        a_document("Both ships left for the whale.", source="/ships"), a_document("A ship, a ship.", source="/ship")
    )
    found = ask(store, "ships")
    assert [(hit.document.source, hit.why.verbatim) for hit in found] == [("/ships", True), ("/ship", False)]
    store = store_of(
        a_document("The clock stopped in winter.", source="/winter"),
        a_document("Nobody knew why the clock stopped at the school of music by the river.", source="/school"),
        a_document("Stopped: clock, clock, clock.", source="/turned"),
    )
    found = ask(store, "the clock stopped -winter")
    assert [(hit.document.source, hit.why.verbatim) for hit in found] == [("/school", True), ("/turned", False)]


@pytest.mark.parametrize(("count", "lifted"), [(VERBATIM_MOST, True), (VERBATIM_MOST + 1, False)])
def test_common_phrase_is_not_lifted(store_of: StoreOf, count: int, lifted: bool) -> None:
    """Up to VERBATIM_MOST verbatim passages come first; if there are more, ranking ignores them."""
    holding = [
        a_document(f"Number {number} of the old harbour is {number * number}.", source=f"/held{number}")
        for number in range(count)
    ]
    nearest = a_document("Harbour, harbour, harbour: old port, old dock.", source="/other")
    found = ask(store_of(*holding, nearest), "the old harbour", limit=count + 1)
    assert len(found) == count + 1
    assert [hit.why.verbatim for hit in found] == [lifted] * count + [False] if lifted else [False] * (count + 1)
    assert (found[-1].document.source == "/other") == lifted


def test_verbatim_passage_comes_first_within_a_filter(store_of: StoreOf) -> None:
    """Verbatim passages outside the filter do not count."""
    outside = [
        a_document(f"Number {number} has 10 percent.", source=f"/out{number}") for number in range(VERBATIM_MOST + 5)
    ]
    inside = a_document(
        "Percent percent percent, 10 and 10.",
        "The king had a ship and a horse, and a loss of 10 percent of bread.",
        source="/in",
    )
    store = store_of(*outside, inside)
    assert not any(hit.why.verbatim for hit in ask(store, "10 percent"))
    found = ask(store, "10 percent", within=[store.catalog.number_of(inside.id) or 0])
    assert [hit.why.verbatim for hit in found] == [True, False]
    assert "a loss of 10 percent" in found[0].passage.text


@pytest.mark.parametrize("mode", ["dense", "lexical"])
def test_single_side_search_lifts_nothing(store_of: StoreOf, mode: str) -> None:
    """Dense and lexical search are compared without lifting."""
    store = store_of(a_document("The clock stopped."), a_document("Clock, clock.", source="/turned"))
    assert not any(hit.why.verbatim for hit in ask(store, "the clock stopped", mode=mode))
