"""Questions that continue a thread: which are left alone, and what the others are completed to, by rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.follow_ups import LAST, SETS, Dialogue, read_set
from index.answers.completeness import is_fragment
from index.answers.follow_ups.antecedents import Turn
from index.answers.follow_ups.completion import complete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.answers.follow_ups.completion import Completion

KING = "The king signed the treaty in the harbour of Oslo in May 1814."


def equally_similar(_: str, others: Sequence[str]) -> list[float]:
    """Let every text be as near as any other: then the kinds of things decide."""
    return [0.3] * len(others)


def completed(second: str, first: str, *quotes: str) -> Completion:
    """Complete a question by the question before it and its answer."""
    return complete(second, [Turn(first, lambda: quotes)], equally_similar)


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("What was the share of coal in 2013?", "and in 2019?", "What was the share of coal in 2019?"),
        ("How large was the harvest in 1920?", "And the year after?", "How large was the harvest in 1921?"),
        ("How large was the harvest in 1920?", "ten years later?", "How large was the harvest in 1930?"),
        ("How many ships did Norway build in 1990?", "what about Sweden?", "How many ships did Sweden build in 1990?"),
        ("When did Angela Merkel visit Paris?", "and Gerhard Schröder?", "When did Gerhard Schröder visit Paris?"),
        ("Where did Napoleon land in March?", "in May?", "Where did Napoleon land in May?"),
        ("What did the first clause forbid?", "and the second one?", "What did the second clause forbid?"),
        ("Did Norway sign the treaty?", "why?", "Why did Norway sign the treaty?"),
        ("Did Norway sign the treaty?", "Why not?", "Why did Norway not sign the treaty?"),
        ("Did Norway sign the treaty?", "Since when?", "Since when did Norway sign the treaty?"),
        ("Was the bridge destroyed?", "by whom?", "By whom was the bridge destroyed?"),
        ("When was the bridge opened?", "How long is it?", "How long is the bridge?"),
        ("When did Marie Curie move to Paris?", "Where was she born?", "Where was Marie Curie born?"),
        ("What do Rosneft and Transneft sell?", "Did they agree?", "Did Rosneft and Transneft agree?"),
        ("When was the treaty signed?", "What was its purpose?", "What was the treaty’s purpose?"),
    ],
)
def test_follow_up_is_completed_by_the_question_before_it(first: str, second: str, whole: str) -> None:
    """The slot that it names is replaced, and what points back is named."""
    found = completed(second, first)
    assert (found.question, found.kind) == (whole, "follow-up")


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("Who signed the treaty?", "When was he born?", "When was the king born?"),
        ("Who signed the treaty?", "why?", "Why did the king sign the treaty?"),
        (
            "What happened in May 1814?",
            "Why did that happen?",
            "Why did the king sign the treaty in the harbour of Oslo?",
        ),
    ],
)
def test_follow_up_is_completed_by_the_answer_before_it(first: str, second: str, whole: str) -> None:
    """What the earlier question asked for is the first candidate."""
    assert completed(second, first, KING).question.startswith(whole.rstrip("?"))


@pytest.mark.parametrize(
    "second",
    [
        "How does Rosneft transport its oil?",
        "Is it true that the bridge of Mostar was closed?",
        "When Huawei was put on the list, what did that change?",
        "What about the harbour of Oslo and its trade with Denmark?",
        "price of oil",
        "treaty of 1950",
        "Gazprom",
        "What is a monopsony?",
        "  And who wrote the Constitution of Norway? ",
        "¿Quién firmó el tratado?",
        "Wer hat den Vertrag unterschrieben?",
        "Почему?",
    ],
)
def test_whole_question_is_left_alone_to_the_byte(second: str) -> None:
    """So are key words, and questions that the rules cannot read."""
    found = completed(second, "Who signed the treaty?", KING)
    assert (found.question, found.kind) == (second, "complete")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("What does oil cost?", "Who signed the treaty?"),
        ("Was bread cheap?", "Did oil rise?"),
        ("Did oil rise?", "Did bread fall?"),
        ("Can cats swim?", "Do dogs bark?"),
        ("Who signed the treaty?", "Who signed the treaty?"),
        ("Does oil burn?", "Does oil burn?"),
    ],
)
def test_short_whole_question_is_left_alone_after_any_other(first: str, second: str) -> None:
    """Even if the parser takes its verb for a noun, or if it is asked twice."""
    found = completed(second, first, KING)
    assert (found.question, found.kind) == (second, "complete")


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("Was bread cheap?", "was oil?", "Was oil cheap?"),
        ("Did Russia sign?", "did China?", "Did China sign?"),
        ("Did oil rise?", "did crude oil prices?", None),
    ],
)
def test_helper_verb_takes_up_the_earlier_verb(first: str, second: str, whole: str | None) -> None:
    """Without a form of `be` twice."""
    assert completed(second, first).question == (whole or second)


def test_unclear_follow_up_names_the_topic_and_says_that_it_is_unsure() -> None:
    """Then the search also looks for the few words as they were asked."""
    found = completed("any latecomers", "Who founded the Bank of Oslo?")
    assert found.question == "Any latecomers (founded the Bank of Oslo)?"
    assert not found.sure


def test_definite_phrase_may_begin_a_new_topic() -> None:
    """`the treaty` may be the only one in the library."""
    assert completed("Who signed the treaty?", "What is the price of oil?").kind == "complete"


@pytest.mark.parametrize(
    "second", ["why?", "and in 2019?", "it", "?", "the", "and", "what about", "Why there?", "…", "''"]
)
def test_no_question_breaks_the_rules(second: str) -> None:
    """Whatever comes before it."""
    for first in ("?", "why", "Gazprom", "\ud800", "((", "What is it called when it rains?", "a" * 5000):
        assert completed(second, first, "", "…", "He did.").question


def test_fragment_without_a_thread_is_a_fragment() -> None:
    """There is nothing that could complete it."""
    assert complete("and in 2019?", [], equally_similar).kind == "fragment"
    assert complete("Gazprom", [], equally_similar).kind == "complete"


@pytest.mark.parametrize("name", [name for name in SETS if name != LAST])
def test_whole_questions_of_the_sets_are_left_alone(name: str) -> None:
    """At least 95 %; and 90 % of the follow-ups are recognised. Fragments are asked back, key words are not."""
    dialogues = read_set(name)
    whole = [dialogue for dialogue in dialogues if dialogue.kind == "complete"]
    assert sum(_kind(dialogue) == "complete" for dialogue in whole) >= 0.95 * len(whole) - 1e-9
    follow_ups = [dialogue for dialogue in dialogues if dialogue.kind == "follow-up"]
    assert sum(_kind(dialogue) == "follow-up" for dialogue in follow_ups) >= 0.9 * len(follow_ups)
    alone = [dialogue for dialogue in dialogues if dialogue.kind in ("fragment", "keywords")]
    assert sum(is_fragment(dialogue.second) == (dialogue.kind == "fragment") for dialogue in alone) >= 0.9 * len(alone)


def _kind(dialogue: Dialogue) -> str:
    return completed(dialogue.second, dialogue.first).kind
