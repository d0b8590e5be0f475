"""Actions of a reader on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Locator, Page


def ask(page: Page, question: str) -> None:
    """Enter a question and press the button."""
    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()


def best_card(page: Page) -> Locator:
    """Return the card of the best passage."""
    return page.locator(".p-card").first


def file_payload(name: str, content: str | bytes) -> FilePayload:
    """Return a file as the browser sends it."""
    data = content.encode() if isinstance(content, str) else content
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def upload(page: Page, *files: FilePayload) -> None:
    """Open the Library tab and choose files."""
    page.get_by_role("tab", name="Library").click()
    chooser = page.locator("#files input[type=file]")
    chooser.wait_for(state="attached")
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    chooser.set_input_files(list(files))
