"""Links to cited words open exactly these words in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from index.citations.entries import QuoteContext, deep_link
from index.records import texts
from tests.browser.actions import ask
from tests.browser.conftest import SIZE, TIMEOUT_MS, open_page
from tests.browser.source_reader import (
    BOOK,
    DESK,
    HTML,
    MARKDOWN,
    PDF,
    QUESTIONS,
    card,
    document_site,
    loaded_viewer,
    open_source,
)
from tests.citations.factories import PAGE, quoting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from index.library.library import Library
    from tests.browser.conftest import Revisit, Visit

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
def linked_page(browser: Browser) -> Iterator[Page]:
    """Return a page for which every address has the same content, with all the cited texts."""
    page = browser.new_page(viewport=SIZE)
    page.set_default_timeout(TIMEOUT_MS)
    page.route("**/*", lambda route: route.fulfill(body=SITE, content_type="text/html"))
    yield page
    page.close()


@pytest.mark.parametrize(
    ("name", "quote", "around"),
    [
        ("marks", "Costs rose 5 %, i.e. a “well-known” A&B case: naïve, non-trivial & (really) so.", QuoteContext()),
        ("long", LONG, QuoteContext()),
        ("blocks", "First block of words here\n\nand the second block ends here.", QuoteContext()),
        ("short", "Yes.", QuoteContext("Did he agree, then? ", " He did so twice.")),
        ("script", "これは引用された文です。", QuoteContext()),
    ],
)
def test_text_fragment_scrolls_to_the_quoted_words(
    linked_page: Page, name: str, quote: str, around: QuoteContext
) -> None:
    """The quotes have special characters, are long, span two blocks, occur twice, or are Japanese."""
    linked_page.goto("about:blank")
    linked_page.goto(deep_link(quoting(quote, PAGE), around))
    linked_page.wait_for_function(
        "name => { const { top } = document.getElementById(name).getBoundingClientRect();"
        " return scrollY > 0 && top >= 0 && top < innerHeight; }",
        arg=name,
    )


@pytest.fixture(scope="module")
def linked_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Library]]:
    """Return a page over some documents and its library, for tests that change nothing."""
    with document_site(tmp_path_factory.mktemp("linked"), MARKDOWN, PDF, HTML, BOOK) as site:
        yield site


def test_url_of_an_open_source_restores_question_and_source(
    linked_site: tuple[str, Library], revisit: Revisit, visit: Visit
) -> None:
    """Answer and source are side by side again, and the source has its number."""
    page = revisit(linked_site[0], size=DESK)
    ask(page, QUESTIONS[HTML])
    open_source(page, 2)
    assert "#d=" in page.url
    fresh = visit(page.url, size=DESK, fresh=True)
    shown = loaded_viewer(fresh)
    expect(fresh.get_by_label(texts.YOUR_QUESTION)).to_have_value(QUESTIONS[HTML])
    expect(shown.locator("#viewer-number")).to_have_text("Source 2")
    shown.get_by_role("button", name="Previous source").click()
    expect(shown.locator("#viewer-number")).to_have_text("Source 1")


def test_older_links_open_their_documents(linked_site: tuple[str, Library], revisit: Revisit) -> None:
    """`/d/DOCUMENT?q=…#START-END` shows question and source; `/?d=DOCUMENT` the beginning, with nothing marked."""
    url, library = linked_site
    page = revisit(url, size=DESK)
    page.goto(f"{url}/d/{library.find(HTML).id}?q=Where+was+Kovykta+to+be+connected%3F#10-20")
    loaded_viewer(page)
    expect(page.get_by_label(texts.YOUR_QUESTION)).to_have_value(QUESTIONS[PDF])
    expect(card(page).locator("mark")).to_contain_text("Kovykta")
    page.goto(f"{url}/?d={library.find(BOOK).id}")
    viewer = loaded_viewer(page)
    expect(viewer.locator("#viewer-number")).to_have_text("Document")
    expect(viewer.locator("mark")).to_have_count(0)
    expect(viewer.locator(".p-block").first).to_have_text("A long book")
    expect(viewer.get_by_role("button", name=texts.COPY_QUOTE)).to_be_hidden()


def test_invalid_citation_link_is_reported(linked_site: tuple[str, Library], unwatched: Page) -> None:
    """The viewer shows the problem, and the page works."""
    url, library = linked_site
    page = unwatched
    page.set_viewport_size(DESK)
    for path, heading in (
        ("0123456789abcdef#10-20", texts.NOT_IN_LIBRARY),
        ("%E0%A4%A#1-2", texts.NOT_IN_LIBRARY),
        (f"{library.find(HTML).id}#10-99999999", "The span is outside the document"),
    ):
        page.goto("about:blank")
        open_page(page, f"{url}/?d={path}")
        viewer = page.locator("#viewer")
        expect(viewer.get_by_role("heading")).to_have_text(heading)
    page.keyboard.press("Escape")
    ask(page, QUESTIONS[HTML])
    expect(card(page).locator("mark")).to_contain_text("regimental set")
