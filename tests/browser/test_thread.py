"""Follow-up questions on the page: the question as it was understood, the thread above it, and its links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from index.records import texts
from tests.browser.actions import ask
from tests.browser.everywhere import EVERYWHERE
from tests.browser.source_reader import loaded_viewer

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

    from tests.browser.conftest import Revisit, Scheme, Visit

FIRST = "Who signed the treaty?"
WHOLE = f"{FIRST} why?"
OIL = "What is the price of oil in winter?"
HOSTILE = "Who signed the <img src=x onerror=alert(1)> treaty?"


def follow(page: Page, question: str) -> None:
    """Ask below the answer."""
    box = page.get_by_label("Ask a follow-up")
    box.fill(question)
    box.press("Enter")


def understood(page: Page) -> None:
    """Wait for the answer to `why?` after the first question."""
    expect(page.locator("#results .p-whole")).to_have_text(WHOLE)
    expect(page.locator("#results [aria-busy]")).to_have_count(0)


def in_a_thread(page: Page) -> None:
    """Ask the first question, and why."""
    ask(page, FIRST)
    expect(page.locator("#results .p-answer")).to_be_visible()
    follow(page, "why?")
    understood(page)


@EVERYWHERE
def test_follow_up_goes_on_below_the_earlier_answer(
    site: str, visit: Visit, size: ViewportSize, scheme: Scheme
) -> None:
    """The whole question is shown and can be edited; each answer has its own link; the earlier citation works."""
    page = visit(site, size=size, scheme=scheme)
    in_a_thread(page)
    expect(page.locator(".p-turn h2")).to_have_text([FIRST])
    expect(page.locator(".p-turn p")).to_contain_text("The king signed the treaty in the harbour.")
    expect(page.locator(".p-turn h2 a")).to_have_attribute("href", re.compile(r"\?q=Who\+signed\+the\+treaty%3F$"))
    expect(page).to_have_url(re.compile(r"\?q=Who\+signed\+the\+treaty%3F\+why%3F$"))
    expect(page).to_have_title(f"{WHOLE} · Pincite")
    expect(page.get_by_label(texts.YOUR_QUESTION)).to_have_value(WHOLE)
    expect(page.locator("#live")).to_contain_text(f"Understood as: {WHOLE}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("#results").bounding_box()["y"] >= 0  # type: ignore[index]
    numbers = page.locator(".p-turn [data-n]")
    expect(numbers).to_have_count(0)  # or the highlight of the new answer would be there, too
    page.locator(".p-turn .p-cite").first.click()
    expect(loaded_viewer(page)).to_contain_text("The king signed the treaty in the harbour.")


def test_edit_and_new_question(site: str, revisit: Revisit) -> None:
    """Edit selects the whole question in the box; what is asked then takes its place in the thread.

    The earlier answers are printed without controls, and the history has the whole question.
    """
    page = revisit(site)
    in_a_thread(page)
    page.emulate_media(media="print")
    expect(page.locator(".p-turn").first).to_be_visible()
    expect(page.locator(".p-follow, .p-understood button").filter(visible=True)).to_have_count(0)
    page.emulate_media(media="screen")
    page.get_by_role("button", name="History").click()
    expect(page.locator("#history li a").first).to_have_text(WHOLE)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit").click()
    box = page.get_by_label(texts.YOUR_QUESTION)
    expect(box).to_be_focused()
    assert page.evaluate("getSelection().toString() || document.activeElement.value") == WHOLE
    box.fill(OIL)
    box.press("Enter")
    expect(page).to_have_title(f"{OIL} · Pincite")
    expect(page.locator("#results .p-understood")).to_have_count(0)
    expect(page.locator(".p-turn h2")).to_have_text([FIRST])
    page.get_by_role("button", name=texts.NEW_QUESTION).click()
    expect(page.locator(".p-turn")).to_have_count(0)
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    expect(page.locator("#results section").first).to_be_hidden()
    expect(page).to_have_title("Pincite")
    assert "q=" not in page.url
    page.go_back()
    expect(page.locator("#results .p-answer")).to_be_visible()
    expect(page).to_have_title(f"{OIL} · Pincite")
    page.get_by_role("button", name=texts.NEW_QUESTION).click()
    ask(page, "why?")
    expect(page.locator("#results")).to_contain_text("is not a whole question")


def test_whole_question_in_the_box_ends_the_thread(site: str, revisit: Revisit) -> None:
    """A fragment there continues it."""
    page = revisit(site)
    ask(page, FIRST)
    expect(page.locator("#results .p-answer")).to_be_visible()
    ask(page, "why?")
    understood(page)
    expect(page.locator(".p-turn h2")).to_have_text([FIRST])
    ask(page, OIL)
    expect(page.locator(".p-turn")).to_have_count(0)
    expect(page.locator("#results .p-understood")).to_have_count(0)


def test_reload_and_back_find_the_thread_again(site: str, visit: Visit) -> None:
    """By the link of each answer, as long as the tab is open."""
    page = visit(site)
    in_a_thread(page)
    page.reload()
    expect(page.locator(".p-turn h2")).to_have_text([FIRST])
    expect(page.get_by_label(texts.YOUR_QUESTION)).to_have_value(WHOLE)
    expect(page.locator("#results .p-answer, #results .p-maybes, #results .p-none").first).to_be_visible()
    page.go_back()
    expect(page).to_have_title(f"{FIRST} · Pincite")
    expect(page.locator("#results .p-answer")).to_be_visible()
    expect(page.locator(".p-turn")).to_have_count(0)
    page.go_forward()
    expect(page.locator(".p-turn h2")).to_have_text([FIRST])


def test_words_of_a_thread_are_text(site: str, revisit: Revisit) -> None:
    """A question with markup stays a question, also as an earlier one."""
    page = revisit(site)
    ask(page, HOSTILE)
    expect(page.locator("#results .p-printed")).to_have_text(HOSTILE)
    follow(page, "when exactly?")
    expect(page.locator(".p-turn h2")).to_have_text([HOSTILE])
    expect(page.locator("#thread img")).to_have_count(0)
