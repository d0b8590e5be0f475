"""A language model that writes: its words as they come, then checked, sentence by sentence."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from playwright.sync_api import expect

from tests.browser.actions import ask, first
from tests.hosted import wait_until

if TYPE_CHECKING:
    from tests.answers.model_server import Player, Stage
    from tests.browser.conftest import Visit

QUESTION = "Who signed the treaty?"
SOUND = "The king signed the treaty in the harbour [1]."
Site = tuple[str, "Stage"]


def _sound(player: Player) -> None:
    player.begin()
    player.say(SOUND, finish="stop")


def _endless(player: Player) -> None:
    player.begin()
    player.say("The king")
    player.hang()


def test_without_a_model_there_is_no_choice(site: str, visit: Visit) -> None:
    """Nobody is asked who shall write where nobody can."""
    page = visit(f"{site}/?{urlencode({'q': QUESTION, 'write': 1})}")
    expect(first(page)).to_be_visible()
    expect(page.get_by_role("radio", name="Write")).to_have_count(0)


def test_words_are_shown_as_they_come_and_then_checked(writing_site: Site, visit: Visit) -> None:
    """Unchecked words say that they are; checked ones have their sources, and what is wrong with them."""
    url, stage = writing_site
    going_on = threading.Event()

    def play(player: Player) -> None:
        player.begin()
        player.say("The king signed", " the treaty")
        going_on.wait(60)
        player.say(" in the harbour [1].", " The volcano stood beside the school of music [1].", finish="stop")

    stage.play = play
    page = visit(url)
    page.get_by_role("radio", name="Write").check()
    ask(page, QUESTION)
    expect(page.get_by_role("heading", name="Being written, not yet checked")).to_be_visible()
    expect(page.locator(".p-writing .p-answer")).to_have_text("The king signed the treaty")
    expect(page.locator("#live")).to_have_text("An answer is being written")
    going_on.set()
    expect(page.locator(".p-said").first).to_have_text("The king signed the treaty in the harbour.[1]")
    expect(page.locator(".p-said").first.locator(".p-verdict")).to_have_count(0)
    expect(page.locator(".p-said").nth(1)).to_contain_text("The volcano stood beside the school of music.")
    expect(page.locator(".p-said").nth(1).locator(".p-verdict")).to_contain_text("Not verified")
    expect(page.locator(".p-answered")).to_contain_text("1 of 2 sentences supported.")
    expect(page.locator("#live")).to_contain_text("1 of 2 sentences supported.")
    expect(first(page).locator("mark")).to_have_text("The king signed the treaty in the harbour.")
    page.close()  # before the server stops: the page would complain


def test_what_the_model_was_asked_can_be_asked_by_address(writing_site: Site, visit: Visit) -> None:
    """The address says who writes."""
    url, stage = writing_site
    stage.play = _sound
    page = visit(f"{url}/?{urlencode({'q': QUESTION, 'write': 1})}")
    expect(page.locator(".p-said")).to_have_count(1)
    expect(page.locator(".p-answered")).to_contain_text("Written by a language model")
    expect(page.get_by_role("radio", name="Write")).to_be_checked()
    page.get_by_role("radio", name="Quote").check()
    ask(page, QUESTION)
    expect(page.locator(".p-answered")).not_to_contain_text("Written by a language model")
    assert "write" not in page.url
    assert len(stage.requests) == 1
    page.close()  # before the server stops: the page would complain


def test_a_model_that_fails_costs_no_answer(writing_site: Site, visit: Visit) -> None:
    """The documents are quoted, and a note says why."""
    url, stage = writing_site
    stage.play = lambda player: player.begin(500, "application/json")
    page = visit(f"{url}/?{urlencode({'q': QUESTION, 'write': 1})}")
    expect(page.locator(".p-note").first).to_contain_text("HTTP status 500")
    expect(page.locator(".p-answer")).to_contain_text("The king signed the treaty in the harbour.")
    page.close()  # before the server stops: the page would complain


def test_a_model_can_be_stopped(writing_site: Site, visit: Visit) -> None:
    """What it wrote goes, for nobody has checked it; the connection to it ends."""
    url, stage = writing_site
    stage.play = _endless
    page = visit(f"{url}/?{urlencode({'q': QUESTION, 'write': 1})}")
    expect(page.locator(".p-writing")).to_contain_text("The king")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#results")).to_contain_text("Stopped before the answer was finished.")
    wait_until(stage.left.is_set)
    page.close()  # before the server stops: the page would complain


def test_the_next_question_does_not_wait_for_a_model(writing_site: Site, visit: Visit) -> None:
    """It puts an end to what is being written."""
    url, stage = writing_site
    stage.play = _endless
    page = visit(url)
    page.get_by_role("radio", name="Write").check()
    ask(page, QUESTION)
    expect(page.locator(".p-writing")).to_contain_text("The king")
    page.get_by_role("radio", name="Quote").check()
    ask(page, "What does oil cost?")
    expect(first(page).locator("mark")).to_contain_text("oil")
    wait_until(stage.left.is_set)
    page.close()  # before the server stops: the page would complain


def test_closing_the_page_ends_the_work(writing_site: Site, visit: Visit) -> None:
    """Nobody is left to read it."""
    url, stage = writing_site
    stage.play = _endless
    page = visit(f"{url}/?{urlencode({'q': QUESTION, 'write': 1})}")
    expect(page.locator(".p-writing")).to_contain_text("The king")
    page.close()
    wait_until(stage.left.is_set)
