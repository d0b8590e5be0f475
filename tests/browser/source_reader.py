"""A site of sample documents, and actions of a reader in its source viewer."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from index.library.library import Library
from index.settings import Settings
from tests.browser.conftest import running_site
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page, ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1440, "height": 900}
SEEDS = Path(__file__).parent.parent.parent / "seeds"
PDF, MARKDOWN = "02-energy-pipelines.pdf", "01-trade-shares.md"
HTML, WORD = "04-arms-and-exercises.html", "06-recognition-and-disputes.docx"
BOOK, SCRIPTS = "long.md", "scripts.md"
QUESTIONS = {
    MARKDOWN: "When did goods trade between the two countries go above US$100 billion for the first time?",
    PDF: "Where was Kovykta to be connected?",
    HTML: "When was the first regimental set delivered?",
    WORD: "How many states voted in favour, against, and abstained in Resolution 68/262?",
    BOOK: "Who saw the albatross?",
    SCRIPTS: "ما هو المفتاح؟",
}
"""For each document a question that it answers best."""
_CHAPTERS, _PARAGRAPHS = 30, 40
_PARAGRAPH = "Paragraph {} says that it is here, that it continues for a while, and that it fills some lines. It ends."


def _long_book() -> str:
    """Return a book of 1,200 paragraphs with one unique sentence in its middle."""
    parts = ["# A long book"]
    for chapter in range(1, _CHAPTERS + 1):
        parts.append(f"## Chapter {chapter}")
        parts += [_PARAGRAPH.format(1000 * chapter + number) for number in range(_PARAGRAPHS)]
        if chapter == _CHAPTERS // 2:
            parts.append("The doctor saw the albatross.")
    return "\n\n".join(parts)


_SCRIPTS = (
    "# كتاب",
    "هذا هو المفتاح الذي كان في الميناء.",
    "这是一个关于港口的句子。国王签署了条约。",
    "It ends in English.",
)
GENERATED = {BOOK: _long_book(), SCRIPTS: "\n\n".join(_SCRIPTS)}


@contextmanager
def document_site(folder: Path, *names: str) -> Iterator[tuple[str, Library]]:
    """Serve a page over these documents; yield its address and library. The original files are in `sources`."""
    sources = folder / "sources"
    sources.mkdir()
    for name in names:
        if name in GENERATED:
            (sources / name).write_text(GENERATED[name])
        else:
            shutil.copy(SEEDS / name, sources)
    with Library.open(folder / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        assert not library.add(sources).failed
        library.map(wait=True)
        with running_site(library) as url:
            yield url, library


def card(page: Page, number: int = 1) -> Locator:
    """Return the card with this number."""
    return page.locator(f'.p-card[data-n="{number}"]')


def cited_text(page: Page, library: Library, number: int = 1) -> str:
    """Return the document's text at the span of a card."""
    data = card(page, number).evaluate("node => ({...node.dataset})")
    return library.document(data["document"]).text[int(data["start"]) : int(data["end"])]


def open_source(page: Page, number: int = 1) -> Locator:
    """Open the source of a card and return the viewer."""
    card(page, number).locator('[data-act="source"]').click()
    return loaded_viewer(page)


def loaded_viewer(page: Page) -> Locator:
    """Return the viewer after it has loaded a document."""
    viewer = page.locator("#viewer")
    expect(viewer).to_have_attribute("data-state", re.compile("text|pages"))
    expect(viewer).not_to_have_attribute("aria-busy", "true")
    return viewer


def is_in_view(part: Locator) -> bool:
    """Return whether the start of a part of the viewer is visible without scrolling."""
    is_visible: bool = part.evaluate(
        """node => {
          const { top } = node.getBoundingClientRect(), body = document.querySelector("#viewer-body");
          const frame = body.getBoundingClientRect();
          return frame.top <= top && top < frame.bottom - 20;
        }"""
    )
    return is_visible


def box(part: Locator) -> dict[str, float]:
    """Return position and size on the screen."""
    bounds: Any = part.bounding_box()
    assert bounds, f"{part} is not shown."
    return dict(bounds)
