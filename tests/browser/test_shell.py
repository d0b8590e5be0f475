"""The shell: what a reader sees and uses before Gradio has loaded, and the header."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from index.records import texts
from tests.browser.actions import best_card
from tests.browser.axe import colour_violations, structure_violations
from tests.browser.everywhere import EVERYWHERE, SIZES
from tests.browser.layout import SECTIONS, assert_header_fits, layout_problems
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page, Route, ViewportSize

    from tests.browser.conftest import Revisit, Scheme, Visit

QUESTION = "Who signed the treaty?"
QUOTE = "The king signed the treaty in the harbour."
GRADIO = "**/assets/**"
WIDTHS = (320, 360, 390, 480, 640, 700, 760, 761, 1000, 1440)
"""Windows; 640 and 720 pixels are also what a page has of 1280 and 1440 pixels at 200 % zoom."""
_SHIFTS = """window.shifts = 0;
new PerformanceObserver((list) => { for (const shift of list.getEntries()) window.shifts += shift.value; })
  .observe({ type: "layout-shift", buffered: true });"""
_PLACES = """(selectors) => selectors.map((selector) => {
  const isVisible = (node) => node.checkVisibility({ visibilityProperty: true });
  const node = [...document.querySelectorAll(selector)].find(isVisible);
  const { x, y, width, height } = node.getBoundingClientRect();
  return [x, y, width, height];
})"""
_OPENED = """document.addEventListener("click", (event) => {
  window.opened = event.target.closest(".p-cite")?.dataset.n;
  event.preventDefault();
  event.stopPropagation();
}, true)"""
PARTS = (
    ".p-brand",
    ".p-sections a, #sections > .tab-wrapper .tab-container:not(.visually-hidden) button",
    "h1",
    ".p-askbar, #askbar",
    ".p-askbar textarea, #question textarea",
    ".p-askbar button, #go",
)


class Held:
    """Holds the requests of a page for Gradio's files until they are released."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._routes: list[Route] = []
        page.route(GRADIO, lambda route: self._routes.append(route))

    def release(self) -> None:
        """Let all requests pass, also later ones."""
        self._page.route(GRADIO, lambda route: route.continue_())
        for route in self._routes:
            route.continue_()

    def fail(self) -> None:
        """Let the requests fail, and later ones pass."""
        wait_until(lambda: bool(self._page.evaluate("true") and self._routes))
        self._page.route(GRADIO, lambda route: route.continue_())
        for route in self._routes:
            route.abort("connectionrefused")


@pytest.fixture
def first_visit(browser: Browser) -> Iterator[Page]:
    """Return a page that no other test has used; its browser has cached nothing."""
    context = browser.new_context(viewport=SIZES[1440])
    context.set_default_timeout(30_000)
    context.add_init_script(_SHIFTS)
    page = context.new_page()
    yield page
    context.close()


def begin(page: Page, url: str) -> Held:
    """Open a page and hold everything of Gradio's."""
    held = Held(page)
    page.goto(url, wait_until="commit")
    expect(page.get_by_label(texts.YOUR_QUESTION)).to_be_visible()
    return held


def box(page: Page) -> Locator:
    """Return the question box, the shell's or Gradio's."""
    return page.get_by_role("textbox", name=texts.YOUR_QUESTION)


@EVERYWHERE
def test_first_html_has_header_heading_and_question(
    site: str, first_visit: Page, size: ViewportSize, scheme: Scheme
) -> None:
    """What is typed is kept, with caret and focus, when Gradio's controls come. Nothing moves or is there twice."""
    page = first_visit
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)
    held = begin(page, site)
    expect(page.get_by_role("heading", level=1)).to_have_text(texts.ASK_THE_LIBRARY)
    for name in SECTIONS:
        expect(page.get_by_role("navigation").get_by_role("link", name=name, exact=True)).to_be_in_viewport()
    expect(box(page)).to_be_focused()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == scheme
    page.keyboard.type("Who signed")
    page.keyboard.press("ArrowLeft")
    assert layout_problems(page) == []
    page.evaluate("document.fonts.ready")  # they change widths, whenever they come
    before = page.evaluate(_PLACES, PARTS)
    held.release()
    expect(page.locator("#beginning nav")).to_be_visible()
    expect(page.locator("#shell")).to_have_count(0)
    assert page.evaluate(_PLACES, PARTS) == [pytest.approx(part, abs=1) for part in before]
    expect(box(page)).to_have_count(1)
    expect(box(page)).to_be_focused()
    expect(box(page)).to_have_value("Who signed")
    assert box(page).evaluate("node => node.selectionStart") == len("Who signe")
    for role, name in (("button", "Ask"), ("heading", texts.ASK_THE_LIBRARY), ("banner", ""), ("main", "")):
        expect(page.get_by_role(role, name=name, exact=True)).to_have_count(1)  # type: ignore[arg-type]
    page.wait_for_timeout(300)
    assert page.evaluate("window.shifts") < 0.1  # "good", by web.dev's Core Web Vitals


