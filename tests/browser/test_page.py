"""Properties of the whole page: it runs no foreign script, contacts no other host, and fits the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from index.records import texts
from tests.browser.actions import ask, best_card
from tests.browser.conftest import ATTACK, ATTACKS, EXAMPLES, HOSTILE_NAME, open_library, running_site

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, ViewportSize

    from tests.browser.conftest import Revisit, Scheme, Visit

PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1440, "height": 900}
QUESTION = "Who signed the treaty?"
HEBREW = "# שלום הנמל\n\nהמלך חתם על ההסכם בנמל. הנהר נסגר בחורף."
CHINESE = "# 港口条约\n\n国王在港口签署了条约。 冬天 封闭了 河流。"


# Words from outside


def test_hostile_documents_and_questions_are_escaped(site: str, revisit: Revisit) -> None:
    """Markup in text, title, file name and question is shown as text and never runs."""
    page = revisit(site)
    ask(page, f"Where did the comet fall? {ATTACK}")
    expect(best_card(page).locator("h3")).to_contain_text(HOSTILE_NAME)
    for attack in ATTACKS:
        expect(page.locator("blockquote").filter(has_text=attack).first).to_be_visible()
    expect(page.locator(".p-answer")).to_contain_text(ATTACKS[0])
    expect(page.get_by_role("checkbox", name=HOSTILE_NAME)).to_be_attached()
    page.get_by_role("tab", name="Coverage").click()
    expect(page.locator(".p-coverage")).to_contain_text(HOSTILE_NAME)
    page.get_by_role("button", name="History").click()
    expect(page.locator("#history li a").first).to_have_text(f"Where did the comet fall? {ATTACK}")
    page.keyboard.press("Escape")
    ask(page, "What did the volcano cover?")
    expect(best_card(page).locator("h3")).to_contain_text("<img src=x onerror=window.pwned=1> </script><script>")
    assert page.locator("#results img, #coverage img, #strips img, #marks img, #history img").count() == 0
    # `visit` asserts at the end that window.pwned was never set.


def test_hostile_url_is_escaped(site: str, visit: Visit) -> None:
    """Markup in the parameters of the URL is treated like any other question."""
    page = visit(f"{site}/?{urlencode({'q': ATTACK, 'in': ATTACK})}")
    expect(page.locator(".p-problem")).to_contain_text("No document of this library is called")
    page = visit(f"{site}/?{urlencode({'q': ATTACK})}")
    expect(page.get_by_label(texts.YOUR_QUESTION)).to_have_value(ATTACK)
    expect(page.locator(".p-card").first).to_be_visible()


# Keys


def test_asking_and_switching_tabs_work_by_keyboard(site: str, revisit: Revisit) -> None:
    """Slash focuses the question box, Escape leaves it, Enter asks, and the arrow keys switch tabs."""
    page = revisit(site)
    box = page.get_by_label(texts.YOUR_QUESTION)
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).not_to_be_focused()
    page.keyboard.press("/")
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(best_card(page).locator("mark")).to_have_text("The king signed the treaty in the harbour.")
    page.get_by_role("tab", name="Ask", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Check")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Check").blur()
    page.keyboard.press("/")
    expect(box).to_be_focused()


def test_keys_move_between_cards(site: str, revisit: Revisit) -> None:
    """They stop at the first and the last card; the focused card is in view, and Enter opens its source.

    Reduced motion, a setting of the system, disables transitions.
    """
    page = revisit(site)
    page.emulate_media(reduced_motion="reduce")
    seconds = page.evaluate("parseFloat(getComputedStyle(document.querySelector('#askbar')).transitionDuration)")
    assert seconds < 0.001
    ask(page, QUESTION)
    cards = page.locator("#results .p-card:visible")
    expect(cards.first).to_be_visible()
    page.keyboard.press("Escape")
    for on, back in (("ArrowDown", "ArrowUp"), ("j", "k")):
        page.keyboard.press(on)
        expect(cards.nth(0)).to_be_focused()
        page.keyboard.press(on)
        expect(cards.nth(1)).to_be_focused()
        page.keyboard.press(back)
        page.keyboard.press(back)
        expect(cards.nth(0)).to_be_focused()
        page.evaluate("document.activeElement.blur()")
    for _ in range(20):
        page.keyboard.press("j")
    expect(cards.last).to_be_focused()
    expect(cards.last).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#viewer")).to_be_visible()


def test_single_key_shortcuts_are_listed_and_can_be_turned_off(site: str, revisit: Revisit) -> None:
    """The choice is stored. Escape closes the list and returns the focus."""
    page = revisit(site)
    ask(page, QUESTION)
    expect(best_card(page)).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard")
    expect(keys).to_contain_text("Next, previous evidence")
    keys.get_by_label("Single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    for key in ("?", "j", "/", "ArrowDown"):
        page.keyboard.press(key)
    expect(keys).to_be_hidden()
    expect(page.locator(".p-card:focus, #question textarea:focus")).to_have_count(0)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(keys.get_by_label("Single-key shortcuts")).not_to_be_checked()
    keys.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_focused()


# Looks


@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        pytest.param(PHONE, "light", id="phone-light"),
        pytest.param(WIDE, "dark", id="wide-dark", marks=pytest.mark.nightly),
        pytest.param(PHONE, "dark", id="phone-dark", marks=pytest.mark.nightly),
        pytest.param(WIDE, "light", id="wide-light", marks=pytest.mark.nightly),
    ],
)
def test_page_fits_the_screen(site: str, revisit: Revisit, size: ViewportSize, scheme: Scheme) -> None:
    """No tab scrolls sideways at 390 pixels or more, with everything unfolded."""
    page = revisit(site, size=size, scheme=scheme)
    ask(page, QUESTION)
    expect(best_card(page).locator("mark")).to_be_visible()
    for summary in page.locator("#results summary").all():
        summary.click()
    assert fits(page)
    filled_by = {
        "Coverage": ".p-coverage",
        "Check": "#check .p-batch",
        "Library": "#p-shelf tbody tr",
        "Questions": "#batch .p-batch",
    }
    for name, filled in filled_by.items():
        page.get_by_role("tab", name=name).click()
        expect(page.locator(filled).first).to_be_visible()
        assert fits(page)


def fits(page: Page) -> bool:
    """Return whether nothing is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.nightly)])
