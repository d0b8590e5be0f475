"""Sentences that say the same with other names or numbers, and answers that show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.search.evidence import disagree
from tests.cases import cases

if TYPE_CHECKING:
    from index import Library
    from tests.conftest import Write

KING = "The king signed the treaty of the harbour in 1814."
QUEEN = "The king signed the treaty of the harbour in 1850."
REST = "Bread was cheap in summer and the garden had a clock."


REVENUE = "Revenue in fiscal {} was {} million."


@cases(
    ("one", "other", "found", "question"),
    [
        (KING, QUEEN, True, ""),
        (KING, KING, False, ""),
        (KING, f"In May, {KING[4:]}", False, ""),
        ("The treaty was signed by King Otto in Oslo.", "The treaty was signed by King Olaf in Oslo.", True, ""),
        ("The pump has to be cleaned every day.", "The pump has not to be cleaned every day.", True, ""),
        ("The bridge was opened in 1950.", "The river froze in 1951.", False, ""),
        ("Yes, in 1950.", "Yes, in 1951.", False, ""),
        (REVENUE.format(2023, 12), REVENUE.format(2022, 9), False, "revenue 2023"),
        (REVENUE.format(2023, 12), REVENUE.format(2023, 9), True, "revenue 2023"),
        ("Der König kam gestern zum Hafen und las.", "Der König kam gestern zum Turm und las.", False, ""),
        ("The pump doesn’t have to be cleaned.", "The pump does have to be cleaned.", False, ""),
        ("The pump can’t be cleaned daily.", "The pump can be cleaned daily.", True, ""),
    ],
)
def test_other_names_numbers_or_a_denial_disagree(one: str, other: str, found: bool, question: str) -> None:
    """The rest has to be much the same. A longer sentence, another year than asked for and other nouns do not."""
    assert disagree(one, other, question) is disagree(other, one, question) is found


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
