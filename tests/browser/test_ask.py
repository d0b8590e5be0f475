"""The Ask tab, as a reader uses it."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from playwright.sync_api import expect

from index.page.ask_events import AskEvents
from index.records import Document, texts
from index.text.query import SYNTAX
from tests.browser.actions import ask, best_card, file_payload, upload
from tests.browser.conftest import (
    ATTACK,
    EXAMPLES,
    OIL,
    SECRET,
    TREATY,
    UNSURE_PREFIX,
    open_library,
    open_page,
    running_site,
)
from tests.browser.everywhere import EVERYWHERE
from tests.browser.source_reader import loaded_viewer
from tests.hosted import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from playwright.sync_api import APIResponse, Route, ViewportSize

    from index.library.library import Library
    from index.page.ask_events import LibraryOutput
    from tests.browser.conftest import Revisit, Scheme, Visit

QUESTION = "Who signed the treaty?"
QUOTE = "The king signed the treaty in the harbour."
FOREIGN = "Where is the parliament of Norway?"


# Answers


def test_answer_quotes_the_document_word_for_word(site: str, revisit: Revisit) -> None:
    """Each sentence has a number, which names and links its source, and whose card marks the quote; it is announced.

    The numbers of related passages go on from those of the citations and have a different background.
    """
    page = revisit(site)
    ask(page, QUESTION)
    card = best_card(page)
    expect(page.locator(".p-answer")).to_have_text(f"{QUOTE}[1]")
    expect(card.locator("mark")).to_have_text(QUOTE)
    expect(card.locator("h3")).to_have_text("Source 1: The Harbour Treaty")
    expect(card.locator(".p-place")).to_have_text("¶ 1")
    expect(page.locator(".p-numbers").first).to_have_text(re.compile(r"^\w+ match 1 of 4 documents quoted$"))
    expect(page.locator("#live")).to_have_text(f"{texts.ANSWER_READY}. 1 sentence, 1 source.")
    expect(page).to_have_title(f"{QUESTION} · Pincite")
    number = page.get_by_role("link", name="Source 1: The Harbour Treaty, ¶ 1")
    expect(number).to_have_attribute("href", re.compile(r"^d/[0-9a-f]{64}/\d+-\d+$"))
    for name in ("data-document", "data-start", "data-end", "data-n"):
        assert number.get_attribute(name) == card.get_attribute(name)
    related = page.locator(".p-unused .p-card")
    expect(page.get_by_role("heading", name=texts.RELATED)).to_be_visible()
    expect(related.first).to_have_attribute("data-n", "2")
    expect(related.first.locator("h3")).to_contain_text("Passage 2: ")
    colours = "node => getComputedStyle(node.querySelector('.p-number')).backgroundColor"
    assert related.first.evaluate(colours) != card.evaluate(colours)


@EVERYWHERE
def test_answer_has_one_count_and_no_score(site: str, revisit: Revisit, size: ViewportSize, scheme: Scheme) -> None:
    """Documents are counted once, figures have units, and the documents with passages come first in the rail."""
    page = revisit(site, size=size, scheme=scheme)
    expect(page.locator("#strips .p-doc").nth(2)).to_have_text("The Harbour Treaty")
    ask(page, QUESTION)
    expect(page.locator("#strips .p-doc").first).to_have_text("The Harbour Treaty")
    displayed = page.locator("#stage").inner_text()
    assert re.findall(r"(?:\d+ of )?\d+ documents?\b", displayed) == ["1 of 4 documents"]
    assert not re.search(r"\d\.\d\d", displayed)
    best_card(page).locator(".p-why summary").click()
    assert not re.search(r"\d\.\d", best_card(page).locator(".p-why").inner_text())


def test_explanations_open_on_demand(site: str, revisit: Revisit) -> None:
    """Of the match by keyboard, until Escape, which returns the focus; of a passage, with ranks and words in common."""
    page = revisit(site)
    ask(page, QUESTION)
    sure = page.get_by_role("button", name=re.compile(r"^(Strong|Fair|Weak) match$"))
    expect(page.locator("#sure")).to_be_hidden()
    sure.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sure")).to_contain_text("how well the passages match the question")
    page.keyboard.press("Escape")
    expect(page.locator("#sure")).to_be_hidden()
    expect(sure).to_be_focused()
    why = best_card(page).locator(".p-why")
    expect(why.locator("dl")).to_be_hidden()
    why.locator("summary").click()
    expect(why).to_contain_text("of all")
    expect(why).to_contain_text("In commonsigned, treaty")


def test_unsure_answer_has_a_heading_of_its_own(site: str, revisit: Revisit) -> None:
    """Each sentence is separate and has its number; a note names the words that no passage mentions."""
    page = revisit(site)
    ask(page, f"{UNSURE_PREFIX}{QUESTION}")
    expect(page.get_by_role("heading", name=texts.MAY_BE)).to_be_visible()
    expect(page.locator(".p-maybes li").first).to_have_text("The king signed the treaty in the harbour.[1]")
    expect(page.locator(".p-answer, .p-none")).to_have_count(0)
    expect(page.get_by_role("button", name="Weak match")).to_be_visible()
    expect(page.locator(".p-note em")).to_have_text(ATTACK)
    expect(page.locator("#live")).to_contain_text(f"{texts.UNSURE}.")
    expect(best_card(page).locator("mark")).to_have_text("The king signed the treaty in the harbour.")


def test_hovering_a_citation_highlights_its_card_badge_and_tick(site: str, revisit: Revisit) -> None:
    """No part of another number is highlighted."""
    page = revisit(site)
    ask(page, QUESTION)
    expect(page.locator("#marks .p-badge").first).to_be_visible()
    page.locator(".p-cite").first.hover()
    for name in (".p-cite", ".p-card", ".p-badge", ".p-strip i"):
        expect(page.locator(f'{name}[data-n="1"]').first).to_have_class(re.compile("p-hot"))
        expect(page.locator(f'{name}.p-hot:not([data-n="1"])')).to_have_count(0)


def test_map_is_fetched_once_per_change_of_the_library(own_site: tuple[str, Library], visit: Visit) -> None:
    """An answer that is older than the map does not cause another request."""
    url, library = own_site
    page = visit(url)
    ask(page, QUESTION)
    expect(page.locator("#marks .p-badge").first).to_be_visible()
    library.add_documents([Document("a" * 64, "/glass", "Glass", "", "", "text/plain", "Glass is silver.", ())])
    newest = library.map(wait=True).generation
    expect(page.locator("#map svg")).to_have_attribute("data-generation", str(newest))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "page/map" in request.url else None)
    page.wait_for_timeout(700)
    assert asked == []


def test_question_lost_by_the_gradio_client_is_answered(site: str, revisit: Revisit) -> None:
    """Gradio's client ignores a question that is accepted while another event ends, so the page asks again."""
    page = revisit(site)
    held_responses: list[tuple[Route, APIResponse]] = []
    page.route("**/queue/data?*", lambda route: held_responses.append((route, route.fetch())), times=1)
    page.evaluate("document.querySelector('#refresh').click()")
    wait_until(lambda: page.evaluate("true") and bool(held_responses))
    with page.expect_response("**/queue/join?*") as accepted:
        ask(page, QUESTION)
    accepted.value.finished()
    page.wait_for_timeout(100)
    route, response = held_responses[0]
    route.fulfill(response=response)
    expect(best_card(page)).to_be_visible()


