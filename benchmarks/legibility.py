"""Measures how tall the marked line of a PDF citation is in the source panel: `python -m benchmarks.legibility FILES`.

The library has the seeds and the PDFs of a folder. The program asks the seeds' questions and collects the citations of
PDFs; of each other PDF it takes some sentences, because no question asks for them. A browser opens each of them at the
widths of a desk and of a phone. The height of a citation is the median of its marked lines, in CSS pixels.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import EXAMPLES, SEEDS
from benchmarks.measuring import report_tables
from index import Library, Settings
from index.loading.formats import PDF
from index.page import create_app
from index.text.chunks import Chunker, count_tiktoken
from tests.browser.conftest import CHROMIUM, FLAGS, open_page
from tests.browser.source_reader import DESK, PHONE
from tests.hosted import hosted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, ViewportSize


Place = tuple[str, int, int]
SENTENCES = 3
"""Sentences of each PDF that no question asks for."""
_OPEN = """async ([document, start, end]) => {
  const viewer = window.document.querySelector("#viewer");
  const before = location.hash;
  location.hash = `d=${document}:${start}-${end}`;
  const isReady = () => viewer.dataset.state && !viewer.ariaBusy && viewer.querySelector(`[data-start]`);
  for (let turn = 0; turn < 200 && (turn < 8 || !isReady()); turn += 1)
    await new Promise((done) => setTimeout(done, 25));
  return [...viewer.querySelectorAll(".p-rect")].filter((node) => node.checkVisibility())
    .map((node) => node.getBoundingClientRect()).map(({ width, height }) => Math.min(width, height));
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, help="a folder with PDF files")
    parser.add_argument("--json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library", Settings()) as library:
        library.add(sorted(path for path in SEEDS.iterdir() if path.suffix != ".jsonl"))
        library.add(sorted(options.files.rglob("*.pdf")))
        places = [*_cited(library), *_sampled(library)]
        with hosted(create_app(library, Settings(), examples=EXAMPLES)) as url:
            rows = [_row(f"{size['width']} px", _heights(url, size, places)) for size in (DESK, PHONE)]
    report_tables({f"The marked line of {len(places)} PDF citations": rows}, options.json)


def _cited(library: Library) -> Iterator[Place]:
    """Yield the citations of PDFs in the answers to the seeds' questions."""
    for line in (SEEDS / "questions.jsonl").read_text("utf-8").splitlines():
        for citation in library.ask(json.loads(line)["question"]).citations:
            if citation.document.media_type == PDF:
                yield citation.document.id, citation.start, citation.end


def _sampled(library: Library) -> Iterator[Place]:
    """Yield some sentences of each PDF, evenly spread."""
    chunker = Chunker(limit=256, count_tokens=lambda texts: [count_tiktoken(text) for text in texts])
    for info in library.documents():
        if info.media_type != PDF or info.passages == 0:
            continue
        document = library.document(info.id)
        spans = [span for chunk in chunker.chunk(document.text, document.landmarks) for span in chunk.sentences]
        for number in range(min(SENTENCES, len(spans))):
            span = spans[number * len(spans) // SENTENCES]
            yield info.id, span.start, span.end


def _heights(url: str, size: ViewportSize, places: list[Place]) -> list[list[float]]:
    """Return the heights of the marked lines of each place; none if the panel shows its text."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page: Page = browser.new_page(viewport=size)
        open_page(page, f"{url}/?q={EXAMPLES[0]}")
        page.locator("#results .p-card").first.wait_for()
        found: list[list[float]] = [page.evaluate(_OPEN, list(place)) for place in places]
        browser.close()
    return found


def _row(name: str, found: list[list[float]]) -> dict[str, Any]:
    heights = sorted(statistics.median(lines) for lines in found if lines)
    return {
        "width of the window": name,
        "shown on the page": len(heights),
        "shown as text": len(found) - len(heights),
        "least height px": round(heights[0], 1),
        "median px": round(statistics.median(heights), 1),
        "greatest px": round(heights[-1], 1),
    }


if __name__ == "__main__":
    main()
