"""Measures how often a static site finds the server's first passage: `python -m benchmarks.site SET [SET …]`.

Each SET is a folder in BEIR's format. The program makes a library and a site of it, asks the library and the site's
programs in a browser the same questions, and prints the shares of questions whose first passage and first sentence
agree, and whose first passage is among the site's first three; by words and their vectors, and with the encoder.
It also prints how long a first visit waits for its first passage.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from benchmarks.machine import report
from index import Library, Settings
from index.plugins.evaluation.sets import read_set
from index.plugins.publish.site_files import write_site
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.plugins.publish.site.static_host import static_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Page

    from index.plugins.publish.site_files import SiteReport
    from index.records import Hit

_SEARCH = """async ([questions, means]) => {
  const file = (name) => import(new URL(name, location.href));
  const [{ loadIndex }, { Ranking }, { loadEncoder }] =
    await Promise.all(["index-file.js", "ranking.js", "encoder.js"].map(file));
  const index = await loadIndex();
  const ranking = new Ranking(index);
  if (means === "encoder") ranking.encoder = await loadEncoder();
  return questions.map((question) => ranking.search(question, 3).hits.map(({ passage, pin }) =>
    [index.documents[passage.document].id, passage.start, pin.start]));
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--questions", type=int, default=100, help="the number of questions of each set")
    parser.add_argument("--json")
    options = parser.parse_args()
    with _browser_page() as page:
        rows = [row for folder in options.sets for row in _measure(folder, options.questions, page)]
    report("site", rows, options.json)


@contextmanager
def _browser_page() -> Iterator[Page]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser.new_page(service_workers="block")
        browser.close()


def _measure(folder: Path, most: int, page: Page) -> Iterator[dict[str, Any]]:
    read = read_set(folder)
    questions = [task.text for task in read.tasks]
    random.Random(7).shuffle(questions)
    questions = questions[:most]
    with tempfile.TemporaryDirectory() as place, Library.open(Path(place) / "library", Settings()) as library:
        library.add_documents(read.documents)
        start = perf_counter()
        site = write_site(library, Path(place) / "site", title=read.name, questions=[])
        made = perf_counter() - start
        server = [library.search(question, plain=True).hits for question in questions]
        with static_host(site.folder) as url:
            start = perf_counter()
            page.goto(f"{url}#q={quote(questions[0])}")
            page.locator(".card").first.wait_for()
            cold = perf_counter() - start
            for means in ("words", "encoder"):
                found = page.evaluate(_SEARCH, [questions, means])
                yield {"set": read.name, "means": means, **_agreement(server, found), **_sizes(site, made, cold)}


def _agreement(server: Sequence[Sequence[Hit]], site: Sequence[Sequence[Sequence[Any]]]) -> dict[str, Any]:
    """Return the shares of questions with the same first passage and pin; a copy of the passage is the same."""
    first = among = pins = 0
    for hits, found in zip(server, site, strict=True):
        wanted = {(hit.document.id, hit.passage.start): hit.pin.start for top in hits[:1] for hit in (top, *top.also)}
        places = [(document, start) for document, start, _ in found]
        same = bool(places) and places[0] in wanted
        first += same
        among += any(place in wanted for place in places)
        pins += same and found[0][2] == wanted[places[0]]
    n = len(server)
    return {"questions": n, "first": first / n, "among three": among / n, "first and pin": pins / n}


def _sizes(site: SiteReport, made: float, cold: float) -> dict[str, Any]:
    return {
        "passages": site.passages,
        "index MB": site.index_size / 1e6,
        "site MB": site.size / 1e6,
        "made in s": made,
        "first passage s": cold,
    }


if __name__ == "__main__":
    main()