def test_shell_follows_wcag(site: str, first_visit: Page) -> None:
    """Axe finds no violation before Gradio has loaded, in light and dark; none of it is printed."""
    page = first_visit
    page.set_viewport_size(SIZES[390])
    begin(page, site)
    found = [*structure_violations(page), *colour_violations(page)]
    page.emulate_media(color_scheme="dark")
    page.evaluate("document.documentElement.classList.add('dark')")
    assert [*found, *colour_violations(page)] == []
    page.emulate_media(media="print")
    expect(page.locator("#shell")).to_be_hidden()
    expect(page.locator("#header")).to_be_hidden()


@pytest.mark.parametrize("key", ["Enter", ""], ids=["Enter", "button"])
def test_question_asked_early_is_answered(site: str, first_visit: Page, key: str) -> None:
    """The page says that it waits, and asks as soon as it can."""
    page = first_visit
    held = begin(page, site)
    box(page).fill(QUESTION)
    box(page).press(key) if key else page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="asked as soon as")).to_be_visible()
    held.release()
    expect(best_card(page).locator("mark")).to_have_text(QUOTE)
    expect(box(page)).to_have_value(QUESTION)
    assert page.url == f"{site}/?{urlencode({'q': QUESTION})}"


def test_section_is_marked_and_opened_early(site: str, first_visit: Page) -> None:
    """One can be chosen before there is anything in it; that of an address has no question box, which is Ask's."""
    page = first_visit
    held = begin(page, site)
    library = page.get_by_role("link", name="Library")
    library.click()
    expect(library).to_have_attribute("aria-current", "page")
    held.release()
    expect(page.get_by_role("tab", name="Library")).to_have_attribute("aria-selected", "true")
    page.goto("about:blank")
    held = Held(page)
    page.goto(f"{site}/?tab=library", wait_until="commit")
    expect(library).to_have_attribute("aria-current", "page")
    expect(box(page)).to_be_hidden()
    held.release()
    expect(page.get_by_role("tab", name="Library")).to_have_attribute("aria-selected", "true")


def test_question_of_a_link_is_shown_at_once_and_what_is_typed_is_kept(site: str, first_visit: Page) -> None:
    """The answer of the link arrives; the question that the reader began meanwhile stays in the box."""
    page = first_visit
    held = begin(page, f"{site}/?{urlencode({'q': QUESTION})}")
    expect(box(page)).to_have_value(QUESTION)
    expect(page.locator("#shell")).to_contain_text("Searching")
    box(page).fill("What does oil")
    held.release()
    expect(best_card(page).locator("mark")).to_have_text(QUOTE)
    expect(box(page)).to_have_value("What does oil")


def test_page_that_cannot_be_loaded_says_so_and_keeps_the_question(site: str, first_visit: Page) -> None:
    """A file of Gradio's does not arrive. Try again loads the page again, with what was typed."""
    page = first_visit
    held = begin(page, site)
    box(page).fill(QUESTION)
    held.fail()
    expect(page.get_by_text("The page could not be loaded completely.")).to_be_visible()
    page.get_by_role("button", name=texts.TRY_AGAIN).click()
    expect(page.locator("#beginning nav")).to_be_visible()
    expect(box(page)).to_have_value(QUESTION)


def test_typing_needs_only_the_html(site: str, first_visit: Page) -> None:
    """Nothing else has to arrive, and the HTML is small: half a second on a line of 50 KB/s."""
    page = first_visit
    page.route(lambda address: address != f"{site}/", lambda route: None)
    page.goto(site, wait_until="commit")
    expect(box(page)).to_be_focused()
    page.keyboard.type("Who")
    expect(box(page)).to_have_value("Who")
    with urlopen(f"{site}/") as response:
        assert len(gzip.compress(response.read(), 6)) < 25_000


