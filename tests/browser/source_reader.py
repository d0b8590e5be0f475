"""Documents to read in, and what a reader does with their sources."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from index.library.library import Library
from index.settings import Settings
from tests.browser.conftest import serving
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
ASKED = {
    MARKDOWN: "When did goods trade between the two countries go above US$100 billion for the first time?",
    PDF: "Where was Kovykta to be connected?",
    HTML: "When was the first regimental set delivered?",
    WORD: "How many states voted in favour, against, and abstained in Resolution 68/262?",
    BOOK: "Who saw the albatross?",
    SCRIPTS: "ما هو المفتاح؟",
}
"""A question whose first hit is in the document."""
_CHAPTERS, _PARAGRAPHS = 30, 40
_SAID = "Number {} says that it stands here, that it goes on for a while, and that it fills some lines. Then it ends."


def _long() -> str:
    """A book of 3,000 lines, with one of them to be found in its middle."""
    parts = ["# A long book"]
    for chapter in range(1, _CHAPTERS + 1):
        parts.append(f"## Chapter {chapter}")
        parts += [_SAID.format(1000 * chapter + number) for number in range(_PARAGRAPHS)]
        if chapter == _CHAPTERS // 2:
            parts.append("The doctor saw the albatross.")
    return "\n\n".join(parts)


_SCRIPTS = (
    "# كتاب",
    "هذا هو المفتاح الذي كان في الميناء.",
    "这是一个关于港口的句子。国王签署了条约。",
    "It ends in English.",
)
WRITTEN = {BOOK: _long(), SCRIPTS: "\n\n".join(_SCRIPTS)}


@contextmanager
def shelf(folder: Path, *names: str) -> Iterator[tuple[str, Library]]:
    """The address of a page over these documents, whose originals stand in `sources`; and their library."""
    sources = folder / "sources"
    sources.mkdir()
    for name in names:
        if name in WRITTEN:
            (sources / name).write_text(WRITTEN[name])
        else:
            shutil.copy(SEEDS / name, sources)
    with Library.open(folder / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        assert not library.add(sources).failed
        library.map(wait=True)
        with serving(library) as url:
            yield url, library


def arrive(page: Page, url: str) -> None:
    """Open the page and wait until it can be used."""
    page.goto(url)
    page.locator("#results section, #beginning :is(section, nav)").first.wait_for(state="attached")


def card(page: Page, number: int = 1) -> Locator:
    """A piece of evidence."""
    return page.locator(f'.p-card[data-n="{number}"]')


def quoted(page: Page, library: Library, number: int = 1) -> str:
    """The words that a card's span has in the text of its document."""
    data = card(page, number).evaluate("node => ({...node.dataset})")
    return library.document(data["document"]).text[int(data["start"]) : int(data["end"])]


def open_source(page: Page, number: int = 1) -> Locator:
    """Open the source of a piece of evidence from its card."""
    card(page, number).locator('[data-act="source"]').click()
    return opened(page)


def opened(page: Page) -> Locator:
    """The viewer, once it shows a document."""
    viewer = page.locator("#viewer")
    expect(viewer).to_have_attribute("data-state", re.compile("text|pages"))
    expect(viewer).not_to_have_attribute("aria-busy", "true")
    return viewer


def is_in_sight(part: Locator) -> bool:
    """Whether the beginning of a part of the viewer's body can be seen without scrolling."""
    seen: bool = part.evaluate(
        """node => {
          const { top } = node.getBoundingClientRect(), body = document.querySelector("#viewer-body");
          const frame = body.getBoundingClientRect();
          return frame.top <= top && top < frame.bottom - 20;
        }"""
    )
    return seen


def box(part: Locator) -> dict[str, float]:
    """Where something is on the screen."""
    found: Any = part.bounding_box()
    assert found, f"{part} is not shown."
    return dict(found)
