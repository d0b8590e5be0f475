"""Pages that stay open from one test to the next, because loading Gradio takes a second of processor time."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

CLEARED = "Stopped before the answer was finished."
"""The page shows this after the hidden Stop button, which removes the answer and its marks."""
PATIENCE = 2500
"""The milliseconds for which a reset waits for the end of an answer, and for the effect of Stop before a second try."""
_WATCH = """() => {
  document.addEventListener("pincite:ask", () => { window.pincite.isAnswering = true; });
  document.addEventListener("pincite:answered", () => { window.pincite.isAnswering = false; });
}"""
_RESET = """() => {
  const { actions, all, find, open } = window.pincite;
  actions["viewer-page"]();
  history.replaceState({ ...history.state, source: false }, ""); // So that closing does not go back, later.
  actions["viewer-close"]();
  for (const dialog of all("dialog[open]")) dialog.close();
  for (const popover of all(":popover-open")) popover.hidePopover();
  for (const pill of all("#pills input:checked")) pill.click();
  for (const details of all("details[open]")) details.open = false;
  open("ask");
  window.pincite.waits.end();
  find('.p-panes [data-pane="answer"]').click();
  find(".p-toast")?.remove();
  find("#p-checked")?.replaceChildren();
  localStorage.clear();
  sessionStorage.clear();
  window.pincite.thread.end();
  dispatchEvent(new StorageEvent("storage")); // as in another tab
  Object.assign(window.pincite, { answerBy: performance.now() + PATIENCE, stopAt: 0 });
  return window.pincite.isAnswering || Boolean(find("#results section"));
}""".replace("PATIENCE", str(PATIENCE))
_CLEAR = """() => {
  const { find, isAnswering, answerBy, stopAt } = window.pincite;
  const now = performance.now();
  if (isAnswering && now < answerBy) return false; // Gradio sends the last output again when the event ends.
  if (find("#results").textContent.includes(CLEARED) && !find("#marks svg")) return true;
  if (now < stopAt) return false;
  window.pincite.stopAt = now + PATIENCE; // Gradio's client (6.31) loses an event that is sent while another one ends.
  find("#stop").click();
  return false;
}""".replace("CLEARED", repr(CLEARED)).replace("PATIENCE", str(PATIENCE))
_SETTLE = """() => {
  const { find, acceptUrl } = window.pincite;
  history.replaceState(null, "", location.origin + "/");
  acceptUrl();
  document.title = "Pincite";
  document.documentElement.removeAttribute("data-asked");
  const question = find("#question textarea");
  question.value = "";
  question.dispatchEvent(new Event("input", { bubbles: true }));
  find("#live").textContent = "";
  scrollTo(0, 0);
  question.focus();
}"""


class WarmPages:
    """At most one open page per address. A test gets it as if it had just been opened."""

    def __init__(self, load: Callable[[str, list[str]], Page]) -> None:
        self._load = load
        self._pages: dict[str, Page] = {}
        self.problems: list[str] = []
        """Errors and foreign requests of all pages since the start of the test."""

    def open(self, url: str) -> Page:
        """Return the page at this address after a reset, or load it."""
        page = self._pages.get(url)
        if page is None:
            page = self._pages[url] = self._load(url, self.problems)
            page.evaluate(_WATCH)
        else:
            _reset(page)
        return page

    def check_in(self) -> None:
        """Prepare all pages for the next test; a page that the test closed or left is loaded again."""
        for url, page in list(self._pages.items()):
            if page.is_closed() or urlsplit(page.url).path != "/":
                self._pages.pop(url).close()
            else:
                page.unroute_all()
                page.emulate_media(media="screen", reduced_motion="no-preference")

    def evaluate(self, script: str) -> list[object]:
        """Evaluate a script in all pages."""
        return [page.evaluate(script) for page in self._pages.values() if not page.is_closed()]

    def close(self) -> None:
        """Close all pages."""
        for page in self._pages.values():
            page.close()
        self._pages.clear()


def _reset(page: Page) -> None:
    """Close everything that is open, and remove the question, its answer, and the stored history."""
    page.mouse.move(0, 0)
    if page.evaluate(_RESET):
        page.wait_for_function(_CLEAR)
    page.evaluate("window.pincite.open('ask')")  # again: a step back of the last test may have come meanwhile
    expect(page.get_by_label("Your question")).to_be_visible()
    page.evaluate(_SETTLE)
