"""The Library tab: uploads, their reports, and the list of documents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from index.records import Document, texts
from index.settings import Settings
from tests.browser.actions import ask, best_card, file_payload, upload
from tests.browser.conftest import TREATY, open_library, running_site
from tests.browser.gate import LONG, GatedSite, gated_site
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from index.library.library import Library
    from tests.browser.conftest import Visit

BREAD = "The doctor baked bread every winter. Nobody else in the school liked silver."


@pytest.fixture(scope="module")
def shared_gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatedSite]:
    """Serve a page over a library with a gated encoder; `gate` resets it."""
    with gated_site(tmp_path_factory.mktemp("gated")) as gate:
        yield gate


@pytest.fixture
def gate(shared_gate: GatedSite) -> GatedSite:
    """Return a page over an empty library whose encoder waits until the gate is opened."""
    shared_gate.reset()
    return shared_gate


def row(page: Page, name: str) -> Locator:
    """Return the row of a document in the list."""
    return page.locator("#p-shelf tbody tr").filter(has_text=name)


def job_row(page: Page, name: str) -> Locator:
    """Return the row of a file in the report of an upload."""
    return page.locator("#p-jobs li").filter(has_text=name)


def names(library: Library) -> set[str]:
    """Return the names of all documents."""
    return {info.name for info in library.documents()}


# Adding


def test_uploaded_files_are_found_by_a_question(own_site: tuple[str, Library], visit: Visit) -> None:
    """The files stay in the folder for uploads, where `verify` reads them again."""
    url, library = own_site
    page = visit(url)
    upload(
        page,
        file_payload("bread.txt", BREAD),
        file_payload("bridge.md", "# Bridges\n\nA bridge of glass crossed the river."),
    )
    expect(job_row(page, "bread.txt")).to_contain_text("Added · 1 passage")
    expect(job_row(page, "bridge.md")).to_contain_text("Added")
    expect(page.locator("#live")).to_contain_text("2 added. Added: ")
    expect(row(page, "bread.txt")).to_contain_text("Text")
    page.get_by_role("tab", name="Ask").click()
    ask(page, "Who baked the loaf?")
    expect(best_card(page).locator("mark")).to_have_text("The doctor baked bread every winter.")
    assert library.find("bread.txt").source == str(library.folder / "uploads" / "bread.txt")
    assert library.verify().sources_checked == 3


def test_upload_shows_the_progress_of_each_file(gate: GatedSite, visit: Visit) -> None:
    """Each file shows its step, and the upload shows its total progress."""
    page = visit(gate.url)
    upload(
        page,
        file_payload("bread.txt", LONG),
        *(file_payload(f"{n}.txt", f"The whale followed ship {n}.") for n in range(9)),
    )
    expect(job_row(page, "bread.txt")).to_contain_text("Encoding")
    expect(job_row(page, "8.txt")).to_contain_text("Waiting")
    expect(page.get_by_role("progressbar", name="Adding 10 files")).to_have_attribute("max", "10")
    expect(page.get_by_role("progressbar", name="bread.txt")).to_be_visible()
    expect(page.locator("#live")).to_have_text("Adding 10 files")
    gate.open()
    expect(page.locator("#p-jobs [data-state=done]")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.locator("#p-jobs .p-numbers").first).to_contain_text("passages in")


def test_upload_is_followed_if_gradio_loses_its_event(gate: GatedSite, unwatched: Page) -> None:
    """Gradio's client may lose the event that names the job; the server knows which browser started it."""
    unwatched.goto(gate.url)
    unwatched.route("**/gradio_api/queue/data*", lambda _: None)  # it never gets a response
    upload(unwatched, file_payload("bread.txt", LONG))
    expect(job_row(unwatched, "bread.txt")).to_contain_text("Encoding")
    gate.open()
    expect(job_row(unwatched, "bread.txt")).to_contain_text("Added")


