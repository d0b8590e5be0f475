"""The viewer shows the source of a citation at the exact words."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect

from index.records import texts
from tests.browser.actions import ask
from tests.browser.conftest import open_page
from tests.browser.everywhere import PHONE_BY_DEFAULT
from tests.browser.source_reader import (
    BOOK,
    DESK,
    HTML,
    MARKDOWN,
    PDF,
    PHONE,
    QUESTIONS,
    SCRIPTS,
    WORD,
    box,
    card,
    cited_text,
    document_site,
    is_in_view,
    loaded_viewer,
    open_source,
)
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Route, ViewportSize

    from index.library.library import Library
    from tests.browser.conftest import Revisit, Visit

Site = tuple[str, "Library"]


@pytest.fixture(scope="module")
def reading_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a page over one document of each format and its library, for tests that change nothing."""
    with document_site(tmp_path_factory.mktemp("reading"), MARKDOWN, PDF, HTML, WORD, BOOK, SCRIPTS) as site:
        yield site


@pytest.mark.parametrize(
    ("name", "size"),
    [
        pytest.param(MARKDOWN, DESK, id="markdown-beside"),
        pytest.param(WORD, PHONE, id="word-phone"),
        *(pytest.param(name, DESK, marks=pytest.mark.nightly) for name in (HTML, WORD, BOOK)),
        *(pytest.param(name, PHONE, marks=pytest.mark.nightly) for name in (MARKDOWN, HTML, BOOK)),
    ],
)
def test_source_opens_at_the_exact_words(reading_site: Site, revisit: Revisit, name: str, size: ViewportSize) -> None:
    """The words of the span are marked and in view, with their neighbours; the page behind has not scrolled."""
    url, library = reading_site
    page = revisit(url, size=size)
    ask(page, QUESTIONS[name])
    card(page).scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    viewer = open_source(page)
    marks = viewer.locator("mark")
    assert "".join(marks.all_inner_texts()) == cited_text(page, library)
    assert is_in_view(marks.first)
    assert page.evaluate("scrollY") == before
    expect(viewer.locator(".p-block").nth(1)).to_be_attached()
    title = card(page).locator("h3 bdi").inner_text()
    expect(viewer.get_by_role("heading", level=2)).to_have_text(title)
    expect(viewer.locator("#viewer-number")).to_have_text("Source 1")


def test_source_beside_the_answer_keeps_its_citation_highlighted(reading_site: Site, revisit: Revisit) -> None:
    """The statement, its number and its card stay highlighted while the source is open, even after a redraw."""
    page = revisit(reading_site[0], size=DESK)
    ask(page, QUESTIONS[HTML])
    cite = page.locator('.p-cite[data-n="1"]').first
    statement = page.locator(".p-said").first
    plain = statement.evaluate("node => getComputedStyle(node).backgroundColor")
    cite.click()
    viewer = loaded_viewer(page)
    assert not viewer.evaluate("node => node.matches(':modal')")
    assert box(viewer)["x"] >= box(statement)["x"] + box(statement)["width"]
    page.mouse.move(0, 0)
    expect(statement).not_to_have_css("background-color", plain)
    expect(card(page).locator(".p-number")).to_have_css("outline-width", "4px")
    assert page.locator("#rail").evaluate("node => getComputedStyle(node).visibility") == "hidden"
    page.keyboard.press("Escape")
    cite.evaluate("node => node.blur()")
    expect(statement).to_have_css("background-color", plain)


def test_source_fills_the_screen_of_a_phone(reading_site: Site, revisit: Revisit) -> None:
    """The viewer is modal; at first it shows the words and their neighbours only. Its controls fit a finger.

    Each is 44 pixels high; the switch is so with its frame.
    """
    page = revisit(reading_site[0], size=PHONE)
    ask(page, QUESTIONS[BOOK])
    viewer = open_source(page)
    assert viewer.evaluate("node => node.matches(':modal')")
    assert box(viewer)["height"] == PHONE["height"]
    shown = viewer.locator(".p-block:visible")
    assert shown.count() == 5
    viewer.get_by_role("button", name="Whole document").click()
    assert shown.count() > 20
    assert is_in_view(viewer.locator("mark"))
    page.keyboard.press("Escape")
    ask(page, QUESTIONS[PDF])
    viewer = open_source(page)
    controls = viewer.locator("button:visible, a:visible")
    small = [control.inner_text() for control in controls.all() if box(control)["height"] < 44]
    assert set(small) <= {"Page", "Text"}
    assert box(viewer.locator(".p-switch"))["height"] >= 44


