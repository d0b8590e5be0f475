"""A language model writes the answer: its words are shown as they arrive and then checked sentence by sentence."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from playwright.sync_api import expect

from tests.browser.actions import ask, best_card
from tests.hosted import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.answers.model_server import Player, Stage
    from tests.browser.conftest import Visit

QUESTION = "Who signed the treaty?"
Site = tuple[str, "Stage"]


def _endless(player: Player) -> None:
    player.begin()
    player.say("The king")
    player.hang()


def test_choice_of_writer_is_hidden_without_a_model(site: str, visit: Visit) -> None:
    """The documents are quoted, even if the URL asks for a model."""
    page = visit(f"{site}/?{urlencode({'q': QUESTION, 'write': 1})}")
    expect(best_card(page)).to_be_visible()
    expect(page.get_by_role("radio", name="Write")).to_have_count(0)


def test_model_words_are_shown_as_they_arrive_and_then_checked(writing_site: Site, visit: Visit) -> None:
    """Words are marked as unchecked at first; a checked sentence has its sources or a verdict."""
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
    expect(best_card(page).locator("mark")).to_have_text("The king signed the treaty in the harbour.")


def test_url_selects_the_model_as_writer(writing_site: Site, visit: Visit) -> None:
    """The URL contains the choice of the writer."""
    url, stage = writing_site
    page = visit(f"{url}/?{urlencode({'q': QUESTION, 'write': 1})}")
    expect(page.locator(".p-said")).to_have_count(1)
    expect(page.locator(".p-answered")).to_contain_text("Written by a language model")
    expect(page.get_by_role("radio", name="Write")).to_be_checked()
    page.get_by_role("radio", name="Quote").check()
    ask(page, QUESTION)
    expect(page.locator(".p-answered")).not_to_contain_text("Written by a language model")
    assert "write" not in page.url
    assert len(stage.requests) == 1


def test_failed_model_falls_back_to_quotations(writing_site: Site, visit: Visit) -> None:
    """The documents are quoted, and a note has the reason."""
    url, stage = writing_site
    stage.play = lambda player: player.begin(500, "application/json")
    page = visit(f"{url}/?{urlencode({'q': QUESTION, 'write': 1})}")
    expect(page.locator(".p-note").first).to_contain_text("HTTP status 500")
    expect(page.locator(".p-answer")).to_contain_text("The king signed the treaty in the harbour.")


def test_stopped_model_answer_is_discarded(writing_site: Site, visit: Visit) -> None:
    """Its unchecked words disappear, and the connection to the model is closed.

    Gradio's client can lose an event that is sent while another one ends: then Stop would have no effect.
    """
    url, stage = writing_site
    stage.play = _endless
    page = visit(f"{url}/?{urlencode({'q': QUESTION, 'write': 1})}")
    expect(page.locator(".p-writing")).to_contain_text("The king")
    order: list[str] = []

    def cancel_slowly(route: Route) -> None:
        response = route.fetch()
        order.append("cancelled")
        route.fulfill(response=response)

    page.route("**/gradio_api/cancel", cancel_slowly)
    page.on("request", lambda request: order.append("sent") if "/queue/join" in request.url else None)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#results")).to_contain_text("Stopped before the answer was finished.")
    assert order == ["cancelled", "sent"]
    wait_until(stage.left.is_set)


def test_next_question_stops_the_model(writing_site: Site, visit: Visit) -> None:
    """The next question is answered at once."""
    url, stage = writing_site
    stage.play = _endless
    page = visit(url)
    page.get_by_role("radio", name="Write").check()
    ask(page, QUESTION)
    expect(page.locator(".p-writing")).to_contain_text("The king")
    page.get_by_role("radio", name="Quote").check()
    ask(page, "What does oil cost?")
    expect(best_card(page).locator("mark")).to_contain_text("oil")
    wait_until(stage.left.is_set)


def test_change_of_the_library_is_shown_after_the_answer(writing_site: Site, visit: Visit) -> None:
    """Gradio's client could lose the end of the answer if the page sent an event for the change meanwhile."""
    url, stage = writing_site
    going_on = threading.Event()

    def play(player: Player) -> None:
        player.begin()
        player.say("The king signed")
        going_on.wait(60)
        player.say(" the treaty in the harbour [1].", finish="stop")

    def change(route: Route) -> None:
        response = route.fetch()
        state = response.json()
        route.fulfill(response=response, json={**state, "generation": state["generation"] + 1})

    stage.play = play
    page = visit(f"{url}/?{urlencode({'q': QUESTION, 'write': 1})}", fresh=True, speed=5)
    expect(page.locator(".p-writing .p-answer")).to_have_text("The king signed")
    # Requests would not tell: the page also sends an event if an answer is silent for a while, as this one is.
    page.evaluate("addEventListener('pincite:changed', () => document.body.dataset.changed = '', true)")
    changed = page.locator("body[data-changed]")
    page.route("**/page/state?*", change)
    for _ in range(3):
        page.wait_for_event("response", lambda response: "/page/state" in response.url)
    expect(changed).to_have_count(0)
    going_on.set()
    expect(page.locator(".p-said")).to_have_text("The king signed the treaty in the harbour.[1]")
    expect(changed).to_have_count(1)


def test_closed_page_stops_the_model(writing_site: Site, visit: Visit) -> None:
    """The connection to the model is closed, because the answer has no reader."""
    url, stage = writing_site
    stage.play = _endless
    page = visit(f"{url}/?{urlencode({'q': QUESTION, 'write': 1})}")
    expect(page.locator(".p-writing")).to_contain_text("The king")
    page.close()
    wait_until(stage.left.is_set)
