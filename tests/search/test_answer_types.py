"""The kind of answer that a question expects, and which sentences contain that kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.search.answer_types import expected_kind, has_kind, is_question
from tests.cases import cases

if TYPE_CHECKING:
    from index.search.answer_types import Kind

QUESTIONS: list[tuple[str, Kind | None, str, str]] = [
    ("How many ships sank?", "number", "Twelve ships sank.", "Ships sank."),
    ("What percentage of people voted?", "share", "Some 40% of them voted.", "Some 40 of them voted."),
    ("How much did the bridge cost?", "money", "It came to 3 million dollars.", "It came to 3 million bricks."),
    ("How long did the war last?", "duration", "It went on for six years.", "It went on in 1914."),
    ("How long is the frontier?", "duration", "It is about 4,200 kilometres long.", "It was drawn in 1991."),
    ("How old was the queen?", "duration", "She was 81 years of age.", "She had 81 cousins."),
    ("How tall is the tower?", "length", "It has a height of 324 m.", "It was built by 324 men."),
    ("When was the treaty signed?", "time", "They signed it in May.", "They signed it at last."),
    ("How long ago did they meet?", "time", "They met in 1987.", "They met by the sea."),
    ("Who wrote the letter?", "person", "It was written by Ada Byron.", "It was written by hand."),
    ("Where is the harbour?", "place", "It lies near Lisbon.", "It lies near the sea."),
    ("Why did the price rise?", "reason", "It rose because oil was short.", "It rose by a third."),
    ("Which four rivers meet here?", "list", "The Po, the Adda, the Oglio meet.", "Four rivers meet."),
    ("Does it rain?", None, "", ""),
]


@cases(("question", "kind", "with_it", "without"), QUESTIONS, ids=[question for question, *_ in QUESTIONS])
def test_question_expects_a_kind_of_answer(question: str, kind: Kind | None, with_it: str, without: str) -> None:
    """One sentence contains the expected kind; a similar one does not."""
    assert expected_kind(question) == kind
    if kind is not None:
        assert has_kind(kind, with_it, question)
        assert not has_kind(kind, without, question)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("who signed it", True),
        ("In what year was it signed", True),
        ("The queen signed which treaty?", True),
        ("did it rain", True),
        ("ship harbour winter", False),
        ("The king signed the treaty.", False),
        ("Whales are common.", False),
        ("", False),
    ],
)
def test_question_is_recognised(text: str, asks: bool) -> None:
    """A question is recognised by its first word or by its question mark."""
    assert is_question(text) == asks


def test_name_in_the_question_is_not_an_answer() -> None:
    """The question is not answered by a sentence that names only her."""
    question = "Who wrote to Ada Byron?"
    assert not has_kind("person", "A letter to Ada Byron came.", question)
    assert has_kind("person", "A letter to Ada Byron came from Charles Babbage.", question)