# No answer


def test_unanswered_question_shows_the_nearest_passages(site: str, revisit: Revisit) -> None:
    """The page says what was searched and what to try; if documents were left out, a button leads to the Library."""
    page = revisit(site)
    ask(page, FOREIGN)
    expect(page.get_by_role("heading", name=texts.NO_ANSWER)).to_be_visible()
    expect(page.locator(".p-none")).to_contain_text("of 4 documents supports an answer")
    expect(page.locator(".p-none")).not_to_contain_text("some are excluded")
    expect(best_card(page)).to_have_class(re.compile("p-related"))
    expect(page.locator("#live")).to_contain_text(f"{texts.NO_ANSWER}.")
    page.locator(".p-more > summary").click()
    expect(page.locator(".p-card").nth(1)).to_be_visible()
    page.get_by_role("checkbox", name="oil.txt").check()
    ask(page, FOREIGN)
    expect(page.locator(".p-none")).to_contain_text("of 1 document supports")
    expect(page.locator(".p-none")).to_contain_text("Search all documents: some are excluded now.")
    expect(best_card(page).locator("h3")).to_contain_text("oil.txt")
    page.locator(".p-none").get_by_role("button", name="Library").click()
    expect(page.get_by_role("tabpanel", name="Library")).to_be_visible()


