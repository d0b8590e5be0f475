"""Threads on the page: what the browser sends, and how a completed question is shown."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from markupsafe import escape

from index.page import answer_view
from index.page.ask_events import LONGEST_THREAD, MOST_TURNS, earlier_questions
from tests.page.conftest import ATTACK
from tests.page.test_answers import make_answer


def test_earlier_questions_are_read() -> None:
    """The newest of them, without empty ones."""
    assert earlier_questions('["Who?", " ", "When?"]') == ["Who?", "When?"]
    assert earlier_questions(json.dumps([f"{n}?" for n in range(50)])) == [f"{n}?" for n in range(50 - MOST_TURNS, 50)]


@pytest.mark.parametrize(
    "value",
    [
        None, "", 7, [], {}, "no JSON", "7", "{}", '{"a": 1}', "[1]", '[["Who?"]]', "[" * 50_000, "NaN",
        f'["{"x" * LONGEST_THREAD}"]',
    ],
    ids=lambda value: str(value)[:12],
)  # fmt: skip
def test_anything_else_is_no_thread(value: object) -> None:
    """The value comes from a browser, where anybody can change it."""
    assert earlier_questions(value) == []


def test_completed_question_is_shown_and_escaped() -> None:
    """With the reader's words for the script; a question that was left alone is not repeated."""
    escaped = str(escape(ATTACK))
    shown = answer_view.answer(replace(make_answer(), question=ATTACK, asked=ATTACK), [], 1.0, "", narrowed=False)
    assert f'data-asked="{escaped}"' in shown
    assert f'<bdi class="p-whole">{escaped}</bdi>' in shown
    assert "p-understood" not in answer_view.answer(make_answer(), [], 1.0, "", narrowed=False)
