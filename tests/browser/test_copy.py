"""Copying: the clipboard has rich text and plain text, each quote once, with the page's link."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from index.records import texts
from tests.browser.actions import ask, best_card
from tests.browser.conftest import HOSTILE_NAME, UNSURE_PREFIX
from tests.browser.everywhere import EVERYWHERE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, ViewportSize

    from tests.answers.model_server import Stage
    from tests.browser.conftest import Revisit, Scheme, Visit

QUESTION = "Who signed the treaty?"
QUOTE = "The king signed the treaty in the harbour."
REFERENCE = "The Harbour Treaty, ¶ 1"
_READ = """async () => {
  const [item] = await navigator.clipboard.read();
  const read = async (type) => (item.types.includes(type) ? (await item.getType(type)).text() : "");
  return [await read("text/plain"), await read("text/html")];
}"""
_WITHOUT_CLIPBOARD_API = "Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })"
_FIELD = """() => {
  const field = document.createElement("div");
  field.contentEditable = "true";
  field.id = "field";
  document.body.prepend(field);
}"""


def clipboard(page: Page) -> tuple[str, str]:
    """Return the plain text and the HTML on the clipboard."""
    plain, html = page.evaluate(_READ)
    return plain, html


def pasted(page: Page) -> Locator:
    """Paste into an editable field of the page, as into a word processor, and return the field."""
    page.evaluate(_FIELD)
    page.locator("#field").focus()
    page.keyboard.press("Control+v")
    return page.locator("#field")


@EVERYWHERE
def test_answer_is_copied_in_both_types(site: str, revisit: Revisit, size: ViewportSize, scheme: Scheme) -> None:
    """Each sentence once with its number, each reference once, and the page's link; pasted, the links are links."""
    page = revisit(site, size=size, scheme=scheme)
    ask(page, QUESTION)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator(".p-toast")).to_have_text("Answer and references copied")
    plain, html = clipboard(page)
    assert plain.splitlines()[0].startswith(f"“{QUOTE}” [1]")
    assert f"[1] {REFERENCE}" in plain.splitlines()
    assert plain.splitlines()[-1] == page.url
    assert (plain.count(QUOTE), html.count(QUOTE)) == (1, 1)
    field = pasted(page)
    assert field.inner_text().count(QUOTE) == 1
    expect(field.locator("sup").first).to_have_text("[1]")
    expect(field.locator("li").first).to_contain_text(REFERENCE)
    expect(field.get_by_role("link", name=QUESTION)).to_have_attribute("href", page.url)
    link = field.get_by_role("link", name=REFERENCE).first.get_attribute("href") or ""
    assert re.fullmatch(rf"{re.escape(site)}/d/[0-9a-f]{{12}}/\d+-\d+", link)
    page.locator("#field").evaluate("node => node.remove()")


@EVERYWHERE
def test_quote_is_copied_in_both_types(site: str, revisit: Revisit, size: ViewportSize, scheme: Scheme) -> None:
    """From its card and from the source panel: the words, the reference, and the page's link to them."""
    page = revisit(site, size=size, scheme=scheme)
    ask(page, QUESTION)
    best_card(page).get_by_role("button", name=texts.COPY_QUOTE).click()
    expect(page.locator(".p-toast")).to_have_text(texts.QUOTE_COPIED)
    plain, html = clipboard(page)
    assert re.fullmatch(rf"“{QUOTE}”\n{REFERENCE}\n{re.escape(site)}/d/[0-9a-f]{{12}}/\d+-\d+", plain)
    assert html.count(QUOTE) == 1
    assert "<blockquote" in html
    best_card(page).get_by_role("link", name="Open source").click()
    viewer = page.locator("#viewer")
    expect(viewer.locator("mark").first).to_be_visible()
    page.locator(".p-toast").evaluate_all("toasts => toasts.forEach((toast) => toast.remove())")
    page.evaluate("navigator.clipboard.writeText('nothing')")
    viewer.get_by_role("button", name=texts.COPY_QUOTE).click()
    expect(page.locator(".p-toast")).to_have_text(texts.QUOTE_COPIED)  # said only when everything is on the clipboard
    plain, html = clipboard(page)
    assert plain.splitlines()[0] == f"“{QUOTE}”"
    assert plain.splitlines()[-1].startswith(f"{site}/d/")
    assert "<blockquote" in html


def test_old_browser_copies_in_both_types(site: str, visit: Visit) -> None:
    """Without the Clipboard API, as in a page without https, the old command copies the same."""
    page, reader = visit(site), visit(site)
    page.bring_to_front()
    page.evaluate(_WITHOUT_CLIPBOARD_API)
    ask(page, QUESTION)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator(".p-toast")).to_have_text("Answer and references copied")
    expect(page.get_by_role("button", name="Copy", exact=True)).to_be_focused()
    reader.bring_to_front()
    plain, html = clipboard(reader)
    assert plain.startswith(f"“{QUOTE}” [1]")
    assert f">{QUESTION}</a>" in html


def test_unsure_answer_is_copied_with_its_caution(site: str, revisit: Revisit) -> None:
    """Nobody can take it for a clear answer."""
    page = revisit(site)
    ask(page, UNSURE_PREFIX + QUESTION)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator(".p-toast")).to_have_text("Answer and references copied")
    plain, html = clipboard(page)
    assert plain.startswith(f"{texts.MAY_BE}. {texts.UNCLEAR}.")
    assert texts.MAY_BE in html


def test_models_sentence_is_copied_with_its_quote(writing_site: tuple[str, Stage], visit: Visit) -> None:
    """The note has the quote, since the sentence is not the source's; a sentence that is the quote is not repeated."""
    page = visit(f"{writing_site[0]}/?q=Who+signed+the+treaty%3F&write=1")
    expect(page.locator("#results .p-answer")).to_be_visible()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator(".p-toast")).to_have_text("Answer and references copied")
    plain, _ = clipboard(page)
    assert plain.startswith(texts.BY_MODEL)
    assert plain.count(QUOTE) == 1


@pytest.mark.parametrize("button", [texts.COPY_QUOTE, "Copy"])
def test_hostile_words_are_copied_as_text(site: str, revisit: Revisit, button: str) -> None:
    """No word of a document or of its name becomes markup where it is pasted."""
    page = revisit(site)
    ask(page, "Where did the comet fall?")
    place = best_card(page) if button == texts.COPY_QUOTE else page.locator(".p-acts")
    place.get_by_role("button", name=button, exact=button == "Copy").first.click()
    expect(page.locator(".p-toast")).to_contain_text("copied")
    plain, html = clipboard(page)
    assert "<script>window.pwned=1</script>" in plain
    assert HOSTILE_NAME in plain
    assert "<script" not in html
    assert "<img" not in html
    field = pasted(page)
    expect(field.locator("img, script")).to_have_count(0)
    expect(field).to_contain_text("<img src=x onerror=window.pwned=1>")
    field.evaluate("node => node.remove()")