@PHONE_BY_DEFAULT
def test_pdf_page_highlights_exactly_the_cited_letters(
    reading_site: Site, revisit: Revisit, size: ViewportSize
) -> None:
    """By the boxes of the file itself, the rectangles cover every letter of the quote and no other letter."""
    url, library = reading_site
    page = revisit(url, size=size)
    ask(page, QUESTIONS[PDF])
    viewer = open_source(page)
    expect(viewer).to_have_attribute("data-as", "page")
    assert is_in_view(viewer.locator(".p-rect").first)
    figure = viewer.locator(".p-page")
    letters = letters_of_page(int(figure.get_attribute("data-page") or 0))
    quote = squeezed(cited_text(page, library))
    first = "".join(letter for letter, _, _ in letters).index(quote)
    drawn = figure.evaluate(
        """figure => {
          const whole = figure.querySelector(".p-sheet").getBoundingClientRect();
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
    """Return each letter of a page with the centre of its box, as fractions of the page from the upper left corner."""
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
    """Remove white space and hyphens, which differ between a text and its page."""
    return re.sub(r"[\s\-\u00ad\u2010\x02\ufffe]", "", words)


def test_pdf_can_be_read_as_text_and_page_by_page(reading_site: Site, revisit: Revisit) -> None:
    """Loading the previous or the next page does not move the words that are read.

    The whole document is wide; when it returns beside the answer, the cited words stay in view.
    """
    url, library = reading_site
    page = revisit(url, size=DESK)
    ask(page, QUESTIONS[PDF])
    viewer = open_source(page)
    pin = viewer.locator(".p-rect").first
    narrow, whole = box(viewer)["width"], viewer.get_by_role("button", name="Whole document")
    whole.click()
    expect(whole).to_have_attribute("aria-pressed", "true")
    expect(whole).to_be_focused()
    assert box(viewer)["width"] > 1.5 * narrow
    assert is_in_view(pin)
    whole.click()
    assert box(viewer)["width"] == narrow
    viewer.get_by_role("button", name="Whole page").click()
    viewer.locator("#viewer-body").evaluate("node => { node.scrollTop = 0 }")
    place = box(pin)["y"]
    viewer.get_by_role("button", name="Previous page").click()
    expect(viewer.locator(".p-page")).to_have_count(2)
    assert abs(box(pin)["y"] - place) < 2
    expect(viewer.get_by_role("region", name=texts.THE_SOURCE)).to_be_focused()  # for the button has gone
    viewer.get_by_role("button", name="Next page").click()
    expect(viewer.locator(".p-page")).to_have_count(3)
    assert [control.get_attribute("data-page") for control in viewer.locator(".p-page").all()] == ["1", "2", "3"]
    expect(viewer.get_by_role("button", name="Next page")).to_be_hidden()
    viewer.get_by_role("button", name="Text", exact=True).click()
    expect(viewer.locator(".p-page").first).to_be_hidden()
    assert "".join(viewer.locator("mark").all_inner_texts()) == cited_text(page, library)
    assert is_in_view(viewer.locator("mark").first)


def test_page_does_not_move_while_its_image_loads(reading_site: Site, revisit: Revisit) -> None:
    """The size of the page is known before its image. The original is downloaded under its name, unchanged."""
    url, library = reading_site
    page = revisit(url, size=DESK)
    ask(page, QUESTIONS[PDF])
    held_requests: list[Route] = []
    page.route("**/pages/*.png*", lambda route: held_requests.append(route))
    viewer = open_source(page)
    pin = viewer.locator(".p-rect").first
    place = box(pin)
    wait_until(lambda: not page.evaluate("document.querySelector('.p-page img').naturalWidth") and bool(held_requests))
    for route in held_requests:
        route.continue_()
    page.wait_for_function("document.querySelector('.p-page img').naturalWidth > 0")
    assert box(pin) == place
    page.unroute_all()
    with page.expect_download() as download:
        viewer.get_by_role("link", name="Original").click()
    assert download.value.suggested_filename == PDF
    assert download.value.path().read_bytes() == Path(library.find(PDF).source).read_bytes()


@PHONE_BY_DEFAULT
def test_escape_closes_the_source_and_returns_the_focus(
    reading_site: Site, revisit: Revisit, size: ViewportSize
) -> None:
    """The title has the focus while the source is open."""
    page = revisit(reading_site[0], size=size)
    ask(page, QUESTIONS[HTML])
    cite = page.locator(".p-cite").first
    cite.focus()
    page.keyboard.press("Enter")
    viewer = loaded_viewer(page)
    expect(viewer.get_by_role("heading", level=2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(cite).to_be_focused()
    expect(page).not_to_have_url(re.compile("#"))


def test_badge_on_the_map_opens_the_source_of_its_card(reading_site: Site, revisit: Revisit) -> None:
    """The page stays; the map is covered until the source is closed.

    The next question closes it, because its number would belong to another citation.
    """
    page = revisit(reading_site[0], size=DESK)
    ask(page, QUESTIONS[HTML])
    badge = page.locator('.p-badge[data-n="2"]')
    badge.click()
    viewer = loaded_viewer(page)
    expect(viewer.locator("#viewer-number")).to_have_text("Source 2")
    expect(page.get_by_label(texts.YOUR_QUESTION)).to_have_value(QUESTIONS[HTML])
    expect(badge).to_be_hidden()
    page.keyboard.press("Escape")
    expect(badge).to_be_focused()
    open_source(page)
    ask(page, QUESTIONS[BOOK])
    expect(viewer).to_be_hidden()
    expect(card(page).locator("mark")).to_contain_text("albatross")
    assert "#" not in page.url


@PHONE_BY_DEFAULT
def test_viewer_steps_through_the_sources_in_order(reading_site: Site, revisit: Revisit, size: ViewportSize) -> None:
    """Buttons and keys work and stop at either end; the live region reads out the new source."""
    page = revisit(reading_site[0], size=size)
    ask(page, QUESTIONS[HTML])
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


def test_last_of_several_quick_clicks_wins(reading_site: Site, revisit: Revisit) -> None:
    """A source that was requested before is not shown, even if it arrives later."""
    page = revisit(reading_site[0], size=DESK)
    ask(page, QUESTIONS[HTML])
    expect(card(page, 2)).to_be_visible()
    held_requests: list[Route] = []
    page.route("**/view?*", lambda route: held_requests.append(route))
    for number in (1, 2):
        card(page, number).locator('[data-act="source"]').click()
    last = f"start={card(page, 2).get_attribute('data-start')}&"
    wait_until(lambda: page.evaluate("true") and any(last in route.request.url for route in held_requests))
    for route in reversed(held_requests):
        with suppress(Error):
            route.continue_()
    viewer = loaded_viewer(page)
    expect(viewer.locator("#viewer-number")).to_have_text("Source 2")
    page.unroute_all()


def test_reading_on_in_a_long_document_keeps_the_place(reading_site: Site, revisit: Revisit) -> None:
    """Loaded text moves nothing; the windows join without gap or repetition and equal the document's text."""
    url, library = reading_site
    page = revisit(url, size=DESK)
    ask(page, QUESTIONS[BOOK])
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


def test_viewer_copies_the_quote_with_its_reference(reading_site: Site, revisit: Revisit) -> None:
    """The text equals that of the card; on a phone, where the dialog covers the page, the viewer confirms it itself."""
    page = revisit(reading_site[0], size=PHONE)
    ask(page, QUESTIONS[HTML])
    card(page).get_by_role("button", name=texts.COPY_QUOTE).click()
    expect(page.locator(".p-toast")).to_have_text(texts.QUOTE_COPIED)
    copied = page.evaluate("navigator.clipboard.readText()")
    page.evaluate("navigator.clipboard.writeText('')")
    viewer = open_source(page)
    viewer.get_by_role("button", name=texts.COPY_QUOTE).click()
    expect(viewer.get_by_role("status")).to_have_text(texts.QUOTE_COPIED)
    assert page.evaluate("navigator.clipboard.readText()") == copied


def test_pdf_without_its_original_is_shown_as_text(tmp_path: Path, visit: Visit) -> None:
    """A note says so; there is no download and no page."""
    with document_site(tmp_path, PDF) as (url, library):
        (tmp_path / "sources" / PDF).unlink()
        page = visit(url, size=DESK)
        ask(page, QUESTIONS[PDF])
        viewer = open_source(page)
        expect(viewer.locator(".p-view-note")).to_contain_text("The PDF file is missing or has changed")
        expect(viewer.get_by_role("link", name="Original")).to_be_hidden()
        expect(viewer.get_by_role("button", name="Page", exact=True)).to_be_hidden()
        assert "".join(viewer.locator("mark").all_inner_texts()) == cited_text(page, library)
        page.close()


@PHONE_BY_DEFAULT
def test_source_of_a_removed_document_is_reported(
    own_site: tuple[str, Library], unwatched: Page, size: ViewportSize
) -> None:
    """The viewer says what to do, and Escape closes it."""
    url, library = own_site
    unwatched.set_viewport_size(size)
    open_page(unwatched, url)
    ask(unwatched, "Who signed the treaty?")
    expect(card(unwatched)).to_be_visible()
    library.remove("The Harbour Treaty")
    card(unwatched).locator('[data-act="source"]').click()
    viewer = unwatched.locator("#viewer")
    expect(viewer.get_by_role("heading")).to_have_text(texts.NOT_IN_LIBRARY)
    expect(viewer.get_by_role("heading")).to_be_focused()
    expect(viewer).to_contain_text("Ask again")
    unwatched.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(card(unwatched).locator('[data-act="source"]')).to_be_focused()


@pytest.mark.parametrize("broken", [True, False], ids=["server fails", "no network"])
def test_source_that_fails_to_load_can_be_retried(reading_site: Site, unwatched: Page, broken: bool) -> None:
    """A failing or silent server is distinguished from a removed document; the retry shows the source."""
    unwatched.set_viewport_size(DESK)
    open_page(unwatched, reading_site[0])
    ask(unwatched, QUESTIONS[HTML])
    unwatched.route("**/view?*", lambda route: route.fulfill(status=500, json={}) if broken else route.abort())
    card(unwatched).locator('[data-act="source"]').click()
    viewer = unwatched.locator("#viewer")
    heading = "The server could not show this source" if broken else texts.SILENT
    expect(viewer.get_by_role("heading")).to_have_text(heading)
    unwatched.unroute_all()
    viewer.get_by_role("button", name=texts.TRY_AGAIN).click()
    loaded_viewer(unwatched)
    assert is_in_view(viewer.locator("mark").first)


@PHONE_BY_DEFAULT
def test_back_from_a_source_returns_to_the_answer(reading_site: Site, revisit: Revisit, size: ViewportSize) -> None:
    """Also after a look at further sources, at once; forward opens the last one again."""
    page = revisit(reading_site[0], size=size)
    ask(page, QUESTIONS[HTML])
    opener = card(page).locator('[data-act="source"]')
    viewer = open_source(page)
    viewer.get_by_role("button", name="Next source").click()
    expect(viewer.locator("#viewer-number")).to_have_text("Source 2")
    page.go_back()
    expect(viewer).to_be_hidden()
    expect(card(page)).to_be_visible()
    expect(opener).to_be_focused()
    page.go_forward()
    loaded_viewer(page)
    expect(viewer.locator("#viewer-number")).to_have_text("Source 2")
    viewer.get_by_role("button", name=texts.CLOSE_SOURCE).click()
    expect(viewer).to_be_hidden()
    expect(page).not_to_have_url(re.compile("#"))


def test_paragraphs_of_a_source_follow_the_direction_of_their_script(reading_site: Site, revisit: Revisit) -> None:
    """Arabic runs from right to left, Chinese and English from left to right."""
    page = revisit(reading_site[0], size=DESK)
    ask(page, QUESTIONS[SCRIPTS])
    viewer = open_source(page)
    directions = viewer.locator(".p-para").evaluate_all(
        "nodes => nodes.map((node) => getComputedStyle(node).direction)"
    )
    assert directions == ["rtl", "ltr", "ltr"]
    assert is_in_view(viewer.locator("mark"))


def test_source_in_a_tall_frame_opens_near_its_card(reading_site: Site, revisit: Revisit) -> None:
    """A hosted page is in such a frame, where a fixed position would be at the top, out of view."""
    url, _ = reading_site
    page = revisit(url, size=DESK)
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
