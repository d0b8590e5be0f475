"""What a reader takes away from an answer: files, and the history of this browser."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.actions import ask, best_card
from tests.browser.conftest import open_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from index.library.library import Library
    from tests.browser.conftest import Revisit, Visit

QUESTION = "Who signed the treaty?"
OTHER = "What does oil cost?"
QUOTE = "The king signed the treaty in the harbour."


def ask_each(page: Page, *questions: str) -> None:
    """Ask questions one after the other, each after the answer to the one before."""
    for question in questions:
        ask(page, question)
        expect(page).to_have_title(f"{question} · Pincite")
        expect(best_card(page)).to_be_visible()
        expect(page.locator("#results [aria-busy]")).to_have_count(0)


def reopen_history(page: Page, url: str) -> None:
    """Load the page again and open its history."""
    open_page(page, url)
    page.get_by_role("button", name="History").click()


def test_answer_is_exported_under_its_question(site: str, revisit: Revisit) -> None:
    """The download has the right content, and its name also in a script that a header cannot hold; the menu closes."""
    page = revisit(site)
    ask(page, "Who signed the treaty, José?")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Markdown", exact=True).click()
    assert download.value.suggested_filename == "who-signed-the-treaty-josé.md"
    assert QUOTE in Path(download.value.path()).read_text()
    expect(page.locator("#export")).to_be_hidden()


def test_exported_evidence_pack_is_verified_by_the_library(own_site: tuple[str, Library], visit: Visit) -> None:
    """The pack is the zip file that `pincite verify` reads."""
    url, library = own_site
    page = visit(url)
    ask(page, QUESTION)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Evidence pack").click()
    path = Path(download.value.path())
    assert zipfile.is_zipfile(io.BytesIO(path.read_bytes()))
    assert library.verify_pack(path) == []


def test_export_of_a_dropped_answer_asks_to_ask_again(site: str, unwatched: Page) -> None:
    """The server no longer has the answer, as after a restart."""
    page = unwatched
    open_page(page, site)
    ask(page, QUESTION)
    page.route("**/page/export*", lambda route: route.continue_(url=f"{site}/page/export?answer=gone&form=ris"))
    page.get_by_role("button", name="Export").click()
    page.get_by_role("link", name="RIS").click()
    expect(page.locator(".p-toast")).to_have_text("This answer is no longer stored. Ask again, then export.")


# The questions of this browser


def test_history_asks_a_former_question_again(site: str, revisit: Revisit, visit: Visit) -> None:
    """The history has the newest question first and each once. It outlasts the page and stays in its browser.

    A question in chosen documents is one of its own, and searches them again.
    """
    page = revisit(site)
    ask_each(page, QUESTION, OTHER, QUESTION)
    page.get_by_role("checkbox", name="oil.txt").check()
    ask_each(page, OTHER)
    expect(page.locator(".p-card")).to_have_count(1)
    reopen_history(page, site)
    former = page.locator("#history li a")
    expect(former).to_have_text([OTHER, QUESTION, OTHER])
    expect(page.locator("#history li").first).to_contain_text("in one document")
    former.nth(1).click()
    expect(best_card(page).locator("mark")).to_contain_text("king")
    assert "q=Who+signed+the+treaty" in page.url
    page.get_by_role("button", name="History").click()
    former.filter(has_text=OTHER).first.click()
    expect(page.get_by_role("checkbox", name="oil.txt")).to_be_checked()
    expect(page.locator(".p-card")).to_have_count(1)

    other = visit(site, fresh=True)
    other.get_by_role("button", name="History").click()
    expect(other.locator("#history")).to_contain_text("Nothing yet.")


def test_history_is_erased_and_turned_off(site: str, revisit: Revisit) -> None:
    """The focus moves to the next question that can be erased. Turned off, it stores nothing, also in later pages."""
    page = revisit(site)
    ask_each(page, QUESTION, OTHER, "Where is the whale?")
    page.get_by_role("button", name="History").click()
    page.get_by_role("button", name=f"Erase: {OTHER}").click()
    expect(page.locator("#history li a")).to_have_text(["Where is the whale?", QUESTION])
    expect(page.get_by_role("button", name=f"Erase: {QUESTION}")).to_be_focused()
    page.get_by_role("button", name="Erase all").click()
    expect(page.locator("#history li a")).to_have_count(0)
    assert page.evaluate("localStorage.getItem('pincite.asked')") == "[]"
    page.keyboard.press("Escape")
    ask_each(page, QUESTION)
    page.get_by_role("button", name="History").click()
    page.get_by_label("Keep my questions").uncheck()
    expect(page.locator("#history")).to_contain_text("Questions are not kept.")
    page.keyboard.press("Escape")
    ask_each(page, OTHER)
    reopen_history(page, site)
    expect(page.get_by_label("Keep my questions")).not_to_be_checked()
    expect(page.locator("#history li a")).to_have_count(0)
