"""The page of a citation in a real browser: without a script, in every size, on paper, and from other pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from index.records import texts
from tests.browser.actions import ask
from tests.browser.axe import colour_violations, structure_violations
from tests.browser.everywhere import EVERYWHERE
from tests.browser.layout import layout_problems
from tests.browser.source_reader import (
    DESK,
    HTML,
    PDF,
    QUESTIONS,
    SCRIPTS,
    card,
    cited_text,
    document_site,
    open_source,
)
from tests.browser.source_reader import loaded_viewer as loaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, ViewportSize

    from index.library.library import Library
    from tests.browser.conftest import Revisit, Scheme

Site = tuple[str, "Library"]
WORDS = {
    PDF: "Kovykta, in the Irkutsk region, was to be connected later",
    SCRIPTS: "هذا هو المفتاح الذي كان في الميناء.",
}


@pytest.fixture(scope="module")
def cited_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a page over documents and its library, for tests that change nothing."""
    with document_site(tmp_path_factory.mktemp("cited"), PDF, HTML, SCRIPTS) as site:
        yield site


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """Return a page in a browser without scripts."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def address(site: Site, name: str) -> str:
    """Return the address of the citation of a document."""
    document = site[1].document(name)
    start = document.text.index(WORDS[name])
    return f"{site[0]}/d/{document.id[:12]}/{start}-{start + len(WORDS[name])}"


@EVERYWHERE
@pytest.mark.parametrize("name", [PDF, SCRIPTS], ids=["pdf", "Arabic"])
def test_citation_page_suits_every_screen(
    cited_site: Site, browser: Browser, size: ViewportSize, scheme: Scheme, name: str
) -> None:
    """Axe finds no violation, nothing is off the screen, and controls are large enough for touch."""
    page = browser.new_page(viewport=size, color_scheme=scheme)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(address(cited_site, name))
    page.wait_for_load_state("load")
    expect(page.locator(".c-quote blockquote")).to_contain_text(WORDS[name])
    assert [*structure_violations(page), *colour_violations(page)] == []
    assert layout_problems(page) == []
    controls = page.locator(".c-acts > *:visible, summary, button:visible").all()
    assert all((control.bounding_box() or {"height": 0})["height"] >= 44 for control in controls)
    if name == PDF:
        image = page.locator(".c-page img")
        page.wait_for_function("document.querySelector('.c-page img').naturalWidth > 1000")
        assert (image.bounding_box() or {"width": 0})["width"] >= 280
    page.close()
    assert errors == []


def test_citation_page_needs_no_script(cited_site: Site, plain: Page) -> None:
    """Quotation, context, picture, proof and references are there; what needs a script is not."""
    plain.goto(address(cited_site, PDF))
    expect(plain.get_by_role("heading", level=1)).to_have_text("Energy pipelines: gas, steel and a single buyer")
    expect(plain.locator("mark").first).to_contain_text("Kovykta")
    expect(plain.locator(".c-page img")).to_be_visible()
    expect(plain.get_by_role("button")).to_have_count(0)
    for name in ("In its context", "On the page", "What it was checked against", "Cite as"):
        expect(plain.get_by_role("heading", name=name)).to_be_visible()
    plain.locator("summary", has_text="BibTeX").click()
    expect(plain.locator("pre").first).to_contain_text("@misc{")
    plain.get_by_role("link", name="The whole document").click()
    expect(plain.get_by_role("heading", name="How it begins")).to_be_visible()


def test_link_of_an_answer_leads_to_its_citation_and_back(cited_site: Site, revisit: Revisit, browser: Browser) -> None:
    """*Copy link* gives the citation's page; from there, the source opens at the same words."""
    page = revisit(cited_site[0], size=DESK)
    ask(page, QUESTIONS[HTML])
    words = cited_text(page, cited_site[1])
    href = card(page).locator('a[data-act="source"]').get_attribute("href") or ""
    assert re.fullmatch(r"d/[0-9a-f]{64}/\d+-\d+", href)
    open_source(page).get_by_role("button", name=texts.COPY_LINK).click()
    expect(page.locator("#live")).to_have_text(texts.LINK_COPIED)
    link = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(rf"{cited_site[0]}/d/[0-9a-f]{{12}}/\d+-\d+", link)
    reader = browser.new_page(viewport=DESK)
    reader.goto(link)
    expect(reader.locator("mark").first).to_have_text(words)
    reader.get_by_role("link", name=texts.OPEN_IN_PINCITE).click()
    assert "".join(loaded(reader).locator("mark").all_text_contents()) == words
    reader.close()


def test_older_link_leads_to_the_citation(cited_site: Site, browser: Browser) -> None:
    """Its span is after the `#`, which only a script sees."""
    document, span = address(cited_site, PDF).rsplit("/", 1)
    page = browser.new_page(viewport=DESK)
    page.goto(f"{document}#{span}")
    expect(page).to_have_url(f"{document}/{span}")
    expect(page.locator("mark").first).to_contain_text("Kovykta")
    page.goto(f"{document}#nothing")
    expect(page.get_by_role("heading", name="How it begins")).to_be_visible()
    page.close()


def test_citation_page_copies_and_follows_the_chosen_theme(cited_site: Site, browser: Browser) -> None:
    """The theme is that of the app, on every page of this site."""
    context = browser.new_context(color_scheme="light", permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(address(cited_site, PDF))
    page.get_by_role("button", name="Copy APA").click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    assert "Energy pipelines" in page.evaluate("navigator.clipboard.readText()")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.evaluate("localStorage.setItem('pincite.theme', '\"dark\"')")
    page.reload()
    expect(page.locator("html")).not_to_have_css("background-color", light)
    context.close()


def test_citation_page_suits_paper_and_other_settings(cited_site: Site, browser: Browser) -> None:
    """On paper there are no controls; the words stay marked in forced colours; 200 % of 720 pixels fit."""
    page = browser.new_page(viewport={"width": 360, "height": 450})
    page.emulate_media(reduced_motion="reduce", forced_colors="active")
    page.goto(address(cited_site, PDF))
    expect(page.locator("mark").first).to_be_visible()
    assert layout_problems(page) == []
    page.set_viewport_size(DESK)
    page.emulate_media(media="print", reduced_motion="no-preference", forced_colors="none")
    expect(page.locator("mark").first).to_be_visible()
    assert layout_problems(page) == []
    expect(page.locator(".c-acts")).to_be_hidden()
    expect(page.locator(".c-styles")).to_be_visible()
    assert page.pdf().startswith(b"%PDF")
    page.close()
