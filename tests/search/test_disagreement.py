"""Sentences that say the same with other names or numbers, and answers that show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.search.evidence import disagree

if TYPE_CHECKING:
    from index import Library
    from tests.conftest import Write

KING = "The king signed the treaty of the harbour in 1814."
QUEEN = "The king signed the treaty of the harbour in 1850."
REST = "Bread was cheap in summer and the garden had a clock."


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (KING, QUEEN, True),
        (KING, KING, False),
        (KING, f"In May, {KING[4:]}", False),
        ("The treaty was signed by King Otto in Oslo.", "The treaty was signed by King Olaf in Oslo.", True),
        ("The pump has to be cleaned every day.", "The pump has not to be cleaned every day.", True),
        ("The bridge was opened in 1950.", "The river froze in 1951.", False),
        ("Yes, in 1950.", "Yes, in 1951.", False),
    ],
)
def test_other_names_numbers_or_a_denial_disagree(one: str, other: str, *, found: bool) -> None:
    """The rest has to be much the same; a longer sentence does not disagree."""
    assert disagree(one, other) is disagree(other, one) is found


@pytest.mark.parametrize(
    ("one", "other", "question", "found"),
    [
        ("Revenue in fiscal 2023 was 12 million.", "Revenue in fiscal 2022 was 9 million.", "revenue 2023", False),
        ("Revenue in fiscal 2023 was 12 million.", "Revenue in fiscal 2023 was 9 million.", "revenue 2023", True),
        ("Der König kam gestern zum Hafen und las.", "Der König kam gestern zum Turm und las.", "", False),
        ("The pump doesn’t have to be cleaned.", "The pump does have to be cleaned.", "", False),
        ("The pump can’t be cleaned daily.", "The pump can be cleaned daily.", "", True),
    ],
)  # fmt: skip
def test_other_things_do_not_disagree(one: str, other: str, question: str, *, found: bool) -> None:
    """Sentences on another year than the question asks for, or with other nouns in German."""
    assert disagree(one, other, question) is found


def test_both_statements_are_quoted_with_a_note(library: Library, write: Write) -> None:
    """Two versions of one text are no copies, and the answer says that they differ."""
    library.add([write("a.txt", f"{KING} {REST}"), write("b.txt", f"{QUEEN} {REST}")])
    answer = library.ask("When did the king sign the treaty of the harbour?")
    assert {citation.quote for citation in answer.citations} == {KING, QUEEN}
    assert "Your documents disagree: compare [1] and [2]." in answer.notes
    assert not any(hit.also for hit in answer.hits)


def test_copies_do_not_disagree(library: Library, write: Write) -> None:
    """They are one hit."""
    library.add([write("a.txt", f"{KING} {REST}"), write("b.txt", f"{KING} {REST} Rain fell.")])
    answer = library.ask("When did the king sign the treaty of the harbour?")
    assert [citation.quote for citation in answer.citations] == [KING]
    assert not any("disagree" in note for note in answer.notes)
