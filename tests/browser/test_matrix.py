"""Tables whose every citation opens, and matrices of documents and questions, on every size of screen."""

from __future__ import annotations

import csv
import io
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pypdfium2 as pdfium
import pytest
from openpyxl import Workbook
from playwright.sync_api import expect

from index.settings import Settings
from tests.browser.actions import file_payload
from tests.browser.axe import colour_violations, structure_violations
from tests.browser.conftest import OIL, TREATY, UNSURE_PREFIX, ScriptedLibrary, open_library, running_site
from tests.browser.everywhere import EVERYWHERE, PHONE_AND_DESK, SIZES
from tests.browser.layout import layout_problems
from tests.browser.source_reader import loaded_viewer
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Locator, Page, ViewportSize

    from index.records import MatrixRow
    from tests.browser.conftest import Revisit, Scheme, Visit

SIGNED, FELL, WHALE = "Who signed the treaty?", "Did the price of oil fall in summer?", "Where is the volcano?"
QUOTE = "The king signed the treaty in the harbour."
DATED = "---\ndate: 1855-02-03\n---\n# Whales\n\nA whale swam by the bridge in the rain. Nobody saw the comet."
SOURCES = {"treaty.md": TREATY, "oil.txt": OIL, "whales.md": DATED}
TOUCH, TARGET = 768, 44
"""The widest screen that is touched, and the least side of a target there, in pixels."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a page over three documents."""
    with open_library(tmp_path_factory.mktemp("matrix"), SOURCES) as library, running_site(library) as url:
        yield url


def ask_all(page: Page, kind: str, *questions: str) -> Locator:
    """Ask questions as a table or a matrix; return the finished one."""
    page.get_by_role("tab", name="Questions").click()
    page.get_by_label("Questions, one per line").fill("\n".join(questions))
    page.get_by_role("radio", name=kind).check()
    with page.expect_response(lambda response: "x-job" in response.headers) as sending:
        page.get_by_role("button", name="Ask them all").click()
    newest = page.locator(f'#p-batches > details[data-job="{sending.value.headers["x-job"]}"]')
    expect(newest.locator(".p-download")).to_be_visible()
    rows = len(SOURCES) if kind == "Matrix" else len(questions)
    expect(newest.locator("tbody tr")).to_have_count(rows)
    return newest


