"""What must hold of the page whatever is on it: no script but ours, no address but ours, no word out of reach."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.actions import ask, first
from tests.browser.conftest import ATTACK, ATTACKS, EXAMPLES, HOSTILE_NAME, open_library, serving

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, ViewportSize

    from tests.browser.conftest import Scheme, Visit

PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1440, "height": 900}
QUESTION = "Who signed the treaty?"
HEBREW = "# שלום הנמל\n\nהמלך חתם על ההסכם בנמל. הנהר נסגר בחורף."
CHINESE = "# 港口条约\n\n国王在港口签署了条约。 冬天 封闭了 河流。"


# Words from outside


def test_hostile_words_are_shown_as_words(site: str, visit: Visit) -> None:
    """Markup in text, title, file name and question is shown as it is written; nothing of it runs."""
    page = visit(site)
    ask(page, f"Where did the comet fall? {ATTACK}")
    expect(first(page).locator("h3")).to_contain_text(HOSTILE_NAME)
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
    expect(first(page).locator("h3")).to_contain_text("<img src=x onerror=window.pwned=1> </script><script>")
    assert page.locator("#results img, #coverage img, #strips img, #marks img, #history img").count() == 0
    # `visit` asserts at the end that window.pwned was never set.


def test_a_hostile_address_is_a_question_like_others(site: str, visit: Visit) -> None:
    """So is markup in the address."""
    page = visit(f"{site}/?{urlencode({'q': ATTACK, 'in': ATTACK})}")
    expect(page.locator(".p-problem")).to_contain_text("No document of this library is called")
    page = visit(f"{site}/?{urlencode({'q': ATTACK})}")
    expect(page.get_by_label("Your question")).to_have_value(ATTACK)
    expect(page.locator(".p-card").first).to_be_visible()


# Keys


def test_everything_can_be_done_from_the_keyboard(site: str, visit: Visit) -> None:
    """Slash focuses, Escape leaves, Enter asks, arrows change tabs."""
    page = visit(site)
    box = page.get_by_label("Your question")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).not_to_be_focused()
    page.keyboard.press("/")
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(first(page).locator("mark")).to_have_text("The king signed the treaty in the harbour.")
    page.get_by_role("tab", name="Ask", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Check")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Check").blur()
    page.keyboard.press("/")
    expect(box).to_be_focused()


@pytest.mark.parametrize(("on", "back"), [("ArrowDown", "ArrowUp"), ("j", "k")])
def test_keys_lead_from_evidence_to_evidence(site: str, visit: Visit, on: str, back: str) -> None:
    """From the first to the last, and no further; what is reached can be seen, and Enter opens its source."""
    page = visit(f"{site}/?{urlencode({'q': QUESTION})}")
    cards = page.locator("#results .p-card:visible")
    expect(cards.first).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press(on)
    expect(cards.nth(0)).to_be_focused()
    page.keyboard.press(on)
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press(back)
    page.keyboard.press(back)
    expect(cards.nth(0)).to_be_focused()
    for _ in range(20):
        page.keyboard.press(on)
    expect(cards.last).to_be_focused()
    expect(cards.last).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#viewer")).to_be_visible()


def test_keys_of_one_letter_are_listed_and_can_be_turned_off(site: str, visit: Visit) -> None:
    """On another day, too; Escape closes the list, and focus is where it was."""
    page = visit(f"{site}/?{urlencode({'q': QUESTION})}", fresh=True)
    expect(first(page)).to_be_visible()
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
def test_it_fits(site: str, visit: Visit, size: ViewportSize, scheme: Scheme) -> None:
    """No sideways scrolling from 390 pixels on, in any tab, with everything unfolded."""
    page = visit(f"{site}/?{urlencode({'q': QUESTION})}", size=size, scheme=scheme)
    expect(first(page).locator("mark")).to_be_visible()
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
    """Nothing is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_can_be_chosen(site: str, visit: Visit, scheme: Scheme) -> None:
    """Against the system's, at once and on another day, before anything is drawn; and left to the system again."""
    other: Scheme = "dark" if scheme == "light" else "light"
    page = visit(site, scheme=scheme, fresh=True)
    assert is_dark(page) == (scheme == "dark")
    choose(page, other)
    assert is_dark(page) == (other == "dark")
    later = page.context.new_page()
    later.emulate_media(color_scheme=scheme)
    later.add_init_script("document.addEventListener('DOMContentLoaded', () => { window.atFirst = " + IS_DARK + " })")
    later.goto(site)
    assert later.evaluate("window.atFirst") == (other == "dark")
    expect(later.get_by_role("link", name=EXAMPLES[0])).to_be_visible()
    assert is_dark(later) == (other == "dark")
    choose(later, "system")
    assert is_dark(later) == (scheme == "dark")
    later.emulate_media(color_scheme=other)
    later.wait_for_function(f"({IS_DARK}) === {str(other == 'dark').lower()}")