def test_ended_upload_is_reported_if_gradio_loses_its_event(gate: GatedSite, unwatched: Page) -> None:
    """A short upload can end before the page polls again. A report that the reader has closed stays closed."""
    gate.open()
    unwatched.goto(gate.url)
    unwatched.route("**/gradio_api/queue/data*", lambda _: None)  # it never gets a response
    unwatched.route("**/page/state?*", lambda route: route.abort())
    upload(unwatched, file_payload("bread.txt", "The doctor baked bread."))
    wait_until(lambda: names(gate.library) == {"bread.txt"} and gate.is_idle())
    unwatched.unroute("**/page/state?*")
    unwatched.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(job_row(unwatched, "bread.txt")).to_contain_text("Added")
    with unwatched.expect_response("**/page/state?*"):
        unwatched.get_by_role("button", name="Close this report").click()
    unwatched.unroute("**/gradio_api/queue/data*")
    with unwatched.expect_response("**/page/state?*"):
        unwatched.reload()
    unwatched.get_by_role("tab", name="Library").click()
    expect(row(unwatched, "bread.txt")).to_be_visible()
    expect(unwatched.locator("#p-jobs section")).to_have_count(0)


def test_questions_are_answered_during_an_upload(gate: GatedSite, visit: Visit) -> None:
    """A long upload does not block questions, and stored documents are found at once."""
    gate.open()
    gate.library.add_documents([Document("a" * 64, "/glass", "Glass", "", "", "text/plain", "Glass is silver.", ())])
    gate.encoder.gate.clear()
    page = visit(gate.url)
    upload(page, file_payload("bread.txt", LONG))
    expect(job_row(page, "bread.txt")).to_contain_text("Encoding")
    page.get_by_role("tab", name="Ask").click()
    ask(page, "What is glass?")
    expect(best_card(page)).to_contain_text("Glass is silver.")
    page.get_by_role("tab", name="Library").click()
    expect(job_row(page, "bread.txt")).to_contain_text("Encoding")


def test_file_uploaded_again_replaces_its_former_version(own_site: tuple[str, Library], visit: Visit) -> None:
    """The name identifies the file: the same bytes are skipped, other bytes replace them."""
    url, library = own_site
    page = visit(url)
    for content, outcome in ((BREAD, "Added"), (BREAD, "Already here"), ("The king ate the bread.", "Replaced")):
        upload(page, file_payload("bread.txt", content))
        expect(page.locator("#p-jobs section").first).to_contain_text(outcome)
    assert names(library) == {"bread.txt", "The Harbour Treaty"}
    assert library.verify().sources_checked == 2


def test_failed_file_is_reported_with_reason_and_hint(own_site: tuple[str, Library], visit: Visit) -> None:
    """It does not stop the others and is deleted from the server; the report stays until it is closed.

    Files that need attention are listed first; the names of the others are a click away.
    """
    url, library = own_site
    page = visit(url)
    others = (file_payload(f"{n}.txt", f"The clock struck {n}.") for n in range(20))
    upload(page, file_payload("scan.pdf", b"%PDF-1.7 and then nothing"), *others)
    expect(job_row(page, "scan.pdf")).to_contain_text("Not added")
    expect(job_row(page, "scan.pdf")).to_contain_text("Open it in the program that made it")
    expect(page.locator("#p-jobs")).to_contain_text("20 added", timeout=20_000)
    expect(page.locator("#p-jobs li:visible")).to_have_count(1)
    page.locator("#p-jobs summary", has_text="20 added").click()
    expect(page.locator("#p-jobs li:visible")).to_have_count(21)
    expect(page.locator("#live")).to_contain_text("20 added, 1 not added. Not added: scan.pdf.")
    assert len([path for path in (library.folder / "uploads").glob("*.*") if path.is_file()]) == 20
    page.get_by_role("button", name="Close this report").click()
    expect(page.locator("#p-jobs section")).to_have_count(0)
    expect(page.get_by_role("heading", name="21 documents")).to_be_focused()


