"""The Ask tab, as a reader meets it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from playwright.sync_api import expect

from index.querying import SYNTAX
from tests.browser.acting import ask, file, first, upload
from tests.browser.conftest import EXAMPLES, OIL, SECRET, TREATY, open_library, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import Visit

PIN = "The king signed the treaty in the harbour."


def test_a_question_finds_the_passage_and_marks_the_sentence(site: str, visit: Visit) -> None:
    """The pin is in a mark; title, place, score and numbers stand beside it; screen readers hear of it."""
    page = visit(site)
    ask(page, "Which monarch signed the accord?")
    expect(first(page).locator("mark")).to_have_text(PIN)
    expect(first(page).locator("h3")).to_contain_text("The Harbour Treaty")
    expect(first(page).locator(".p-place")).to_contain_text("§ The Harbour Treaty")
    expect(first(page).locator(".p-score")).to_have_text(re.compile(r"Score 0\.\d\d|Score 1\.00"))
    expect(page.locator(".p-numbers")).to_contain_text("4 documents")
    expect(page.locator("#live")).to_contain_text("found in 4 documents.")
    expect(page).to_have_title("Which monarch signed the accord? · Pincite")


def test_each_passage_says_why_it_was_found(site: str, visit: Visit) -> None:
    """Ranks on both sides and the words in common are there for those who ask."""
    page = visit(site)
    ask(page, "Who signed the treaty?")
    why = first(page).locator(".p-why")
    expect(why.locator("dl")).to_be_hidden()
    why.locator("summary").click()
    expect(why).to_contain_text(", rank 1")
    expect(why).to_contain_text("In commonsigned, treaty")
    expect(why).to_contain_text("In the mark")


def test_a_quote_is_copied_with_its_reference(site: str, visit: Visit) -> None:
    """What is pasted elsewhere says where it is from."""
    page = visit(site)
    ask(page, "Who signed the treaty?")
    first(page).get_by_role("button", name="Copy quote").click()
    expect(page.locator(".p-toast")).to_have_text("Quote copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"“{PIN}”\nThe Harbour Treaty, § The Harbour Treaty, ¶ 1"


def test_the_search_can_be_restricted_to_some_documents(site: str, visit: Visit) -> None:
    """A checked pill leaves no other document in the results."""
    page = visit(site)
    page.get_by_role("checkbox", name="oil.txt").check()
    ask(page, "Who signed the treaty?")
    expect(page.locator(".p-numbers")).to_contain_text("1 document ·")
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
    """Each question is a page in the history of the browser."""
    page = visit(site)
    ask(page, "Who signed the treaty?")
    expect(first(page).locator("mark")).to_have_text(PIN)
    ask(page, "What does oil cost?")
    expect(first(page).locator("mark")).to_contain_text("oil")
    page.go_back()
    expect(page.get_by_label("Your question")).to_have_value("Who signed the treaty?")
    expect(first(page).locator("mark")).to_have_text(PIN)


def test_an_example_is_asked_as_it_stands(site: str, visit: Visit) -> None:
    """An example may hold any character."""
    page = visit(site)
    page.get_by_role("link", name=EXAMPLES[1]).click()
    expect(page.get_by_label("Your question")).to_have_value(EXAMPLES[1])
    expect(first(page).locator("mark")).to_contain_text("oil")


def test_an_empty_question_is_asked_for(site: str, visit: Visit) -> None:
    """Nothing is not a question, and not an error either."""
    page = visit(site)
    ask(page, "   ")
    expect(page.locator("#results")).to_contain_text("Write a question first")
    expect(page.get_by_label("Your question")).to_be_focused()


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
    expect(page.locator("#live")).to_contain_text("Nothing found. No document is")
    expect(page.get_by_role("heading", name="The library", exact=True)).to_be_visible()
    ask(page, "treaty in:oil.txt")
    expect(page.locator(".p-numbers")).to_contain_text("1 document ·")


def test_the_operators_are_listed_below_the_question(site: str, visit: Visit) -> None:
    """They open and close by key, stay open while questions are asked, and fit a phone."""
    page = visit(site, size={"width": 390, "height": 844})
    operators = page.locator("#operators")
    expect(operators.locator("dl")).to_be_hidden()
    page.get_by_label("Your question").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(operators.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    for example, meaning in SYNTAX:
        expect(operators.get_by_text(example, exact=True)).to_be_visible()
        expect(operators.get_by_text(meaning, exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ask(page, "Who signed the treaty?")
    expect(first(page).locator("mark")).to_have_text(PIN)
    expect(operators.locator("dl")).to_be_visible()
    operators.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(operators.locator("dl")).to_be_hidden()


def test_copies_of_a_passage_are_named_below_it(tmp_path: Path, visit: Visit) -> None:
    """One text in several files is one card; the others are named in it, and have ticks that light up with it."""
    sources = {f"copy {n}.md": TREATY for n in range(4)} | {
        "treaty.md": f"{TREATY}\nThe clock struck.\n",
        "oil.txt": OIL,
    }
    with open_library(tmp_path, sources) as library, serving(library) as url:
        page = visit(f"{url}/?q=Which+monarch+signed+the+accord%3F")
        also = first(page).locator(".p-also")
        expect(first(page).locator("mark")).to_have_text(PIN)
        expect(also.locator("ul")).to_be_hidden()
        also.locator("summary").click()
        expect(also.locator("li").first).to_contain_text("The Harbour Treaty · § The Harbour Treaty, ¶ 1")
        ticks = page.locator('.p-strip i[data-n="1"]')
        assert ticks.count() > 1
        first(page).hover()
        expect(page.locator(".p-strip i.p-hot")).to_have_count(ticks.count())
        page.close()  # before the server stops: the page would complain


def test_an_empty_library_says_how_to_fill_it(empty_site: str, visit: Visit) -> None:
    """Whoever starts with nothing is led to the Library tab, and from there to the first question."""
    page = visit(empty_site)
    expect(page.get_by_role("heading", name="This library is empty")).to_be_visible()
    page.get_by_role("button", name="Add documents").click()
    expect(page.get_by_role("heading", name="Library", exact=True)).to_be_visible()
    upload(page, file("note.txt", "The king signed the treaty."))
    expect(page.locator(".p-table")).to_contain_text("note.txt")
    page.get_by_role("tab", name="Ask").click()
    expect(page.get_by_role("link", name=EXAMPLES[0])).to_be_visible()


def test_what_pincite_refuses_is_shown_with_its_remedy(site: str, visit: Visit) -> None:
    """An error that was raised on purpose shows its message and its hint."""
    page = visit(f"{site}/?{urlencode({'q': 'why? ' * 100})}")
    expect(page.locator(".p-problem")).to_contain_text("300 are allowed.")
    expect(page.locator(".p-problem")).to_contain_text("Ask a shorter one")


def test_what_nobody_foresaw_is_not_shown(site: str, visit: Visit) -> None:
    """The text of any other exception stays on the server."""
    page = visit(site)
    ask(page, "fail, please")
    expect(page.locator(".p-problem")).to_contain_text("The server’s log says what.")
    assert SECRET not in page.content()


def test_everything_can_be_done_from_the_keyboard(site: str, visit: Visit) -> None:
    """Slash focuses, Escape leaves, Enter asks, arrows change tabs."""
    page = visit(site)
    box = page.get_by_label("Your question")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).not_to_be_focused()
    page.keyboard.press("/")
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    page.keyboard.type("Who signed the treaty?")
    page.keyboard.press("Enter")
    expect(first(page).locator("mark")).to_have_text(PIN)
    page.get_by_role("tab", name="Ask").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Library")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Library").blur()
    page.keyboard.press("/")
    expect(box).to_be_focused()
