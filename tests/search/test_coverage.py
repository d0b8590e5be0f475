"""Coverage lists every document with its best hit for a question, and those without a hit as silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.records import CANDIDATES
from index.search import retriever
from index.search.evidence import LEAST_OVERLAP, LEAST_STRENGTH
from tests.fakes import IDEAS
from tests.search.conftest import filled, opened
from tests.storage.factories import a_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.library.library import Library

SHIPS = a_document(
    "Bread was dear.",
    "The vessel left the port. A clock stopped.",
    "The ship burned in the harbour.",
    source="/ships.txt",
)
WHALES = a_document("A whale, a boat.", "Rain fell on glass.", source="/whales.txt")
KINGS = a_document("The king wrote a letter.", "The queen has a horse.", source="/Kings.txt")
BREAD = a_document("A loaf of bread.", source="/bread.txt")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Fill a library with two documents about ships and two about other subjects, which tests only read."""
    with opened(tmp_path_factory.mktemp("archive")) as library:
        yield filled(library, SHIPS, WHALES, KINGS, BREAD)


def test_every_document_has_a_row(archive: Library) -> None:
    """Documents with a hit come first, best first; then the silent ones, by name."""
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


def test_hit_of_a_search_says_whether_coverage_would_list_it(archive: Library) -> None:
    """So the page can tell the documents that speak from those that were only found nearest."""
    question = "Which ship was in the harbour?"
    speaking = {row.document.name for row in archive.coverage(question) if row.hit}
    hits = archive.search(question, limit=9).hits
    assert {hit.document.name for hit in hits if hit.why.relevant} == speaking
    assert {hit.document.name for hit in hits} > speaking


def test_document_is_covered_by_meaning_alone(library: Library) -> None:
    """A sentence without a word of the question is a hit only if its vector is near enough."""
    near = a_document("The vessel left.", source="/near")
    far = a_document("The vessel left with bread, oil, silver, copper, glass, paper and a horse.", source="/far")
    rows = filled(library, near, far).coverage("boat")
    assert [(row.document.source, row.hit is not None) for row in rows] == [("/near", True), ("/far", False)]
    assert rows[0].hit is not None
    assert rows[0].hit.why.evidence >= LEAST_STRENGTH
    assert rows[0].hit.why.matched_terms == ()


def test_document_is_covered_by_words_alone(library: Library) -> None:
    """A sentence about many ideas is near to none of them; a word of the question makes it a hit."""
    ideas = [idea.split()[0] for idea in IDEAS if idea != "queen"]
    with_queen, without_queen = (
        a_document(f"Of {', '.join(words)} it was said.", source=source)
        for words, source in (([*ideas, "queen"], "/all"), (ideas, "/some"))
    )
    rows = filled(library, with_queen, without_queen).coverage("queen")
    assert [(row.document.source, row.hit is not None) for row in rows] == [("/all", True), ("/some", False)]
    assert rows[0].hit is not None
    assert rows[0].hit.why.evidence < LEAST_STRENGTH
    assert rows[0].hit.why.pin_terms == ("queen",)
    assert LEAST_OVERLAP <= 1


def test_documents_beyond_the_candidates_are_covered(library: Library) -> None:
    """With more documents than candidates, each has its hit, and the one off the subject is silent."""
    whales = [
        a_document(f"Number {number} is a whale, a whale.", source=f"/{number}") for number in range(CANDIDATES + 30)
    ]
    rows = filled(library, *whales, BREAD).coverage("whale")
    assert [row.document.source for row in rows if row.hit is None] == [BREAD.source]
    assert len(rows) == CANDIDATES + 31


def test_documents_excluded_by_operators_have_no_row(archive: Library) -> None:
    """An excluded document has no row; an admitted one without a matching passage is silent, and so may all be."""
    assert [row.document.name for row in archive.coverage("ship in:ships in:bread")] == ["ships.txt", "bread.txt"]
    assert [row.document.name for row in archive.coverage("ship", documents=["bread.txt"])] == ["bread.txt"]
    rows = archive.coverage('ship "the harbour"')
    assert [row.document.name for row in rows if row.hit] == ["ships.txt"]
    assert len(rows) == 4
    assert archive.coverage("ship in:nowhere").rows == ()
    assert [row.hit for row in archive.coverage("volcano")] == [None] * 4


def test_coverage_of_an_empty_question_or_library_is_empty(archive: Library, library: Library) -> None:
    """Without words there is nothing to match; an empty library is not an error."""
    for question in ("", "  ", "in:ships"):
        assert archive.coverage(question).rows == ()
    assert library.coverage("ship").rows == ()


def test_only_the_best_passages_of_a_large_library_are_considered(
    archive: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document without one of the limited candidates is reported as silent."""
    monkeypatch.setattr(retriever, "CONSIDERED", 1)
    rows = archive.coverage("Which ship was in the harbour?")
    assert [row.document.name for row in rows if row.hit] == ["ships.txt"]
    assert len(rows) == 4