def test_chosen_theme_overrides_the_system(site: str, visit: Visit, scheme: Scheme) -> None:
    """The choice applies at once, and to later pages before they are painted; it can be left to the system again."""
    other: Scheme = "dark" if scheme == "light" else "light"
    page = visit(site, scheme=scheme, fresh=True)
    assert is_dark(page) == (scheme == "dark")
    choose_theme(page, other)
    assert is_dark(page) == (other == "dark")
    later = page.context.new_page()
    later.emulate_media(color_scheme=scheme)
    later.add_init_script("document.addEventListener('DOMContentLoaded', () => { window.atFirst = " + IS_DARK + " })")
    later.goto(site)
    assert later.evaluate("window.atFirst") == (other == "dark")
    expect(later.get_by_role("link", name=EXAMPLES[0])).to_be_visible()
    assert is_dark(later) == (other == "dark")
    choose_theme(later, "system")
    assert is_dark(later) == (scheme == "dark")
    later.emulate_media(color_scheme=other)
    later.wait_for_function(f"({IS_DARK}) === {str(other == 'dark').lower()}")


IS_DARK = "getComputedStyle(document.documentElement).backgroundColor === 'rgb(23, 22, 20)'"


def is_dark(page: Page) -> bool:
    """Return whether the page is dark; our colours and Gradio's must agree."""
    dark = bool(page.evaluate(IS_DARK))
    assert dark == page.evaluate("document.body.classList.contains('dark')")
    return dark


def choose_theme(page: Page, theme: str) -> None:
    """Choose a theme by the button in the header."""
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("radio", name=theme.capitalize()).check()
    page.keyboard.press("Escape")


def test_printed_page_has_the_answer_without_controls(site: str, revisit: Revisit) -> None:
    """Answer, citations and evidence are printed; buttons, fields and the map are not."""
    page = revisit(site)
    ask(page, QUESTION)
    expect(best_card(page)).to_be_visible()
    page.emulate_media(media="print")
    for selector in (".p-printed", ".p-answer", ".p-cite", ".p-card h3", ".p-card mark", ".p-place"):
        expect(page.locator(selector).first).to_be_visible()
    expect(page.locator(".p-printed")).to_have_text(QUESTION)
    assert [node.inner_text() for node in page.locator("button:visible, input:visible, textarea:visible").all()] == []
    for selector in ("#rail", "#header", ".p-acts", "footer", ".p-panes"):
        expect(page.locator(selector).first).to_be_hidden()


def test_text_direction_follows_the_script(tmp_path: Path, visit: Visit) -> None:
    """A Hebrew quotation and question run from right to left, Chinese ones from left to right."""
    with open_library(tmp_path, {"he.md": HEBREW, "zh.md": CHINESE}) as library, running_site(library) as url:
        page = visit(f"{url}/?{urlencode({'q': 'המלך חתם על ההסכם בנמל'})}")
        quote = best_card(page).locator("blockquote")
        expect(quote.locator("mark")).to_contain_text("המלך חתם על ההסכם בנמל.")
        assert quote.evaluate("node => getComputedStyle(node).direction") == "rtl"
        assert page.get_by_label(texts.YOUR_QUESTION).evaluate("node => getComputedStyle(node).direction") == "rtl"
        ask(page, "冬天 封闭了 河流")
        expect(best_card(page).locator("h3")).to_contain_text("港口条约")
        expect(best_card(page).locator("blockquote")).to_contain_text("国王在港口签署了条约。")
        assert best_card(page).locator("blockquote").evaluate("node => getComputedStyle(node).direction") == "ltr"
        assert fits(page)
        page.close()  # before the server stops, which the page would report


# Those who do not see it


def test_parts_of_the_page_have_accessible_names(site: str, revisit: Revisit) -> None:
    """Screen readers can tell headings, groups, tabs and panels apart."""
    page = revisit(site)
    expect(page.get_by_role("heading", level=1)).to_have_text(texts.ASK_THE_LIBRARY)
    expect(page.get_by_role("group", name=texts.SEARCH_ONLY_IN)).to_be_visible()
    expect(page.get_by_role("tablist", name="Sections").first).to_be_attached()
    expect(page.get_by_role("tabpanel", name="Ask", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="API")).to_have_attribute("href", "docs")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Skip to the answer").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#results")).to_be_focused()
    assert page.evaluate("document.documentElement.lang") == "en"
