"""Deep links followed by a real browser: it scrolls to the words, and to no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.exporting import Context, deep_link
from tests.browser.conftest import SIZE
from tests.exporting.making import PAGE, quoting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

FILLER = "".join(f"<p>Paragraph {number}, which is about nothing.</p>" for number in range(80))
LONG = f"It was a long, well-known case, and {' '.join(f'word{number}' for number in range(80))} at the end of it."
BODIES = {
    "marks": "Costs rose 5 %, i.e. a “well-known” A&amp;B case: naïve, non-trivial &amp; (really) so.",
    "long": LONG.replace("long", "<b>long</b>"),
    "blocks": "First block of words here</p><p>and the second block ends here.",
    "short": "Did he agree, then? Yes. He did so twice.",
    "script": "重要な文です。これは引用された文です。次の文。",
}
SITE = "<p>She said: Yes. Indeed so.</p>" + "".join(f"{FILLER}<p id={name}>{body}</p>" for name, body in BODIES.items())
SITE = f"<!doctype html><meta charset=utf-8><title>A page</title>{SITE}{FILLER}"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A browser in which every address leads to the one page, which is about everything."""
    opened = browser.new_page(viewport=SIZE)
    opened.route("**/*", lambda route: route.fulfill(body=SITE, content_type="text/html"))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("name", "quote", "context"),
    [
        ("marks", "Costs rose 5 %, i.e. a “well-known” A&B case: naïve, non-trivial & (really) so.", Context()),
        ("long", LONG, Context()),
        ("blocks", "First block of words here\n\nand the second block ends here.", Context()),
        ("short", "Yes.", Context("Did he agree, then? ", " He did so twice.")),
        ("script", "これは引用された文です。", Context()),
    ],
)
def test_a_browser_finds_the_words(page: Page, name: str, quote: str, context: Context) -> None:
    """Marks that have a meaning in links, a long quote, one over two blocks, one that occurs twice, one in Japanese."""
    page.goto("about:blank")
    page.goto(deep_link(quoting(quote, PAGE), context))
    page.wait_for_function("window.scrollY > 0", timeout=5000)
    box = page.locator(f"#{name}").bounding_box()
    assert box
    assert 0 <= box["y"] < SIZE["height"]