def test_cancelled_upload_keeps_only_stored_files(gate: GatedSite, visit: Visit) -> None:
    """One waiting file can be cancelled, or all of them."""
    page = visit(gate.url)
    upload(page, *(file_payload(f"{n:02}.txt", f"{LONG} The clock struck {n}.") for n in range(12)))
    expect(job_row(page, "00.txt")).to_contain_text("Encoding")
    job_row(page, "10.txt").get_by_role("button", name="Cancel").click()
    expect(job_row(page, "10.txt")).to_contain_text("Cancelled")
    expect(page.get_by_role("button", name="Cancel 11.txt")).to_be_focused()
    with page.expect_response("**/cancel"):
        page.get_by_role("button", name="Cancel all").click()
    gate.open()
    expect(page.locator("#p-jobs [data-state=cancelled]")).to_be_visible()
    expect(job_row(page, "11.txt")).to_contain_text("Cancelled")
    expect(page.locator("#live")).to_contain_text("Cancelled: ")
    stored = names(gate.library)
    assert not {"10.txt", "11.txt"} & stored
    assert {path.name for path in (gate.library.folder / "uploads").glob("*.txt")} == stored
    assert gate.library.problems() == []


def test_reopened_page_shows_its_uploads(gate: GatedSite, visit: Visit) -> None:
    """The upload continues while the page is closed; a report that was closed is not shown again."""
    page = visit(gate.url)
    upload(page, *(file_payload(f"{n}.txt", f"{LONG} The clock struck {n}.") for n in range(12)))
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


def test_upload_of_too_many_files_is_refused(tmp_path: Path, visit: Visit) -> None:
    """The message has the limit; nothing is added, and the next upload works."""
    settings = Settings(passage_tokens=32, max_upload_files=2)
    with open_library(tmp_path, {"treaty.md": TREATY}) as library, running_site(library, settings) as url:
        page = visit(url)
        upload(page, *(file_payload(f"{n}.txt", f"The clock struck {n}.") for n in range(3)))
        expect(page.locator("#outcome")).to_contain_text("3 files are too many: at most 2 are allowed at once.")
        expect(page.locator("#outcome")).to_contain_text("PINCITE_MAX_UPLOAD_FILES")
        upload(page, file_payload("0.txt", "The clock struck."))
        expect(job_row(page, "0.txt")).to_contain_text("Added")
        expect(page.locator("#outcome .p-problem")).to_have_count(0)
        page.close()
        assert names(library) == {"0.txt", "The Harbour Treaty"}


_DROP = """([zone, files]) => {
  const held = new DataTransfer();
  for (const [name, size] of files) held.items.add(new File(["x".repeat(size)], name));
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true }));
}"""


@pytest.mark.parametrize("way", ["chosen", "dropped"])
def test_oversized_file_is_refused_before_it_is_sent(tmp_path: Path, visit: Visit, way: str) -> None:
    """The message has the name and the setting. Other files are added, and the next upload clears the message."""
    settings = Settings(passage_tokens=32, max_file_megabytes=1)
    with open_library(tmp_path, {}) as library, running_site(library, settings) as url:
        page = visit(url)
        if way == "chosen":
            upload(page, file_payload("big.txt", "x" * 1_000_001), file_payload("whale.txt", "The whale sang."))
        else:
            page.get_by_role("tab", name="Library").click()
            zone = page.locator("#files button").element_handle()
            page.locator("#p-too-large").wait_for(state="attached")
            page.evaluate(_DROP, [zone, [["big.txt", 1_000_001], ["whale.txt", 9]]])
        expect(page.locator("#p-outcome")).to_contain_text(texts.TOO_LARGE)
        expect(page.locator("#p-outcome")).to_contain_text("big.txt")
        expect(page.locator("#p-outcome")).to_contain_text("PINCITE_MAX_FILE_MEGABYTES")
        expect(job_row(page, "whale.txt")).to_contain_text("Added")
        expect(page.locator(".toast-body")).to_have_count(0)
        upload(page, file_payload("horse.txt", "The horse ran."))
        expect(job_row(page, "horse.txt")).to_contain_text("Added")
        expect(page.locator("#p-outcome")).to_be_empty()
        page.close()
        assert names(library) == {"whale.txt", "horse.txt"}


