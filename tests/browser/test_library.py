"""The Library tab: files in, receipts out, and the list of what is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from index.library.library import Library
from index.records import Document
from index.server import file_jobs
from index.settings import Settings
from tests.browser.actions import ask, file, first, upload
from tests.browser.conftest import TREATY, open_library, serving
from tests.browser.gate import LONG, Gate, gated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Visit

BREAD = "The doctor baked bread every winter. Nobody else in the school liked silver."


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A page over a library that stands still while it encodes."""
    with gated(tmp_path) as gate:
        yield gate


def row(page: Page, name: str) -> Locator:
    """A document in the list."""
    return page.locator("#p-shelf tbody tr").filter(has_text=name)


def on_its_way(page: Page, name: str) -> Locator:
    """A file of an upload."""
    return page.locator("#p-jobs li").filter(has_text=name)


def names(library: Library) -> set[str]:
    """What its documents are called."""
    return {info.name for info in library.documents()}


# Adding


def test_uploaded_files_are_found_by_asking(own_site: tuple[str, Library], visit: Visit) -> None:
    """From upload to pin; the files stay where `verify` reads them again."""
    url, library = own_site
    page = visit(url)
    upload(page, file("bread.txt", BREAD), file("bridge.md", "# Bridges\n\nA bridge of glass crossed the river."))
    expect(on_its_way(page, "bread.txt")).to_contain_text("Added · 1 passage")
    expect(on_its_way(page, "bridge.md")).to_contain_text("Added")
    expect(page.locator("#live")).to_contain_text("Done. Added: 2.")
    expect(row(page, "bread.txt")).to_contain_text("Text")
    page.get_by_role("tab", name="Ask").click()
    ask(page, "Who baked the loaf?")
    expect(first(page).locator("mark")).to_have_text("The doctor baked bread every winter.")
    assert library.find("bread.txt").source == str(library.folder / "uploads" / "bread.txt")
    assert library.verify().sources_checked == 3


def test_progress_is_shown_file_by_file(gate: Gate, visit: Visit) -> None:
    """Each file says what is being done to it while it is done, and the whole how far it is."""
    page = visit(gate.url)
    upload(page, file("bread.txt", LONG), *(file(f"{n}.txt", f"The whale followed ship {n}.") for n in range(9)))
    expect(on_its_way(page, "bread.txt")).to_contain_text("Encoding")
    expect(on_its_way(page, "8.txt")).to_contain_text("Waiting")
    expect(page.get_by_role("progressbar", name="Adding 10 files")).to_have_attribute("max", "10")
    expect(page.get_by_role("progressbar", name="bread.txt")).to_be_visible()
    expect(page.locator("#live")).to_have_text("Adding 10 files")
    gate.open()
    expect(page.locator("#p-jobs [data-state=done]")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.locator("#p-jobs .p-numbers").first).to_contain_text("passages in")


def test_an_upload_whose_event_is_lost_is_found_all_the_same(gate: Gate, unwatched: Page) -> None:
    """Gradio's client may lose the event that tells which job adds the files: the server knows whose they are."""
    unwatched.goto(gate.url)
    unwatched.route("**/gradio_api/queue/data*", lambda _: None)  # it never gets an answer
    upload(unwatched, file("bread.txt", LONG))
    expect(on_its_way(unwatched, "bread.txt")).to_contain_text("Encoding")
    gate.open()
    expect(on_its_way(unwatched, "bread.txt")).to_contain_text("Added")


def test_of_many_files_the_rest_is_a_number(own_site: tuple[str, Library], visit: Visit) -> None:
    """The report names those that need somebody, and counts the others."""
    page = visit(own_site[0])
    upload(page, file("scan.pdf", b"%PDF-1.7"), *(file(f"{n}.txt", f"The clock struck {n}.") for n in range(20)))
    expect(page.locator("#p-jobs")).to_contain_text("Others: Added: 20.", timeout=20_000)
    expect(page.locator("#p-jobs li")).to_have_count(1)
    expect(page.get_by_role("heading", name="21 documents")).to_be_visible()


