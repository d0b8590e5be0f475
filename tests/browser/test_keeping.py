"""The Library tab: files in, receipts out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from index.library import Library
from index.settings import Settings
from tests.browser.acting import ask, file, first, upload
from tests.browser.conftest import Moody, serving
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import Visit

BREAD = "The doctor baked bread every winter. Nobody else in the school liked silver."


def test_uploaded_files_are_found_by_asking(own_site: tuple[str, Library], visit: Visit) -> None:
    """From upload to pin; the files stay where `verify` reads them again."""
    url, library = own_site
    page = visit(url)
    upload(page, file("bread.txt", BREAD), file("bridge.md", "# Bridges\n\nA bridge of glass crossed the river."))
    expect(page.locator("#outcome")).to_contain_text("bread.txtAdded")
    expect(page.locator("#outcome")).to_contain_text("bridge.mdAdded")
    expect(page.locator("#live")).to_contain_text("Added: 2.")
    expect(page.locator(".p-table")).to_contain_text("bread.txt")
    page.get_by_role("tab", name="Ask").click()
    ask(page, "Who baked the loaf?")
    expect(first(page).locator("mark")).to_have_text("The doctor baked bread every winter.")
    assert library.find("bread.txt").source == str(library.folder / "uploads" / "bread.txt")
    assert library.verify().sources_checked == 3


def test_progress_is_shown_file_by_file(tmp_path: Path, visit: Visit) -> None:
    """Each file says what is being done to it while it is done."""
    settings, encoder = Settings(passage_tokens=32), FakeEncoder(seconds=0.8)
    with Moody.open(tmp_path / "slow", settings, encoder=encoder) as library, serving(library) as url:
        page = visit(url)
        upload(page, file("bread.txt", BREAD), file("whale.txt", "The whale followed the ship."))
        bread = page.locator("#outcome li").filter(has_text="bread.txt")
        expect(bread).to_contain_text("Encoding")
        expect(page.locator("#outcome .p-numbers")).to_contain_text("of 2 files")
        expect(bread.locator(".p-stage")).to_have_text("Added")
        page.close()  # before the server stops: the page would complain


def test_a_file_uploaded_again_replaces_its_former_version(own_site: tuple[str, Library], visit: Visit) -> None:
    """The name decides: the same bytes are known, other bytes are the next version."""
    url, library = own_site
    page = visit(url)
    upload(page, file("bread.txt", BREAD))
    expect(page.locator("#outcome .p-stage")).to_have_text("Added")
    upload(page, file("bread.txt", BREAD))
    expect(page.locator("#outcome .p-stage")).to_have_text("Already here")
    upload(page, file("bread.txt", "The king ate the bread."))
    expect(page.locator("#outcome .p-stage")).to_have_text("Replaced")
    assert len(library.documents()) == 2
    assert library.verify().sources_checked == 2


def test_a_failed_file_is_named_with_reason_and_remedy(own_site: tuple[str, Library], visit: Visit) -> None:
    """A broken file stops no other, and does not stay on the server."""
    url, library = own_site
    page = visit(url)
    upload(page, file("scan.pdf", b"%PDF-1.7 and then nothing"), file("bread.txt", BREAD))
    failed = page.locator(".p-failed")
    expect(failed).to_contain_text("scan.pdf")
    expect(failed).to_contain_text("Not added")
    expect(failed.locator(".p-reason")).to_contain_text("Open it in the program it comes from")
    expect(page.locator(".p-done")).to_contain_text("bread.txt")
    assert [path.name for path in (library.folder / "uploads").iterdir()] == ["bread.txt"]


def test_a_document_is_removed_once_that_is_confirmed(own_site: tuple[str, Library], visit: Visit) -> None:
    """Asked first; then the document is gone, and its uploaded file with it."""
    url, library = own_site
    page = visit(url)
    upload(page, file("bread.txt", BREAD))
    row = page.locator(".p-table tr").filter(has_text="bread.txt")
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Keep it").click()
    expect(row.get_by_role("button", name="Remove")).to_be_focused()
    row.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("dialog")).to_contain_text("bread.txt")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator("#outcome")).to_contain_text("bread.txtRemoved")
    expect(row).to_have_count(0)
    assert [info.name for info in library.documents()] == ["The Harbour Treaty"]
    assert list((library.folder / "uploads").iterdir()) == []


def test_a_locked_library_says_who_holds_it(own_site: tuple[str, Library], visit: Visit) -> None:
    """Another writer is a message, not a failure of the page; the upload leaves nothing behind."""
    url, library = own_site
    page = visit(url)
    with Library.open(library.folder, Settings()) as other, other._store.writing():
        upload(page, file("bread.txt", BREAD))
        expect(page.locator("#outcome")).to_contain_text("is being changed by process")
        expect(page.locator("#outcome")).to_contain_text("searching works meanwhile")
    assert not (library.folder / "uploads" / "bread.txt").exists()
