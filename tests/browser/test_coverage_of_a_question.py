"""The Coverage tab of an answer lists for each document its best passage, or that it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from index.records import texts
from tests.browser.actions import ask, best_card
from tests.browser.conftest import SECRET

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Revisit

QUESTION = "Who signed the treaty?"


def open_coverage(page: Page) -> None:
    """Open the Coverage tab."""
    page.get_by_role("tab", name="Coverage").click()


def test_coverage_has_a_row_for_every_document(site: str, revisit: Revisit) -> None:
    """A row has the best passage, its place and a link, or says that there is no mention; the answer is hidden.

    It is fetched once for each question, when it is first opened; the arrow keys switch between it and the answer.
    """
    page = revisit(site)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if "page/coverage" in request.url else None)
    answer, coverage = (page.get_by_role("tab", name=name) for name in ("Answer", "Coverage"))
    expect(coverage).to_be_hidden()
    ask(page, QUESTION)
    expect(best_card(page)).to_be_visible()
    assert fetched == []
    answer.focus()
    page.keyboard.press("ArrowRight")
    expect(coverage).to_have_attribute("aria-selected", "true")
    expect(coverage).to_be_focused()
    expect(page.locator("#coverage .p-numbers")).to_have_text("1 of 4 documents mentions the subject of this question")
    spoken = page.locator(".p-coverage li").first
    expect(spoken.locator("mark")).to_have_text("The king signed the treaty in the harbour.")
    expect(spoken.get_by_role("link", name="The Harbour Treaty")).to_have_attribute("data-act", "source")
    expect(page.locator(".p-silent")).to_have_count(3)
    expect(page.locator(".p-silent").first).to_contain_text(texts.NO_MENTION)
    expect(page.locator("#results")).to_be_hidden()
    expect(page.locator("#live")).to_have_text("1 of 4 documents mentions the subject of this question")
    page.keyboard.press("ArrowLeft")
    expect(best_card(page)).to_be_visible()
    assert page.locator(".p-panes [tabindex='-1']").count() == 1
    coverage.click()
    assert len(fetched) == 1
    page.get_by_role("checkbox", name="oil.txt").check()
    ask(page, "What does oil cost?")
    expect(best_card(page).locator("mark")).to_contain_text("oil")
    expect(page.locator("#coverage")).to_be_hidden()
    coverage.click()
    expect(page.locator(".p-coverage mark").first).to_contain_text("oil")
    expect(page.locator(".p-coverage li")).to_have_count(1)
    assert len(fetched) == 2


def test_failed_coverage_is_reported_and_fetched_again(site: str, revisit: Revisit) -> None:
    """The page hides the text of the exception; opening the tab again sends a new request."""
    page = revisit(site)
    ask(page, "Why did they fail to sign the treaty?")
    open_coverage(page)
    expect(page.locator("#coverage .p-problem")).to_contain_text("The server’s log has the details.")
    assert SECRET not in page.content()
    page.get_by_role("tab", name="Answer").click()
    with page.expect_request("**/page/coverage*"):
        open_coverage(page)


def test_coverage_can_be_retried_after_a_broken_connection(site: str, unwatched: Page) -> None:
    """The page reports the failure and offers a button."""
    page = unwatched
    page.goto(site)
    page.locator("#beginning :is(section, nav)").first.wait_for(state="attached")
    ask(page, QUESTION)
    expect(best_card(page)).to_be_visible()
    page.route("**/page/coverage*", lambda route: route.abort())
    open_coverage(page)
    expect(page.locator("#coverage")).to_contain_text("The coverage could not be fetched.")
    page.unroute("**/page/coverage*")
    page.get_by_role("button", name=texts.TRY_AGAIN).click()
    expect(page.locator(".p-coverage li")).to_have_count(4)
