"""Threads on the page: what the browser sends, and how a completed question is shown."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from index.page import answer_view
from index.page.ask_events import LONGEST_THREAD, MOST_TURNS, earlier_questions
from tests.page.test_answers import ATTACK, ESCAPED, make_answer


def test_earlier_questions_are_read() -> None:
    """The newest of them, without empty ones."""
    assert earlier_questions('["Who?", " ", "When?"]') == ["Who?", "When?"]
    assert earlier_questions(json.dumps([f"{n}?" for n in range(50)])) == [f"{n}?" for n in range(50 - MOST_TURNS, 50)]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        7,
        [],
        {},
        "no JSON",
        "7",
        "{}",
        '{"a": 1}',
        "[1]",
        '[["Who?"]]',
        "[" * 50_000,
        "NaN",
        f'["{"x" * LONGEST_THREAD}"]',
    ],
    ids=lambda value: str(value)[:12],
)
def test_anything_else_is_no_thread(value: object) -> None:
    """The value comes from a browser, where anybody can change it."""
    assert earlier_questions(value) == []


def test_completed_question_is_shown_and_escaped() -> None:
    """With the reader's words for the script."""
    shown = answer_view.answer(replace(make_answer(), question=ATTACK, asked=ATTACK), [], 1.0, "", narrowed=False)
    assert f'data-asked="{ESCAPED}"' in shown
    assert f'<bdi class="p-whole">{ESCAPED}</bdi>' in shown


def test_question_that_was_left_alone_is_not_repeated() -> None:
    """Nothing is shown as understood."""
    assert "p-understood" not in answer_view.answer(make_answer(), [], 1.0, "", narrowed=False)
