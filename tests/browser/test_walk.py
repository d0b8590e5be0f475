"""One reader's way through all of it, on a desk and on a phone, light and dark; and once without a mouse.

`visit` asserts at the end that no page complained and that nothing was asked of any other machine. What each part does
in its details, the other files of this folder say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.actions import ask, file, upload
from tests.browser.layout import outside
from tests.browser.source_reader import (
    ASKED,
    DESK,
    HTML,
    MARKDOWN,
    PDF,
    PHONE,
    card,
    is_in_sight,
    opened,
    quoted,
    shelf,
)

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, ViewportSize

    from index.library.library import Library
    from tests.browser.conftest import Scheme, Visit

NOTE = "The doctor baked bread in the winter of the comet."
NOBODY = "Who painted the albatross of Lisbon?"


@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        pytest.param(DESK, "light", id="desk-light"),
        pytest.param(PHONE, "dark", id="phone-dark"),
        pytest.param(DESK, "dark", id="desk-dark", marks=pytest.mark.nightly),
        pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.nightly),
    ],
)
def test_a_reader_s_way(tmp_path: Path, visit: Visit, size: ViewportSize, scheme: Scheme) -> None:
    """From the first question to the last table, nothing is lost and nothing is in the way."""
    with shelf(tmp_path, MARKDOWN, PDF, HTML) as (url, library):
        page = visit(url, size=size, scheme=scheme)
        _ask_and_read(page, library)
        _look_around(page)
        _take_it_away(page, tmp_path)
        _fill_and_empty(page)
        _hand_on(page, library, visit, size)
        _ask_many(page, tmp_path)
        _change_colours(page, scheme)
        for each in page.context.pages:
            each.close()  # before the server stops: the page would complain


def _ask_and_read(page: Page, library: Library) -> None:
    """The answer's number opens its source at the words; from there to the next piece of evidence and back."""
    ask(page, ASKED[PDF])
    said = page.locator(".p-said").first
    expect(said).to_contain_text("Kovykta")
    page.locator(".p-cite").first.click()
    viewer = opened(page)
    expect(viewer).to_have_attribute("data-state", "pages")
    expect(viewer.locator(".p-rect").first).to_be_visible()
    viewer.get_by_role("button", name="Text", exact=True).click()
    assert "".join(viewer.locator("mark").all_inner_texts()) == quoted(page, library)
    assert is_in_sight(viewer.locator("mark").first)
    viewer.get_by_role("button", name="Next source").click()
    expect(viewer.locator("#viewer-number")).to_have_text("Source 2")
    assert "".join(opened(page).locator("mark").all_inner_texts()) == quoted(page, library, 2)
    viewer.get_by_role("button", name="Previous source").click()
    expect(viewer.locator("#viewer-number")).to_have_text("Source 1")
    assert outside(page) == []
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(page.locator(".p-cite").first).to_be_focused()


def _look_around(page: Page) -> None:
    """What each document says to it; the same among one document alone; and a question that none answers."""
    page.get_by_role("tab", name="Coverage").click()
    expect(page.locator(".p-coverage > li")).to_have_count(3)
    pill = page.locator("#pills label").filter(has_text="Arms and exercises")
    pill.click()
    expect(pill.get_by_role("checkbox")).to_be_checked()
    ask(page, ASKED[PDF])
    expect(page.locator("#results .p-card h3").first).to_contain_text("Arms and exercises")
    expect(page).to_have_url(re.compile("in="))
    pill.click()
    ask(page, NOBODY)
    expect(page.locator("#h-none")).to_have_text("No answer in this library")
    assert outside(page) == []


def _take_it_away(page: Page, folder: Path) -> None:
    """The answer is copied and exported; and the question is found again among those of this browser."""
    page.get_by_role("button", name="History").click()
    page.locator("#history").get_by_role("link", name=ASKED[PDF]).last.click()
    expect(page.locator(".p-said").first).to_contain_text("Kovykta")
    page.locator(".p-acts").get_by_role("button", name="Copy").click()
    expect(page.locator(".p-toast")).to_have_text("Answer and references copied")
    assert "Kovykta" in page.evaluate("navigator.clipboard.readText()")
    page.locator(".p-acts").get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.locator("#export").get_by_role("link", name="Markdown").click()
    download.value.save_as(folder / "answer.md")
    assert "Kovykta" in (folder / "answer.md").read_text()


