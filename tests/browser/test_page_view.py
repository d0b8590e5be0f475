"""A PDF citation is legible: the panel opens at the sentence, and the reader can zoom, move and see the whole page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from index.records import Span, texts
from tests.browser.actions import ask
from tests.browser.conftest import open_page
from tests.browser.everywhere import EVERYWHERE, PHONE_AND_DESK
from tests.browser.source_reader import DESK, PDF, PHONE, QUESTIONS, box, document_site, is_in_view, loaded_viewer
from tests.browser.source_reader import open_source as open_card
from tests.loading.pdfs import Printed, build, column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page, ViewportSize

    from index.library.library import Library
    from tests.browser.conftest import Revisit, Scheme, Visit

Site = tuple[str, "Library"]
LEAST = 13.5
"""Pixels; a marked line has at least 14, apart from rounding."""
LEFT = [
    "A whale left the harbour in the",
    "early morning, and nobody saw it",
    "again before the winter came and",
    "closed",
]


def prose(first: int, count: int) -> list[str]:
    """Return different sentences, each on a line."""
    return [f"Ship {first + number} sailed with salt and timber." for number in range(count)]


def small(lines: list[str], x: float = 60) -> list[Printed]:
    """Return a column of small print from the top of the page to its bottom."""
    return column(lines, x=x, top=740, size=9, pitch=12)


PAPER = build(
    [
        [*small([*prose(0, 41), *LEFT]), *small(["the river until the spring.", *prose(100, 44)], 330)],
        small([*prose(200, 44), "The comet fell on the last line of"]),
        small(["one page and the first of another.", *prose(300, 9)]),
    ]
)
SMALL_PRINT = f"The harbour masters are named here in letters so small that {'hardly ' * 20}anybody reads them."
WIDE = build(
    [
        column(
            [
                *(f"{line} Each line of this column is as wide as lines of papers are." for line in prose(0, 20)),
                "Nobody has seen how the lantern of the lighthouse was carried across the frozen strait, and",
                "nobody who was asked about it later remembered the evening on which the keeper left his island.",
                *(f"{line} Each line of this column is as wide as lines of papers are." for line in prose(20, 20)),
            ],
            size=10,
        ),
        column([*prose(60, 20), SMALL_PRINT], x=20, size=6),
    ]
)
TURNED = build([column(["The whale swam under the bridge of glass.", "The queen saw it."])], rotate=90)
LONG_LINES = (
    "Nobody has seen how the lantern of the lighthouse was carried across the frozen strait, and "
    "nobody who was asked about it later remembered the evening on which the keeper left his island."
)
ACROSS_COLUMNS = "and nobody saw it again before the winter came and closed the river until the spring."
ACROSS_PAGES = "The comet fell on the last line of one page and the first of another."


@pytest.fixture(scope="module")
def paper_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a page over PDFs and its library, for tests that change nothing."""
    folder = tmp_path_factory.mktemp("papers")
    with document_site(folder, PDF) as (url, library):
        for name, data in (("paper.pdf", PAPER), ("wide.pdf", WIDE), ("turned.pdf", TURNED)):
            (folder / "sources" / name).write_bytes(data)
            assert not library.add(folder / "sources" / name).failed
        yield url, library


def opened(page: Page, site: Site, name: str, words: str) -> Locator:
    """Open the source of some words by their address."""
    document = site[1].document(name)
    start = document.text.index(words)
    page.evaluate("hash => { location.hash = hash }", f"d={document.id}:{start}-{start + len(words)}")
    expect(page.locator("#viewer .p-view-title")).to_contain_text(re.compile("."))
    return loaded_viewer(page)


def scale(page: Page) -> float:
    """Return the scale of the page, in pixels per point."""
    return float(page.evaluate("document.querySelector('#viewer-pages').style.getPropertyValue('--zoom')"))


