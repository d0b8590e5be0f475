"""What a reader does on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Locator, Page


def ask(page: Page, question: str) -> None:
    """Type a question and press the button."""
    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()


def first(page: Page) -> Locator:
    """The best passage."""
    return page.locator(".p-card").first


def file(name: str, content: str | bytes) -> FilePayload:
    """A file as the browser would send it."""
    data = content.encode() if isinstance(content, str) else content
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def upload(page: Page, *files: FilePayload) -> None:
    """Open the Library tab and choose files."""
    page.get_by_role("tab", name="Library").click()
    ready = page.locator("#files input[type=file]")
    ready.wait_for(state="attached")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    ready.set_input_files(list(files))
