"""Two readers of one library see each other's changes without being disturbed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from index.records import Document, texts
from tests.browser.actions import ask, best_card, file_payload, upload
from tests.browser.gate import LONG, gated_site

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import ScriptedLibrary, Visit

SPEED = 5
"""The pages poll the server so many times as often as for a reader."""
SOON = 60_000
"""Milliseconds within which a change is seen by everybody: some turns of asking."""


def open_library_tab(page: Page) -> Page:
    """Open the Library tab and return the page."""
    page.get_by_role("tab", name="Library").click()
    expect(page.locator("#p-shelf section")).to_be_visible()
    return page


def test_added_and_removed_documents_appear_in_both_browsers(
    own_site: tuple[str, ScriptedLibrary], visit: Visit
) -> None:
    """Without a reload, the list, the choice of documents and the answers are up to date."""
    url, _ = own_site
    reader, other_reader = visit(url, fresh=True, speed=SPEED), open_library_tab(visit(url, fresh=True, speed=SPEED))
    upload(reader, file_payload("bread.txt", "The doctor baked bread."))
    expect(other_reader.locator("#p-shelf")).to_contain_text("bread.txt", timeout=SOON)
    expect(other_reader.locator("#p-jobs section")).to_have_count(0)
    other_reader.get_by_role("tab", name="Ask").click()
    expect(other_reader.get_by_role("checkbox", name="bread.txt")).to_be_visible(timeout=SOON)
    ask(other_reader, "Who baked the loaf?")
    expect(best_card(other_reader).locator("mark")).to_have_text("The doctor baked bread.")
    reader.get_by_role("button", name="Remove bread.txt").click()
    reader.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(other_reader.get_by_role("checkbox", name="bread.txt")).to_have_count(0, timeout=SOON)
    expect(best_card(other_reader).locator("mark")).to_have_text("The doctor baked bread.")
    open_library_tab(other_reader)
    expect(other_reader.locator("#p-shelf")).not_to_contain_text("bread.txt", timeout=SOON)


def test_browser_shows_only_its_own_upload(tmp_path: Path, visit: Visit) -> None:
    """Uploads are queued; of another browser's upload, only the number of files is shown."""
    with gated_site(tmp_path) as gate:
        reader, other_reader = visit(gate.url, fresh=True, speed=SPEED), visit(gate.url, fresh=True, speed=SPEED)
        upload(reader, *(file_payload(f"one-{n}.txt", f"{LONG} The clock struck {n}.") for n in range(10)))
        expect(reader.get_by_role("heading", name="Adding 10 files")).to_be_visible()
        upload(other_reader, file_payload("other.txt", "The horse cost more."))
        expect(other_reader.get_by_role("heading", name="1 file waiting for other uploads")).to_be_visible()
        expect(other_reader.locator("#p-jobs")).to_contain_text("Somebody else is adding 10 files")
        expect(other_reader.locator("#p-jobs")).not_to_contain_text("one-0.txt")
        expect(reader.locator("#p-jobs")).to_contain_text("Somebody else is adding 1 file", timeout=SOON)
        gate.open()
        expect(other_reader.locator("#p-jobs li")).to_contain_text("Added · 1 passage", timeout=SOON)
        expect(other_reader.locator("#p-jobs")).not_to_contain_text("Somebody else")
        expect(other_reader.locator("#p-shelf")).to_contain_text("one-0.txt", timeout=SOON)
        for page in (reader, other_reader):
            page.close()  # before the server stops, which the pages would report


def test_changes_by_others_keep_the_readers_work(own_site: tuple[str, ScriptedLibrary], visit: Visit) -> None:
    """The unfinished question, the answer, the checked documents and the focus are unchanged."""
    url, _ = own_site
    page = visit(url, fresh=True, speed=SPEED)
    upload(page, file_payload("oil.txt", "The price of oil fell."))
    page.get_by_role("tab", name="Ask").click()
    page.get_by_role("checkbox", name="oil.txt").check(timeout=SOON)
    ask(page, "What does petroleum cost?")
    expect(best_card(page).locator("mark")).to_have_text("The price of oil fell.")
    box = page.get_by_label(texts.YOUR_QUESTION)
    box.fill("And what does a horse")
    box.press("Home")
    upload(visit(url, fresh=True, speed=SPEED), file_payload("bread.txt", "The doctor baked bread."))
    expect(page.get_by_role("checkbox", name="bread.txt")).to_be_visible(timeout=SOON)
    expect(box).to_be_focused()
    expect(box).to_have_value("And what does a horse")
    assert box.evaluate("node => node.selectionStart") == 0
    expect(page.get_by_role("checkbox", name="oil.txt")).to_be_checked()
    expect(best_card(page).locator("mark")).to_have_text("The price of oil fell.")


def test_updated_list_keeps_filter_order_and_focus(own_site: tuple[str, ScriptedLibrary], visit: Visit) -> None:
    """An open note stays open while documents are added."""
    url, library = own_site
    page = open_library_tab(visit(url, fresh=True, speed=SPEED))
    for n in range(9):
        library.add_documents([paper(f"{n}")])
    filter_box = page.get_by_label(texts.FIND_A_DOCUMENT)
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
    """Return a small document with a page that has no text."""
    note = "1 page without text, as images: run text recognition to have them read."
    source, title = f"/papers/paper-{number}.pdf", f"Paper {number}"
    return Document(number.rjust(64, "0"), source, title, "", "", "application/pdf", f"Number {number}.", (), (note,))
