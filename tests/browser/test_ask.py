"""The Ask tab, as a reader meets it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from playwright.sync_api import expect

from index.records import Document
from index.text.query import SYNTAX
from tests.browser.actions import ask, file, first, upload
from tests.browser.conftest import ATTACK, EXAMPLES, OIL, PERHAPS, SECRET, TREATY, open_library, serving
from tests.browser.source_reader import opened
from tests.hosted import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import APIResponse, Route

    from index.library.library import Library
    from tests.browser.conftest import Visit

QUESTION = "Who signed the treaty?"
QUOTE = "The king signed the treaty in the harbour."
FOREIGN = "Where is the parliament of Norway?"


# Answers


def test_a_question_is_answered_in_the_documents_own_words(site: str, visit: Visit) -> None:
    """Each sentence has its number, each number its card with the quote marked; screen readers hear of it."""
    page = visit(site)
    ask(page, QUESTION)
    expect(page.locator(".p-answer")).to_have_text(f"{QUOTE}[1]")
    expect(first(page).locator("mark")).to_have_text(QUOTE)
    expect(first(page).locator("h3")).to_have_text("Source 1: The Harbour Treaty")
    expect(first(page).locator(".p-place")).to_have_text("¶ 1")
    expect(first(page).locator(".p-score")).to_have_text(re.compile(r"Score 0\.\d\d|Score 1\.00"))
    expect(page.locator(".p-numbers").first).to_contain_text("documents")
    expect(page.locator("#live")).to_have_text("Answer ready. 1 sentence, 1 source.")
    expect(page).to_have_title(f"{QUESTION} · Pincite")


def test_a_number_names_its_source_and_leads_to_its_words(site: str, visit: Visit) -> None:
    """For those who do not see the page, and for those who open it in another window."""
    page = visit(site)
    ask(page, QUESTION)
    number = page.get_by_role("link", name="Source 1: The Harbour Treaty, ¶ 1")
    expect(number).to_have_attribute("href", re.compile(r"^d/[0-9a-f]{64}#\d+-\d+$"))
    card = first(page)
    for name in ("data-document", "data-start", "data-end", "data-n"):
        assert number.get_attribute(name) == card.get_attribute(name)


def test_passages_that_the_answer_does_not_use_stand_apart(site: str, visit: Visit) -> None:
    """With numbers that go on from those of the citations, and are hollow."""
    page = visit(site)
    ask(page, QUESTION)
    related = page.locator(".p-unused .p-card")
    expect(page.get_by_role("heading", name="Related passages")).to_be_visible()
    expect(related.first).to_have_attribute("data-n", "2")
    expect(related.first.locator("h3")).to_contain_text("Passage 2: ")
    colours = "node => getComputedStyle(node.querySelector('.p-number')).backgroundColor"
    assert related.first.evaluate(colours) != first(page).evaluate(colours)


def test_how_sure_it_is_is_said_in_words_and_on_demand_in_figures(site: str, visit: Visit) -> None:
    """The figure opens by key and closes by Escape, and focus is where it was."""
    page = visit(site)
    ask(page, QUESTION)
    sure = page.get_by_role("button", name=re.compile(r"^(Strong|Fair|Weak) match$"))
    expect(page.locator("#sure")).to_be_hidden()
    sure.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sure")).to_contain_text(
        re.compile(r"Confidence 0\.\d\d, from 0 to 1: how well the passages match")
    )
    page.keyboard.press("Escape")
    expect(page.locator("#sure")).to_be_hidden()
    expect(sure).to_be_focused()


def test_what_may_be_an_answer_is_shown_as_such(site: str, visit: Visit) -> None:
    """Under a heading of its own, each sentence apart, with its number; a note names the words that nobody mentions."""
    page = visit(site)
    ask(page, f"{PERHAPS}{QUESTION}")
    expect(page.get_by_role("heading", name="This may be it")).to_be_visible()
    expect(page.locator(".p-maybes li").first).to_have_text("The king signed the treaty in the harbour.[1]")
    expect(page.locator(".p-answer, .p-none")).to_have_count(0)
    expect(page.get_by_role("button", name="Weak match")).to_be_visible()
    expect(page.locator(".p-note em")).to_have_text(ATTACK)
    expect(page.locator("#live")).to_contain_text("Not sure: this may be it.")
    expect(first(page).locator("mark")).to_have_text("The king signed the treaty in the harbour.")


def test_each_passage_says_why_it_was_found(site: str, visit: Visit) -> None:
    """Ranks on both sides and the words in common are there for those who ask."""
    page = visit(site)
    ask(page, QUESTION)
    why = first(page).locator(".p-why")
    expect(why.locator("dl")).to_be_hidden()
    why.locator("summary").click()
    expect(why).to_contain_text(", rank 1")
    expect(why).to_contain_text("In commonsigned, treaty")


def test_what_is_marked_in_one_place_lights_up_in_all(site: str, visit: Visit) -> None:
    """Number, card, badge on the map and tick beside the page."""
    page = visit(site)
    ask(page, QUESTION)
    expect(page.locator("#marks .p-badge").first).to_be_visible()
    page.locator(".p-cite").first.hover()
    for name in (".p-cite", ".p-card", ".p-badge", ".p-strip i"):
        expect(page.locator(f'{name}[data-n="1"]').first).to_have_class(re.compile("p-hot"))
        expect(page.locator(f'{name}.p-hot:not([data-n="1"])')).to_have_count(0)


def test_the_map_is_fetched_once_for_each_change(own_site: tuple[str, Library], visit: Visit) -> None:
    """Marks of an answer that are older than the dots are no reason to fetch these again."""
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


def test_a_question_that_was_lost_on_its_way_is_answered(site: str, visit: Visit) -> None:
    """Accepted while the end of another event is on its way, it is listened for by nobody; so the page looks again."""
    page = visit(site)
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/queue/data?*", lambda route: held.append((route, route.fetch())), times=1)
    page.evaluate("document.querySelector('#refresh').click()")
    wait_until(lambda: page.evaluate("true") and bool(held))
    with page.expect_response("**/queue/join?*") as accepted:
        ask(page, QUESTION)
    accepted.value.finished()
    page.wait_for_timeout(100)
    route, ended = held[0]
    route.fulfill(response=ended)
    expect(first(page)).to_be_visible()


# No answer


def test_a_question_that_the_library_does_not_answer_says_so(site: str, visit: Visit) -> None:
    """With the nearest passage, what was searched, and what to try; the figure that decided is there."""
    page = visit(site)
    ask(page, FOREIGN)
    expect(page.get_by_role("heading", name="No answer in this library")).to_be_visible()
    expect(page.locator(".p-none")).to_contain_text("of 4 documents supports an answer")
    expect(page.locator(".p-none")).to_contain_text("an answer needs at least 0.55")
    expect(page.locator(".p-none")).to_contain_text("Name a person, a place or a term")
    expect(page.locator(".p-none")).not_to_contain_text("some are excluded")
    expect(page.get_by_role("heading", name="Nearest passages")).to_be_visible()
    expect(first(page)).to_have_class(re.compile("p-related"))
    expect(page.locator(".p-answer")).to_have_count(0)
    expect(page.locator("#live")).to_contain_text("No answer in this library.")
    page.locator(".p-more > summary").click()
    expect(page.locator(".p-card").nth(1)).to_be_visible()


def test_what_was_left_out_on_purpose_is_among_what_to_try(site: str, visit: Visit) -> None:
    """And the way to the Library is a click."""
    page = visit(site)
    page.get_by_role("checkbox", name="oil.txt").check()
    ask(page, FOREIGN)
    expect(page.locator(".p-none")).to_contain_text("Search all documents: some are excluded now.")
    page.locator(".p-none").get_by_role("button", name="Library").click()
    expect(page.get_by_role("tabpanel", name="Library")).to_be_visible()


def test_nothing_found_says_so_and_what_to_try(site: str, visit: Visit) -> None:
    """An empty result is a state of its own."""
    page = visit(site)
    ask(page, "nothing, please")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    expect(page.locator("#results")).to_contain_text("Name a person, a place or a term")


def test_an_operator_without_a_document_says_so(site: str, visit: Visit) -> None:
    """What was understood is told on the page and to screen readers; the documents are not greyed."""
    page = visit(site)
    ask(page, "treaty in:nowhere")
    expect(page.locator("#results .p-lead")).to_have_text("No document is what in:, type:, after: or before: ask for.")
    expect(page.locator("#live")).to_contain_text("Nothing was searched. No document is")
    expect(page.locator(".p-off")).to_have_count(0)


def test_an_empty_library_says_how_to_fill_it(empty_site: str, visit: Visit) -> None:
    """Whoever starts with nothing is led to the Library tab, and from there to the first question."""
    page = visit(empty_site)
    expect(page.get_by_role("heading", name="This library is empty")).to_be_visible()
    page.get_by_role("button", name="Add documents").click()
    expect(page.get_by_role("heading", name="Library", exact=True)).to_be_visible()
    upload(page, file("note.txt", "The king signed the treaty."))
    expect(page.get_by_role("tabpanel", name="Library")).to_contain_text("note.txt")
    page.get_by_role("tab", name="Ask", exact=True).click()
    expect(page.get_by_role("link", name=EXAMPLES[0])).to_be_visible()
    expect(page.locator("#map svg")).to_be_attached()


def test_an_empty_question_is_asked_for(site: str, visit: Visit) -> None:
    """Nothing is not a question, and not an error either."""
    page = visit(site)
    ask(page, "   ")
    expect(page.locator("#results")).to_contain_text("Write a question first")
    expect(page.get_by_label("Your question")).to_be_focused()


def test_what_pincite_refuses_is_shown_with_its_remedy(site: str, visit: Visit) -> None:
    """An error that was raised on purpose shows its message and its hint."""
    page = visit(f"{site}/?{urlencode({'q': 'why? ' * 100})}")
    expect(page.locator(".p-problem")).to_contain_text("300 are allowed.")
    expect(page.locator(".p-problem")).to_contain_text("Ask a shorter one")


def test_what_nobody_foresaw_is_not_shown(site: str, visit: Visit) -> None:
    """The text of any other exception stays on the server."""
    page = visit(site)
    ask(page, "fail, please")
    expect(page.locator(".p-problem")).to_contain_text("The server’s log has the details.")
    assert SECRET not in page.content()


# Narrowing


def test_the_search_can_be_restricted_to_some_documents(site: str, visit: Visit) -> None:
    """A checked pill leaves no other document in the results."""
    page = visit(site)
    page.get_by_role("checkbox", name="oil.txt").check()
    ask(page, QUESTION)
    expect(page.locator(".p-none")).to_contain_text("of 1 document supports")
    expect(first(page).locator("h3")).to_contain_text("oil.txt")


def test_many_documents_are_chosen_from_a_list(tmp_path: Path, visit: Visit) -> None:
    """Nine pills would be too many; the list holds, and sends, the same."""
    sources = {f"note {n}.txt": f"The king wrote letter {n}." for n in range(1, 10)}
    with open_library(tmp_path, sources) as library, serving(library) as url:
        page = visit(url)
        page.get_by_role("combobox", name="Search only in").click()
        page.get_by_role("option", name="note 4.txt").click()
        page.get_by_role("option", name="note 7.txt").click()
        ask(page, "Who wrote the letter?")
        expect(page.locator(".p-card")).to_have_count(2)
        names = "".join(page.locator(".p-card h3").all_inner_texts())
        assert "note 4.txt" in names
        assert "note 7.txt" in names
        assert "in=" in page.url
        page.close()  # before the server stops: the page would complain


def test_the_syntax_is_explained_on_demand(site: str, visit: Visit) -> None:
    """It opens and closes by key, fits a phone, and gives focus back."""
    page = visit(site, size={"width": 390, "height": 844})
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


def test_an_address_asks_again_in_a_fresh_browser(site: str, visit: Visit) -> None:
    """The address holds question and documents: sent to somebody else, it shows them the same."""
    page = visit(site)
    page.get_by_role("checkbox", name="oil.txt").check()
    ask(page, "What does oil cost?")
    expect(page.locator(".p-card")).to_have_count(1)
    assert "q=What+does+oil+cost" in page.url

    fresh = visit(page.url, fresh=True)
    expect(fresh.get_by_label("Your question")).to_have_value("What does oil cost?")
    expect(fresh).to_have_title("What does oil cost? · Pincite")
    expect(fresh.get_by_role("checkbox", name="oil.txt")).to_be_checked()
    expect(fresh.locator(".p-card")).to_have_count(1)
    expect(first(fresh).locator("mark")).to_contain_text("The price of oil fell in summer.")


def test_going_back_brings_the_former_question(site: str, visit: Visit) -> None:
    """Each question is a page in the history of the browser; so it is forth again."""
    page = visit(site)
    ask(page, QUESTION)
    expect(first(page).locator("mark")).to_have_text(QUOTE)
    ask(page, "What does oil cost?")
    expect(first(page).locator("mark")).to_contain_text("oil")
    page.go_back()
    expect(page.get_by_label("Your question")).to_have_value(QUESTION)
    expect(first(page).locator("mark")).to_have_text(QUOTE)
    page.go_forward()
    expect(page.get_by_label("Your question")).to_have_value("What does oil cost?")
    expect(first(page).locator("mark")).to_contain_text("oil")


def test_the_link_of_an_answer_is_copied(site: str, visit: Visit) -> None:
    """Whole, as another browser needs it."""
    page = visit(f"{site}/?{urlencode({'q': QUESTION})}")
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.locator(".p-toast")).to_have_text("Link copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{site}/?q=Who+signed+the+treaty%3F"


# Examples


def test_an_example_is_asked_as_it_stands(site: str, visit: Visit) -> None:
    """An example may hold any character; focus moves to the answer, for what had it is gone."""
    page = visit(site)
    page.get_by_role("link", name=EXAMPLES[1]).click()
    expect(page.get_by_label("Your question")).to_have_value(EXAMPLES[1])
    expect(first(page).locator("mark")).to_contain_text("oil")
    expect(page.locator("#results")).to_be_focused()


def test_examples_come_from_the_library_where_none_are_given(tmp_path: Path, visit: Visit) -> None:
    """From its headings; each is answered by it."""
    text = "# The Harbour Treaty\n\nThe king signed it.\n\n## Who kept a garden?\n\nThe queen kept a garden."
    with open_library(tmp_path, {"treaty.md": text, "oil.txt": OIL}) as library, serving(library, examples=()) as url:
        page = visit(url)
        examples = page.locator(".p-examples a")
        expect(examples).to_have_text(["Who kept a garden?"])
        examples.click()
        expect(page.locator(".p-answer")).to_contain_text("The queen kept a garden.")
        page.close()  # before the server stops: the page would complain


# Copies


def test_copies_of_a_passage_are_named_below_it(tmp_path: Path, visit: Visit) -> None:
    """One text in several files is one card; the others are named in it, and have ticks that light up with it."""
    sources = {f"copy {n}.md": TREATY for n in range(4)} | {
        "treaty.md": f"{TREATY}\nThe clock struck.\n",
        "oil.txt": OIL,
    }
    with open_library(tmp_path, sources) as library, serving(library) as url:
        page = visit(f"{url}/?{urlencode({'q': QUESTION})}")
        also = first(page).locator(".p-also")
        expect(first(page).locator("mark")).to_have_text(QUOTE)
        expect(also.locator("ul")).to_be_hidden()
        also.locator("summary").click()
        expect(also.locator("li").first).to_contain_text("The Harbour Treaty · § The Harbour Treaty, ¶ 1")
        ticks = page.locator('.p-strip i[data-n="1"]')
        assert ticks.count() > 1
        first(page).hover()
        expect(page.locator(".p-strip i.p-hot")).to_have_count(ticks.count())
        also.get_by_role("link").first.click()
        expect(opened(page).locator("mark")).to_have_text(QUOTE)
        page.close()  # before the server stops: the page would complain
