"""The time between a question and its answer: on a slow line, and when the connection is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from playwright.sync_api import expect

from index.records import texts
from tests.browser.actions import ask, best_card
from tests.browser.conftest import open_page
from tests.browser.everywhere import EVERYWHERE
from tests.browser.layout import layout_problems
from tests.hosted import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route, ViewportSize

    from tests.browser.conftest import Revisit, Scheme, Visit

JOIN = "**/queue/join?*"
STREAM = "**/queue/data?*"
RECONNECT = "**/gradio_api/app_id"
"""Gradio asks for it until the server is back, and then loads the page again."""
OLD, NEW = "Who signed the treaty?", "What does oil cost?"
OLD_QUOTE = "The king signed the treaty in the harbour."
REFUSED = "connectionrefused"
_WATCH = """() => {
  window.seen = new Set();
  const look = () => {
    for (const node of document.querySelectorAll('#results .p-answer, .toast-wrap, #marks svg, .p-acts'))
      if (node.checkVisibility()) window.seen.add(node.className.baseVal || node.className || node.tagName);
    window.watching = requestAnimationFrame(look);
  };
  look();
}"""

_WATCH_OLD = """() => {
  window.old = 0;
  const isOld = (node) => node.checkVisibility() && node.textContent.includes("king");
  const look = () => {
    if ([...document.querySelectorAll("#results .p-answer")].some(isOld)) window.old++;
    requestAnimationFrame(look);
  };
  look();
}"""


@EVERYWHERE
def test_old_answer_never_stands_under_a_new_question(
    site: str, revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """On a slow line, "Searching" takes its place at once, with its marks on the map, its link, copy and export."""
    page = revisit(site, size=size, scheme=scheme)
    ask(page, OLD)
    expect(page.locator("#marks svg")).to_be_visible()
    held: list[Route] = []
    page.route(JOIN, lambda route: held.append(route))
    ask(page, NEW)
    page.evaluate(_WATCH)
    expect(page.get_by_role("heading", name="Searching")).to_be_visible()
    expect(page.locator("#live")).to_have_text("Searching")
    for name in ("Link", "Copy", "Export"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_hidden()
    for selector in ("#results .p-answer", "#panes", "#marks svg", ".p-strip i"):
        expect(page.locator(selector).first).to_be_hidden()
    assert layout_problems(page) == []
    page.wait_for_timeout(300)
    assert page.evaluate("[...window.seen]") == []
    _release(page, held)
    expect(best_card(page).locator("mark")).to_contain_text("oil")
    expect(page.locator("#waiting section")).to_have_count(0)
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.locator(".p-toast")).to_have_text(texts.LINK_COPIED)
    assert page.evaluate("navigator.clipboard.readText()") == f"{site}/?{urlencode({'q': NEW})}"


def test_answer_to_an_earlier_question_stays_hidden(site: str, revisit: Revisit) -> None:
    """Of two questions in quick succession, only the answer to the second is ever seen."""
    page = revisit(site)
    held: list[Route] = []
    page.route(JOIN, lambda route: held.append(route), times=1)
    ask(page, OLD)
    wait_until(lambda: bool(page.evaluate("true") and held))
    ask(page, NEW)
    page.evaluate(_WATCH_OLD)
    held[0].continue_()
    expect(best_card(page).locator("mark")).to_contain_text("oil")
    expect(page.locator("#results .p-answer")).to_be_visible()
    assert page.evaluate("window.old") == 0
    assert f"{site}/?{urlencode({'q': NEW})}" == page.url


def test_link_shows_that_it_is_searched_before_the_server_answers(site: str, visit: Visit) -> None:
    """A question in the URL is drawn like one that was just asked."""
    page = visit(site)
    held: list[Route] = []
    page.route(JOIN, lambda route: held.append(route))
    page.goto(f"{site}/?{urlencode({'q': OLD})}")
    expect(page.get_by_role("textbox", name=texts.YOUR_QUESTION)).to_have_value(OLD)  # the shell's, then Gradio's
    expect(page.locator("#waiting").get_by_role("heading", name="Searching")).to_be_visible()
    _release(page, held)
    expect(best_card(page).locator("mark")).to_have_text(OLD_QUOTE)
    expect(page.locator("#waiting section")).to_have_count(0)


@EVERYWHERE
def test_lost_connection_is_told_and_tried_again(site: str, visit: Visit, size: ViewportSize, scheme: Scheme) -> None:
    """The server is gone: the page says so in its words. When the server is back, Try again answers the question."""
    page = visit(site, size=size, scheme=scheme)
    ask(page, OLD)
    expect(best_card(page)).to_be_visible()
    page.evaluate(_WATCH)
    _cut(page)
    ask(page, NEW)
    _expect_lost(page)
    expect(page.locator("#live")).to_contain_text("The connection is lost")
    assert layout_problems(page) == []
    page.get_by_role("button", name=texts.TRY_AGAIN).click()
    expect(page.locator(".p-toast")).to_have_text("The server still does not answer")
    expect(page.get_by_role("button", name=texts.TRY_AGAIN)).to_be_focused()
    assert "toast-wrap" not in page.evaluate("[...window.seen]")
    for pattern in (JOIN, "**/healthz"):
        page.unroute(pattern)
    page.get_by_role("button", name=texts.TRY_AGAIN).click()
    expect(best_card(page).locator("mark")).to_contain_text("oil")
    expect(page.get_by_label(texts.YOUR_QUESTION)).to_have_value(NEW)


def test_broken_stream_is_told(site: str, unwatched: Page) -> None:
    """The server takes the question and then dies."""
    page = unwatched
    open_page(page, site)
    ask(page, OLD)
    expect(best_card(page)).to_be_visible()
    page.route(RECONNECT, lambda route: route.abort(REFUSED))
    page.route(STREAM, lambda route: route.abort(REFUSED))
    ask(page, NEW)
    _expect_lost(page)
    page.unroute_all()
    expect(best_card(page).locator("mark")).to_contain_text("oil")  # Gradio has loaded the page again.


def test_refused_question_can_be_asked_again(site: str, unwatched: Page) -> None:
    """A busy server says so; Try again asks without loading the page again."""
    page = unwatched
    open_page(page, site)
    page.evaluate("window.isSame = true")
    busy = {"status": 503, "content_type": "application/json", "body": json.dumps({"detail": "Too many"})}
    page.route(JOIN, lambda route: route.fulfill(**busy), times=1)
    ask(page, OLD)
    expect(page.get_by_role("heading", name="The server is busy")).to_be_visible()
    expect(page.locator(".toast-wrap")).to_be_hidden()
    page.get_by_role("button", name=texts.TRY_AGAIN).click()
    expect(best_card(page).locator("mark")).to_have_text(OLD_QUOTE)
    assert page.evaluate("window.isSame")


def test_answer_that_never_comes_is_told(site: str, visit: Visit) -> None:
    """The server can be reached, but sends nothing."""
    page = visit(site, speed=20)
    page.route(STREAM, lambda _: None)
    ask(page, OLD)
    expect(page.get_by_role("heading", name="No answer yet")).to_be_visible()
    expect(page.get_by_label(texts.YOUR_QUESTION)).to_have_value(OLD)
    page.unroute(STREAM)
    page.get_by_role("button", name=texts.TRY_AGAIN).click()
    expect(best_card(page).locator("mark")).to_have_text(OLD_QUOTE)


def test_loss_of_the_server_is_noticed(site: str, visit: Visit) -> None:
    """Nothing fails, but nothing comes either, and the server cannot be reached.

    Gradio takes no more questions then; the URL has a question that is asked after the loss.
    """
    page = visit(site, speed=20)
    page.route(JOIN, lambda _: None)
    page.route("**/healthz", lambda route: route.abort(REFUSED))
    ask(page, OLD)
    _expect_lost(page)
    _cut(page)
    ask(page, NEW)
    _expect_lost(page)
    assert page.url == f"{site}/?{urlencode({'q': NEW})}"
    page.goto(site)  # without a question, the first event of the page fails
    _expect_lost(page)


def _release(page: Page, held: list[Route]) -> None:
    for route in held:
        route.continue_()
    page.unroute(JOIN)


def _cut(page: Page) -> None:
    """Let every event of the page fail, and the looks for the server."""
    for pattern in (JOIN, RECONNECT, "**/healthz"):
        page.route(pattern, lambda route: route.abort(REFUSED))


def _expect_lost(page: Page) -> None:
    expect(page.get_by_role("heading", name="The connection is lost")).to_be_visible()
    expect(page.locator("#results .p-answer")).not_to_be_visible()
    expect(page.locator(".toast-wrap:visible")).to_have_count(0)