def test_questions_are_answered_while_files_are_added(gate: Gate, visit: Visit) -> None:
    """A long upload holds no question up; what has been stored is found at once."""
    gate.open()
    gate.library.add_documents([Document("a" * 64, "/glass", "Glass", "", "", "text/plain", "Glass is silver.", ())])
    gate.encoder.gate.clear()
    page = visit(gate.url)
    upload(page, file("bread.txt", LONG))
    expect(on_its_way(page, "bread.txt")).to_contain_text("Encoding")
    page.get_by_role("tab", name="Ask").click()
    ask(page, "What is glass?")
    expect(first(page)).to_contain_text("Glass is silver.")
    page.get_by_role("tab", name="Library").click()
    expect(on_its_way(page, "bread.txt")).to_contain_text("Encoding")


def test_a_file_uploaded_again_replaces_its_former_version(own_site: tuple[str, Library], visit: Visit) -> None:
    """The name decides: the same bytes are known, other bytes are the next version."""
    url, library = own_site
    page = visit(url)
    for content, outcome in ((BREAD, "Added"), (BREAD, "Already here"), ("The king ate the bread.", "Replaced")):
        upload(page, file("bread.txt", content))
        expect(page.locator("#p-jobs section").first).to_contain_text(outcome)
    assert names(library) == {"bread.txt", "The Harbour Treaty"}
    assert library.verify().sources_checked == 2


def test_a_failed_file_is_named_with_reason_and_remedy(own_site: tuple[str, Library], visit: Visit) -> None:
    """A broken file stops no other, and does not stay on the server; the report stays until it is closed."""
    url, library = own_site
    page = visit(url)
    upload(page, file("scan.pdf", b"%PDF-1.7 and then nothing"), file("bread.txt", BREAD))
    expect(on_its_way(page, "scan.pdf")).to_contain_text("Not added")
    expect(on_its_way(page, "scan.pdf")).to_contain_text("Open it in the program that made it")
    expect(on_its_way(page, "bread.txt")).to_contain_text("Added")
    expect(page.locator("#live")).to_have_text("Done. Added: 1. Not added: 1.")
    assert [path.name for path in (library.folder / "uploads").glob("*.*") if path.is_file()] == ["bread.txt"]
    page.get_by_role("button", name="Close this report").click()
    expect(page.locator("#p-jobs section")).to_have_count(0)
    expect(page.get_by_role("heading", name="2 documents")).to_be_focused()


def test_uploads_can_be_cancelled(gate: Gate, visit: Visit) -> None:
    """One file that waits, or all: what is stored stays, and of the rest nothing does."""
    page = visit(gate.url)
    upload(page, *(file(f"{n:02}.txt", f"{LONG} The clock struck {n}.") for n in range(12)))
    expect(on_its_way(page, "00.txt")).to_contain_text("Encoding")
    on_its_way(page, "10.txt").get_by_role("button", name="Cancel").click()
    expect(on_its_way(page, "10.txt")).to_contain_text("Cancelled")
    expect(page.get_by_role("button", name="Cancel 11.txt")).to_be_focused()
    with page.expect_response("**/cancel"):
        page.get_by_role("button", name="Cancel all").click()
    gate.open()
    expect(page.locator("#p-jobs [data-state=cancelled]")).to_be_visible()
    expect(on_its_way(page, "11.txt")).to_contain_text("Cancelled")
    expect(page.locator("#live")).to_contain_text("Cancelled: ")
    stored = names(gate.library)
    assert not {"10.txt", "11.txt"} & stored
    assert {path.name for path in (gate.library.folder / "uploads").glob("*.txt")} == stored
    assert gate.library.problems() == []


