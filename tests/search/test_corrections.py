"""Corrections of typing mistakes, and other forms of a question's words, and what the reader is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.library.searcher import CORRECTED, correct
from index.text.words import other_forms, other_spellings
from tests.cases import cases
from tests.storage.factories import a_document

if TYPE_CHECKING:
    from pathlib import Path

    from index import Library
    from tests.conftest import Write
    from tests.search.conftest import StoreOf

TEXT = "The reforestation of the Redonda island began. Redonda has goats. A colleague mended the pipe of the mattress."
DOCUMENTS = [a_document(f"{TEXT} Part {n}.", source=f"/{n}") for n in range(3)]


@cases(
    ("question", "corrected"),
    [
        ("when did the reforistation begin?", "when did the reforestation begin?"),
        ("who lives on Redanda?", "who lives on Redonda?"),
        ("which colleegue mended it?", "which colleague mended it?"),
        ("what about the mattresss", "what about the mattress"),
        ("is the matrtess soft", "is the mattress soft"),
    ],
)
def test_mistyped_word_is_corrected(store_of: StoreOf, question: str, corrected: str) -> None:
    """One letter more, less, other or out of order is enough; capitals stay."""
    store = store_of(*DOCUMENTS)
    store.refresh()
    text, (note,) = correct(question, store)
    assert text == corrected
    old, new = next(pair for pair in zip(question.split(), corrected.split(), strict=True) if len({*pair}) > 1)
    assert note == CORRECTED.format(new.strip("?"), old.strip("?"))


@cases(
    "question",
    [
        "what of the pips?",  # a plural of an everyday word
        "is there a pike?",  # an everyday word
        "what did reforestations do?",  # a form of a word that passages have
        "which mtres?",  # two letters away
        "what is a mattr3ss?",
        "who is Xedonda?",  # nobody mistypes the first letter
        "what of the матрас?",
    ],
)
def test_other_word_stays(store_of: StoreOf, question: str) -> None:
    """A word that may be meant is searched for as it stands."""
    store = store_of(*DOCUMENTS)
    store.refresh()
    assert correct(question, store) == (question, ())


def test_rare_name_stays(store_of: StoreOf) -> None:
    """`Redanda` may be another island if only one passage has `Redonda`; in lower case it is a typing mistake."""
    store = store_of(DOCUMENTS[0])
    store.refresh()
    assert correct("who lives on Redanda?", store) == ("who lives on Redanda?", ())
    assert correct("who lives on redanda?", store)[0] == "who lives on redonda?"


def test_reader_is_told_of_a_correction(library: Library, tmp_path: Path) -> None:
    """A note says what was searched for, and the question stays as it was typed; quotation marks keep the word."""
    path = tmp_path / "island.txt"
    path.write_text(TEXT, encoding="utf-8")
    library.add([path])
    found = library.search("which colleegue mended the pipe")
    assert found.question == "which colleegue mended the pipe"
    assert CORRECTED.format("colleague", "colleegue") in found.notes
    assert "colleague" in found[0].why.matched_terms
    assert not any("colleague" in note for note in library.search('which "colleegue" mended the pipe').notes)


def test_word_of_a_removed_document_is_no_correction(library: Library, tmp_path: Path) -> None:
    """A note must not tell what a removed document said."""
    for name, text in (("island.txt", TEXT), ("bread.txt", "Bread was dear in the town.")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    library.add([tmp_path / "island.txt", tmp_path / "bread.txt"])
    assert library.search("which colleegue baked bread").notes
    library.remove("island.txt")
    assert not any("colleague" in note for note in library.search("which colleegue baked bread").notes)


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
