"""What a reader takes away from an answer: copies, files, and the questions of this browser."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.actions import ask, first
from tests.browser.source_reader import arrive

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from index.library.library import Library
    from tests.browser.conftest import Visit

QUESTION = "Who signed the treaty?"
OTHER = "What does oil cost?"
QUOTE = "The king signed the treaty in the harbour."


def asked(page: Page, *questions: str) -> None:
    """Ask them one after the other, each answered before the next."""
    for question in questions:
        ask(page, question)
        expect(page).to_have_title(f"{question} · Pincite")
        expect(first(page)).to_be_visible()
        expect(page.locator("#results [aria-busy]")).to_have_count(0)


def another_day(page: Page, url: str) -> Page:
    """The same browser, later."""
    later = page.context.new_page()
    arrive(later, url)
    later.get_by_role("button", name="History").click()
    return later


def copied(page: Page) -> str:
    """What is on the clipboard."""
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_a_quote_is_copied_with_its_reference(site: str, visit: Visit) -> None:
    """What is pasted elsewhere says where it is from."""
    page = visit(site)
    ask(page, QUESTION)
    first(page).get_by_role("button", name="Copy quote").click()
    expect(page.locator(".p-toast")).to_have_text("Quote copied")
    assert copied(page) == f"“{QUOTE}”\nThe Harbour Treaty, § The Harbour Treaty, ¶ 1"


def test_an_answer_is_copied_with_its_sources(site: str, visit: Visit) -> None:
    """The question, each sentence with its number, and each source with its place and link."""
    page = visit(site)
    ask(page, QUESTION)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator(".p-toast")).to_have_text("Answer and references copied")
    text = copied(page)
    assert f"Question: {QUESTION}" in text
    assert f"[1] “{QUOTE}”" in text
    assert "[1] The Harbour Treaty, § The Harbour Treaty, ¶ 1" in text
    assert re.search(r"pincite:[0-9a-f]{64}#\d+-\d+", text)


@pytest.mark.parametrize(
    ("name", "file", "holds"),
    [
        ("Markdown", "answer.md", QUOTE),
        ("BibTeX", "answer.bib", "@"),
        ("RIS", "answer.ris", "TI  - The Harbour Treaty"),
        ("APA", "answer.txt", "References"),
        ("HTML", "answer.html", "</blockquote>"),
    ],
)
def test_an_answer_is_exported(site: str, visit: Visit, name: str, file: str, holds: str) -> None:
    """As a file of that kind, under a name that says so; the menu closes."""
    page = visit(site)
    ask(page, QUESTION)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=name, exact=True).click()
    assert download.value.suggested_filename == file
    assert holds in Path(download.value.path()).read_text()
    expect(page.locator("#export")).to_be_hidden()


def test_an_evidence_pack_is_exported_that_the_library_bears_out(own_site: tuple[str, Library], visit: Visit) -> None:
    """The zip that `pincite verify` reads."""
    url, library = own_site
    page = visit(url)
    ask(page, QUESTION)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Evidence pack").click()
    path = Path(download.value.path())
    assert zipfile.is_zipfile(io.BytesIO(path.read_bytes()))
    assert library.verify_pack(path) == []


def test_an_answer_that_the_server_has_forgotten_says_so(site: str, unwatched: Page) -> None:
    """As after a restart: asked again, it can be exported."""
    page = unwatched
    page.goto(site)
    page.locator("#beginning :is(section, nav)").first.wait_for(state="attached")
    ask(page, QUESTION)
    page.route("**/page/export*", lambda route: route.continue_(url=f"{site}/page/export?answer=gone&form=ris"))
    page.get_by_role("button", name="Export").click()
    page.get_by_role("link", name="RIS").click()
    expect(page.locator(".p-toast")).to_have_text("This answer is no longer stored. Ask again, then export.")


# The questions of this browser


def test_former_questions_can_be_asked_again(site: str, visit: Visit) -> None:
    """The newest first, each once; they outlast the page, and no other browser has them."""
    page = visit(site, fresh=True)
    asked(page, QUESTION, OTHER, QUESTION)
    page = another_day(page, site)
    former = page.locator("#history li a")
    expect(former).to_have_text([QUESTION, OTHER])
    former.nth(1).click()
    expect(first(page).locator("mark")).to_contain_text("oil")
    assert "q=What+does+oil+cost" in page.url

    other = visit(site, fresh=True)
    other.get_by_role("button", name="History").click()
    expect(other.locator("#history")).to_contain_text("Nothing yet.")


def test_former_questions_keep_the_documents_they_were_about(site: str, visit: Visit) -> None:
    """Asked again, they are about the same."""
    page = visit(site, fresh=True)
    page.get_by_role("checkbox", name="oil.txt").check()
    ask(page, OTHER)
    expect(page.locator(".p-card")).to_have_count(1)
    page = another_day(page, site)
    expect(page.locator("#history li")).to_contain_text("in one document")
    page.locator("#history li a").click()
    expect(page.get_by_role("checkbox", name="oil.txt")).to_be_checked()
    expect(page.locator(".p-card")).to_have_count(1)


def test_former_questions_are_erased_one_by_one_or_all(site: str, visit: Visit) -> None:
    """And focus stays where the next one can be erased."""
    page = visit(site, fresh=True)
    asked(page, QUESTION, OTHER, "Where is the whale?")
    page.get_by_role("button", name="History").click()
    page.get_by_role("button", name=f"Erase: {OTHER}").click()
    expect(page.locator("#history li a")).to_have_text(["Where is the whale?", QUESTION])
    expect(page.get_by_role("button", name=f"Erase: {QUESTION}")).to_be_focused()
    page.get_by_role("button", name="Erase all").click()
    expect(page.locator("#history li a")).to_have_count(0)
    assert page.evaluate("localStorage.getItem('pincite.asked')") == "[]"


def test_a_browser_that_keeps_no_questions_keeps_none(site: str, visit: Visit) -> None:
    """Turned off, what was kept goes, and nothing comes after it; on another day, too."""
    page = visit(site, fresh=True)
    asked(page, QUESTION)
    page.get_by_role("button", name="History").click()
    page.get_by_label("Keep my questions").uncheck()
    expect(page.locator("#history")).to_contain_text("Questions are not kept.")
    page.keyboard.press("Escape")
    asked(page, OTHER)
    page = another_day(page, site)
    expect(page.get_by_label("Keep my questions")).not_to_be_checked()
    expect(page.locator("#history li a")).to_have_count(0)
