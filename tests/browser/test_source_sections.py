"""The source viewer belongs to its section of the page, and to the answer on paper."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pypdfium2 as pdfium
import pytest
from playwright.sync_api import expect

from tests.browser.actions import ask
from tests.browser.everywhere import EVERYWHERE, PHONE_BY_DEFAULT
from tests.browser.source_reader import (
    DESK,
    HTML,
    PDF,
    QUESTIONS,
    card,
    cited_text,
    document_site,
    loaded_viewer,
)
from tests.browser.source_reader import open_source as open_card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page, ViewportSize

    from index.library.library import Library
    from tests.browser.conftest import Revisit, Scheme

Site = tuple[str, "Library"]


@pytest.fixture(scope="module")
def printed_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a page over a text and a PDF, and its library, for tests that change nothing."""
    with document_site(tmp_path_factory.mktemp("printed"), HTML, PDF) as site:
        yield site


TABS = {"ask": "Ask", "check": "Check", "library": "Library", "batch": "Questions"}
_SHOW = """name => [...document.querySelectorAll("#sections > .tab-wrapper button")]
  .findLast((button) => button.textContent.trim() === name && !button.closest("[aria-hidden=true]")).click()"""


def by_script(page: Page, section: str) -> None:
    """Show a section as a script does, even behind a dialog; on a narrow screen some tabs are in a menu."""
    page.evaluate(_SHOW, TABS[section])
    expect(page.locator(f"#{section}")).to_be_visible()


@EVERYWHERE
def test_source_leaves_and_returns_with_its_section(
    printed_site: Site, revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """In every other section it is hidden, and its address is gone; with its own section it comes back."""
    page = revisit(printed_site[0], size=size, scheme=scheme)
    ask(page, QUESTIONS[HTML])
    viewer = open_card(page)
    for section in ("library", "batch", "check"):
        by_script(page, section)
        expect(viewer).to_be_hidden()
        assert "#d=" not in page.url
        assert page.evaluate("document.elementFromPoint(innerWidth / 2, innerHeight / 2).closest('#viewer')") is None
        by_script(page, "ask")
        loaded_viewer(page)
        expect(viewer.locator("mark").first).to_be_visible()
        expect(page).to_have_url(re.compile("#d="))


def test_source_leaves_by_click_and_key(printed_site: Site, revisit: Revisit) -> None:
    """The focus stays where the reader has put it; closing the source forgets it.

    An address that is entered while the Library is shown waits for Ask.
    """
    url, library = printed_site
    page = revisit(url, size=DESK)
    ask(page, QUESTIONS[HTML])
    viewer = open_card(page)
    page.get_by_role("tab", name="Questions").click()
    expect(viewer).to_be_hidden()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    loaded_viewer(page)
    expect(page.get_by_role("tab", name="Ask")).to_be_focused()
    viewer.get_by_role("button", name="Close source").click()
    page.get_by_role("tab", name="Library").click()
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator("#results .p-answer")).to_be_visible()
    expect(viewer).to_be_hidden()
    by_script(page, "library")
    page.evaluate("id => { location.hash = `d=${id}:10-20` }", library.find(HTML).id)
    page.wait_for_timeout(200)
    expect(viewer).to_be_hidden()
    by_script(page, "ask")
    loaded_viewer(page)
    expect(viewer.locator("mark").first).to_be_visible()


@PHONE_BY_DEFAULT
def test_source_that_comes_back_makes_no_entry(printed_site: Site, revisit: Revisit, size: ViewportSize) -> None:
    """Back leads from the Library to the open source, and then to the answer; Forward leads to the Library again."""
    page = revisit(printed_site[0], size=size)
    ask(page, QUESTIONS[HTML])
    viewer = open_card(page)
    by_script(page, "library")
    page.go_back()
    loaded_viewer(page)
    expect(page).to_have_url(re.compile("#d="))
    page.go_forward()
    expect(page.locator("#library")).to_be_visible()
    expect(viewer).to_be_hidden()
    page.go_back()
    loaded_viewer(page)
    page.go_back()
    expect(viewer).to_be_hidden()
    expect(card(page)).to_be_visible()


def test_document_of_the_list_stays_with_the_library(printed_site: Site, revisit: Revisit) -> None:
    """It is opened above the list, at its beginning, so it is not shown over the answer. A PDF has pages, too."""
    page = revisit(printed_site[0], size=DESK)
    page.get_by_role("tab", name="Library").click()
    row = page.get_by_role("link", name="Energy pipelines")
    row.click()
    viewer = loaded_viewer(page)
    assert viewer.evaluate("node => node.matches(':modal')")
    by_script(page, "ask")
    expect(viewer).to_be_hidden()
    by_script(page, "library")
    loaded_viewer(page)
    expect(viewer.locator("#viewer-number")).to_have_text("Document")
    expect(viewer.get_by_role("button", name="Next source")).to_be_disabled()
    viewer.get_by_role("button", name="Page", exact=True).click()
    expect(viewer.locator(".p-page")).to_have_attribute("data-page", "1")
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(row).to_be_focused()
    expect(page).not_to_have_url(re.compile("#"))


@PHONE_BY_DEFAULT
@pytest.mark.parametrize("opened", [True, False], ids=["open", "closed"])
def test_paper_has_the_answer_and_the_open_quotation(
    printed_site: Site, revisit: Revisit, size: ViewportSize, opened: bool
) -> None:
    """Question, answer, references and evidence are printed; the quotation of an open source follows."""
    url, library = printed_site
    page = revisit(url, size=size)
    ask(page, QUESTIONS[PDF])
    expect(card(page)).to_be_visible()
    words = cited_text(page, library)
    if opened:
        open_card(page)
    page.emulate_media(media="print")
    visible: Callable[[str], Locator] = lambda selector: page.locator(selector).first  # noqa: E731
    for part in (".p-printed", ".p-answer", ".p-references li", ".p-card blockquote"):
        expect(visible(part)).to_be_visible()
    expect(page.locator("#viewer")).to_be_hidden()
    expect(page.get_by_role("button").filter(visible=True)).to_have_count(0)
    expect(page.locator("#printed")).to_be_visible(visible=opened)
    text = squeezed(text_of_pdf(page.pdf()))
    for part in (QUESTIONS[PDF], "References", "Energy pipelines", "Evidence"):
        assert squeezed(part) in text
    assert text.count(squeezed(words)) == (3 if opened else 2)  # in the answer, in the evidence, and as the source
    assert ("Theopensource" in text) == opened


def text_of_pdf(data: bytes) -> str:
    """Return the text of all pages."""
    with pdfium.PdfDocument(io.BytesIO(data)) as document:
        return "\n".join(document[index].get_textpage().get_text_range() for index in range(len(document)))


def squeezed(words: str) -> str:
    """Remove white space and hyphens, which differ between a text and its page."""
    return re.sub(r"[\s\-\u00ad\u2010\x02\ufffe]", "", words)
