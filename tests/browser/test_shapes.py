"""A citation is shown in the shape of its format, in the source panel and on its own page, on every screen."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from index.loading.grid import Outline, grid
from index.records import Reading, texts
from tests import shapes
from tests.browser.axe import colour_violations, structure_violations
from tests.browser.conftest import ATTACK, open_library, running_site
from tests.browser.everywhere import EVERYWHERE, PHONE_AND_DESK
from tests.browser.layout import layout_problems
from tests.browser.source_reader import PHONE, loaded_viewer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page, ViewportSize

    from index.library.library import Library
    from index.records import Document
    from tests.browser.conftest import Revisit, Scheme, Visit

HOSTILE = grid(
    [[f"Name {ATTACK}", "Price"], [f"Comet {ATTACK}", "17"]], Outline("table", f"Table {ATTACK}", header_rows=1)
)


@pytest.fixture(scope="module")
def shaped_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Library]]:
    """Serve a page over a document of each shape; yield its address and the library."""
    with open_library(tmp_path_factory.mktemp("shapes"), {}) as library:
        hostile = shapes.document("comet.csv", "text/csv", [shapes.placed(HOSTILE, f"Sheet {ATTACK}")], ATTACK)
        picture = shapes.picture(tmp_path_factory.mktemp("pictures") / "bill.png")
        library.add_documents([hostile, picture, shapes.payments(), *(make() for make in shapes.ALL)])
        with running_site(library) as url:
            yield url, library


def open_source(page: Page, document: Document, words: str) -> Locator:
    """Open the source panel at the first of these words by its address."""
    at = document.text.index(words)
    page.evaluate(f"location.hash = 'd={document.id}:{at}-{at + len(words)}'")
    return loaded_viewer(page)


def _top(node: Locator) -> float:
    box = node.bounding_box()
    assert box
    return box["y"]


def citation_address(url: str, document: Document, words: str) -> str:
    """Return the address of the page of the first of these words."""
    at = document.text.index(words)
    return f"{url}/d/{document.id[:12]}/{at}-{at + len(words)}"


def assert_within(inner: Locator, outer: Locator) -> None:
    """Assert that an element lies within the visible box of another one."""
    box, frame = inner.bounding_box(), outer.bounding_box()
    assert box
    assert frame
    assert frame["x"] - 1 <= box["x"]
    assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1
    assert frame["y"] - 1 <= box["y"]
    assert box["y"] + box["height"] <= frame["y"] + frame["height"] + 1


def assert_cell_is_shown(grid: Locator) -> None:
    """The marked cell is in sight, with the headers of its column and its row emphasised and in sight, too."""
    expect(grid).to_have_attribute("tabindex", "0")
    cell = grid.locator("td.p-hit")
    expect(cell).to_have_text("4512")
    assert_within(cell, grid)
    for header, words in (("thead th.p-near", "Month 13"), ("tbody th.p-near", "Item 45")):
        expect(grid.locator(header)).to_have_text(words)
        assert_within(grid.locator(header), grid)
    assert grid.evaluate("(grid) => grid.scrollWidth > grid.clientWidth")


def assert_neighbours_are_read(grid: Locator) -> None:
    """The cells of the row before the marked one are whole: not below the header of the row, nor beyond the edge."""
    expect(grid.locator("td.p-hit")).to_have_text("96250")
    row = grid.locator("tr", has=grid.page.locator(".p-hit"))
    expect(row.locator("td")).to_have_count(4)
    header = row.locator("th.p-near").bounding_box()
    assert header
    width = (grid.page.viewport_size or {"width": 0})["width"]
    payer, payee = row.locator("td").all()[:2]
    for cell in (payer, payee) if width > 320 else (payee,):
        assert_within(cell, grid)
        box = cell.bounding_box()
        assert box
        assert box["x"] >= header["x"] + header["width"] - 1
    assert_within(grid.locator("td.p-hit"), grid)


CELLS: tuple[tuple[Callable[[], Document], str, Callable[[Locator], None]], ...] = (
    (shapes.sheet, "4512", assert_cell_is_shown),
    (shapes.payments, "96250", assert_neighbours_are_read),
)
"""Cells to mark, each in its document, and what is required of its table."""


@PHONE_AND_DESK
@pytest.mark.parametrize(("make", "words", "require"), CELLS, ids=["below headers", "beside columns"])
def test_marked_cell_is_in_sight(
    shaped_site: tuple[str, Library],
    revisit: Revisit,
    size: ViewportSize,
    scheme: Scheme,
    make: Callable[[], Document],
    words: str,
    require: Callable[[Locator], None],
) -> None:
    """The table scrolls in its own region below its headers; the page does not scroll sideways.

    At a desk, the panel grows until a whole row of payments is in sight.
    """
    page = revisit(shaped_site[0], size=size, scheme=scheme)
    viewer = open_source(page, make(), words)
    table = viewer.locator(".p-grid:has(.p-hit)")
    require(table)
    if make is shapes.sheet:
        expect(viewer).to_contain_text("Sheet “Costs”, N48")
        assert_within(table, viewer)
    elif size["width"] >= 768:
        assert table.evaluate("(grid) => grid.scrollWidth <= grid.clientWidth")
    assert layout_problems(page) == []


@EVERYWHERE
def test_page_of_a_cell_shows_it_with_headers_and_columns(
    shaped_site: tuple[str, Library], unwatched: Page, size: ViewportSize, scheme: Scheme
) -> None:
    """The page of the citation scrolls the table to the cell, as the source panel does, but not itself sideways."""
    page = unwatched
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)
    for make, words, require in CELLS:
        page.goto(citation_address(shaped_site[0], make(), words))
        require(page.locator(".p-grid:has(.p-hit)"))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@EVERYWHERE
def test_message_has_its_head_above_its_body(
    shaped_site: tuple[str, Library], revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """Sender, recipient, date and subject are a list of terms; the words of the earlier message are paler."""
    page = revisit(shaped_site[0], size=size, scheme=scheme)
    viewer = open_source(page, shapes.message(), "The pump at the north quay was repaired on Tuesday.")
    assert viewer.locator("dt").all_inner_texts() == ["From", "To", "Date", "Subject"]
    expect(viewer.locator("dd").first).to_have_text("Anna Berg <anna@example.org>")
    expect(viewer.locator("mark")).to_have_text("The pump at the north quay was repaired on Tuesday.")
    colours = [
        viewer.locator(block).evaluate("(node) => getComputedStyle(node).color")
        for block in (".p-quoted", ".p-block:has(mark)")
    ]
    assert colours[0] != colours[1]
    assert layout_problems(page) == []


@EVERYWHERE
def test_slide_has_its_notes_apart(
    shaped_site: tuple[str, Library], revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """The name of the slide stands above its title, and the notes below a line of their own."""
    page = revisit(shaped_site[0], size=size, scheme=scheme)
    viewer = open_source(page, shapes.slides(), "Three of them were dry.")
    expect(viewer.locator(".p-section", has_text=re.compile("^slide 2, “Results”$"))).to_be_visible()
    expect(viewer.locator(".p-slide:has(mark)")).to_contain_text("Fourteen wells were drilled.")
    notes = viewer.locator(".p-notes")
    expect(notes).to_have_text("Mention that the dry wells cost nine million.")
    assert _top(notes) > _top(viewer.locator("mark"))
    assert layout_problems(page) == []


@EVERYWHERE
def test_lines_and_moments_stand_beside_the_text(
    shaped_site: tuple[str, Library], revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """A line of code keeps its blanks and has its number, a moment its time and its speaker, left of the words."""
    page = revisit(shaped_site[0], size=size, scheme=scheme)
    for document, words, beside in (
        (shapes.code(), "return math.pi * radius**2", "line 5"),
        (shapes.subtitles(), "Nobody believed the pilot.", "00:12:09"),
    ):
        viewer = open_source(page, document, words)
        block = viewer.locator(".p-block:has(mark)")
        expect(viewer.locator("mark")).to_have_text(words)
        expect(block.locator(".p-margin")).to_have_text(beside)
        margin, mark = block.locator(".p-margin").bounding_box(), viewer.locator("mark").bounding_box()
        body = viewer.locator("#viewer-body").bounding_box()
        assert margin
        assert mark
        assert body
        assert body["x"] <= margin["x"]
        assert margin["x"] + margin["width"] <= mark["x"]
        assert layout_problems(page) == []
    expect(block.locator(".p-speaker")).to_have_text("David")


@EVERYWHERE
def test_recognised_words_are_marked_on_their_picture(
    shaped_site: tuple[str, Library], revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """The picture of the page comes first, with a rectangle on the words; the text beside it says how it was read."""
    url, library = shaped_site
    page = revisit(url, size=size, scheme=scheme)
    document = library.document("bill.png")
    viewer = open_source(page, document, "Forty barrels of oil")
    expect(viewer).to_have_attribute("data-state", "pages")
    page.wait_for_function("document.querySelector('#viewer .p-page img').naturalWidth > 0")
    expect(viewer.locator(".p-rect")).to_have_count(1)
    assert_within(viewer.locator(".p-rect"), viewer)
    expect(viewer.locator(".p-place")).to_contain_text("as recognised")
    viewer.get_by_role("button", name="Text").click()
    expect(viewer.locator(".p-view-note")).to_have_text(
        "As recognised in a picture of the page. Read by tesseract 5.5."
    )
    expect(viewer.locator("mark")).to_have_text("Forty barrels of oil")
    assert layout_problems(page) == []


def test_rows_of_a_table_are_copied_and_loaded(shaped_site: tuple[str, Library], visit: Visit) -> None:
    """The copy is the text of the document, with the bars between the cells.

    Scrolling on reaches the last row below the headers, and no row is shown twice.
    """
    page = visit(shaped_site[0])
    viewer = open_source(page, shapes.sheet(), "Item 3 | 300 | 301")
    assert viewer.locator("mark").all_inner_texts() == ["Item 3", "300", "301"]
    viewer.get_by_role("button", name=texts.COPY_QUOTE).click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('Item 3 | 300 | 301')")
    page.keyboard.press("Escape")
    viewer = open_source(page, shapes.sheet(), "100 | 101")
    page.wait_for_function(
        """() => {
          document.querySelector("#viewer-body").scrollTop = 1e6;
          return document.querySelector("#viewer-text").textContent.includes("Item 59");
        }"""
    )
    numbers = viewer.locator("tbody .p-edge").all_inner_texts()
    assert numbers == [str(number) for number in range(4, 63)]


def test_hostile_table_is_shown_as_text(shaped_site: tuple[str, Library], visit: Visit) -> None:
    """Cells, headers, captions and names of places run nothing; `visit` asserts it."""
    document = shapes.document("comet.csv", "text/csv", [shapes.placed(HOSTILE, f"Sheet {ATTACK}")], ATTACK)
    page = visit(shaped_site[0])
    viewer = open_source(page, document, "17")
    expect(viewer.locator("thead th").first).to_have_text(f"Name {ATTACK}")
    expect(viewer.locator("tbody tr > *").first).to_have_text(f"Comet {ATTACK}")
    expect(viewer.locator(".p-grid")).to_have_attribute("aria-label", f"Table: Table {ATTACK}")
    expect(viewer.locator(".p-section")).to_have_text(f"Sheet {ATTACK}")
    page.goto(citation_address(shaped_site[0], document, "17"))
    expect(page.locator(".p-hit")).to_have_text("17")


@EVERYWHERE
def test_health_says_how_a_document_was_read(
    shaped_site: tuple[str, Library], revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """The row names the kind of the document, and opens to how it was read and what it came in."""
    url, library = shaped_site
    letter = replace(
        shapes.message(),
        id="7" * 64,
        source="/letter.eml",
        title="A letter",
        reading=Reading(languages=("en", "de"), container="/mail.mbox", tables=2),
    )
    library.add_documents([letter])
    page = revisit(url, size=size, scheme=scheme)
    page.get_by_role("tab", name="Library").click()
    row = page.locator("#p-shelf tbody tr", has_text="letter.eml")
    expect(row).to_contain_text("attached to mail.mbox")
    expect(row.get_by_role("cell", name="Message", exact=True)).to_be_visible()
    row.locator("summary").click()
    expect(row.locator(".p-health li")).to_have_text("Message · 2 tables · English, German · attached to mail.mbox")
    assert layout_problems(page) == []
    library.remove(letter.id)


WORDS = {
    shapes.sheet: "4512",
    shapes.message: "Boris Holm",
    shapes.slides: "Mention that the dry wells cost nine million.",
    shapes.code: "return math.pi * radius**2",
    shapes.subtitles: "Nobody believed the pilot.",
    shapes.notebook: "rain[year]",
}
"""Words to mark in each document."""
SCHEMES: tuple[Scheme, Scheme] = ("dark", "light")


def test_every_shape_follows_wcag(shaped_site: tuple[str, Library], visit: Visit) -> None:
    """Axe finds no violation in the panel, in light and dark colours."""
    page = visit(shaped_site[0], size=PHONE)
    problems = []
    for make, words in WORDS.items():
        viewer = open_source(page, make(), words)
        expect(viewer.locator("mark").first).to_be_visible()
        problems += structure_violations(page)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.locator("body.dark" if scheme == "dark" else "body:not(.dark)").wait_for()
            problems += [f"{make.__name__}, {scheme}: {found}" for found in colour_violations(page, "#viewer")]
    assert problems == []


def test_pages_of_citations_of_every_shape_follow_wcag(shaped_site: tuple[str, Library], unwatched: Page) -> None:
    """Axe finds no violation on the pages of citations, whose policy forbids nothing that they need."""
    problems = []
    for make, words in WORDS.items():
        for scheme in SCHEMES:
            unwatched.emulate_media(color_scheme=scheme)
            unwatched.goto(citation_address(shaped_site[0], make(), words))
            expect(unwatched.locator("mark").first).to_be_visible()
            problems += [f"{make.__name__}, {scheme}: {found}" for found in colour_violations(unwatched)]
        problems += structure_violations(unwatched)
    assert problems == []
