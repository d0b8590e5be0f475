"""Links to words followed by a real browser: it comes to them, and to no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from index.citations.links import QuoteContext, deep_link
from index.records import Span
from tests.browser.actions import ask
from tests.browser.conftest import PATIENCE, SIZE
from tests.browser.source_reader import (
    ASKED,
    BOOK,
    DESK,
    HTML,
    MARKDOWN,
    PDF,
    PHONE,
    arrive,
    card,
    is_in_sight,
    open_source,
    opened,
    quoted,
    shelf,
)
from tests.citations.factories import PAGE, quoting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, ViewportSize

    from index.library.library import Library
    from tests.browser.conftest import Visit

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
    opened.set_default_timeout(PATIENCE)
    opened.route("**/*", lambda route: route.fulfill(body=SITE, content_type="text/html"))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("name", "quote", "context"),
    [
        ("marks", "Costs rose 5 %, i.e. a “well-known” A&B case: naïve, non-trivial & (really) so.", QuoteContext()),
        ("long", LONG, QuoteContext()),
        ("blocks", "First block of words here\n\nand the second block ends here.", QuoteContext()),
        ("short", "Yes.", QuoteContext("Did he agree, then? ", " He did so twice.")),
        ("script", "これは引用された文です。", QuoteContext()),
    ],
)
def test_a_browser_finds_the_words(page: Page, name: str, quote: str, context: QuoteContext) -> None:
    """Marks that have a meaning in links, a long quote, one over two blocks, one that occurs twice, one in Japanese."""
    page.goto("about:blank")
    page.goto(deep_link(quoting(quote, PAGE), context))
    page.wait_for_function(
        "name => { const { top } = document.getElementById(name).getBoundingClientRect();"
        " return scrollY > 0 && top >= 0 && top < innerHeight; }",
        arg=name,
    )


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Library]]:
    """A page over some documents, for tests that change nothing."""
    with shelf(tmp_path_factory.mktemp("linked"), MARKDOWN, PDF, HTML, BOOK) as made:
        yield made


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["beside", "phone"])
@pytest.mark.parametrize("name", [HTML, PDF])
def test_the_link_to_a_citation_opens_it_in_a_fresh_browser(
    reading: tuple[str, Library], visit: Visit, name: str, size: ViewportSize
) -> None:
    """What the viewer copies leads somebody else to the same words, marked and in sight, without a question."""
    url, library = reading
    page = visit(url, size=size)
    ask(page, ASKED[name])
    words = quoted(page, library)
    viewer = open_source(page)
    viewer.get_by_role("button", name="Copy link").click()
    expect(viewer.get_by_role("status") if size == PHONE else page.locator("#live")).to_have_text("Link copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{url}/d/")

    fresh = visit(link, size=size, fresh=True)
    shown = opened(fresh)
    assert "".join(shown.locator("mark").all_text_contents()) == words
    assert is_in_sight(shown.locator(".p-rect" if name == PDF else "mark").first)
    expect(shown.get_by_role("heading", level=2)).to_be_focused()
    fresh.keyboard.press("Escape")
    expect(shown).to_be_hidden()
    assert fresh.url == f"{url}/"


def test_the_address_of_an_open_source_shows_question_and_source(reading: tuple[str, Library], visit: Visit) -> None:
    """Answer and source stand side by side again, and the source knows its number."""
    page = visit(reading[0], size=DESK)
    ask(page, ASKED[HTML])
    open_source(page, 2)
    assert "#d=" in page.url
    fresh = visit(page.url, size=DESK, fresh=True)
    shown = opened(fresh)
    expect(fresh.get_by_label("Your question")).to_have_value(ASKED[HTML])
    expect(shown.locator("#viewer-number")).to_have_text("Source 2")
    shown.get_by_role("button", name="Previous source").click()
    expect(shown.locator("#viewer-number")).to_have_text("Source 1")


def test_a_link_may_hold_the_question_too(reading: tuple[str, Library], visit: Visit) -> None:
    """`/d/DOCUMENT?q=…#START-END`."""
    url, library = reading
    identity = library.find(HTML).id
    page = visit(f"{url}/d/{identity}?q=Where+was+Kovykta+to+be+connected%3F#10-20", size=DESK)
    opened(page)
    expect(page.get_by_label("Your question")).to_have_value(ASKED[PDF])
    expect(card(page).locator("mark")).to_contain_text("Kovykta")


def test_a_link_without_words_opens_the_document(reading: tuple[str, Library], visit: Visit) -> None:
    """From its beginning, with nothing marked."""
    url, library = reading
    viewer = opened(visit(f"{url}/d/{library.find(BOOK).id}", size=DESK))
    expect(viewer.locator("#viewer-number")).to_have_text("Document")
    expect(viewer.locator("mark")).to_have_count(0)
    expect(viewer.locator(".p-block").first).to_have_text("A long book")
    expect(viewer.get_by_role("button", name="Copy quote")).to_be_hidden()


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("0123456789abcdef#10-20", "This document is not in the library"),
        ("%E0%A4%A#1-2", "This document is not in the library"),
        ("{known}#10-99999999", "The span is outside the document"),
    ],
    ids=["unknown", "not even text", "beyond its end"],
)
def test_a_link_that_leads_nowhere_says_so(
    reading: tuple[str, Library], browser: Browser, path: str, told: str
) -> None:
    """In a state of its own, on a page that works."""
    url, library = reading
    page = browser.new_page(viewport=DESK)
    page.set_default_timeout(PATIENCE)
    arrive(page, f"{url}/d/{path.format(known=library.find(HTML).id)}")
    viewer = page.locator("#viewer")
    expect(viewer.get_by_role("heading")).to_have_text(told)
    page.keyboard.press("Escape")
    ask(page, ASKED[HTML])
    expect(card(page).locator("mark")).to_contain_text("regimental set")
    page.close()


def test_a_link_to_what_was_removed_says_so(tmp_path: Path, browser: Browser) -> None:
    """The words are gone with their document; nothing of them is shown."""
    with shelf(tmp_path, MARKDOWN, HTML) as (url, library):
        info = library.find(HTML)
        start = library.document(HTML).text.index("The first regimental set")
        assert library.locate(HTML, Span(start, start + 20))
        library.remove(HTML)
        page = browser.new_page(viewport=DESK)
        page.set_default_timeout(PATIENCE)
        page.goto(f"{url}/d/{info.id[:12]}#{start}-{start + 20}")
        expect(page.locator("#viewer").get_by_role("heading")).to_have_text("This document is not in the library")
        expect(page.get_by_text("regimental set")).to_have_count(0)
        page.close()
