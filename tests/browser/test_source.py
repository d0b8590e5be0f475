"""The source of a citation, at its exact words."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect

from tests.browser.actions import ask
from tests.browser.conftest import PATIENCE
from tests.browser.source_reader import (
    ASKED,
    BOOK,
    DESK,
    HTML,
    MARKDOWN,
    PDF,
    PHONE,
    SCRIPTS,
    WORD,
    arrive,
    box,
    card,
    is_in_sight,
    open_source,
    opened,
    quoted,
    shelf,
)
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route, ViewportSize

    from index.library.library import Library
    from tests.browser.conftest import Visit

Shelf = tuple[str, "Library"]
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["beside", "phone"])


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """One document of each format, for tests that change nothing."""
    with shelf(tmp_path_factory.mktemp("reading"), MARKDOWN, PDF, HTML, WORD, BOOK, SCRIPTS) as made:
        yield made


@pytest.fixture
def alone(browser: Browser) -> Iterator[Page]:
    """A page that may complain of what it cannot fetch."""
    context = browser.new_context(viewport=DESK)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@SIZES
@pytest.mark.parametrize("name", [MARKDOWN, HTML, WORD, BOOK])
def test_a_source_opens_at_the_exact_words(reading: Shelf, visit: Visit, name: str, size: ViewportSize) -> None:
    """The words of the span are marked, in sight, among their neighbours; the page behind them has not moved."""
    url, library = reading
    page = visit(url, size=size)
    ask(page, ASKED[name])
    card(page).scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    viewer = open_source(page)
    marks = viewer.locator("mark")
    assert "".join(marks.all_inner_texts()) == quoted(page, library)
    assert is_in_sight(marks.first)
    assert page.evaluate("scrollY") == before
    expect(viewer.locator(".p-block").nth(1)).to_be_attached()
    title = card(page).locator("h3 bdi").inner_text()
    expect(viewer.get_by_role("heading", level=2)).to_have_text(title)
    expect(viewer.locator("#viewer-number")).to_have_text("Source 1")


def test_a_source_opens_beside_the_answer_and_what_belongs_to_it_stays_lit(reading: Shelf, visit: Visit) -> None:
    """The statement, its number and its card keep their colours while the source is open, whatever is redrawn."""
    page = visit(reading[0], size=DESK)
    ask(page, ASKED[HTML])
    cite = page.locator('.p-cite[data-n="1"]').first
    said = page.locator(".p-said").first
    plain = said.evaluate("node => getComputedStyle(node).backgroundColor")
    cite.click()
    viewer = opened(page)
    assert not viewer.evaluate("node => node.matches(':modal')")
    assert box(viewer)["x"] >= box(said)["x"] + box(said)["width"]
    page.mouse.move(0, 0)
    expect(said).not_to_have_css("background-color", plain)
    expect(card(page).locator(".p-number")).to_have_css("outline-width", "4px")
    assert page.locator("#rail").evaluate("node => getComputedStyle(node).visibility") == "hidden"
    page.keyboard.press("Escape")
    cite.evaluate("node => node.blur()")
    expect(said).to_have_css("background-color", plain)


def test_a_source_fills_the_screen_of_a_phone(reading: Shelf, visit: Visit) -> None:
    """It lies above the page, which is out of reach meanwhile; at first it shows the words and those next to them."""
    page = visit(reading[0], size=PHONE)
    ask(page, ASKED[BOOK])
    viewer = open_source(page)
    assert viewer.evaluate("node => node.matches(':modal')")
    assert box(viewer)["height"] == PHONE["height"]
    shown = viewer.locator(".p-block:visible")
    assert shown.count() == 5
    viewer.get_by_role("button", name="Whole document").click()
    assert shown.count() > 20
    assert is_in_sight(viewer.locator("mark"))


@SIZES
def test_a_pdf_is_shown_as_its_page_with_the_words_covered(reading: Shelf, visit: Visit, size: ViewportSize) -> None:
    """The rectangles hold every letter of the quote, by the boxes that the file itself gives, and no other letter."""
    url, library = reading
    page = visit(url, size=size)
    ask(page, ASKED[PDF])
    viewer = open_source(page)
    expect(viewer).to_have_attribute("data-as", "page")
    assert is_in_sight(viewer.locator(".p-rect").first)
    figure = viewer.locator(".p-page")
    letters = letters_of_page(int(figure.get_attribute("data-page") or 0))
    quote = squeezed(quoted(page, library))
    first = "".join(letter for letter, _, _ in letters).index(quote)
    drawn = figure.evaluate(
        """figure => {
          const whole = figure.querySelector("img").getBoundingClientRect();
          return [...figure.querySelectorAll(".p-rect")].map((each) => {
            const { left, top, right, bottom } = each.getBoundingClientRect();
            return [left - whole.left, right - whole.left].map((x) => x / whole.width)
              .concat([top - whole.top, bottom - whole.top].map((y) => y / whole.height));
          });
        }"""
    )
    covered = [
        place
        for place, (_, x, y) in enumerate(letters)
        if any(left <= x <= right and top <= y <= bottom for left, right, top, bottom in drawn)
    ]
    assert covered == list(range(first, first + len(quote)))


def letters_of_page(number: int) -> list[tuple[str, float, float]]:
    """Each letter of a page of the PDF with the middle of its box, in shares of the page from its upper left corner."""
    import pypdfium2 as pdfium

    from tests.browser.source_reader import SEEDS

    with pdfium.PdfDocument(SEEDS / PDF) as document:
        sheet = document[number - 1]
        width, height = sheet.get_size()
        text = sheet.get_textpage()
        found = []
        for place in range(text.count_chars()):
            letter = squeezed(text.get_text_range(place, 1))
            left, bottom, right, top = text.get_charbox(place)
            found += [(letter, (left + right) / 2 / width, 1 - (bottom + top) / 2 / height)] if letter else []
        text.close()
        sheet.close()
    return found


def squeezed(words: str) -> str:
    """Without blanks and hyphens, which are not the same in a text as on its page."""
    return re.sub(r"[\s\-\u00ad\u2010\x02\ufffe]", "", words)


def test_a_pdf_can_be_read_as_text_and_its_pages_in_order(reading: Shelf, visit: Visit) -> None:
    """A switch shows the words; the pages before and after can be had; neither moves what is being read."""
    url, library = reading
    page = visit(url, size=DESK)
    ask(page, ASKED[PDF])
    viewer = open_source(page)
    pin = viewer.locator(".p-rect").first
    viewer.locator("#viewer-body").evaluate("node => { node.scrollTop = 0 }")
    place = box(pin)["y"]
    viewer.get_by_role("button", name="Previous page").click()
    expect(viewer.locator(".p-page")).to_have_count(2)
    assert abs(box(pin)["y"] - place) < 2
    expect(viewer.get_by_role("region", name="The source")).to_be_focused()  # for the button has gone
    viewer.get_by_role("button", name="Next page").click()
    expect(viewer.locator(".p-page")).to_have_count(3)
    assert [each.get_attribute("data-page") for each in viewer.locator(".p-page").all()] == ["1", "2", "3"]
    expect(viewer.get_by_role("button", name="Next page")).to_be_hidden()
    viewer.get_by_role("button", name="Text", exact=True).click()
    expect(viewer.locator(".p-page").first).to_be_hidden()
    assert "".join(viewer.locator("mark").all_inner_texts()) == quoted(page, library)
    assert is_in_sight(viewer.locator("mark").first)


def test_a_page_keeps_its_place_while_its_image_comes(reading: Shelf, visit: Visit) -> None:
    """Nothing jumps: the size of the page is known before its image is."""
    page = visit(reading[0], size=DESK)
    ask(page, ASKED[PDF])
    held: list[Route] = []
    page.route("**/pages/*.png*", lambda route: held.append(route))
    viewer = open_source(page)
    pin = viewer.locator(".p-rect").first
    place = box(pin)
    wait_until(lambda: not page.evaluate("document.querySelector('.p-page img').complete") and bool(held))
    for route in held:
        route.continue_()
    page.wait_for_function("document.querySelector('.p-page img').naturalWidth > 0")
    assert box(pin) == place
    page.unroute_all()


@SIZES
def test_esc_closes_and_focus_returns(reading: Shelf, visit: Visit, size: ViewportSize) -> None:
    """The title has the focus while the source is open; afterwards it is where it was."""
    page = visit(reading[0], size=size)
    ask(page, ASKED[HTML])
    cite = page.locator(".p-cite").first
    cite.focus()
    page.keyboard.press("Enter")
    viewer = opened(page)
    expect(viewer.get_by_role("heading", level=2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(cite).to_be_focused()
    expect(page).not_to_have_url(re.compile("#"))


def test_a_badge_of_the_map_opens_the_source_of_its_card(reading: Shelf, visit: Visit) -> None:
    """Without leaving the page; the map lies below the source, out of reach, until it is closed."""
    page = visit(reading[0], size=DESK)
    ask(page, ASKED[HTML])
    badge = page.locator('.p-badge[data-n="2"]')
    badge.click()
    viewer = opened(page)
    expect(viewer.locator("#viewer-number")).to_have_text("Source 2")
    expect(page.get_by_label("Your question")).to_have_value(ASKED[HTML])
    expect(badge).to_be_hidden()
    page.keyboard.press("Escape")
    expect(badge).to_be_focused()


def test_a_document_of_the_library_opens_above_the_list(reading: Shelf, visit: Visit) -> None:
    """From its beginning; a PDF as its pages, too."""
    page = visit(reading[0], size=DESK)
    page.get_by_role("tab", name="Library").click()
    row = page.get_by_role("link", name="Energy pipelines")
    row.click()
    viewer = opened(page)
    assert viewer.evaluate("node => node.matches(':modal')")
    expect(viewer.locator("#viewer-number")).to_have_text("Document")
    expect(viewer.get_by_role("button", name="Next source")).to_be_disabled()
    viewer.get_by_role("button", name="Page", exact=True).click()
    expect(viewer.locator(".p-page")).to_have_attribute("data-page", "1")
    page.keyboard.press("Escape")
    expect(row).to_be_focused()


@SIZES
def test_the_evidence_is_gone_through_in_order(reading: Shelf, visit: Visit, size: ViewportSize) -> None:
    """By the buttons and by keys; at either end it goes no further; what has come is announced."""
    page = visit(reading[0], size=size)
    ask(page, ASKED[HTML])
    viewer = open_source(page)
    count = page.locator(".p-card").count()
    number = viewer.locator("#viewer-number")
    back, forth = viewer.get_by_role("button", name="Previous source"), viewer.get_by_role("button", name="Next source")
    expect(back).to_be_disabled()
    forth.click()
    expect(number).to_have_text("Source 2")
    expect(forth).to_be_focused()
    expect(viewer.get_by_role("status")).to_contain_text(f"Source 2 of {count}: ")
    page.keyboard.press("]")
    expect(number).to_have_text("Source 3")
    page.keyboard.press("ArrowLeft")
    expect(number).to_have_text("Source 2")
    page.keyboard.press("[")
    expect(number).to_have_text("Source 1")
    page.keyboard.press("[")
    expect(back).to_be_disabled()
    for _ in range(count):
        forth.focus()
        page.keyboard.press("Enter")
    expect(number).to_have_text(f"Source {count}")
    expect(forth).to_be_disabled()


def test_of_quick_clicks_only_the_last_counts(reading: Shelf, visit: Visit) -> None:
    """What was asked for before is not shown, even where it arrives later."""
    page = visit(reading[0], size=DESK)
    ask(page, ASKED[HTML])
    expect(card(page, 2)).to_be_visible()
    held: list[Route] = []
    page.route("**/view?*", lambda route: held.append(route))
    for number in (1, 2):
        card(page, number).locator('[data-act="source"]').click()
    last = f"start={card(page, 2).get_attribute('data-start')}&"
    wait_until(lambda: page.evaluate("true") and any(last in route.request.url for route in held))
    for route in reversed(held):
        with suppress(Error):
            route.continue_()
    viewer = opened(page)
    expect(viewer.locator("#viewer-number")).to_have_text("Source 2")
    page.unroute_all()


def test_a_long_document_is_read_on_without_losing_the_place(reading: Shelf, visit: Visit) -> None:
    """What comes before moves nothing; windows join without gap or repetition, and are the document's own text."""
    url, library = reading
    page = visit(url, size=DESK)
    ask(page, ASKED[BOOK])
    viewer = open_source(page)
    body, mark = viewer.locator("#viewer-body"), viewer.locator("mark")
    for _ in range(2):
        body.evaluate("node => { node.scrollTop = 0 }")
        place, blocks = box(mark)["y"], viewer.locator(".p-block").count()
        viewer.get_by_role("button", name="Earlier in the document").click()
        expect(viewer.locator(f".p-block:nth-of-type({blocks})")).to_be_attached()
        page.wait_for_function("count => document.querySelectorAll('.p-block').length > count", arg=blocks)
        assert abs(box(mark)["y"] - place) < 2
        blocks = viewer.locator(".p-block").count()
        body.evaluate("node => { node.scrollTop = node.scrollHeight }")
        page.wait_for_function("count => document.querySelectorAll('.p-block').length > count", arg=blocks)
    text = library.document(card(page).get_attribute("data-document") or "").text
    read = viewer.locator(".p-block").evaluate_all(
        "nodes => nodes.map((node) => [Number(node.dataset.start), Number(node.dataset.end), node.textContent])"
    )
    assert len("".join(words for *_, words in read)) > 15_000
    end = read[0][0]
    for start, after, words in read:
        assert not text[end:start].strip()
        assert text[start:after] == words
        end = after