def test_a_file_left_out_is_not_added(gate: Gate, visit: Visit) -> None:
    """The others are, without it."""
    page = visit(gate.url)
    upload(page, *(file(f"{n:02}.txt", f"{LONG} The clock struck {n}.") for n in range(12)))
    on_its_way(page, "10.txt").get_by_role("button", name="Cancel").click()
    expect(on_its_way(page, "10.txt")).to_contain_text("Cancelled")
    gate.open()
    expect(page.locator("#live")).to_have_text("Done. Added: 11. Cancelled: 1.")
    assert names(gate.library) == {f"{n:02}.txt" for n in range(12) if n != 10}


def test_a_page_opened_again_finds_its_uploads(gate: Gate, visit: Visit) -> None:
    """They go on without it; what it had dismissed stays away."""
    page = visit(gate.url)
    upload(page, *(file(f"{n}.txt", f"{LONG} The clock struck {n}.") for n in range(12)))
    expect(page.locator("#p-jobs [data-running]")).to_be_visible()
    page.close()
    page = visit(gate.url)
    page.get_by_role("tab", name="Library").click()
    expect(page.get_by_role("heading", name="Adding 12 files")).to_be_visible()
    gate.open()
    page.get_by_role("button", name="Close this report").click()
    expect(page.locator("#p-jobs section")).to_have_count(0)
    page.reload()
    page.get_by_role("tab", name="Library").click()
    expect(page.locator("#p-shelf section")).to_be_visible()
    expect(page.locator("#p-jobs section")).to_have_count(0)


def test_a_locked_library_says_who_holds_it(
    own_site: tuple[str, Library], visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writer is waited for, and then named; the upload leaves nothing behind."""
    url, library = own_site
    monkeypatch.setattr(file_jobs, "LOCK_WAIT_SECONDS", 0.1)
    page = visit(url)
    with Library.open(library.folder, Settings()) as other, other._store.writing():
        upload(page, file("bread.txt", BREAD))
        expect(page.locator("#p-jobs [data-state=failed]")).to_contain_text("is being changed by process")
        expect(page.locator("#p-jobs")).to_contain_text("searching works meanwhile")
    assert not list((library.folder / "uploads").glob("*.txt"))


def test_an_upload_beyond_the_limit_is_refused(tmp_path: Path, visit: Visit) -> None:
    """With what would be allowed; nothing of it is added, and the next one is."""
    settings = Settings(passage_tokens=32, max_upload_files=2)
    with open_library(tmp_path, {"treaty.md": TREATY}) as library, serving(library, settings) as url:
        page = visit(url)
        upload(page, *(file(f"{n}.txt", f"The clock struck {n}.") for n in range(3)))
        expect(page.locator("#outcome")).to_contain_text("3 files are too many: at most 2 are allowed at once.")
        expect(page.locator("#outcome")).to_contain_text("PINCITE_MAX_UPLOAD_FILES")
        upload(page, file("0.txt", "The clock struck."))
        expect(on_its_way(page, "0.txt")).to_contain_text("Added")
        expect(page.locator("#outcome .p-problem")).to_have_count(0)
        page.close()
        assert names(library) == {"0.txt", "The Harbour Treaty"}


_DROP = """([zone, files]) => {
  const held = new DataTransfer();
  for (const [name, size] of files) held.items.add(new File(["x".repeat(size)], name));
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true }));
}"""


@pytest.mark.parametrize("way", ["chosen", "dropped"])
def test_a_file_that_is_too_large_is_refused_before_it_is_sent(tmp_path: Path, visit: Visit, way: str) -> None:
    """Told by its name, with the limit and who can raise it; the others are added, and the next upload clears it."""
    settings = Settings(passage_tokens=32, max_file_megabytes=1)
    with open_library(tmp_path, {}) as library, serving(library, settings) as url:
        page = visit(url)
        if way == "chosen":
            upload(page, file("big.txt", "x" * 1_000_001), file("whale.txt", "The whale sang."))
        else:
            page.get_by_role("tab", name="Library").click()
            zone = page.locator("#files button").element_handle()
            page.locator("#p-too-large").wait_for(state="attached")
            page.evaluate(_DROP, [zone, [["big.txt", 1_000_001], ["whale.txt", 9]]])
        expect(page.locator("#p-outcome")).to_contain_text("Too large to be added")
        expect(page.locator("#p-outcome")).to_contain_text("big.txt")
        expect(page.locator("#p-outcome")).to_contain_text("PINCITE_MAX_FILE_MEGABYTES")
        expect(on_its_way(page, "whale.txt")).to_contain_text("Added")
        expect(page.locator(".toast-body")).to_have_count(0)
        upload(page, file("horse.txt", "The horse ran."))
        expect(on_its_way(page, "horse.txt")).to_contain_text("Added")
        expect(page.locator("#p-outcome")).to_be_empty()
        page.close()
        assert names(library) == {"whale.txt", "horse.txt"}


def test_folders_are_added_where_that_is_allowed(tmp_path: Path, visit: Visit) -> None:
    """Those of the settings and no others; elsewhere the control is not there."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "bread.txt").write_text(BREAD)
    settings = Settings(passage_tokens=32, allow_folders=(tmp_path / "inbox",))
    with open_library(tmp_path, {}) as library, serving(library, settings) as url:
        page = visit(url)
        page.get_by_role("tab", name="Library").click()
        expect(page.get_by_label("Address of a page")).to_have_count(0)
        page.get_by_role("button", name="Add folder").click()
        expect(on_its_way(page, "bread.txt")).to_contain_text("Added")
        page.get_by_label("Folder on the server").fill(str(tmp_path))
        page.get_by_role("button", name="Add folder").click()
        expect(page.locator("#p-outcome")).to_contain_text("Adding files from that folder is not allowed here.")
        page.close()


