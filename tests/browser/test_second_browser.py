"""Two readers of one library: each sees what the other does to it, and nobody is disturbed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from index.records import Document
from tests.browser.actions import ask, file, first, upload
from tests.browser.gate import LONG, gated

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Moody, Visit

SOON = 60_000
"""Milliseconds within which a change is seen by everybody: some turns of asking."""


def library_tab(page: Page) -> Page:
    """The page with that tab open."""
    page.get_by_role("tab", name="Library").click()
    expect(page.locator("#p-shelf section")).to_be_visible()
    return page


def test_documents_come_and_go_in_both_browsers(own_site: tuple[str, Moody], visit: Visit) -> None:
    """Without a reload: in the list, among the documents to choose from, and in what an answer is found in."""
    url, _ = own_site
    one, other = visit(url, fresh=True), library_tab(visit(url, fresh=True))
    upload(one, file("bread.txt", "The doctor baked bread."))
    expect(other.locator("#p-shelf")).to_contain_text("bread.txt", timeout=SOON)
    expect(other.locator("#p-jobs section")).to_have_count(0)
    other.get_by_role("tab", name="Ask").click()
    expect(other.get_by_role("checkbox", name="bread.txt")).to_be_visible(timeout=SOON)
    ask(other, "Who baked the loaf?")
    expect(first(other).locator("mark")).to_have_text("The doctor baked bread.")
    one.get_by_role("button", name="Remove bread.txt").click()
    one.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(other.get_by_role("checkbox", name="bread.txt")).to_have_count(0, timeout=SOON)
    expect(first(other).locator("mark")).to_have_text("The doctor baked bread.")
    library_tab(other)
    expect(other.locator("#p-shelf")).not_to_contain_text("bread.txt", timeout=SOON)


def test_each_browser_sees_its_own_upload(tmp_path: Path, visit: Visit) -> None:
    """They queue up; of the other one it sees that there is one."""
    with gated(tmp_path) as gate:
        one, other = visit(gate.url, fresh=True), visit(gate.url, fresh=True)
        upload(one, *(file(f"one-{n}.txt", f"{LONG} The clock struck {n}.") for n in range(10)))
        expect(one.get_by_role("heading", name="Adding 10 files")).to_be_visible()
        upload(other, file("other.txt", "The horse cost more."))
        expect(other.get_by_role("heading", name="1 file waiting for other uploads")).to_be_visible()
        expect(other.locator("#p-jobs")).to_contain_text("Somebody else is adding 10 files")
        expect(other.locator("#p-jobs")).not_to_contain_text("one-0.txt")
        expect(one.locator("#p-jobs")).to_contain_text("Somebody else is adding 1 file", timeout=SOON)
        gate.open()
        expect(other.locator("#p-jobs li")).to_contain_text("Added · 1 passage", timeout=SOON)
        expect(other.locator("#p-jobs")).not_to_contain_text("Somebody else")
        expect(other.locator("#p-shelf")).to_contain_text("one-0.txt", timeout=SOON)
        for page in (one, other):
            page.close()  # before the server stops: they would complain


def test_nobody_is_disturbed_in_what_they_write_or_read(own_site: tuple[str, Moody], visit: Visit) -> None:
    """Neither a question half written, nor the answer above it, nor documents chosen, nor where the focus is."""
    url, _ = own_site
    page = visit(url, fresh=True)
    upload(page, file("oil.txt", "The price of oil fell."))
    page.get_by_role("tab", name="Ask").click()
    page.get_by_role("checkbox", name="oil.txt").check(timeout=SOON)
    ask(page, "What does petroleum cost?")
    expect(first(page).locator("mark")).to_have_text("The price of oil fell.")
    box = page.get_by_label("Your question")
    box.fill("And what does a horse")
    box.press("Home")
    upload(visit(url, fresh=True), file("bread.txt", "The doctor baked bread."))
    expect(page.get_by_role("checkbox", name="bread.txt")).to_be_visible(timeout=SOON)
    expect(box).to_be_focused()
    expect(box).to_have_value("And what does a horse")
    assert box.evaluate("node => node.selectionStart") == 0
    expect(page.get_by_role("checkbox", name="oil.txt")).to_be_checked()
    expect(first(page).locator("mark")).to_have_text("The price of oil fell.")


def test_a_list_that_changes_keeps_what_was_found_in_it(own_site: tuple[str, Moody], visit: Visit) -> None:
    """The words of a filter, the order, an opened note and the focus stay as they are while documents arrive."""
    url, library = own_site
    page = library_tab(visit(url, fresh=True))
    for n in range(9):
        library.add_documents([paper(f"{n}")])
    filter_box = page.get_by_label("Find a document")
    expect(filter_box).to_be_visible(timeout=SOON)
    page.get_by_role("columnheader", name="Document").get_by_role("button").click()
    filter_box.fill("paper")
    expect(page.locator("#p-shelf tbody tr")).to_have_count(9)
    expect(page.locator("#p-shelf tbody tr").first).to_contain_text("Paper 8")
    page.locator("#p-shelf tbody tr").first.locator("summary").click()
    filter_box.focus()
    library.add_documents([paper("80")])
    expect(page.locator("#p-shelf tbody tr")).to_have_count(10, timeout=SOON)
    expect(page.locator("#p-shelf tbody tr").first).to_contain_text("Paper 80")
    expect(filter_box).to_be_focused()
    expect(page.locator("#p-shelf details[open]")).to_contain_text("ocrmypdf")
    expect(page.locator("#p-shelf tr").filter(has_text="Paper 8paper-8.pdf").locator("details[open]")).to_have_count(1)


def paper(number: str) -> Document:
    """A small document that lacks a page."""
    note = "1 page without text, as images: run text recognition to have them read."
    source, title = f"/papers/paper-{number}.pdf", f"Paper {number}"
    return Document(number.rjust(64, "0"), source, title, "", "", "application/pdf", f"Number {number}.", (), (note,))