def test_only_allowed_folders_are_added(tmp_path: Path, visit: Visit) -> None:
    """The form is shown only if the settings allow a folder."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "bread.txt").write_text(BREAD)
    settings = Settings(passage_tokens=32, allow_folders=(tmp_path / "inbox",))
    with open_library(tmp_path, {}) as library, running_site(library, settings) as url:
        page = visit(url)
        page.get_by_role("tab", name="Library").click()
        expect(page.get_by_label("Address of a page")).to_have_count(0)
        page.get_by_role("button", name="Add folder").click()
        expect(job_row(page, "bread.txt")).to_contain_text("Added")
        page.get_by_label("Folder on the server").fill(str(tmp_path))
        page.get_by_role("button", name="Add folder").click()
        expect(page.locator("#p-outcome")).to_contain_text("Adding files from that folder is not allowed here.")
        page.close()


def test_form_for_addresses_refuses_this_server(tmp_path: Path, visit: Visit) -> None:
    """The form is shown only if the settings allow addresses. A private address is refused with a reason."""
    settings = Settings(passage_tokens=32, allow_urls=True)
    with open_library(tmp_path, {}) as library, running_site(library, settings) as url:
        page = visit(url)
        page.get_by_role("tab", name="Library").click()
        expect(page.get_by_label("Folder on the server")).to_have_count(0)
        page.get_by_label("Address of a page").fill(url)
        page.get_by_label("Address of a page").press("Enter")
        expect(page.locator("#p-outcome .p-problem")).to_be_visible()
        expect(page.get_by_label("Address of a page")).to_have_value(url)
        page.close()


# Removing


def test_document_is_removed_after_confirmation(own_site: tuple[str, Library], visit: Visit) -> None:
    """The uploaded file is deleted, too, and a receipt is shown. A list that fits the screen has no filter."""
    url, library = own_site
    page = visit(url)
    upload(page, file_payload("bread.txt", BREAD))
    expect(page.locator("#live")).to_contain_text("added")
    add = page.get_by_role("button", name="Add documents: ")
    expect(add).to_have_accessible_name(f"Add documents: {add.inner_text()}", ignore_case=True)
    expect(page.get_by_label(texts.FIND_A_DOCUMENT)).to_be_hidden()
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


def test_document_is_removed_by_keyboard(own_site: tuple[str, Library], visit: Visit) -> None:
    """Escape keeps the document, Enter removes it; the focus moves to the next row, or else to the heading."""
    url, library = own_site
    page = visit(url)
    upload(page, file_payload("a.txt", BREAD))
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


def add_papers(library: Library, number: int) -> None:
    """Add a number of small documents."""
    library.add_documents(
        Document(
            f"{n:064}", f"/papers/{n:03}.txt", f"Paper {n:03}", "Ada" if n % 2 else "", "", "text/plain", f"{n}", ()
        )
        for n in range(number)
    )


def test_long_list_is_filtered_sorted_and_paged(own_site: tuple[str, Library], visit: Visit) -> None:
    """The live region reads out the number of matches, and the focus stays near."""
    url, library = own_site
    add_papers(library, 120)
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
    page.get_by_label(texts.FIND_A_DOCUMENT).press_sequentially("paper 07")
    expect(rows).to_have_count(12)
    expect(page.locator("#live")).to_have_text("12 found")
    expect(page.get_by_label(texts.FIND_A_DOCUMENT)).to_be_focused()
    page.get_by_label(texts.FIND_A_DOCUMENT).fill("unicorn")
    expect(page.locator("#p-shelf")).to_contain_text("No document has all of these words")


def test_list_on_a_phone_is_a_table_for_screen_readers(own_site: tuple[str, Library], visit: Visit) -> None:
    """It has rows and cells, can be sorted without a header, and its buttons are large enough."""
    url, library = own_site
    add_papers(library, 9)
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
