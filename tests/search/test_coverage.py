"""Every document against a question: its best hit where it speaks to it, and silence told as such where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.records import CANDIDATES
from index.search import retriever
from index.search.retriever import LEAST_OVERLAP, LEAST_STRENGTH
from tests.fakes import IDEAS
from tests.storage.factories import a_document, put

if TYPE_CHECKING:
    from index.library.library import Library
    from index.records import Document

SHIPS = a_document(
    "Bread was dear.",
    "The vessel left the port. A clock stopped.",
    "The ship burned in the harbour.",
    source="/ships.txt",
)
WHALES = a_document("A whale, a boat.", "Rain fell on glass.", source="/whales.txt")
KINGS = a_document("The king wrote a letter.", "The queen has a horse.", source="/Kings.txt")
BREAD = a_document("A loaf of bread.", source="/bread.txt")


@pytest.fixture
def archive(library: Library) -> Library:
    """Two documents about ships, two about others."""
    return filled(library, SHIPS, WHALES, KINGS, BREAD)


def filled(library: Library, *documents: Document) -> Library:
    """The library with these documents, cut where the test wants it."""
    with library._store.writing():
        for document in documents:
            put(library._store.catalog, document)
        library._store.index()
    return library


def test_every_document_has_a_row(archive: Library) -> None:
    """Those that speak to the question first, best first, each with its best hit; then the silent ones by name."""
    rows = archive.coverage("Which ship was in the harbour?")
    assert [(row.document.name, row.hit and row.hit.quote) for row in rows] == [
        ("ships.txt", "The ship burned in the harbour."),
        ("whales.txt", "A whale, a boat."),
        ("bread.txt", None),
        ("Kings.txt", None),
    ]
    scores = [row.hit.score for row in rows if row.hit]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    for row in rows:
        assert row.hit is None or row.hit.document == row.document


def test_a_document_speaks_by_meaning_alone(library: Library) -> None:
    """A sentence without a word of the question is near enough, or it is not."""
    near = a_document("The vessel left.", source="/near")
    far = a_document("The vessel left with bread, oil, silver, copper, glass, paper and a horse.", source="/far")
    rows = filled(library, near, far).coverage("boat")
    assert [(row.document.source, row.hit is not None) for row in rows] == [("/near", True), ("/far", False)]
    assert rows[0].hit is not None
    assert rows[0].hit.why.evidence >= LEAST_STRENGTH
    assert rows[0].hit.why.matched_terms == ()


def test_a_document_speaks_by_words_alone(library: Library) -> None:
    """A sentence about all things is near to none of them; where it has the question's word, it speaks to it."""
    ideas = [idea.split()[0] for idea in IDEAS if idea != "queen"]
    all_of_it, some = (
        a_document(f"Of {', '.join(words)} it was said.", source=source)
        for words, source in (([*ideas, "queen"], "/all"), (ideas, "/some"))
    )
    rows = filled(library, all_of_it, some).coverage("queen")
    assert [(row.document.source, row.hit is not None) for row in rows] == [("/all", True), ("/some", False)]
    assert rows[0].hit is not None
    assert rows[0].hit.why.evidence < LEAST_STRENGTH
    assert rows[0].hit.why.pin_terms == ("queen",)
    assert LEAST_OVERLAP <= 1


def test_a_document_that_says_nothing_of_it_is_silent(archive: Library) -> None:
    """Where no document speaks to the question, all are silent, which is an answer."""
    assert [row.hit for row in archive.coverage("volcano")] == [None] * 4


def test_no_document_is_too_far_down(library: Library) -> None:
    """More documents than a search has candidates all have their say, and one among them is silent."""
    many = [a_document(f"Number {n} is a whale, a whale.", source=f"/{n}") for n in range(CANDIDATES + 30)]
    rows = filled(library, *many, BREAD).coverage("whale")
    assert [row.document.source for row in rows if row.hit is None] == [BREAD.source]
    assert len(rows) == CANDIDATES + 31


def test_what_operators_leave_out_has_no_row(archive: Library) -> None:
    """A document that was not asked is not silent; one that was and has no passage left is."""
    assert [row.document.name for row in archive.coverage("ship in:ships in:bread")] == ["ships.txt", "bread.txt"]
    assert [row.document.name for row in archive.coverage("ship", documents=["bread.txt"])] == ["bread.txt"]
    rows = archive.coverage('ship "the harbour"')
    assert [row.document.name for row in rows if row.hit] == ["ships.txt"]
    assert len(rows) == 4
    assert archive.coverage("ship in:nowhere").rows == ()


@pytest.mark.parametrize("question", ["", "  ", "in:ships"])
def test_nothing_asked_is_nothing_told(archive: Library, question: str) -> None:
    """Without words there is nothing to speak to."""
    assert archive.coverage(question).rows == ()


def test_an_empty_library_has_no_rows(library: Library) -> None:
    """And no error."""
    assert library.coverage("ship").rows == ()


def test_of_a_large_library_the_best_passages_are_considered(archive: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each side proposes only so many: a document that has none of them is told to be silent."""
    monkeypatch.setattr(retriever, "CONSIDERED", 1)
    rows = archive.coverage("Which ship was in the harbour?")
    assert [row.document.name for row in rows if row.hit] == ["ships.txt"]
    assert len(rows) == 4