def test_addresses_are_added_where_that_is_allowed(tmp_path: Path, visit: Visit) -> None:
    """Public ones: this server's own is refused, and the reason told."""
    settings = Settings(passage_tokens=32, allow_urls=True)
    with open_library(tmp_path, {}) as library, serving(library, settings) as url:
        page = visit(url)
        page.get_by_role("tab", name="Library").click()
        expect(page.get_by_label("Folder on the server")).to_have_count(0)
        page.get_by_label("Address of a page").fill(url)
        page.get_by_label("Address of a page").press("Enter")
        expect(page.locator("#p-outcome .p-problem")).to_be_visible()
        expect(page.get_by_label("Address of a page")).to_have_value(url)
        page.close()


# Removing


def test_a_document_is_removed_once_that_is_confirmed(own_site: tuple[str, Library], visit: Visit) -> None:
    """Asked first; then the document is gone, its uploaded file with it, and a receipt says so."""
    url, library = own_site
    page = visit(url)
    upload(page, file("bread.txt", BREAD))
    expect(page.locator("#live")).to_contain_text("Done.")
    remove = row(page, "bread.txt").get_by_role("button", name="Remove")
    remove.click()
    page.get_by_role("button", name="Keep it").click()
    expect(remove).to_be_focused()
    remove.click()
    expect(page.get_by_role("dialog")).to_contain_text("bread.txt")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator("#p-outcome")).to_contain_text("Removed")
    expect(page.locator("#p-outcome")).to_contain_text("bread.txt")
    expect(page.locator("#live")).to_have_text("Removed: bread.txt")
    expect(row(page, "bread.txt")).to_have_count(0)
    assert names(library) == {"The Harbour Treaty"}
    assert list((library.folder / "uploads").glob("*.txt")) == []
    page.get_by_role("button", name="Close this receipt").click()
    expect(page.locator("#p-outcome")).to_be_empty()


