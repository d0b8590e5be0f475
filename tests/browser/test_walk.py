"""A reader walks through all parts of the page, on desktop and phone, light and dark; and once without a mouse.

`visit` asserts at the end that no page reported an error and that no other machine was contacted. The other files of
this folder test the details of each part.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.actions import ask, file_payload, upload
from tests.browser.layout import layout_problems
from tests.browser.source_reader import (
    DESK,
    HTML,
    MARKDOWN,
    PDF,
    PHONE,
    QUESTIONS,
    card,
    cited_text,
    document_site,
    is_in_view,
    loaded_viewer,
)

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, ViewportSize

    from index.library.library import Library
    from tests.browser.conftest import Scheme, Visit

NOTE = "The doctor baked bread in the winter of the comet."
UNANSWERABLE = "Who painted the albatross of Lisbon?"


@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        pytest.param(DESK, "light", id="desk-light"),
        pytest.param(PHONE, "dark", id="phone-dark", marks=pytest.mark.nightly),
        pytest.param(DESK, "dark", id="desk-dark", marks=pytest.mark.nightly),
        pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.nightly),
    ],
)
def test_reader_walks_through_the_whole_page(tmp_path: Path, visit: Visit, size: ViewportSize, scheme: Scheme) -> None:
    """From the first question to the last table, every part works and fits the screen."""
    with document_site(tmp_path, MARKDOWN, PDF, HTML) as (url, library):
        page = visit(url, size=size, scheme=scheme)
        _ask_and_read(page, library)
        _check_coverage_and_filter(page)
        _copy_and_export(page, tmp_path)
        _upload_and_remove(page)
        _open_links_elsewhere(page, library, visit, size)
        _ask_batch(page, tmp_path)
        _change_theme(page, scheme)
        for open_tab in page.context.pages:
            open_tab.close()  # before the server stops, which the page would report


def _ask_and_read(page: Page, library: Library) -> None:
    """The citation opens its source at the words; the next and the previous source open from there."""
    ask(page, QUESTIONS[PDF])
    statement = page.locator(".p-said").first
    expect(statement).to_contain_text("Kovykta")
    page.locator(".p-cite").first.click()
    viewer = loaded_viewer(page)
    expect(viewer).to_have_attribute("data-state", "pages")
    expect(viewer.locator(".p-rect").first).to_be_visible()
    viewer.get_by_role("button", name="Text", exact=True).click()
    assert "".join(viewer.locator("mark").all_inner_texts()) == cited_text(page, library)
    assert is_in_view(viewer.locator("mark").first)
    viewer.get_by_role("button", name="Next source").click()
    expect(viewer.locator("#viewer-number")).to_have_text("Source 2")
    assert "".join(loaded_viewer(page).locator("mark").all_inner_texts()) == cited_text(page, library, 2)
    viewer.get_by_role("button", name="Previous source").click()
    expect(viewer.locator("#viewer-number")).to_have_text("Source 1")
    assert layout_problems(page) == []
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(page.locator(".p-cite").first).to_be_focused()


def _check_coverage_and_filter(page: Page) -> None:
    """Coverage lists each document; one document is searched alone; an unanswerable question has no answer."""
    page.get_by_role("tab", name="Coverage").click()
    expect(page.locator(".p-coverage > li")).to_have_count(3)
    pill = page.locator("#pills label").filter(has_text="Arms and exercises")
    pill.click()
    expect(pill.get_by_role("checkbox")).to_be_checked()
    ask(page, QUESTIONS[PDF])
    expect(page.locator("#results .p-card h3").first).to_contain_text("Arms and exercises")
    expect(page).to_have_url(re.compile("in="))
    pill.click()
    ask(page, UNANSWERABLE)
    expect(page.locator("#h-none")).to_have_text("No answer in this library")
    assert layout_problems(page) == []


def _copy_and_export(page: Page, folder: Path) -> None:
    """The answer is copied and exported, and the history has the question."""
    page.get_by_role("button", name="History").click()
    page.locator("#history").get_by_role("link", name=QUESTIONS[PDF]).last.click()
    expect(page.locator(".p-said").first).to_contain_text("Kovykta")
    page.locator(".p-acts").get_by_role("button", name="Copy").click()
    expect(page.locator(".p-toast")).to_have_text("Answer and references copied")
    assert "Kovykta" in page.evaluate("navigator.clipboard.readText()")
    page.locator(".p-acts").get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.locator("#export").get_by_role("link", name="Markdown").click()
    download.value.save_as(folder / "answer.md")
    assert "Kovykta" in (folder / "answer.md").read_text()


def _upload_and_remove(page: Page) -> None:
    """An uploaded file is found by a question and removed."""
    upload(page, file_payload("note.txt", NOTE))
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


def _open_links_elsewhere(page: Page, library: Library, visit: Visit, size: ViewportSize) -> None:
    """The URL of the answer and the link of a citation show the same in another browser."""
    ask(page, QUESTIONS[PDF])
    expect(page.locator(".p-said").first).to_contain_text("Kovykta")
    other = visit(page.url, size=size, fresh=True)
    expect(other.locator(".p-said").first).to_have_text(page.locator(".p-said").first.inner_text())
    other.goto(page.locator(".p-cite").first.evaluate("node => node.href"))
    other.get_by_role("link", name="Open in Pincite").click()
    viewer = loaded_viewer(other)
    viewer.get_by_role("button", name="Text", exact=True).click()
    assert "".join(viewer.locator("mark").all_inner_texts()) == cited_text(page, library)
    other.close()  # before the server stops, which the page would report


def _ask_batch(page: Page, folder: Path) -> None:
    """Several questions are answered in a table, which is downloaded."""
    page.get_by_role("tab", name="Questions").click()
    page.get_by_label("Questions, one per line").fill(f"{QUESTIONS[PDF]}\n{QUESTIONS[HTML]}\n{UNANSWERABLE}")
    page.get_by_role("button", name="Ask them all").click()
    expect(page.locator(".p-answers tbody tr")).to_have_count(3)
    with page.expect_download() as download:
        page.locator(".p-download").get_by_role("link", name=re.compile("CSV", re.IGNORECASE)).click()
    download.value.save_as(folder / "answers.csv")
    assert (folder / "answers.csv").read_text("utf-8-sig").count("Kovykta") >= 2
    assert layout_problems(page) == []


def _change_theme(page: Page, scheme: Scheme) -> None:
    """The chosen theme stays after a reload, whatever the system's theme is."""
    other = "light" if scheme == "dark" else "dark"
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("radio", name=other.capitalize()).check()
    expect(page.locator("body.dark")).to_have_count(1 if other == "dark" else 0)
    page.reload()
    page.get_by_role("tab", name="Ask").wait_for()
    expect(page.locator("body.dark")).to_have_count(1 if other == "dark" else 0)
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("radio", name="System").check()


def test_reader_walks_through_the_page_by_keyboard(tmp_path: Path, visit: Visit) -> None:
    """Keys ask, step through the cards, open and close a source, and reach every tab; the focus is never lost."""
    with document_site(tmp_path, MARKDOWN, PDF, HTML) as (url, _):
        page = visit(url, size=DESK)
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        expect(page.get_by_label("Your question")).to_be_focused()
        page.keyboard.type(QUESTIONS[PDF])
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
        viewer = loaded_viewer(page)
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
        page.close()  # before the server stops, which the page would report
