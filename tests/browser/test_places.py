"""Sections, questions and panes have addresses; Back and Forward go there. Files may be dropped anywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.actions import ask
from tests.browser.conftest import open_library, open_page, running_site
from tests.browser.everywhere import EVERYWHERE

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, ViewportSize

    from index.library.library import Library
    from tests.browser.conftest import Revisit, Scheme, Visit

SIGNED, FELL = "Who signed the treaty?", "When did the price of oil fall?"
_SHAPE = """selector => {
  const { width, height } = document.querySelector(selector)?.getBoundingClientRect() || {};
  return height && width / height;
}"""
_DROP = """([names, type, target]) => {
  const transfer = new DataTransfer();
  if (type === "text") transfer.setData("text/plain", "Only words.");
  else for (const name of names) transfer.items.add(new File([`The clock struck ${name}.`], name));
  const node = document.querySelector(target);
  const send = (name) => node.dispatchEvent(
    new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  send("dragenter");
  const taken = !send("dragover");
  window.drop = () => send("drop");
  return taken;
}"""


def open_tab(page: Page, name: str) -> None:
    """Open a section by its tab."""
    page.get_by_role("tab", name=name, exact=True).click()


def expect_tab(page: Page, name: str) -> None:
    """Wait until this section is open."""
    expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")


def drag(page: Page, *names: str, kind: str = "files", target: str = "#header") -> bool:
    """Drag files, or a text, over a part of the page, and return whether the page would take them."""
    taken = page.evaluate(_DROP, [names, kind, target])
    assert isinstance(taken, bool)
    return taken


def ask_in_a_marked_page(page: Page) -> None:
    """Ask a question in a page that shows, by `window.wasHere`, whether it was loaded again."""
    page.evaluate("window.wasHere = true")
    ask(page, SIGNED)
    expect(page.locator(".p-answer")).to_contain_text("The king signed")


@EVERYWHERE
def test_sections_have_addresses_titles_and_a_way_back(
    site: str, revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """Back and Forward go through sections, questions and panes in the same page, and to where each was scrolled."""
    page = revisit(site, size=size, scheme=scheme)
    ask_in_a_marked_page(page)
    page.get_by_role("tab", name="Coverage").click()
    expect(page.locator(".p-coverage")).to_be_visible()
    assert page.url.endswith("&pane=coverage")
    open_tab(page, "Library")
    expect(page.locator("#p-shelf tbody tr").first).to_be_visible()
    assert "tab=library" in page.url
    expect(page).to_have_title("Library · Pincite")
    open_tab(page, "Questions")
    expect(page).to_have_title("Questions · Pincite")
    assert "tab=questions" in page.url

    page.go_back()
    expect_tab(page, "Library")
    expect(page).to_have_title("Library · Pincite")
    page.go_back()
    expect_tab(page, "Ask")
    expect(page).to_have_title(f"{SIGNED} · Pincite")
    expect(page.locator(".p-coverage")).to_be_visible()
    page.go_back()
    expect(page.locator(".p-answer")).to_be_visible()
    expect(page.locator(".p-coverage")).to_be_hidden()
    page.go_forward()
    expect(page.locator(".p-coverage")).to_be_visible()
    page.go_forward()
    expect_tab(page, "Library")
    assert page.evaluate("window.wasHere")


@EVERYWHERE
def test_back_returns_to_the_question_its_source_and_the_scroll_position(
    site: str, revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """Back closes the source first; a former question is answered again in the same page. Forward opens the source."""
    page = revisit(site, size=size, scheme=scheme)
    ask_in_a_marked_page(page)
    page.evaluate("scrollTo(0, 160)")
    page.wait_for_function("history.state?.scroll === Math.round(scrollY)")
    scrolled = page.evaluate("scrollY")
    page.evaluate(f"window.pincite.ask({FELL!r})")
    expect(page.locator(".p-answer")).to_contain_text("oil fell")
    page.evaluate("scrollTo(0, 0)")
    page.locator(".p-cite").first.click()
    expect(page.locator("#viewer")).to_be_visible()

    page.go_back()
    expect(page.locator("#viewer")).to_be_hidden()
    expect(page.locator(".p-answer")).to_contain_text("oil fell")
    page.go_back()
    expect(page.locator(".p-answer")).to_contain_text("The king signed")
    expect(page.get_by_label("Your question")).to_have_value(SIGNED)
    expect(page.locator("#viewer")).to_be_hidden()
    page.wait_for_function("top => Math.abs(scrollY - top) < 2", arg=scrolled)
    page.go_forward()
    expect(page.locator(".p-answer")).to_contain_text("oil fell")
    page.go_forward()
    expect(page.locator("#viewer mark").first).to_contain_text("oil fell")
    assert page.evaluate("window.wasHere")


@pytest.mark.parametrize(
    ("tab", "name", "title"),
    [
        ("library", "Library", "Library · Pincite"),
        ("check", "Check", "Check · Pincite"),
        ("questions", "Questions", "Questions · Pincite"),
        ("nonsense", "Ask", "Pincite"),
    ],
)
def test_address_of_a_section_opens_it_and_survives_a_reload(
    site: str, visit: Visit, tab: str, name: str, title: str
) -> None:
    """The address can be shared."""
    page = visit(f"{site}?tab={tab}")
    expect_tab(page, name)
    expect(page).to_have_title(title)
    if tab == "library":
        expect(page.locator("#p-shelf tbody tr").first).to_be_visible()
        page.reload()
        expect_tab(page, name)
        open_tab(page, "Ask")
        assert "tab" not in page.url


def test_link_to_coverage_opens_coverage(site: str, visit: Visit) -> None:
    """Link copies the view that the reader sees."""
    page = visit(f"{site}?q=Who+signed+the+treaty%3F&pane=coverage")
    expect(page.locator(".p-coverage")).to_be_visible()
    page.get_by_role("tab", name="Answer", exact=True).click()
    expect(page.locator(".p-answer")).to_be_visible()
    assert "pane" not in page.url
    page.get_by_role("tab", name="Coverage").click()
    page.evaluate("window.pincite.actions.link()")
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.endsWith('&pane=coverage'))")


def test_question_from_another_section_makes_one_entry(site: str, revisit: Revisit) -> None:
    """Back leads to the section in which it was asked, at once."""
    page = revisit(site)
    open_tab(page, "Library")
    page.wait_for_url("**/?tab=library")
    before = page.evaluate("history.length")
    page.evaluate(f"window.pincite.ask({SIGNED!r})")
    expect(page.locator(".p-answer")).to_contain_text("The king signed")
    assert page.evaluate("history.length") == before + 1
    page.go_back()
    expect_tab(page, "Library")


@EVERYWHERE
def test_files_dropped_anywhere_are_added(
    own_site: tuple[str, Library], visit: Visit, size: ViewportSize, scheme: Scheme
) -> None:
    """A hint covers the window; then the Library shows the progress. Back returns to the section before."""
    page = visit(own_site[0], size=size, scheme=scheme)
    hint = page.locator(".p-drop")
    expect(hint).to_be_hidden()
    assert drag(page, "one.txt", "two.txt")
    expect(hint).to_be_visible()
    expect(hint).to_have_text("Drop to add to the library")
    page.evaluate("window.drop()")
    expect(hint).to_be_hidden()
    expect_tab(page, "Library")
    expect(page.locator("#p-jobs")).to_contain_text("2 added")
    assert {info.name for info in own_site[1].documents()} == {"The Harbour Treaty", "one.txt", "two.txt"}
    page.locator("#p-jobs").get_by_role("link", name="one.txt").click()
    expect_tab(page, "Ask")
    expect(page.locator("#pills input:checked")).to_have_count(1)
    ask(page, "What struck?")
    expect(page.locator(".p-answer")).to_contain_text("struck one.txt")
    assert re.search(r"&in=[0-9a-f]{12}$", page.url)


def test_dragged_text_is_left_to_the_browser(site: str, revisit: Revisit) -> None:
    """There is no hint, and the page does not take it. The hint of files goes when they leave the window.

    Its words stay readable in forced colours; on paper there is none.
    """
    page = revisit(site)
    assert not drag(page, kind="text")
    expect(page.locator(".p-drop")).to_be_hidden()
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    assert drag(page, "one.txt")
    expect(page.locator(".p-drop")).to_be_visible()
    expect(page.locator(".p-drop")).to_be_hidden()
    drag(page, "one.txt")
    expect(page.locator(".p-drop")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(".p-drop")).to_be_hidden()
    page.emulate_media(media="screen", forced_colors="none")


def test_readers_are_told_that_they_cannot_add_files(site: str, revisit: Revisit) -> None:
    """Nothing is sent."""
    page = revisit(site)
    page.evaluate("document.documentElement.dataset.role = 'reader'")
    try:
        drag(page, "one.txt")
        expect(page.locator(".p-drop")).to_have_text("Only the curators of this library can add files.")
        page.evaluate("window.drop()")
        expect(page.locator(".p-toast")).to_have_text("Only the curators of this library can add files.")
        expect_tab(page, "Ask")
    finally:
        page.evaluate("delete document.documentElement.dataset.role")


def test_map_says_that_it_is_being_drawn(site: str, visit: Visit) -> None:
    """The placeholder has the size of the map, and goes if there is no map."""
    page = visit(site)
    reply = {"status": 202, "body": '<p class="p-map p-map-wait">Drawing the map of 4 documents…</p>'}
    page.route("**/page/map", lambda route: route.fulfill(**reply))
    open_page(page, site)
    wait = page.locator(".p-map-wait")
    expect(wait).to_have_text("Drawing the map of 4 documents…")
    shape = page.wait_for_function(_SHAPE, arg=".p-map-wait")
    assert shape.json_value() == pytest.approx(344 / 216, rel=0.01)
    reply |= {"status": 204, "body": ""}
    expect(wait).to_have_count(0)
    expect(page.locator("#where")).to_be_hidden()


def test_suggested_questions_appear_when_they_have_been_made(tmp_path: Path, visit: Visit) -> None:
    """They are made of headings and definitions; each is answered with its sentence."""
    text = "A plague is an outbreak of fever that spreads from town to town. A horse cost more than a bridge."
    with open_library(tmp_path, {"oslo.txt": text}) as library, running_site(library, examples=()) as url:
        page = visit(url)
        examples = page.locator(".p-examples a")
        expect(examples).to_have_text(["What is a plague?"])
        examples.click()
        expect(page.locator(".p-answer")).to_contain_text("an outbreak of fever")
        page.close()  # before the server stops, which the page would report
