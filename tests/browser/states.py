"""Brings the page into each of its states; every step starts in the state before it.

`shots` takes screenshots of the states, and the accessibility tests check them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from playwright.sync_api import expect

from tests.browser.actions import ask, file_payload, upload
from tests.browser.source_reader import loaded_viewer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    Step = Callable[[Page, "Story"], None]

MISSING_DOCUMENT_URL = "/?q=Who+signed%3F&in=a+document+that+is+not+there"
EVENTS = "**/queue/join?*"
VERDICTS = ("verbatim", "contradicted", "unverified", "unchecked")
_DRAG_FILES = """() => {
  const transfer = new DataTransfer();
  transfer.items.add(new File(["The clock struck one."], "one.txt"));
  const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
  window.dragging = setInterval(() => document.body.dispatchEvent(new DragEvent("dragover", options)), 100);
}"""
"""A reader holds a file over the page."""
BROKEN = file_payload("scan.pdf", b"%PDF-1.7 and then nothing")

_STALE = """() => {
  const name = Object.keys(localStorage).find((key) => key.startsWith("pincite.kept:"));
  const items = JSON.parse(localStorage.getItem(name));
  const [changed, gone] = items.filter((item) => !item.sentences.length).map((item) => item.quotes[0]);
  const word = changed.quote.split(" ")[1];
  Object.assign(changed, { quote: changed.quote.replace(word, word.replace(/./g, "x")) });
  Object.assign(gone, { document: "0".repeat(64), source: "lost.txt", title: "A lost letter" });
  localStorage.setItem(name, JSON.stringify(items));
}"""
"""Changes what the browser has stored, as if the sources had changed."""


@dataclass(frozen=True, slots=True)
class Story:
    """The questions and texts that lead to the states."""

    text: str
    """A question that is answered from a document without pages."""
    page: str
    """A question that is answered from a PDF."""
    unsure: str
    """A question with an unsure answer."""
    nothing: str
    """A question without an answer."""
    draft: str
    """A text to check, with a sentence for each verdict."""
    upload: str
    """A text that takes long to add."""


def states(page: Page, story: Story) -> Iterator[str]:
    """Bring a new page into one state after the other and yield the name of each."""
    for name, step in STEPS.items():
        step(page, story)
        yield name


def _home(page: Page, story: Story) -> None:
    expect(page.locator(".p-examples")).to_be_visible()


def _answer(page: Page, story: Story) -> None:
    ask(page, story.text)
    expect(page.locator("#results .p-answer")).to_be_visible()
    expect(page.locator("#rail")).to_be_visible()


def _reasons(page: Page, story: Story) -> None:
    for summary in page.locator(".p-card").first.locator("summary").all():
        summary.click()


def _kept(page: Page, story: Story) -> None:
    """Keep an answer and two quotes, of which one has changed and one is gone, and open the tray."""
    _close_all(page)
    for button in (page.locator(".p-acts .p-keep"), *page.locator(".p-card .p-keep").all()[:2]):
        button.click()
    page.evaluate(_STALE)
    page.locator("#tray-open").click()
    expect(page.locator("#tray .p-kept-state ins")).to_be_visible()
    page.locator("#tray-export summary").click()


def _popover_step(name: str, button: str) -> Step:
    """Return the step that opens a popover by its button."""

    def open_popover(page: Page, story: Story) -> None:
        _close_all(page)
        page.locator(button).first.click()
        expect(page.locator(f"#{name}")).to_be_visible()

    return open_popover


def _keyboard(page: Page, story: Story) -> None:
    _close_all(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()


def _source(page: Page, story: Story) -> None:
    _close_all(page)
    page.locator(".p-cite").first.click()
    expect(loaded_viewer(page)).to_have_attribute("data-state", "text")


def _page(page: Page, story: Story) -> None:
    _close_all(page)
    ask(page, story.page)
    expect(page.locator(".p-cite").first).to_have_attribute("aria-label", re.compile(r", p\. \w+"))
    page.locator(".p-cite").first.click()
    expect(loaded_viewer(page)).to_have_attribute("data-state", "pages")
    page.wait_for_function("[...document.querySelectorAll('#viewer img')].every(image => image.complete)")


def _whole_page(page: Page, story: Story) -> None:
    viewer = loaded_viewer(page)
    viewer.get_by_role("button", name="Whole page").click()
    page.wait_for_function("document.querySelector('#viewer .p-page img').naturalWidth > 0")


def _coverage(page: Page, story: Story) -> None:
    _close_all(page)
    page.get_by_role("tab", name="Coverage").click()
    expect(page.locator(".p-coverage")).to_be_visible()


def _unsure(page: Page, story: Story) -> None:
    ask(page, story.unsure)
    expect(page.locator("#results .p-unsure")).to_be_visible()


def _thread(page: Page, story: Story) -> None:
    box = page.get_by_label("Ask a follow-up")
    box.fill("why?")
    box.press("Enter")
    expect(page.locator("#results .p-understood")).to_be_visible()
    expect(page.locator("#thread .p-turn")).to_have_count(1)


def _check(page: Page, story: Story) -> None:
    page.get_by_role("tab", name="Check").click()
    page.get_by_label("Text", exact=True).fill(story.draft)
    page.get_by_role("button", name="Check it").click()
    for verdict in VERDICTS:
        expect(page.locator(f".p-judged > .p-is-{verdict}").first).to_be_visible()


def _no_answer(page: Page, story: Story) -> None:
    ask(page, story.nothing)
    expect(page.locator("#results .p-none")).to_be_visible()


def _searching(page: Page, story: Story) -> None:
    page.route(EVENTS, lambda _: None)
    ask(page, story.text)
    expect(page.locator("#waiting .p-searching")).to_be_visible()


def _lost(page: Page, story: Story) -> None:
    page.evaluate("dispatchEvent(new Event('offline'))")
    expect(page.locator("#waiting .p-problem")).to_be_visible()


def _problem(page: Page, story: Story) -> None:
    page.unroute(EVENTS)
    page.goto(urljoin(page.url, MISSING_DOCUMENT_URL))
    expect(page.locator("#results .p-problem")).to_be_visible()


def _library(page: Page, story: Story) -> None:
    page.get_by_role("tab", name="Library").click()
    expect(page.locator("#p-shelf tbody tr").first).to_be_visible()


def _health(page: Page, story: Story) -> None:
    page.locator("#p-shelf .p-health summary").first.click()
    page.evaluate("scrollTo(0, 0)")  # The bar of sections covers no row.
    expect(page.locator("#p-shelf .p-health li").first).to_contain_text(" · ")


def _dropping(page: Page, story: Story) -> None:
    page.evaluate(_DRAG_FILES)
    expect(page.locator(".p-drop")).to_be_visible()


def _removal(page: Page, story: Story) -> None:
    page.evaluate("clearInterval(window.dragging)")
    expect(page.locator(".p-drop")).to_be_hidden()
    page.locator("#p-shelf").get_by_role("button", name="Remove").first.click()
    expect(page.locator("#removal")).to_be_visible()


def _uploading(page: Page, story: Story) -> None:
    _close_all(page)
    upload(
        page, BROKEN, file_payload("minutes.md", story.upload), file_payload("waiting.md", f"{story.upload} The end.")
    )
    expect(page.locator("#p-jobs")).to_contain_text(re.compile("Encoding|you can ask now"))
    expect(page.locator("#p-jobs .p-reason")).to_be_visible()


def _uploaded(page: Page, story: Story) -> None:
    page.locator("#p-jobs").get_by_role("button", name="Cancel all").click()
    expect(page.locator("#p-jobs").get_by_role("button", name="Close")).to_be_visible()


def _questions(page: Page, story: Story) -> None:
    page.get_by_role("tab", name="Questions").click()
    page.get_by_label("Questions, one per line").fill("\n".join((story.text, story.page, story.nothing)))
    page.get_by_role("button", name="Ask them all").click()
    expect(page.locator(".p-answers tbody tr")).to_have_count(3)
    expect(page.locator(".p-download").first).to_be_visible()


def _matrix(page: Page, story: Story) -> None:
    page.get_by_label("Questions, one per line").fill("\n".join((story.text, story.unsure, story.nothing)))
    page.get_by_role("radio", name="Matrix").check()
    page.get_by_role("button", name="Ask them all").click()
    expect(page.locator(".p-matrix .p-is-answered").first).to_be_visible()
    expect(page.locator("#p-batches > details").first.locator(".p-download")).to_be_visible()


def _close_all(page: Page) -> None:
    """Close all dialogs and popovers."""
    for _ in range(3):
        if not page.locator("dialog[open], [popover]:popover-open").count():
            return
        page.keyboard.press("Escape")
    expect(page.locator("dialog[open], [popover]:popover-open")).to_have_count(0)


STEPS: dict[str, Step] = {
    "home": _home,
    "answer": _answer,
    "reasons": _reasons,
    "confidence": _popover_step("sure", ".p-sure"),
    "export": _popover_step("export", '[popovertarget="export"]'),
    "syntax": _popover_step("syntax", '[popovertarget="syntax"]'),
    "history": _popover_step("history", '[popovertarget="history"]'),
    "kept": _kept,
    "theme": _popover_step("themes", '[popovertarget="themes"]'),
    "keyboard": _keyboard,
    "source": _source,
    "page": _page,
    "whole page": _whole_page,
    "coverage": _coverage,
    "unsure": _unsure,
    "thread": _thread,
    "none": _no_answer,
    "searching": _searching,
    "lost": _lost,
    "problem": _problem,
    "checked": _check,
    "library": _library,
    "health": _health,
    "dropping": _dropping,
    "removal": _removal,
    "uploading": _uploading,
    "uploaded": _uploaded,
    "questions": _questions,
    "matrix": _matrix,
}