def line_heights(viewer: Locator) -> list[float]:
    """Return the heights of the marked lines that are in view."""
    found: list[float] = viewer.locator(".p-rect").evaluate_all(
        """nodes => nodes.filter((node) => {
          const body = document.querySelector("#viewer-body").getBoundingClientRect();
          const own = node.getBoundingClientRect();
          return own.top >= body.top && own.bottom <= body.bottom && own.left < body.right && own.right > body.left;
        }).map((node) => node.getBoundingClientRect().height)"""
    )
    return found


@EVERYWHERE
def test_pdf_citation_is_legible(paper_site: Site, revisit: Revisit, size: ViewportSize, scheme: Scheme) -> None:
    """The marked line is as tall as text, sharp, and in view; whole page and sentence are one click apart.

    On the smallest phone, the width of the line leaves it less height.
    """
    page = revisit(paper_site[0], size=size, scheme=scheme)
    ask(page, QUESTIONS[PDF])
    viewer = open_card(page)
    expect(viewer).to_have_attribute("data-as", "page")
    heights = line_heights(viewer)
    assert min(heights) >= (LEAST if size["width"] > 320 else 10)
    first = viewer.locator(".p-rect").first
    assert is_in_view(first)
    frame, body = box(first), box(viewer.locator("#viewer-body"))
    assert body["x"] <= frame["x"] < body["x"] + body["width"] - 40
    expect_sharp(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sentence = viewer.get_by_role("button", name="Sentence")
    whole = viewer.get_by_role("button", name="Whole page")
    expect(sentence).to_have_attribute("aria-pressed", "true")
    legible = scale(page)
    whole.click()
    expect(whole).to_have_attribute("aria-pressed", "true")
    cut = box(viewer.locator(".p-cut").first)
    assert cut["width"] <= body["width"]
    assert cut["height"] / cut["width"] == pytest.approx(842 / 595, rel=0.05)
    assert is_in_view(first)
    sentence.click()
    assert scale(page) == legible
    assert is_in_view(first)
    for button in viewer.locator(".p-zoom button").all():
        assert size["width"] >= 1000 or box(button)["height"] >= 44
        assert box(button)["x"] >= 0
        assert box(button)["x"] + box(button)["width"] <= size["width"]


OUT_OF_VIEW = """() => {
  const view = document.querySelector("#viewer-body").getBoundingClientRect();
  return [...document.querySelectorAll("#viewer .p-rect")].map((node) => node.getBoundingClientRect())
    .map((own) => Math.max(view.left - own.left, own.right - view.right, view.top - own.top, own.bottom - view.bottom));
}"""
"""By how many pixels each marked line is out of view; negative if it is in view as a whole."""


@PHONE_AND_DESK
def test_marked_lines_of_a_paper_are_in_view_as_a_whole(
    paper_site: Site, revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """The panel grows until they are legible and leaves the answer its room; on a phone they fill the width."""
    page = revisit(paper_site[0], size=size, scheme=scheme)
    ask(page, QUESTIONS[PDF])
    expect(page.locator(".p-card").first).to_be_visible()
    viewer = opened(page, paper_site, "wide.pdf", LONG_LINES)
    expect(viewer).to_have_attribute("data-as", "page")
    hidden = page.evaluate(OUT_OF_VIEW)
    assert len(hidden) >= 2
    assert max(hidden) < 0
    if size["width"] > 700:
        assert min(line_heights(viewer)) >= LEAST
    if size["width"] > 1000:
        main, panel = box(page.locator("#main")), box(viewer)
        assert main["width"] >= 480
        assert main["x"] + main["width"] < panel["x"]
        viewer.get_by_role("button", name=texts.CLOSE_SOURCE).click()
        assert box(page.locator("#main"))["width"] > main["width"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_turned_pages_and_phones_keep_the_lines_in_view(paper_site: Site, revisit: Revisit) -> None:
    """The scale follows the width of the window.

    The lines of a turned page run down; they are as wide as the lines of other pages are tall.
    """
    page = revisit(paper_site[0], size={"width": 844, "height": 390})
    opened(page, paper_site, "wide.pdf", LONG_LINES)
    page.set_viewport_size(PHONE)
    page.wait_for_function(f"() => Math.max(...({OUT_OF_VIEW})()) < 0")
    page.keyboard.press("Escape")
    page.set_viewport_size(DESK)
    viewer = opened(page, paper_site, "turned.pdf", "The whale swam under the bridge of glass.")
    first = viewer.locator(".p-rect").first
    expect(first).to_be_visible()
    assert is_in_view(first)
    frame = box(first)
    assert frame["height"] > 3 * frame["width"]
    assert frame["width"] >= LEAST


def test_line_that_would_be_too_small_is_shown_as_text(paper_site: Site, visit: Visit) -> None:
    """The reader can still choose the page, where the line is in view as a whole."""
    page = visit(paper_site[0], size=PHONE)
    viewer = opened(page, paper_site, "wide.pdf", SMALL_PRINT)
    expect(viewer).to_have_attribute("data-as", "text")
    assert is_in_view(viewer.locator("mark").first)
    viewer.get_by_role("button", name="Page", exact=True).click()
    expect(viewer).to_have_attribute("data-as", "page")
    assert max(page.evaluate(OUT_OF_VIEW)) < 0
    page.keyboard.press("Escape")
    opened(page, paper_site, "wide.pdf", SMALL_PRINT)
    expect(viewer).to_have_attribute("data-as", "page")  # the reader has chosen it


def expect_sharp(page: Page) -> None:
    """Wait until the picture has at least nine in ten of the screen's pixels."""
    page.wait_for_function(
        """() => [...document.querySelectorAll("#viewer .p-page")].every((node) => {
          if (!node.checkVisibility()) return true;
          const [image, cut] = [node.querySelector("img"), node.querySelector(".p-cut")];
          return image.naturalWidth >= 0.9 * Math.min(cut.clientWidth * devicePixelRatio, 1500);
        })"""
    )


def test_reader_zooms_by_button_key_and_wheel(paper_site: Site, revisit: Revisit) -> None:
    """Zooming keeps the place under the pointer; a large picture is drawn finely where the reader looks."""
    page = revisit(paper_site[0], size=DESK)
    ask(page, QUESTIONS[PDF])
    viewer = open_card(page)
    start = scale(page)
    viewer.get_by_role("button", name="Larger").click()
    assert scale(page) == pytest.approx(start * 1.25)
    viewer.get_by_role("button", name="Smaller").click()
    assert scale(page) == pytest.approx(start)
    expect(viewer.get_by_role("button", name="Sentence")).to_have_attribute("aria-pressed", "false")
    viewer.locator("#viewer-body").focus()
    for key, factor in (("+", 1.25), ("-", 1), ("-", 0.8), ("0", 1)):
        page.keyboard.press(key)
        assert scale(page) == pytest.approx(start * factor)
    pin = viewer.locator(".p-rect").first
    before = box(pin)
    page.mouse.move(before["x"] + 20, before["y"] + 5)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -240)
    page.keyboard.up("Control")
    page.wait_for_function(
        "start => document.querySelector('#viewer-pages').style.getPropertyValue('--zoom') > 2 * start", arg=start
    )
    after = box(pin)
    assert after["y"] <= before["y"] + 5 <= after["y"] + after["height"]
    assert page.evaluate("visualViewport.scale") == 1
    for _ in range(6):
        page.keyboard.press("+")
    fine = viewer.locator(".p-fine").first
    expect(fine).to_be_visible()
    page.wait_for_function("document.querySelector('#viewer .p-fine').naturalWidth > 500")


def test_reader_moves_the_page_by_dragging_and_by_keys(paper_site: Site, revisit: Revisit) -> None:
    """Arrow keys move a page that is wider than the panel; they step through the sources otherwise."""
    page = revisit(paper_site[0], size=DESK)
    ask(page, QUESTIONS[PDF])
    viewer = open_card(page)
    body = viewer.locator("#viewer-body")
    for _ in range(4):
        viewer.get_by_role("button", name="Larger").click()
    left, top = place(body)
    frame = box(body)
    page.mouse.move(frame["x"] + 200, frame["y"] + 200)
    page.mouse.down()
    page.mouse.move(frame["x"] + 120, frame["y"] + 140, steps=4)
    page.mouse.up()
    assert place(body) == (left + 80, top + 60)
    page.mouse.move(frame["x"] + 90, frame["y"] + 100)
    assert place(body) == (left + 80, top + 60)  # the button is up
    body.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("left => document.querySelector('#viewer-body').scrollLeft > left", arg=left + 80)
    expect(viewer.locator("#viewer-number")).to_have_text("Source 1")
    viewer.get_by_role("button", name="Whole page").click()
    body.focus()
    page.keyboard.press("ArrowRight")
    expect(viewer.locator("#viewer-number")).to_have_text("Source 2")


def place(body: Locator) -> tuple[int, int]:
    """Return how far the page is scrolled."""
    found: list[int] = body.evaluate("node => [Math.round(node.scrollLeft), Math.round(node.scrollTop)]")
    return found[0], found[1]


def test_two_fingers_zoom_on_a_phone(paper_site: Site, revisit: Revisit) -> None:
    """The page in the dialog grows, and the browser's own zoom stays as it is."""
    page = revisit(paper_site[0], size=PHONE)
    ask(page, QUESTIONS[PDF])
    viewer = open_card(page)
    start = scale(page)
    frame = box(viewer.locator("#viewer-body"))
    session = page.context.new_cdp_session(page)
    x, y = frame["x"] + 150, frame["y"] + 200

    def touch(kind: str, *points: float) -> None:
        touches: list[dict[str, Any]] = [{"x": x + at, "y": y, "id": number} for number, at in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    touch("touchStart", -40, 40)
    for apart in (50, 60, 70, 80):
        touch("touchMove", -apart, apart)
    touch("touchEnd")
    session.detach()
    assert scale(page) == pytest.approx(2 * start, rel=0.02)
    assert page.evaluate("visualViewport.scale") == 1
    assert page.evaluate("document.querySelector('#viewer-body').scrollWidth") > frame["width"]


@pytest.mark.parametrize(
    ("size", "words"),
    [
        pytest.param(DESK, ACROSS_COLUMNS, id="beside-columns"),
        pytest.param(PHONE, ACROSS_PAGES, id="phone-pages"),
        pytest.param(DESK, ACROSS_PAGES, id="beside-pages", marks=pytest.mark.nightly),
        pytest.param(PHONE, ACROSS_COLUMNS, id="phone-columns", marks=pytest.mark.nightly),
    ],
)
def test_sentence_in_two_places_is_shown_as_a_whole(
    paper_site: Site, revisit: Revisit, size: ViewportSize, words: str
) -> None:
    """The end of one column or page is directly above the beginning of the next, and every line of both is in view."""
    page = revisit(paper_site[0], size=size)
    viewer = opened(page, paper_site, "paper.pdf", words)
    parts = viewer.locator(".p-page:visible")
    expect(parts).to_have_count(2)
    lines = viewer.locator(".p-page").evaluate_all(
        """nodes => nodes.map((node) => {
          const cut = node.querySelector(".p-cut").getBoundingClientRect();
          return [...node.querySelectorAll(".p-rect")].map((each) => each.getBoundingClientRect())
            .filter(({ top, left }) => top >= cut.top - 1 && top < cut.bottom)
            .filter(({ left }) => left >= cut.left - 1 && left < cut.right)
            .map(({ top, bottom }) => [top, bottom]);
        })"""
    )
    assert [len(found) for found in lines] == ([3, 1] if words == ACROSS_COLUMNS else [1, 1])
    body = box(viewer.locator("#viewer-body"))
    shown = [edge for found in lines for line in found for edge in line]
    assert body["y"] <= min(shown)
    assert max(shown) <= body["y"] + body["height"]
    assert lines[0][-1][1] < lines[1][0][0]
    assert min(line_heights(viewer)) >= LEAST
    viewer.get_by_role("button", name="Whole page").click()
    expect(parts).to_have_count(1 if words == ACROSS_COLUMNS else 2)


def test_page_that_cannot_be_drawn_is_shown_as_text(paper_site: Site, unwatched: Page) -> None:
    """The panel says so, and the words are marked in the text."""
    page = unwatched
    page.set_viewport_size(DESK)
    open_page(page, paper_site[0])
    page.route("**/pages/*.png*", lambda route: route.fulfill(status=404, json={}))
    ask(page, QUESTIONS[PDF])
    viewer = open_card(page)
    expect(viewer).to_have_attribute("data-as", "text")
    expect(viewer.get_by_role("status")).to_contain_text("cannot be drawn, so its text is shown")
    expect(viewer.locator("mark").first).to_be_visible()


def test_scanned_pages_are_named_in_the_text(revisit: Revisit, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A document with pages that are only pictures says that their text is missing, if none is recognised."""
    folder = tmp_path_factory.mktemp("scanned")
    data = build([column(["The whale swam under the bridge of glass."]), []], picture=True)
    with document_site(folder, PDF) as (url, library):
        (folder / "sources" / "scan.pdf").write_bytes(data)
        library.parts.session.change_settings({"ocr": "off"})
        assert not library.add(folder / "sources" / "scan.pdf").failed
        page = revisit(url, size=DESK)
        viewer = opened(page, (url, library), "scan.pdf", "The whale swam")
        viewer.get_by_role("button", name="Text", exact=True).click()
        expect(viewer.locator(".p-view-note")).to_contain_text("without text, as images")
        page.close()


def test_page_view_suits_reduced_motion_forced_colours_and_zoom(paper_site: Site, revisit: Revisit) -> None:
    """The words stay marked and legible, and no control leaves the screen; 200 % of 1440 pixels are 720."""
    page = revisit(paper_site[0], size=DESK)
    page.emulate_media(reduced_motion="reduce", forced_colors="active")
    ask(page, QUESTIONS[PDF])
    for size in (DESK, {"width": 720, "height": 450}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        viewer = open_card(page)
        first = viewer.locator(".p-rect").first
        expect(first).to_have_css("outline-style", "solid")
        assert is_in_view(first)
        assert box(first)["height"] >= LEAST
        for button in viewer.locator(".p-zoom button").all():
            assert box(button)["x"] + box(button)["width"] <= size["width"]
        viewer.get_by_role("button", name=texts.CLOSE_SOURCE).click()
    page.emulate_media(reduced_motion="no-preference", forced_colors="none")


def test_marks_of_the_words_have_a_place_in_the_text(paper_site: Site) -> None:
    """The cuts of a page hold every rectangle of the words, each exactly once."""
    library = paper_site[1]
    for name, words in (("paper.pdf", ACROSS_COLUMNS), ("paper.pdf", ACROSS_PAGES), (PDF, "Kovykta")):
        start = library.document(name).text.index(words)
        for mark in library.page_marks(name, Span(start, start + len(words))):
            assert mark.rectangles
            holders = [
                sum(
                    cut.left <= rect.left and rect.left + rect.width <= cut.left + cut.width + 1e-6
                    and cut.top <= rect.top and rect.top + rect.height <= cut.top + cut.height + 1e-6
                    for cut in mark.cuts
                )
                for rect in mark.rectangles
            ]  # fmt: skip
            assert holders == [1] * len(mark.rectangles)