def _fill_and_empty(page: Page) -> None:
    """A file comes, is found by asking, and goes."""
    upload(page, file("note.txt", NOTE))
    row = page.locator("#p-shelf tbody tr").filter(has_text="note.txt")
    expect(row).to_be_visible()
    page.get_by_role("tab", name="Ask").click()
    ask(page, "Who baked the loaf?")
    expect(page.locator("#results mark").first).to_have_text(NOTE)
    page.get_by_role("tab", name="Library").click()
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    page.get_by_role("tab", name="Ask").click()
    ask(page, "Who baked the loaf?")
    expect(page.locator("#results")).not_to_contain_text("baked bread")


def _hand_on(page: Page, library: Library, visit: Visit, size: ViewportSize) -> None:
    """The address shows somebody else the same; and so does the address of one citation."""
    ask(page, ASKED[PDF])
    expect(page.locator(".p-said").first).to_contain_text("Kovykta")
    other = visit(page.url, size=size, fresh=True)
    expect(other.locator(".p-said").first).to_have_text(page.locator(".p-said").first.inner_text())
    other.goto(page.locator(".p-cite").first.evaluate("node => node.href"))
    viewer = opened(other)
    viewer.get_by_role("button", name="Text", exact=True).click()
    assert "".join(viewer.locator("mark").all_inner_texts()) == quoted(page, library)
    other.close()  # before the server stops: it would complain


def _ask_many(page: Page, folder: Path) -> None:
    """Several questions become a table, to be read and to be downloaded."""
    page.get_by_role("tab", name="Questions").click()
    page.get_by_label("Questions, one per line").fill(f"{ASKED[PDF]}\n{ASKED[HTML]}\n{NOBODY}")
    page.get_by_role("button", name="Ask them all").click()
    expect(page.locator(".p-answers tbody tr")).to_have_count(3)
    with page.expect_download() as download:
        page.locator(".p-download").get_by_role("link", name=re.compile("CSV", re.IGNORECASE)).click()
    download.value.save_as(folder / "answers.csv")
    assert (folder / "answers.csv").read_text("utf-8-sig").count("Kovykta") >= 2
    assert outside(page) == []


def _change_colours(page: Page, scheme: Scheme) -> None:
    """The theme that was chosen stays, whatever the system says."""
    other = "light" if scheme == "dark" else "dark"
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("radio", name=other.capitalize()).check()
    expect(page.locator("body.dark")).to_have_count(1 if other == "dark" else 0)
    page.reload()
    page.get_by_role("tab", name="Ask").wait_for()
    expect(page.locator("body.dark")).to_have_count(1 if other == "dark" else 0)
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("radio", name="System").check()


def test_the_same_way_without_a_mouse(tmp_path: Path, visit: Visit) -> None:
    """Keys alone ask, go through the evidence, open, leave, and find the way to every tab; the focus is never lost."""
    with shelf(tmp_path, MARKDOWN, PDF, HTML) as (url, _):
        page = visit(url, size=DESK)
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        expect(page.get_by_label("Your question")).to_be_focused()
        page.keyboard.type(ASKED[PDF])
        page.keyboard.press("Enter")
        expect(page.locator(".p-said").first).to_contain_text("Kovykta")
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowDown")
        expect(card(page)).to_be_focused()
        page.keyboard.press("j")
        expect(card(page, 2)).to_be_focused()
        page.keyboard.press("ArrowUp")
        expect(card(page)).to_be_focused()
        page.keyboard.press("Enter")
        viewer = opened(page)
        expect(viewer.locator(":focus")).to_have_count(1)
        page.keyboard.press("Escape")
        expect(viewer).to_be_hidden()
        assert page.evaluate("document.activeElement.closest('.p-card')?.dataset.n") == "1"
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_role("tab", name="Ask").focus()
        for tab in ("Check", "Library", "Questions", "Ask"):
            page.keyboard.press("ArrowRight")
            expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
            expect(page.get_by_role("tab", name=tab)).to_be_focused()
        page.close()  # before the server stops: the page would complain