def test_empty_library_leads_to_the_first_question(empty_site: str, visit: Visit) -> None:
    """The page of an empty library leads to the Library tab; after the upload it shows the map and examples."""
    page = visit(empty_site)
    expect(page.get_by_role("heading", name="This library is empty")).to_be_visible()
    page.get_by_role("button", name=texts.ADD_DOCUMENTS).click()
    expect(page.get_by_role("heading", name="Library", exact=True)).to_be_visible()
    upload(page, file_payload("note.txt", "The king signed the treaty."))
    expect(page.get_by_role("tabpanel", name="Library")).to_contain_text("note.txt")
    page.get_by_role("tab", name="Ask", exact=True).click()
    expect(page.get_by_role("link", name=EXAMPLES[0])).to_be_visible()
    expect(page.locator("#map svg")).to_be_attached()


REPLIES = {
    "nothing, please": (texts.NOTHING_FOUND, "Name a person, a place or a term"),
    "treaty in:nowhere": ("No document matches the in:, type:, after: or before: filter.",),
    "fail, please": ("The server’s log has the details.",),
    "   ": ("Write a question first",),
}
"""Questions without an answer, and words of what is shown for each."""


def test_what_is_no_answer_says_why(site: str, revisit: Revisit) -> None:
    """Nothing was found or searched, an error is ours or unexpected, or nothing was asked: the box has the focus."""
    page = revisit(site)
    for question, replies in REPLIES.items():
        ask(page, question)
        for words in replies:
            expect(page.locator("#results")).to_contain_text(words)
        if "nowhere" in question:
            expect(page.locator("#live")).to_contain_text(f"{texts.NOTHING_SEARCHED}. No document matches")
            expect(page.locator(".p-off")).to_have_count(0)
        assert SECRET not in page.content()
    expect(page.get_by_label(texts.YOUR_QUESTION)).to_be_focused()
    open_page(page, f"{site}/?{urlencode({'q': 'why? ' * 100})}")  # the box would take no more than is allowed
    for words in ("300 are allowed.", "Ask a shorter one"):
        expect(page.locator(".p-problem")).to_contain_text(words)


# Narrowing


def test_more_than_eight_documents_are_chosen_from_a_list(tmp_path: Path, visit: Visit) -> None:
    """The list replaces the checkboxes and restricts the search like them."""
    sources = {f"note {n}.txt": f"The king wrote letter {n}." for n in range(1, 10)}
    with open_library(tmp_path, sources) as library, running_site(library) as url:
        page = visit(url)
        page.get_by_role("combobox", name=texts.SEARCH_ONLY_IN).click()
        page.get_by_role("option", name="note 4.txt").click()
        page.get_by_role("option", name="note 7.txt").click()
        ask(page, "Who wrote the letter?")
        expect(page.locator(".p-card")).to_have_count(2)
        names = "".join(page.locator(".p-card h3").all_inner_texts())
        assert "note 4.txt" in names
        assert "note 7.txt" in names
        assert "in=" in page.url
        page.set_viewport_size({"width": 390, "height": 844})
        box = page.locator("#narrowing").bounding_box()
        assert box
        assert box["height"] < 150, "nothing but the list and the helpers between question and answer"
        page.close()  # before the server stops, which the page would report


