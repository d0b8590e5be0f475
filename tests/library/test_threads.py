"""Threads of questions in a library: how a question is completed, and what its earlier evidence changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.errors import PinciteError, RateLimited
from index.library.answerer import MAX_TURNS
from index.settings import Settings

if TYPE_CHECKING:
    from index.library.library import Library
    from tests.conftest import Write

FIRST = "Who signed the treaty in 1814?"
WHOLE = f"{FIRST} and in 1850?"
KING = "The king signed the treaty of the harbour in 1814."


@pytest.fixture
def filled(library: Library, write: Write) -> Library:
    """A library of two documents."""
    library.add(
        [
            write("treaty.txt", f"{KING} He was old. The queen signed the treaty of the river in 1850."),
            write("oil.txt", "The price of oil rose in winter. The garden had a clock. Bread was cheap in summer."),
        ]
    )
    return library


def test_follow_up_is_answered_as_the_whole_question(filled: Library) -> None:
    """The answer has both: the question with the one before it, and the reader's words.

    An earlier answer can be given instead of its question; earlier turns may be follow-ups themselves, and only the
    newest count.
    """
    answer = filled.ask("and in 1850?", after=[FIRST])
    assert answer.question == WHOLE
    assert answer.asked == "and in 1850?"
    assert answer.hits[0].quote == "The queen signed the treaty of the river in 1850."
    assert filled.ask("and in 1850?", after=[filled.ask(FIRST)]).question == WHOLE
    assert filled.ask("and in 1900?", after=[FIRST, "and in 1850?"]).question == f"{WHOLE} and in 1900?"
    after = ["Who drew the map?"] * 50 + [FIRST]
    assert filled.ask("and in 1850?", after=after).question == WHOLE
    assert len(filled.parts.answerer._threads._answers) <= MAX_TURNS


def test_whole_question_has_the_same_answer_with_and_without_a_thread(filled: Library) -> None:
    """Its passages, their order and their scores are the same."""
    question = "What rose in winter beside the price of oil in Norway?"
    alone, after = filled.ask(question), filled.ask(question, after=[FIRST])
    assert after.question == question
    assert after.asked == ""
    assert [(hit.passage.id, hit.score, hit.pin) for hit in after.hits] == [
        (hit.passage.id, hit.score, hit.pin) for hit in alone.hits
    ]


def test_whole_question_is_left_alone_to_the_byte(filled: Library) -> None:
    """After another one, after itself, and after its own answer."""
    for first, second in (
        ("What does oil cost?", "Who signed the treaty?"),
        ("Who signed the treaty?", "Who signed the treaty?"),
        (FIRST, FIRST),
        ("Was bread cheap?", "Did oil rise?"),
        ("Who signed the treaty?", "  Who signed  the treaty "),
    ):
        for turn in (first, filled.ask(first)):
            answer = filled.ask(second, after=[turn])
            assert (answer.question, answer.asked) == (filled.ask(second).question, "")


def test_fragment_without_a_thread_is_asked_back(filled: Library) -> None:
    """Nothing is searched, and the note names the fragment. An empty thread is none."""
    for after in ([], [" "]):
        answer = filled.ask("and in 1850?", after=after)
        assert answer.searched == (0, 0)
        assert "“and in 1850?” is not a whole question" in answer.notes[0]


def test_operators_of_the_thread_are_kept(filled: Library) -> None:
    """Newer ones replace older ones, also in a long thread, whose words are shortened so that operators are understood.

    A turn is found again as it was asked, and a thread brings no passage of a document that was not asked.
    """
    assert filled.ask("and in 1850?", after=[f"{FIRST} in:treaty"]).question == f"{WHOLE} in:treaty"
    answer = filled.ask("and in 1850? in:oil", after=[f"{FIRST} in:treaty"])
    assert answer.question == f"{WHOLE} in:oil"
    assert {hit.document.name for hit in answer.hits} == {"oil.txt"}
    long = " ".join(["Who signed the treaty of the harbour in Oslo?"] * 5)
    answer = filled.ask("and in 1850?", after=[f"{long} in:oil"])
    assert answer.question.endswith("and in 1850? in:oil")
    assert {hit.document.name for hit in answer.hits} <= {"oil.txt"}
    answer = filled.ask("why?", after=[f"{FIRST} in:treaty", "and in 1850? in:oil"])
    assert answer.question.endswith("why? in:oil")
    assert "in:treaty" not in answer.question
    oil = [info.id for info in filled.documents() if info.name == "oil.txt"]
    answer = filled.ask("why?", after=[filled.ask(FIRST)], documents=oil)
    assert {hit.document.name for hit in answer.hits} <= {"oil.txt"}


def test_long_thread_keeps_the_limit_of_a_question(filled: Library) -> None:
    """Earlier questions of the greatest length are shortened; longer ones are an error, as a long question is."""
    first = ("king " * Settings().max_question_characters)[: Settings().max_question_characters - 1] + "?"
    answer = filled.ask("why?", after=[first, "and in 1850?"])
    assert answer.question.endswith("why?")
    assert len(answer.question) <= Settings().max_question_characters
    with pytest.raises(PinciteError, match="characters"):
        filled.ask("why?", after=["x" * (Settings().max_question_characters + 1)])


def test_earlier_answers_are_found_once_until_the_library_changes(filled: Library, write: Write) -> None:
    """They are kept in memory, by the library's generation."""
    kept = filled.parts.answerer._threads._answers
    filled.ask("why?", after=[FIRST])
    filled.ask("and in 1850?", after=[FIRST])
    assert len(kept) == 1
    filled.add(write("whale.txt", "The whale met the comet."))
    filled.ask("why?", after=[FIRST])
    assert len(kept) == 2


def test_spent_budget_of_the_model_is_done_without(filled: Library) -> None:
    """The demo's limit is for the model; the question is answered."""

    def refuse() -> None:
        raise RateLimited("answers", "one a day", 60)

    filled.parts.session.change_settings({"llm_url": "http://127.0.0.1:9/v1"})
    *_, answer = filled.ask_stream("and in 1850?", after=[FIRST], before_writing=refuse)
    assert not isinstance(answer, str)
    assert answer.question == WHOLE
