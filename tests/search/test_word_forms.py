"""Other forms of a question's words: they find passages, and change no other word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.library.searcher import CORRECTED, correct
from index.text.words import other_forms, other_spellings
from tests.cases import cases
from tests.storage.factories import a_document

if TYPE_CHECKING:
    from index import Library
    from tests.conftest import Write
    from tests.search.conftest import StoreOf


@cases(
    ("question", "forms"),
    [
        ("What was the profit in FY2023?", "fiscal"), ("What was the profit in fiscal 2023?", "FY"),
        ("profit in Q2", "second quarter"), ("profit in the second quarter", "Q2"),
        ("What does the US export?", "U.S. United States"), ("What does it give us?", ""),
        ("What is a fiscal policy?", ""), ("TELL US WHAT IT IS", ""),
    ],
)  # fmt: skip
def test_other_forms(question: str, forms: str) -> None:
    """Only of names and periods that are written in several ways."""
    assert other_forms(question) == forms


def test_spellings_across_the_atlantic() -> None:
    """Both ways, at the ends of words; other words have none."""
    pairs = "colour color", "organise organize", "analysed analyzed", "theatre theater", "travelled traveled"
    for one, other in map(str.split, pairs):
        assert other in other_spellings(one)
        assert one in other_spellings(other)
    assert not any(map(other_spellings, ("bread", "four", "filled", "filling", "hall", "our", "is")))


def test_other_spelling_is_searched_for_if_the_documents_have_it_alone(store_of: StoreOf) -> None:
    """A note says so; a word that passages have stays."""
    store = store_of(a_document("The colour of the engine is green. They organised a meeting."))
    store.refresh()
    question = "What color is the engine?"
    assert correct(question, store) == ("What colour is the engine?", (CORRECTED.format("colour", "color"),))
    assert correct("What colour is the engine?", store)[1] == ()


def test_passage_with_another_form_is_found(library: Library, write: Write) -> None:
    """By its words alone: the fake encoder sees no likeness."""
    library.add([write("a.txt", "In the second quarter, copper was dear."), write("b.txt", "Bread was cheap.")])
    hits = library.search("Q2", mode="lexical")
    assert [hit.quote for hit in hits] == ["In the second quarter, copper was dear."]
