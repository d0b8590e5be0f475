"""Measures how a PDF citation is shown in the source panel: `python -m benchmarks.legibility FILES`.

The library has the seeds and the PDFs of a folder. The program asks the seeds' questions and collects the citations of
PDFs; of each other PDF it takes some sentences, because no question asks for them. The encoder is a fake one, because
only the place of the words matters. A browser opens each citation at the widths of a desk, a tablet and phones. Its
height is the median of its marked lines, and what is out of view is the most that one of them is cut, in CSS pixels.
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
from tests.browser.everywhere import SIZES
from tests.fakes import FakeEncoder
from tests.hosted import hosted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, ViewportSize


Place = tuple[str, int, int]
SENTENCES = 3
"""Sentences of each PDF that no question asks for."""
SLACK = 1
"""Pixels; a rounding is no cut."""
_OPEN = """async ([document, start, end]) => {
  const viewer = window.document.querySelector("#viewer");
  const before = location.hash;
  location.hash = `d=${document}:${start}-${end}`;
  const isReady = () => viewer.dataset.state && !viewer.ariaBusy && viewer.querySelector(`[data-start]`);
  for (let turn = 0; turn < 200 && (turn < 8 || !isReady()); turn += 1)
    await new Promise((done) => setTimeout(done, 25));
  const view = viewer.querySelector("#viewer-body").getBoundingClientRect();
  const lines = [...viewer.querySelectorAll(".p-rect")].filter((node) => node.checkVisibility()).map((node) => {
    const [own, cut] = [node, node.closest(".p-cut")].map((each) => each.getBoundingClientRect());
    const isShown = own.bottom > cut.top + 1 && own.top < cut.bottom - 1
      && own.right > cut.left + 1 && own.left < cut.right - 1;
    return isShown && {
      height: Math.min(own.width, own.height),
      beside: Math.max(0, view.left - own.left) + Math.max(0, own.right - view.right),
      below: Math.max(0, view.top - own.top) + Math.max(0, own.bottom - view.bottom),
    };
  }).filter(Boolean);
  return { lines, width: viewer.offsetWidth };
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, help="a folder with PDF files")
    parser.add_argument("--json")
    options = parser.parse_args()
    settings = Settings(ocr="off")
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(Path(folder) / "library", settings, encoder=FakeEncoder()) as library,
    ):
        library.add(sorted(path for path in SEEDS.iterdir() if path.suffix != ".jsonl"))
        library.add(sorted(options.files.rglob("*.pdf")))
        places = [*_cited(library), *_sampled(library)]
        with hosted(create_app(library, settings, examples=EXAMPLES)) as url:
            sizes = sorted(SIZES.items(), reverse=True)
            rows = [_row(f"{width} px", _opened(url, size, places)) for width, size in sizes]
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


def _opened(url: str, size: ViewportSize, places: list[Place]) -> list[dict[str, Any]]:
    """Return the marked lines of each place, none if the panel shows its text, and the width of the panel."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page: Page = browser.new_page(viewport=size)
        open_page(page, f"{url}/?q={EXAMPLES[0]}")
        page.locator("#results .p-card").first.wait_for()
        found: list[dict[str, Any]] = [page.evaluate(_OPEN, list(place)) for place in places]
        browser.close()
    return found


def _row(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    shown = [place for place in found if place["lines"]]
    heights = sorted(statistics.median(line["height"] for line in place["lines"]) for place in shown)
    beside, below = ([max(line[side] for line in place["lines"]) for place in shown] for side in ("beside", "below"))
    cut = [pixels for pixels in beside if pixels > SLACK]
    return {
        "width of the window": name,
        "shown on the page": len(heights),
        "shown as text": len(found) - len(heights),
        "least height px": round(heights[0], 1),
        "median px": round(statistics.median(heights), 1),
        "greatest px": round(heights[-1], 1),
        "cut at a side": len(cut),
        "px out of view, median of these": round(statistics.median(cut)) if cut else 0,
        "greatest px out of view": round(max(beside)),
        "cut above or below": sum(pixels > SLACK for pixels in below),
        "widest panel px": max(place["width"] for place in found),
    }


if __name__ == "__main__":
    main()
