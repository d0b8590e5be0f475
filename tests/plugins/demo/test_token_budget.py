"""The tokens that a demo's language model may read and write each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.errors import BudgetSpent
from index.plugins.demo.allowance import TokenBudget
from tests.answers.model_server import playing
from tests.plugins.demo.conftest import demo_settings, running_demo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.answers.model_server import Player


NOON = 12 * 3600.0
COST = 3400
"""The most that an answer may cost with the default settings: 3,000 tokens read, 400 written."""
QUESTION = {"question": "Who signed the treaty?", "writer": "model"}


def test_budget_of_each_address_and_of_all() -> None:
    """No budget is ever exceeded, because an answer counts as the most that it may cost."""
    settings = demo_settings(demo_tokens=3 * COST, demo_visitor_tokens=2 * COST)
    budget = TokenBudget(settings, clock=lambda: NOON)
    budget.spend("a")
    budget.spend("a")
    with pytest.raises(BudgetSpent, match="Your budget") as caught:
        budget.spend("a")
    assert caught.value.seconds == NOON
    budget.spend("b")
    with pytest.raises(BudgetSpent, match="This demo's budget"):
        budget.spend("b")


def test_budget_begins_anew_each_day() -> None:
    """The day is that of UTC."""
    now = [NOON]
    budget = TokenBudget(demo_settings(demo_visitor_tokens=COST), clock=lambda: now[0])
    budget.spend("a")
    with pytest.raises(BudgetSpent):
        budget.spend("a")
    now[0] += NOON
    budget.spend("a")


def reply(player: Player) -> None:
    """Answer with a sentence of the treaty."""
    player.begin()
    player.say("The king signed the treaty in the harbour [1].", finish="stop")


def test_model_is_not_asked_when_the_budget_is_used_up(tmp_path: Path) -> None:
    """The refusal says what still works; quotations cost nothing, and neither does an answer without the model."""
    with playing(reply) as stage:
        settings = demo_settings(llm_url=stage.url, llm_model="m", demo_visitor_tokens=COST)
        with running_demo(tmp_path, settings) as demo:
            guest = demo.guest()
            unanswered = guest.send("POST", "/v1/ask", json={"question": "Who ate the volcano?", "writer": "model"})
            assert unanswered.json()["status"] != "answered"
            assert guest.send("POST", "/v1/ask", json=QUESTION).json()["writer"] == "model"
            asked = len(stage.requests)
            refused = demo.guest().send("POST", "/v1/ask", json=QUESTION)
            assert (refused.status_code, refused.json()["title"]) == (429, "The budget is used up")
            assert 0 < int(refused.headers["retry-after"]) <= 24 * 3600
            assert "choose Quote" in refused.json()["hint"]
            assert len(stage.requests) == asked
            assert guest.send("POST", "/v1/ask", json={"question": QUESTION["question"]}).json()["writer"] == "quote"