def fits(page: Page) -> bool:
    """Return whether the page itself does not scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def small_targets(found: Locator) -> list[str]:
    """Return the visible links and controls that are too small for a finger."""
    script = "(nodes) => nodes.map((node) => [node.textContent, node.getBoundingClientRect().height])"
    return [f"{text.strip()} {height}" for text, height in found.evaluate_all(script) if 0 < height < TARGET]


def documents(matrix: Locator) -> list[str]:
    """Return the names of the documents in their present order."""
    return matrix.locator("tbody .p-m-document").all_text_contents()


@EVERYWHERE
def test_each_number_opens_the_words_and_each_row_its_answer(
    site: str, revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """Esc returns to the number, and Back to the row, at the same place on the screen."""
    page = revisit(site, size=size, scheme=scheme)
    table = ask_all(page, "Table", *(f"Question {n}?" for n in range(6)), SIGNED, FELL)
    number = table.get_by_role("link", name="Source 1: The Harbour Treaty")
    number.click()
    expect(loaded_viewer(page).locator("mark")).to_have_text(QUOTE)
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()
    expect(number).to_be_focused()
    row = table.locator("tbody tr").filter(has_text=SIGNED).get_by_role("rowheader").get_by_role("link")
    row.evaluate("(link) => link.scrollIntoView({ block: 'center' })")
    before = row.bounding_box()
    row.click()
    expect(page.locator("#results .p-answer")).to_contain_text(QUOTE)
    expect(page).to_have_url(re.compile(r"\?q=Who\+signed"))
    page.go_back()
    expect(row).to_be_focused()
    after = row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) <= 2
    assert fits(page)
    if size["width"] <= TOUCH:
        assert small_targets(page.locator(".p-answers tbody a")) == []


@PHONE_AND_DESK
def test_matrix_is_legible_and_sorted_on_every_screen(
    site: str, revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """A cell is a quotation that opens, a doubtful one, or "no mention"; the rows that say most come first."""
    page = revisit(site, size=size, scheme=scheme)
    matrix = ask_all(page, "Matrix", SIGNED, f"{UNSURE_PREFIX}{FELL}", WHALE)
    expect(matrix.locator("summary")).to_contain_text("3 questions to 3 documents")
    expect(matrix.locator("summary")).to_contain_text("1 with a quotation, 1 not sure, 7 without a mention")
    assert documents(matrix) == ["The Harbour Treaty", "oil.txt", "Whales"]
    doubtful = matrix.locator(".p-is-unsure")
    expect(doubtful).to_contain_text("Not sure")
    expect(matrix.locator(".p-is-abstained").first).to_contain_text("no mention")
    assert fits(page)
    narrow = size["width"] <= TOUCH
    if narrow:
        order = matrix.get_by_label("Order")
        order.select_option(label="Documents by name")
        assert documents(matrix) == ["oil.txt", "The Harbour Treaty", "Whales"]
        order.select_option(label="Most mentions first")
        assert documents(matrix) == ["The Harbour Treaty", "oil.txt", "Whales"]
        order.select_option(label=f"Mentions first: {SIGNED}")
        expect(doubtful.locator(".p-m-ask")).to_have_text(f"{UNSURE_PREFIX}{FELL}")
        assert small_targets(page.locator(".p-matrix tbody a, .p-m-order select, .p-kinds label")) == []
    else:
        head = matrix.get_by_role("columnheader", name=SIGNED)
        head.get_by_role("button").focus()
        page.keyboard.press("Enter")
        expect(head).to_have_attribute("aria-sort", "ascending")
        expect(head.get_by_role("button")).to_be_focused()
    assert documents(matrix)[0] == "The Harbour Treaty"
    expect(page.locator("#live")).to_have_text(f"Sorted by {SIGNED}, mentions first")
    quote = matrix.get_by_role("link", name=QUOTE)
    quote.focus()
    page.keyboard.press("Enter")
    expect(loaded_viewer(page).locator("mark")).to_have_text(QUOTE)
    page.keyboard.press("Escape")
    expect(quote).to_be_focused()
    page.evaluate("scrollTo(0, 0)")  # The sticky header covers targets in part.
    assert [*structure_violations(page), *colour_violations(page, "#batch"), *layout_problems(page)] == []


def test_columns_are_sorted_both_ways(site: str, revisit: Revisit) -> None:
    """By date the newest first; documents without a date stay last."""
    page = revisit(site)
    matrix = ask_all(page, "Matrix", SIGNED)
    date = matrix.get_by_role("columnheader", name="Date")
    for direction in ("descending", "ascending"):
        date.get_by_role("button").click()
        expect(date).to_have_attribute("aria-sort", direction)
        assert documents(matrix)[0] == "Whales"
    expect(matrix.locator("[aria-sort]")).to_have_count(1)
    name = matrix.get_by_role("columnheader", name="Document")
    name.get_by_role("button").click()
    name.get_by_role("button").click()
    expect(name).to_have_attribute("aria-sort", "descending")
    assert documents(matrix) == ["Whales", "The Harbour Treaty", "oil.txt"]


def test_head_and_first_column_stay_in_view(site: str, revisit: Revisit) -> None:
    """The region of a wide matrix scrolls by keyboard; the page does not."""
    page = revisit(site, size=SIZES[1440])
    matrix = ask_all(page, "Matrix", *(f"What about {n} whales and the treaty of the king?" for n in range(9)))
    region = matrix.get_by_role("region", name="Matrix: 9 questions to 3 documents")
    region.focus()
    first = region.get_by_role("rowheader").first
    left = first.bounding_box()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("(node) => node.scrollLeft > 0", arg=region.element_handle())
    now = first.bounding_box()
    assert left is not None
    assert now is not None
    assert abs(left["x"] - now["x"]) <= 10
    region.evaluate("(node) => { node.style.maxHeight = '160px'; node.scrollTop = 60; }")
    head, top = region.get_by_role("columnheader").first.bounding_box(), region.bounding_box()
    assert head is not None
    assert top is not None
    assert abs(head["y"] - top["y"]) <= 1
    assert fits(page)


@pytest.mark.parametrize("width", [1920, pytest.param(1440, marks=pytest.mark.nightly)])
def test_wide_matrix_takes_the_width_of_the_window(site: str, revisit: Revisit, width: int) -> None:
    """With many questions it goes beyond the column of the page, with few it does not; the page never scrolls."""
    page = revisit(site, size={"width": width, "height": 900})
    matrix = ask_all(page, "Matrix", *(f"What about {n} whales and the treaty of the king?" for n in range(9)))
    region = matrix.get_by_role("region")
    box, small = region.bounding_box(), page.locator("#p-batches").bounding_box()
    assert box
    assert small
    assert small["width"] < 1250
    assert width - 70 <= box["width"] <= width
    assert abs((box["x"] + box["width"] / 2) - (small["x"] + small["width"] / 2)) <= 2
    assert fits(page)
    narrow = ask_all(page, "Matrix", SIGNED).get_by_role("region").bounding_box()
    assert narrow
    assert abs(narrow["width"] - small["width"]) <= 20
    assert fits(page)


def test_matrix_is_readable_magnified_and_in_forced_colours(site: str, revisit: Revisit) -> None:
    """At 200 %, where 1440 pixels are 720, it is a list; form and first column are recognised without our colours."""
    page = revisit(site)
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    matrix = ask_all(page, "Matrix", SIGNED, FELL)
    dot = "(node) => getComputedStyle(node, '::before').backgroundColor"
    chosen, other = (page.get_by_role("radio", name=name).evaluate(dot) for name in ("Matrix", "Table"))
    assert chosen != other
    border = matrix.get_by_role("rowheader").first.evaluate("(node) => getComputedStyle(node).borderRightWidth")
    assert border == "1px"
    page.emulate_media(forced_colors="none", reduced_motion="no-preference")
    page.set_viewport_size({"width": 720, "height": 450})
    expect(matrix.locator("thead")).to_be_hidden()
    expect(matrix.locator(".p-m-ask").first).to_be_visible()
    assert fits(page)


def test_matrix_is_printed_whole(site: str, visit: Visit) -> None:
    """On landscape pages with the head on each, the quotations whole; many questions are a list."""
    page = visit(site, fresh=True)
    matrix = ask_all(page, "Matrix", SIGNED, FELL)
    page.emulate_media(media="print")
    assert matrix.locator("thead").evaluate("(node) => getComputedStyle(node).display") == "table-header-group"
    expect(page.locator(".p-batch")).to_be_hidden()
    expect(page.locator(".p-m-order")).to_be_hidden()
    sheets = pdfium.PdfDocument(page.pdf(prefer_css_page_size=True))
    sizes = {sheet.get_size() for sheet in sheets}
    words = " ".join(" ".join(sheet.get_textpage().get_text_range() for sheet in sheets).split())
    sheets.close()
    assert all(width > height for width, height in sizes)
    assert QUOTE in words
    assert SIGNED in words
    assert "¶ 1" in words
    page.emulate_media(media="screen")
    matrix = ask_all(page, "Matrix", *(f"{SIGNED} {n}" for n in range(8)))
    page.emulate_media(media="print")
    assert matrix.locator("table").evaluate("(node) => getComputedStyle(node).display") == "block"
    expect(matrix.locator(".p-m-ask").first).to_be_visible()


def test_columns_of_a_workbook_come_back(site: str, revisit: Revisit) -> None:
    """The questions can be edited first; an emptied box forgets them. The files are named by the question."""
    page = revisit(site)
    book, file = Workbook(), io.BytesIO()
    for line in (["id", "question", "answer"], [7, SIGNED, "=1+1"], [8, FELL, "mine"]):
        book.active.append(line)
    book.active["C2"].data_type = "s"
    book.save(file)
    page.get_by_role("tab", name="Questions").click()
    page.get_by_label("Questions, one per line").fill("")
    page.get_by_label("Load them from a file").set_input_files(file_payload("q.xlsx", file.getvalue()))
    expect(page.locator("#p-loaded")).to_have_text("These columns come back in the downloads: id, answer")
    box = page.get_by_label("Questions, one per line")
    expect(box).to_have_value(f"{SIGNED}\n{FELL}")
    table = ask_all(page, "Table", SIGNED, "Кто подписал договор?")
    with page.expect_download() as downloading:
        table.get_by_role("link", name="CSV").click()
    assert downloading.value.suggested_filename == "who-signed-the-treaty-and-1-more.csv"
    rows = list(csv.DictReader(io.StringIO(Path(downloading.value.path()).read_text("utf-8-sig"), newline="")))
    assert [(row["id"], row["answer (yours)"]) for row in rows] == [("7", "'=1+1"), ("8", "mine")]
    assert rows[0]["citations"].endswith(f"“{QUOTE}” <{rows[0]['link']}>")
    page.goto(rows[0]["link"])
    expect(page.locator("mark").first).to_have_text(QUOTE)
    page.goto(f"{site}?tab=questions")
    page.get_by_label("Load them from a file").set_input_files(file_payload("q.xlsx", file.getvalue()))
    expect(page.locator("#p-loaded input")).to_have_count(1)
    box.fill("")
    expect(page.locator("#p-loaded")).to_be_empty()


class ThrottledLibrary(ScriptedLibrary):
    """A library that fills only as many cells of a matrix as the semaphore permits."""

    permits: threading.Semaphore

    def matrix_rows(self, questions: Sequence[str], **options: Any) -> Iterator[MatrixRow]:
        """Wait for a permit before each cell."""
        before = options.pop("before_cell")

        def before_cell() -> None:
            assert self.permits.acquire(timeout=60)
            before()

        return super().matrix_rows(questions, before_cell=before_cell, **options)


def test_matrix_grows_and_can_be_cancelled(tmp_path: Path, visit: Visit) -> None:
    """Rows appear as they are ready, and take their place in the order; finished ones are kept."""
    with (
        ThrottledLibrary.open(tmp_path / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library,
        running_site(library) as url,
    ):
        library.permits = threading.Semaphore(5)
        for name, text in SOURCES.items():
            (tmp_path / name).write_text(text)
        library.add([tmp_path / name for name in SOURCES])
        page = visit(url)
        page.get_by_role("tab", name="Questions").click()
        page.get_by_label("Questions, one per line").fill(f"{SIGNED}\n{FELL}")
        page.get_by_role("radio", name="Matrix").check()
        page.get_by_role("button", name="Ask them all").click()
        progress = page.get_by_role("progressbar", name="Asking 2 questions to 3 documents")
        expect(progress).to_have_attribute("value", "4")
        expect(progress).to_have_attribute("max", "6")
        expect(page.locator(".p-matrix tbody tr")).to_have_count(2)
        page.get_by_role("columnheader", name=SIGNED).get_by_role("button").click()
        assert documents(page.locator(".p-matrix")) == ["The Harbour Treaty", "oil.txt"]
        with page.expect_response("**/cancel"):
            page.get_by_role("button", name="Cancel").click()
        library.permits.release(100)
        expect(page.locator("#p-batches summary")).to_contain_text("2 questions to 3 documents, cancelled")
        expect(page.locator(".p-matrix tbody tr")).to_have_count(2)
        page.close()
