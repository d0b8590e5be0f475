"""The Coverage tab of an answer: what each document has to say, or that it says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.actions import ask, first
from tests.browser.conftest import SECRET

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Visit

QUESTION = "Who signed the treaty?"


def cover(page: Page) -> None:
    """Turn to the coverage."""
    page.get_by_role("tab", name="Coverage").click()


def test_every_document_has_its_row(site: str, visit: Visit) -> None:
    """With its best passage and place and a way to open it, or with no mention; the answer makes room."""
    page = visit(site)
    expect(page.get_by_role("tab", name="Coverage")).to_be_hidden()
    ask(page, QUESTION)
    cover(page)
    expect(page.locator("#coverage .p-numbers")).to_have_text("1 of 4 documents mentions the subject of this question")
    spoken = page.locator(".p-coverage li").first
    expect(spoken.locator("mark")).to_have_text("The king signed the treaty in the harbour.")
    expect(spoken.get_by_role("link", name="The Harbour Treaty")).to_have_attribute("data-act", "source")
    expect(page.locator(".p-silent")).to_have_count(3)
    expect(page.locator(".p-silent").first).to_contain_text("no mention")
    expect(page.locator("#results")).to_be_hidden()
    expect(page.locator("#live")).to_have_text("1 of 4 documents mentions the subject of this question")


def test_the_tabs_work_by_key(site: str, visit: Visit) -> None:
    """Arrows lead from one to the other, and one of them is in the order of Tab."""
    page = visit(site)
    ask(page, QUESTION)
    page.get_by_role("tab", name="Answer").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Coverage")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tab", name="Coverage")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(first(page)).to_be_visible()
    assert page.locator(".p-panes [tabindex='-1']").count() == 1


def test_it_is_fetched_once_for_each_question(site: str, visit: Visit) -> None:
    """When somebody looks at it; the next question begins with its answer."""
    page = visit(site)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if "page/coverage" in request.url else None)
    ask(page, QUESTION)
    expect(first(page)).to_be_visible()
    assert fetched == []
    cover(page)
    expect(page.locator(".p-coverage")).to_be_visible()
    page.get_by_role("tab", name="Answer").click()
    cover(page)
    assert len(fetched) == 1
    ask(page, "What does oil cost?")
    expect(first(page).locator("mark")).to_contain_text("oil")
    expect(page.locator("#coverage")).to_be_hidden()
    cover(page)
    expect(page.locator(".p-coverage mark").first).to_contain_text("oil")
    assert len(fetched) == 2


def test_it_heeds_the_filter(site: str, visit: Visit) -> None:
    """A document that was left out has no row."""
    page = visit(site)
    page.get_by_role("checkbox", name="oil.txt").check()
    ask(page, "What does oil cost?")
    cover(page)
    expect(page.locator(".p-coverage li")).to_have_count(1)


def test_it_says_what_went_wrong(site: str, visit: Visit) -> None:
    """Without the text of what nobody foresaw; looked at again, it is tried again."""
    page = visit(site)
    ask(page, "Why did they fail to sign the treaty?")
    cover(page)
    expect(page.locator("#coverage .p-problem")).to_contain_text("The server’s log has the details.")
    assert SECRET not in page.content()
    page.get_by_role("tab", name="Answer").click()
    with page.expect_request("**/page/coverage*"):
        cover(page)


def test_a_broken_connection_is_tried_again(site: str, unwatched: Page) -> None:
    """On demand, and it says so."""
    page = unwatched
    page.goto(site)
    page.locator("#beginning :is(section, nav)").first.wait_for(state="attached")
    ask(page, QUESTION)
    expect(first(page)).to_be_visible()
    page.route("**/page/coverage*", lambda route: route.abort())
    cover(page)
    expect(page.locator("#coverage")).to_contain_text("The coverage could not be fetched.")
    page.unroute("**/page/coverage*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".p-coverage li")).to_have_count(4)