def test_removing_works_by_keyboard(own_site: tuple[str, Library], visit: Visit) -> None:
    """Escape keeps, Enter removes, and the focus goes on to the next row, or to the heading where there is none."""
    url, library = own_site
    page = visit(url)
    upload(page, file("a.txt", BREAD))
    expect(row(page, "a.txt")).to_be_visible()
    button = page.get_by_role("button", name="Remove a.txt")
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(row(page, "a.txt")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove The Harbour Treaty")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_focused()
    assert library.documents() == []


# The list


def many(library: Library, number: int) -> None:
    """Fill a library with as many small documents."""
    library.add_documents(
        Document(
            f"{n:064}", f"/papers/{n:03}.txt", f"Paper {n:03}", "Ada" if n % 2 else "", "", "text/plain", f"{n}", ()
        )
        for n in range(number)
    )


def test_a_long_list_is_searched_sorted_and_turned(own_site: tuple[str, Library], visit: Visit) -> None:
    """By words, by a column, page by page; whoever listens hears how many, and the focus stays in reach."""
    url, library = own_site
    many(library, 120)
    page = visit(url)
    page.get_by_role("tab", name="Library").click()
    rows = page.locator("#p-shelf tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".p-pager")).to_contain_text("51–100 of 121")
    expect(page.get_by_role("heading", name="121 documents")).to_be_focused()
    author = page.get_by_role("columnheader", name="Author")
    author.get_by_role("button").click()
    expect(author).to_have_attribute("aria-sort", "ascending")
    expect(author.get_by_role("button")).to_be_focused()
    expect(rows.first).to_contain_text("Paper 001")
    expect(page.locator(".p-pager")).to_contain_text("1–50 of 121")
    page.get_by_label("Find a document").press_sequentially("paper 07")
    expect(rows).to_have_count(12)
    expect(page.locator("#live")).to_have_text("12 found")
    expect(page.get_by_label("Find a document")).to_be_focused()
    page.get_by_label("Find a document").fill("unicorn")
    expect(page.locator("#p-shelf")).to_contain_text("No document has all of these words")


def test_a_short_list_needs_no_search(own_site: tuple[str, Library], visit: Visit) -> None:
    """Where everything can be seen, nothing offers to find it."""
    page = visit(own_site[0])
    page.get_by_role("tab", name="Library").click()
    expect(page.get_by_role("heading", name="1 document")).to_be_visible()
    expect(page.get_by_label("Find a document")).to_be_hidden()


def test_a_document_that_lacks_something_says_so(own_site: tuple[str, Library], visit: Visit) -> None:
    """In a few words; what it is and what to do, when asked."""
    url, library = own_site
    note = "3 pages without text, as images: run text recognition to have them read."
    library.add_documents([Document("b" * 64, "/scan.pdf", "Scan", "", "", "application/pdf", "Oil.", (), (note,))])
    page = visit(url)
    page.get_by_role("tab", name="Library").click()
    expect(row(page, "Scan").get_by_text("ocrmypdf")).to_be_hidden()
    row(page, "Scan").locator("summary", has_text="3 pages without text").click()
    expect(row(page, "Scan").get_by_text("ocrmypdf")).to_be_visible()


def test_the_list_is_a_table_also_on_a_phone(own_site: tuple[str, Library], visit: Visit) -> None:
    """Shown as a list, it keeps its rows and cells for those who listen, and can be sorted without a head."""
    url, library = own_site
    many(library, 9)
    page = visit(url, size={"width": 390, "height": 844})
    page.get_by_role("tab", name="Library").click()
    expect(page.get_by_role("row").filter(has_text="Paper 003").get_by_role("cell")).to_have_count(5)
    page.get_by_label("Sort by").select_option("author")
    expect(page.locator("#p-shelf tbody tr").first).to_contain_text("Paper 001")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in page.locator("#p-shelf tbody").get_by_role("button", name=re.compile("Remove")).all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
