"""What holds the question word for word comes first, however far its meaning points elsewhere."""

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
"""Texts about all sorts of ideas, in which a few words hardly count."""


def crowd(words: Sequence[str], n: int = CANDIDATES + 20) -> list[Document]:
    """Passages that are about little but these words, in another order or apart: nearer than what is looked for."""
    return [a_document(f" x{each} ".join(words), source=f"/{each}") for each in range(n)]


@pytest.mark.parametrize(
    ("question", "held", "crowded"),
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
def test_what_is_there_word_for_word_comes_first(
    store_of: StoreOf, question: str, held: str, crowded: list[str]
) -> None:
    """Asked alone, its passage leads though more passages than are candidates have the same words in another way."""
    wanted = [a_document(text.format(held), source=f"/wanted{n}") for n, text in enumerate(ELSEWHERE)]
    store = store_of(*crowd(crowded), *wanted)
    found = ask(store, question, limit=5)
    assert {hit.document.source for hit in found.hits[:2]} == {"/wanted0", "/wanted1"}
    assert [hit.why.verbatim for hit in found] == [True, True, False, False, False]
    assert all(held in hit.passage.text for hit in found.hits[:2])


def test_case_and_accents_do_not_matter(store_of: StoreOf) -> None:
    """`café noir` is held by `CAFE Noir`, for that is how both are written; by `noir café` it is not."""
    store = store_of(
        a_document("The CAFE Noir served bread.", source="/held"), a_document("A noir café.", source="/turned")
    )
    assert {hit.document.source: hit.why.verbatim for hit in ask(store, "café noir")} == {
        "/held": True,
        "/turned": False,
    }


def test_endings_do(store_of: StoreOf) -> None:
    """Word for word is not stem for stem: `ships` is not `ship`, and is found all the same."""
    store = store_of(
        a_document("Both ships left for the whale.", source="/ships"), a_document("A ship, a ship.", source="/ship")
    )
    found = ask(store, "ships")
    assert [(hit.document.source, hit.why.verbatim) for hit in found] == [("/ships", True), ("/ship", False)]


@pytest.mark.parametrize(("many", "lifted"), [(VERBATIM_MOST, True), (VERBATIM_MOST + 1, False)])
def test_what_many_hold_is_no_rare_phrase(store_of: StoreOf, many: int, lifted: bool) -> None:
    """As many as VERBATIM_MOST come first; where more hold it, ranking goes by meaning and words alone."""
    holding = [a_document(f"Number {n} of the old harbour is {n * n}.", source=f"/held{n}") for n in range(many)]
    other = a_document("Harbour, harbour, harbour: old port, old dock.", source="/other")
    found = ask(store_of(*holding, other), "the old harbour", limit=many + 1)
    assert len(found) == many + 1
    assert [hit.why.verbatim for hit in found] == [lifted] * many + [False] if lifted else [False] * (many + 1)
    assert (found[-1].document.source == "/other") == lifted


def test_it_holds_within_a_filter(store_of: StoreOf) -> None:
    """Restricted to a document, that document's passage leads; how many hold the phrase elsewhere does not count."""
    outside = [a_document(f"Number {n} has 10 percent.", source=f"/out{n}") for n in range(VERBATIM_MOST + 5)]
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


def test_it_holds_beside_operators(store_of: StoreOf) -> None:
    """What is excluded is not lifted, and the words that are looked for are the question without its operators."""
    store = store_of(
        a_document("The clock stopped in winter.", source="/winter"),
        a_document("Nobody knew why the clock stopped at the school of music by the river.", source="/school"),
        a_document("Stopped: clock, clock, clock.", source="/turned"),
    )
    found = ask(store, "the clock stopped -winter")
    assert [(hit.document.source, hit.why.verbatim) for hit in found] == [("/school", True), ("/turned", False)]


@pytest.mark.parametrize("mode", ["dense", "lexical"])
def test_one_side_alone_lifts_nothing(store_of: StoreOf, mode: str) -> None:
    """The sides are compared as they are."""
    store = store_of(a_document("The clock stopped."), a_document("Clock, clock.", source="/turned"))
    assert not any(hit.why.verbatim for hit in ask(store, "the clock stopped", mode=mode))