IS_DARK = "getComputedStyle(document.documentElement).backgroundColor === 'rgb(23, 22, 20)'"


def is_dark(page: Page) -> bool:
    """Ours and Gradio's colours agree, and are the dark ones."""
    dark = bool(page.evaluate(IS_DARK))
    assert dark == page.evaluate("document.body.classList.contains('dark')")
    return dark


def choose(page: Page, theme: str) -> None:
    """By the button in the header."""
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("radio", name=theme.capitalize()).check()
    page.keyboard.press("Escape")


def test_on_paper_there_is_the_answer_and_its_evidence(site: str, visit: Visit) -> None:
    """And nothing to press."""
    page = visit(f"{site}/?{urlencode({'q': QUESTION})}")
    expect(first(page)).to_be_visible()
    page.emulate_media(media="print")
    for selector in (".p-printed", ".p-answer", ".p-cite", ".p-card h3", ".p-card mark", ".p-place"):
        expect(page.locator(selector).first).to_be_visible()
    expect(page.locator(".p-printed")).to_have_text(QUESTION)
    assert [node.inner_text() for node in page.locator("button:visible, input:visible, textarea:visible").all()] == []
    for selector in ("#rail", "#header", ".p-acts", "footer", ".p-panes"):
        expect(page.locator(selector).first).to_be_hidden()


def test_motion_is_spared_those_who_do_not_want_it(site: str, visit: Visit) -> None:
    """Nothing shimmers, blinks or glides."""
    page = visit(site)
    page.emulate_media(reduced_motion="reduce")
    seconds = page.evaluate("parseFloat(getComputedStyle(document.querySelector('#askbar')).transitionDuration)")
    assert seconds < 0.001


def test_scripts_of_either_direction_are_shown_in_theirs(tmp_path: Path, visit: Visit) -> None:
    """A Hebrew quotation and its question run from right to left, a Chinese one from left to right."""
    with open_library(tmp_path, {"he.md": HEBREW, "zh.md": CHINESE}) as library, serving(library) as url:
        page = visit(f"{url}/?{urlencode({'q': 'המלך חתם על ההסכם בנמל'})}")
        quote = first(page).locator("blockquote")
        expect(quote.locator("mark")).to_contain_text("המלך חתם על ההסכם בנמל.")
        assert quote.evaluate("node => getComputedStyle(node).direction") == "rtl"
        assert page.get_by_label("Your question").evaluate("node => getComputedStyle(node).direction") == "rtl"
        ask(page, "冬天 封闭了 河流")
        expect(first(page).locator("h3")).to_contain_text("港口条约")
        expect(first(page).locator("blockquote")).to_contain_text("国王在港口签署了条约。")
        assert first(page).locator("blockquote").evaluate("node => getComputedStyle(node).direction") == "ltr"
        assert fits(page)
        page.close()  # before the server stops: the page would complain


# Those who do not see it


def test_parts_have_names_for_those_who_do_not_see_them(site: str, visit: Visit) -> None:
    """Headings, groups, tabs and panels can be told apart by name."""
    page = visit(site)
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask the library")
    expect(page.get_by_role("group", name="Search only in")).to_be_visible()
    expect(page.get_by_role("tablist", name="Sections").first).to_be_attached()
    expect(page.get_by_role("tabpanel", name="Ask", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="API")).to_have_attribute("href", "docs")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Skip to the answer").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#results")).to_be_focused()
    assert page.evaluate("document.documentElement.lang") == "en"