def test_the_whole_document_can_be_read_above_the_page(reading: Shelf, visit: Visit) -> None:
    """It takes the width of a page of a book, stays at the words, and goes back to the side of the answer."""
    page = visit(reading[0], size=DESK)
    ask(page, ASKED[PDF])
    viewer = open_source(page)
    narrow = box(viewer)["width"]
    whole = viewer.get_by_role("button", name="Whole document")
    whole.click()
    expect(whole).to_have_attribute("aria-pressed", "true")
    expect(whole).to_be_focused()
    assert box(viewer)["width"] > 1.5 * narrow
    assert is_in_sight(viewer.locator(".p-rect").first)
    whole.click()
    assert box(viewer)["width"] == narrow


def test_a_quote_is_copied_with_its_reference(reading: Shelf, visit: Visit) -> None:
    """The same that the card copies; on a phone, where the dialog hides all else, it says itself that it was done."""
    page = visit(reading[0], size=PHONE)
    ask(page, ASKED[HTML])
    card(page).get_by_role("button", name="Copy quote").click()
    expect(page.locator(".p-toast")).to_have_text("Quote copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    page.evaluate("navigator.clipboard.writeText('')")
    viewer = open_source(page)
    viewer.get_by_role("button", name="Copy quote").click()
    expect(viewer.get_by_role("status")).to_have_text("Quote copied")
    assert page.evaluate("navigator.clipboard.readText()") == copied


def test_the_original_can_be_downloaded(reading: Shelf, visit: Visit) -> None:
    """To the byte, under its own name."""
    url, library = reading
    page = visit(url, size=DESK)
    ask(page, ASKED[PDF])
    viewer = open_source(page)
    with page.expect_download() as download:
        viewer.get_by_role("link", name="Original").click()
    assert download.value.suggested_filename == PDF
    assert download.value.path().read_bytes() == Path(library.find(PDF).source).read_bytes()


def test_a_pdf_whose_original_is_gone_is_shown_as_text(tmp_path: Path, visit: Visit) -> None:
    """With a note; there is nothing to download, and no page."""
    with shelf(tmp_path, PDF) as (url, library):
        (tmp_path / "sources" / PDF).unlink()
        page = visit(url, size=DESK)
        ask(page, ASKED[PDF])
        viewer = open_source(page)
        expect(viewer.locator(".p-view-note")).to_contain_text("The PDF file is missing or has changed")
        expect(viewer.get_by_role("link", name="Original")).to_be_hidden()
        expect(viewer.get_by_role("button", name="Page", exact=True)).to_be_hidden()
        assert "".join(viewer.locator("mark").all_inner_texts()) == quoted(page, library)
        page.close()


@SIZES
def test_a_document_that_was_removed_meanwhile(tmp_path: Path, alone: Page, size: ViewportSize) -> None:
    """The viewer says so, and what to do; Esc leads back."""
    with shelf(tmp_path, MARKDOWN) as (url, library):
        alone.set_viewport_size(size)
        arrive(alone, url)
        ask(alone, ASKED[MARKDOWN])
        expect(card(alone)).to_be_visible()
        library.remove(MARKDOWN)
        card(alone).locator('[data-act="source"]').click()
        viewer = alone.locator("#viewer")
        expect(viewer.get_by_role("heading")).to_have_text("This document is not in the library")
        expect(viewer.get_by_role("heading")).to_be_focused()
        expect(viewer).to_contain_text("Ask again")
        alone.keyboard.press("Escape")
        expect(viewer).to_be_hidden()
        expect(card(alone).locator('[data-act="source"]')).to_be_focused()
        alone.close()


@pytest.mark.parametrize("broken", [True, False], ids=["server fails", "no network"])
def test_what_fails_can_be_tried_again(reading: Shelf, alone: Page, broken: bool) -> None:
    """A server that fails or is silent is told from a document that is gone; the next try shows the source."""
    arrive(alone, reading[0])
    ask(alone, ASKED[HTML])
    alone.route("**/view?*", lambda route: route.fulfill(status=500, json={}) if broken else route.abort())
    card(alone).locator('[data-act="source"]').click()
    viewer = alone.locator("#viewer")
    told = "The server could not show this source" if broken else "The server does not answer"
    expect(viewer.get_by_role("heading")).to_have_text(told)
    alone.unroute_all()
    viewer.get_by_role("button", name="Try again").click()
    opened(alone)
    assert is_in_sight(viewer.locator("mark").first)


def test_the_way_back_closes_it_on_a_phone(reading: Shelf, visit: Visit) -> None:
    """As readers expect of what fills the screen; the way forth opens it again."""
    page = visit(reading[0], size=PHONE)
    ask(page, ASKED[HTML])
    viewer = open_source(page)
    page.go_back()
    expect(viewer).to_be_hidden()
    expect(card(page)).to_be_visible()
    page.go_forward()
    opened(page)
    viewer.get_by_role("button", name="Close source").click()
    expect(viewer).to_be_hidden()
    expect(page).not_to_have_url(re.compile("#"))


def test_a_new_question_closes_the_source_of_the_former(reading: Shelf, visit: Visit) -> None:
    """Its number would be another's."""
    page = visit(reading[0], size=DESK)
    ask(page, ASKED[HTML])
    viewer = open_source(page)
    ask(page, ASKED[BOOK])
    expect(viewer).to_be_hidden()
    expect(card(page).locator("mark")).to_contain_text("albatross")
    assert "#" not in page.url


def test_scripts_of_all_directions_are_legible(reading: Shelf, visit: Visit) -> None:
    """Each paragraph runs as its own script does."""
    page = visit(reading[0], size=DESK)
    ask(page, ASKED[SCRIPTS])
    viewer = open_source(page)
    directions = viewer.locator(".p-para").evaluate_all(
        "nodes => nodes.map((node) => getComputedStyle(node).direction)"
    )
    assert directions == ["rtl", "ltr", "ltr"]
    assert is_in_sight(viewer.locator("mark"))


def test_fingers_hit_everything_on_a_phone(reading: Shelf, visit: Visit) -> None:
    """Every control of the viewer is 44 pixels high; the switch has them with its frame."""
    page = visit(reading[0], size=PHONE)
    ask(page, ASKED[PDF])
    viewer = open_source(page)
    controls = viewer.locator("button:visible, a:visible")
    small = [each.inner_text() for each in controls.all() if box(each)["height"] < 44]
    assert set(small) <= {"Page", "Text"}
    assert box(viewer.locator(".p-switch"))["height"] >= 44


def test_a_printed_source_is_its_words(reading: Shelf, visit: Visit) -> None:
    """Without the controls, and not cut off where the screen ends."""
    page = visit(reading[0], size=DESK)
    ask(page, ASKED[HTML])
    viewer = open_source(page)
    page.emulate_media(media="print")
    expect(viewer.locator("mark").first).to_be_visible()
    expect(viewer.get_by_role("button")).to_have_count(0)
    body = viewer.locator("#viewer-body")
    assert body.evaluate("node => node.scrollHeight <= node.clientHeight + 1")


def test_in_a_frame_as_long_as_its_page_the_source_stands_where_its_reader_is(reading: Shelf, visit: Visit) -> None:
    """A hosted page is such a frame: there, what keeps its place on the screen would be at the top, out of sight."""
    url, _ = reading
    page = visit(url, size=DESK)
    frame = f'<iframe src="{url}/?q=Where+was+Kovykta%3F" style="width:1300px;height:3000px;border:0"></iframe>'
    page.route("**/frame", lambda route: route.fulfill(body=frame, content_type="text/html"))
    page.goto(f"{url}/frame")
    inner = page.frame_locator("iframe")
    opener = inner.locator('.p-card[data-n="3"] [data-act="source"]')
    opener.evaluate("() => { window.parentIFrame = new Proxy({}, { get: () => () => {} }) }")
    opener.scroll_into_view_if_needed()
    opener.click()
    viewer = inner.locator("#viewer")
    expect(viewer).to_have_attribute("data-state", re.compile("text|pages"))
    assert 0 <= box(opener)["y"] - box(viewer)["y"] < box(viewer)["height"]
