"""Takes screenshots of the page in its states, over the sample documents and with the real encoder.

    python -m tests.browser.shots OUT [--all]

They are 1440 and 390 pixels wide, light and dark, and named WIDTH-SCHEME-N-state.png; `--all` adds the small panels.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from app import EXAMPLES, SEEDS
from index.library.library import Library
from index.page import create_app
from index.settings import Settings
from tests.browser.conftest import CHROMIUM, FLAGS, Scheme
from tests.browser.source_reader import DESK, PHONE
from tests.browser.states import Story, states
from tests.hosted import hosted

if TYPE_CHECKING:
    from collections.abc import Collection

    from playwright.sync_api import Browser, ViewportSize

SHOWN = (
    "home",
    "answer",
    "kept",
    "source",
    "page",
    "coverage",
    "unsure",
    "none",
    "checked",
    "library",
    "uploading",
    "questions",
    "matrix",
)
STORY = Story(
    text="Does Beijing regard Crimea as belonging to Russia or to Ukraine?",
    page="For how long does the gas contract between Gazprom and CNPC run?",
    unsure="Which emperor signed the treaty?",
    draft=(
        "The loans of 2009\n\nTransneft, which runs the trunk pipelines, took the remaining 10 billion. "
        "The companies promised to deliver 15 million tonnes of crude oil a year in return for the loans. "
        "In February 2009 two Russian state companies borrowed US$45 billion from the China Development Bank. "
        "Transneft secretly paid a fine to a court in Germany. Why did it?"
    ),
    nothing="Which spices does a good risotto need?",
    upload="".join(
        f"On day {n} the committee met in the harbour and spoke of the price of bread. " for n in range(4000)
    ),
)
_SETTLING_MS = 400


def main() -> None:
    """Serve the sample documents and take the screenshots of all sizes and schemes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--all", action="store_true", help="all states instead of the main ones")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library", Settings()) as library:
        library.add(sorted(path for path in SEEDS.iterdir() if path.suffix != ".jsonl"))
        with hosted(create_app(library, Settings(), examples=EXAMPLES)) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            for size in (DESK, PHONE):
                for scheme in get_args(Scheme):
                    _take(browser, url, size, scheme, options.out, () if options.all else SHOWN)
            browser.close()


def _take(browser: Browser, url: str, size: ViewportSize, scheme: Scheme, out: Path, only: Collection[str]) -> None:
    """Take the screenshots of one size and scheme, of `only` these states, or of all if it is empty."""
    phone = size == PHONE
    context = browser.new_context(
        viewport=size, color_scheme=scheme, device_scale_factor=2 if phone else 1, is_mobile=phone, has_touch=phone
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(url)
    number = 0
    for state in states(page, STORY):
        if only and state not in only:
            continue
        number += 1
        page.wait_for_timeout(_SETTLING_MS)
        page.screenshot(path=out / f"{size['width']}-{scheme}-{number}-{state}.png")
    context.close()


if __name__ == "__main__":
    main()
