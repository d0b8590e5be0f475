"""The Check tab compares a text with the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.source_reader import loaded_viewer

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Revisit

SENTENCE = "The king signed the treaty in the harbour."


def check(page: Page, text: str) -> None:
    """Open the tab, enter a text and submit it."""
    page.get_by_role("tab", name="Check").click()
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Check it").click()


def test_each_sentence_gets_a_verdict_in_words(site: str, revisit: Revisit) -> None:
    """A verdict shows its source or the nearest words; headings and questions are listed as not checked."""
    page = revisit(site)
    check(page, f"The Treaty\n\n{SENTENCE} The king never signed the treaty in the harbour. Rain is sold by owls. Why?")
    rows = page.locator(".p-judged > li")
    expect(rows).to_have_count(5)
    expect(rows.nth(0)).to_contain_text("Not checked: a heading states nothing.")
    expect(rows.nth(1).locator(".p-verdict")).to_have_text("Word for word")
    expect(rows.nth(1).locator(".p-verdict")).to_have_attribute(
        "title", "The source contains these words in this order."
    )
    expect(rows.nth(2).locator(".p-verdict")).to_contain_text("Contradicted: ")
    expect(rows.nth(2).locator("blockquote")).to_contain_text(f"The source says: {SENTENCE}")
    expect(rows.nth(3).locator(".p-verdict")).to_contain_text("Not verified: ")
    expect(rows.nth(3).locator("blockquote")).to_contain_text("Nearest words: ")
    expect(rows.nth(4)).to_contain_text("Not checked: a question states nothing.")
    summary = "1 of 3 sentences supported, 1 contradicted, 1 not verified; 2 state nothing"
    expect(page.get_by_role("heading", name=summary)).to_be_visible()
    expect(page.locator("#live")).to_have_text(f"{summary}.")


def test_verdicts_differ_without_colour(site: str, revisit: Revisit) -> None:
    """Each has a sign of its own. The quotation of a verdict opens its source at exactly that sentence."""
    page = revisit(site)
    check(page, SENTENCE)
    page.get_by_text("What the verdicts mean").click()
    signs = page.locator(".p-meanings .p-verdict-mark").evaluate_all(
        "marks => marks.map(mark => getComputedStyle(mark, '::before').content)"
    )
    assert len(set(signs)) == len(signs) == 5
    page.locator(".p-judged blockquote a").click()
    assert loaded_viewer(page).locator("mark").all_inner_texts() == [SENTENCE]