def test_page_without_scripts_names_the_command_line(site: str, browser: Browser) -> None:
    """The shell would not work, so it is hidden."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site)
    expect(page.locator("noscript p")).to_be_visible()
    expect(page.locator("#shell")).to_be_hidden()
    context.close()


# Fonts


def test_fonts_are_served_once_and_their_fallbacks_have_the_same_width(site: str, first_visit: Page) -> None:
    """Each is at most 51 KB and cached forever. Text in a fallback is as wide within 4 %."""
    if not list(Path("/usr/share/fonts").rglob("LiberationSerif-Regular.ttf")):
        pytest.skip("the fallback is not installed: apt-get install -y fonts-liberation")
    page = first_visit
    fonts: dict[str, dict[str, Any]] = {}
    page.on("response", lambda one: fonts.update({one.url.split("/")[-1].split("?")[0]: one.all_headers()}))
    page.goto(site)
    page.evaluate("document.fonts.ready")
    for name in ("serif.woff2", "sans.woff2"):
        assert fonts[name]["content-type"] == "font/woff2"
        assert "immutable" in fonts[name]["cache-control"]
        assert int(fonts[name]["content-length"]) <= 51_000
    widths = page.evaluate("""() => {
      const pen = document.createElement("canvas").getContext("2d");
      return ["Serif", "Sans"].map((name) => [`Pincite ${name}`, `Like Pincite ${name}`].map((family) => {
        pen.font = `20px "${family}"`;
        return pen.measureText("Answers are drawn only from these documents, and every sentence is cited.").width;
      }));
    }""")
    for own, fallback in widths:
        assert fallback == pytest.approx(own, rel=0.04)


def test_text_beyond_english_is_in_the_reading_font(site: str, revisit: Revisit) -> None:
    """Latin Extended and punctuation are in the subset: in two fallbacks, such letters have the same width."""
    page = revisit(site)
    missing = page.evaluate("""() => {
      const pen = document.createElement("canvas").getContext("2d");
      const width = (text, fallback) => {
        pen.font = `40px "Pincite Serif", ${fallback}`;
        return pen.measureText(text).width;
      };
      const letters = [..."ąčđęğıłńőřśşťůžÆØßÐþŒǎșțẞ“”„‘’–—…€§¶†‰№½²"];
      return letters.filter((letter) => width(letter, "monospace") !== width(letter, "serif"));
    }""")
    assert missing == []


# Header


def test_words_of_the_header_do_not_collide(site: str, revisit: Revisit) -> None:
    """From 320 pixels up, all sections are in view, nothing overlaps, and the placeholder is not cut."""
    page = revisit(site)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert_header_fits(page)
        room, needed = page.locator("#question textarea").evaluate("""(node) => {
          const style = getComputedStyle(node), pen = document.createElement("canvas").getContext("2d");
          pen.font = style.font;
          const room = node.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
          return [room, pen.measureText(node.placeholder).width];
        }""")
        assert needed <= room, width


# Fingers


def test_citation_marks_are_targets_for_fingers(site: str, browser: Browser, visit: Visit) -> None:
    """Their targets are 44 pixels in each direction, lines are as high as before, and the nearest mark opens."""
    url = f"{site}/?{urlencode({'q': QUESTION})}"
    plain = visit(url, size=SIZES[390])
    expect(best_card(plain)).to_be_visible()
    height = plain.locator(".p-answer").evaluate("node => node.offsetHeight")
    context = browser.new_context(viewport=SIZES[390], has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(url)
    mark = page.locator(".p-answer .p-cite").first
    expect(mark).to_be_visible()
    assert page.locator(".p-answer").evaluate("node => node.offsetHeight") == height
    target = mark.evaluate("node => { const s = getComputedStyle(node, '::after'); return [s.width, s.height]; }")
    assert target == ["44px", "44px"]
    # A neighbour, as after a sentence with two sources
    mark.evaluate("node => { const other = node.cloneNode(true); other.dataset.n = '2'; node.after(other); }")
    page.evaluate(_OPENED)
    first, second = (page.locator(f'.p-answer .p-cite[data-n="{n}"]').bounding_box() for n in (1, 2))
    assert first
    assert second
    for box_, x, number in (
        (first, 2, "1"),
        (first, first["width"] - 1, "1"),
        (second, 1, "2"),
        (second, 30, "2"),
        (first, -8, "1"),
    ):
        for y in (-9, box_["height"] / 2, box_["height"] + 9):
            page.touchscreen.tap(box_["x"] + x, box_["y"] + y)
            assert page.evaluate("window.opened") == number, (x, y, number)
    context.close()
