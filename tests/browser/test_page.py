"""What must hold of the page whatever is on it: no script but ours, no address but ours, no word out of reach."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.acting import ask, first
from tests.browser.conftest import ATTACK, ATTACKS, HOSTILE_NAME

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

    from tests.browser.conftest import Scheme, Visit

PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1440, "height": 900}


def test_hostile_words_are_shown_as_words(site: str, visit: Visit) -> None:
    """Markup in text, title, file name and question is shown as it is written; nothing of it runs."""
    page = visit(site)
    ask(page, f"Where did the comet fall? {ATTACK}")
    expect(first(page).locator("h3")).to_contain_text(HOSTILE_NAME)
    for attack in ATTACKS:
        expect(page.locator("blockquote").filter(has_text=attack).first).to_be_visible()
    expect(page.get_by_role("checkbox", name=HOSTILE_NAME)).to_be_attached()
    ask(page, "What did the volcano cover?")
    expect(first(page).locator("h3")).to_contain_text("<img src=x onerror=window.pwned=1> </script><script>")
    page.get_by_role("tab", name="Library").click()
    expect(page.locator(".p-table")).to_contain_text(HOSTILE_NAME)
    page.get_by_role("button", name=f"Remove {HOSTILE_NAME}").click()
    expect(page.locator("#removal-name")).to_have_text(HOSTILE_NAME)
    assert page.locator("#results img, #table img, #documents img, #removal img").count() == 0
    # `visit` asserts at the end that window.pwned was never set.


def test_a_hostile_address_is_a_question_like_others(site: str, visit: Visit) -> None:
    """So is markup in the address."""
    page = visit(f"{site}/?{urlencode({'q': ATTACK, 'in': ATTACK})}")
    expect(page.locator(".p-problem")).to_contain_text("No document of this library is called")
    page = visit(f"{site}/?{urlencode({'q': ATTACK})}")
    expect(page.get_by_label("Your question")).to_have_value(ATTACK)
    expect(page.locator(".p-card").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
def test_it_fits_and_can_be_read(site: str, visit: Visit, size: ViewportSize, scheme: Scheme) -> None:
    """No sideways scrolling from 390 pixels on; text has the contrast that WCAG AA asks for, light and dark."""
    page = visit(f"{site}/?q=Who+signed+the+treaty", size=size, scheme=scheme)
    expect(first(page).locator("mark")).to_be_visible()
    for name in ("Ask", "Library"):
        page.get_by_role("tab", name=name).click()
        page.locator(".p-table" if name == "Library" else ".p-card").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("tab", name="Ask").click()
    for summary in page.locator(".p-operators summary, .p-card:first-child .p-why summary").all():
        summary.click()
    for selector in (".p-operators dd", ".p-operators code", ".p-why dt", ".p-why dd"):
        assert page.locator(selector).first.evaluate(CONTRAST) >= 4.5, selector
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for selector in ("blockquote", "mark", ".p-place", ".p-score", ".p-numbers", "#go", "h3", ".p-size", "summary"):
        assert page.locator(selector).first.evaluate(CONTRAST) >= 4.5, selector


CONTRAST = """node => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  let ground = node;
  while (ground.parentElement && (channels(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0)
    ground = ground.parentElement;
  const pair = [getComputedStyle(node).color, getComputedStyle(ground).backgroundColor];
  const [low, high] = pair.map(text => light(channels(text))).sort((a, b) => a - b);
  return (high + .05) / (low + .05);
}"""
"""WCAG 2 contrast of a node's text with the nearest ground that is not transparent."""


def test_parts_have_names_for_those_who_do_not_see_them(site: str, visit: Visit) -> None:
    """Headings, groups, tabs and panels can be told apart by name."""
    page = visit(site)
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask the library")
    expect(page.get_by_role("group", name="Search only in")).to_be_visible()
    expect(page.get_by_role("tablist", name="Sections").first).to_be_attached()
    expect(page.get_by_role("tabpanel", name="Ask")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Skip to the passages").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#results")).to_be_focused()
    assert page.evaluate("document.documentElement.lang") == "en"