def test_search_syntax_is_explained_on_demand(site: str, revisit: Revisit) -> None:
    """The explanation opens and closes by keyboard, fits a phone, and returns the focus."""
    page = revisit(site, size={"width": 390, "height": 844})
    opener = page.get_by_role("button", name="Search syntax")
    syntax = page.locator("#syntax")
    expect(syntax).to_be_hidden()
    opener.focus()
    page.keyboard.press("Enter")
    for example, meaning in SYNTAX:
        expect(syntax.get_by_text(example, exact=True)).to_be_visible()
        expect(syntax.get_by_text(meaning, exact=True)).to_be_visible()
    box = syntax.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.keyboard.press("Escape")
    expect(syntax).to_be_hidden()
    expect(opener).to_be_focused()


# Addresses


def test_url_of_an_answer_asks_again_in_a_fresh_browser(site: str, revisit: Revisit, visit: Visit) -> None:
    """The URL contains the question and the checked documents."""
    page = revisit(site)
    page.get_by_role("checkbox", name="oil.txt").check()
    ask(page, "What does oil cost?")
    expect(page.locator(".p-card")).to_have_count(1)
    assert "q=What+does+oil+cost" in page.url

    fresh = visit(page.url, fresh=True)
    expect(fresh.get_by_label(texts.YOUR_QUESTION)).to_have_value("What does oil cost?")
    expect(fresh).to_have_title("What does oil cost? · Pincite")
    expect(fresh.get_by_role("checkbox", name="oil.txt")).to_be_checked()
    expect(fresh.locator(".p-card")).to_have_count(1)
    expect(best_card(fresh).locator("mark")).to_contain_text("The price of oil fell in summer.")


def test_document_chosen_during_a_refresh_stays_chosen(
    site: str, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The response of the refresh comes after the choice, of which its request knew nothing."""
    chosen = threading.Event()
    overview = AskEvents.overview

    def late_overview(events: AskEvents, *args: Any, **options: Any) -> LibraryOutput:
        assert chosen.wait(60)
        output = overview(events, *args, **options)
        return output._replace(hero=f"{output.hero}<i id=refreshed></i>")

    page = visit(site)
    box = page.get_by_role("checkbox", name="oil.txt")
    expect(box).to_be_visible()
    monkeypatch.setattr(AskEvents, "overview", late_overview)
    with page.expect_request("**/gradio_api/queue/join*"):
        page.evaluate("document.querySelector('#refresh').click()")
    box.check()
    chosen.set()
    expect(page.locator("#refreshed")).to_be_attached()
    expect(box).to_be_checked()
    ask(page, "What does oil cost?")
    expect(page.locator(".p-card")).to_have_count(1)


# Examples


def test_example_is_asked_unchanged(site: str, revisit: Revisit) -> None:
    """An example may contain any character. The focus moves to the answer, because the clicked link is removed."""
    page = revisit(site)
    page.get_by_role("link", name=EXAMPLES[1]).click()
    expect(page.get_by_label(texts.YOUR_QUESTION)).to_have_value(EXAMPLES[1])
    expect(best_card(page).locator("mark")).to_contain_text("oil")
    expect(page.locator("#results")).to_be_focused()


# Copies


def test_copies_of_a_passage_are_listed_on_its_card(tmp_path: Path, visit: Visit) -> None:
    """A text in several files is one card that names the others; their ticks are highlighted with it."""
    sources = {f"copy {n}.md": TREATY for n in range(4)} | {
        "treaty.md": f"{TREATY}\nThe clock struck.\n",
        "oil.txt": OIL,
    }
    with open_library(tmp_path, sources) as library, running_site(library) as url:
        page = visit(f"{url}/?{urlencode({'q': QUESTION})}")
        also = best_card(page).locator(".p-also")
        expect(best_card(page).locator("mark")).to_have_text(QUOTE)
        expect(also.locator("ul")).to_be_hidden()
        also.locator("summary").click()
        expect(also.locator("li").first).to_contain_text("The Harbour Treaty · § The Harbour Treaty, ¶ 1")
        ticks = page.locator('.p-strip i[data-n="1"]')
        assert ticks.count() > 1
        best_card(page).hover()
        expect(page.locator(".p-strip i.p-hot")).to_have_count(ticks.count())
        also.get_by_role("link").first.click()
        expect(loaded_viewer(page).locator("mark")).to_have_text(QUOTE)
        page.close()  # before the server stops, which the page would report
