"""The Questions tab: many questions are answered in a table."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from index.records import Document, texts
from index.settings import Settings
from tests.browser.actions import file_payload
from tests.browser.conftest import OIL, TREATY, ScriptedLibrary, open_library, running_site
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from playwright.sync_api import Locator, Page

    from index.records import Answer
    from tests.browser.conftest import Visit

NAME = "who-signed-the-treaty-and-1-more"
SIGNED, FELL, UNKNOWN = "Who signed the treaty?", "Did the price of oil fall in summer?", "Where is the volcano?"


@pytest.fixture(scope="module")
def batch_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a page over the treaty and the price of oil."""
    sources = {"treaty.md": TREATY, "oil.txt": OIL}
    with open_library(tmp_path_factory.mktemp("batch"), sources) as library, running_site(library) as url:
        yield url


def ask_all(page: Page, *questions: str) -> None:
    """Open the Questions tab, enter the questions and press the button."""
    page.get_by_role("tab", name="Questions").click()
    page.get_by_label("Questions, one per line").fill("\n".join(questions))
    page.get_by_role("button", name="Ask them all").click()


def row(page: Page, question: str) -> Locator:
    """Return the row of a question."""
    return page.locator(".p-answers tbody tr").filter(has_text=question)


def finished_batch(page: Page) -> Locator:
    """Return the newest batch, which has ended."""
    return page.locator("#p-batches > details").first.filter(has_text="Download")


def test_questions_are_answered_in_a_table(batch_site: str, visit: Visit) -> None:
    """A row has answer, quote, document, location and match; or the nearest passage; or a reason."""
    page = visit(batch_site)
    ask_all(page, "")
    expect(page.locator("#p-batch-outcome")).to_contain_text("Write one question per line, or load them from a file.")
    expect(page.locator("#live")).to_contain_text("There is no question.")
    expect(page.locator("#p-batches details")).to_have_count(0)
    ask_all(page, SIGNED, FELL, UNKNOWN, "x" * 2001)
    expect(finished_batch(page)).to_contain_text("4 questions")
    signed = row(page, SIGNED).get_by_role("cell")
    expect(signed.nth(0)).to_have_text("The king signed the treaty in the harbour. [1]")
    expect(signed.nth(1)).to_have_text("The king signed the treaty in the harbour.")
    expect(signed.nth(2)).to_contain_text("The Harbour Treaty")
    expect(signed.nth(2)).to_contain_text("¶ 1")
    expect(signed.nth(3)).to_have_text("Strong match")
    expect(row(page, UNKNOWN)).to_contain_text(texts.NO_ANSWER)
    expect(row(page, UNKNOWN)).to_contain_text("Nearest:")
    expect(row(page, "x" * 99)).to_contain_text("Not answered")
    expect(row(page, "x" * 99)).to_contain_text("Ask a shorter one")
    expect(page.locator("#live")).to_have_text("4 questions: 2 answered, 1 without an answer, 1 failed")


def test_questions_are_loaded_from_a_file(batch_site: str, visit: Visit) -> None:
    """They are appended to the box, to be reviewed before they are asked; a broken file shows its error."""
    page = visit(batch_site)
    page.get_by_role("tab", name="Questions").click()
    box, chooser = page.get_by_label("Questions, one per line"), page.get_by_label("Load them from a file")
    box.fill(SIGNED)
    chooser.set_input_files(file_payload("more.csv", f'n,question\n1,"{FELL}"\n2,"{UNKNOWN}"\n'))
    expect(box).to_have_value(f"{SIGNED}\n{FELL}\n{UNKNOWN}")
    expect(box).to_be_focused()
    expect(page.locator("#live")).to_have_text("3 questions")
    chooser.set_input_files(file_payload("broken.jsonl", '{"question": "Who?"}\n{}'))
    expect(page.locator("#p-batch-outcome")).to_contain_text("broken.jsonl, line 2: there is no question.")
    expect(page.locator("#p-batch-outcome")).to_contain_text("Fix that line and try again.")
    expect(box).to_have_value(f"{SIGNED}\n{FELL}\n{UNKNOWN}")
    page.get_by_role("button", name="Ask them all").click()
    expect(page.locator(".p-answers tbody tr")).to_have_count(3)
    expect(page.locator("#p-batch-outcome")).to_be_empty()


def test_batch_is_restricted_to_chosen_documents(batch_site: str, visit: Visit) -> None:
    """The list of documents can be searched, and the links of the table have the same restriction."""
    page = visit(batch_site)
    page.get_by_role("tab", name="Questions").click()
    page.get_by_text(texts.SEARCH_ONLY_IN).last.click()
    page.get_by_role("checkbox", name="oil.txt").check()
    page.get_by_label(texts.FIND_A_DOCUMENT).last.fill("harbour")
    expect(page.get_by_role("checkbox", name="The Harbour Treaty")).to_be_visible()
    expect(page.get_by_role("checkbox", name="oil.txt")).to_be_checked()
    expect(page.locator("#p-within")).to_have_text("1 of the documents")
    ask_all(page, SIGNED, FELL)
    expect(row(page, SIGNED)).to_contain_text(texts.NO_ANSWER)
    expect(row(page, FELL)).to_contain_text("The price of oil fell in summer.")
    row(page, FELL).get_by_role("rowheader").get_by_role("link").click()
    expect(page.locator("#pills").get_by_role("checkbox", name="oil.txt")).to_be_checked()
    expect(page.locator("#results .p-answer")).to_contain_text("The price of oil fell in summer.")


class ThrottledLibrary(ScriptedLibrary):
    """A library that answers only as many questions as the semaphore permits."""

    permits: threading.Semaphore

    def ask_stream(self, question: str, **options: Any) -> Generator[str | Answer, None, None]:
        """Wait for a permit, then answer."""
        assert self.permits.acquire(timeout=60)
        return super().ask_stream(question, **options)


@pytest.fixture
def throttled_site(tmp_path: Path) -> Iterator[tuple[str, threading.Semaphore]]:
    """Return the address of a page over a throttled library, and its semaphore."""
    with (
        ThrottledLibrary.open(tmp_path / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library,
        running_site(library) as url,
    ):
        library.permits = threading.Semaphore(0)
        library.add_documents([Document("a" * 64, "/treaty.txt", "", "", "", "text/plain", "The king signed it.", ())])
        yield url, library.permits
        library.permits.release(1000)


def test_batch_shows_progress_and_can_be_cancelled(
    throttled_site: tuple[str, threading.Semaphore], visit: Visit
) -> None:
    """Rows appear as they are answered; the answered rows can still be read and downloaded after cancelling."""
    url, permits = throttled_site
    page = visit(url)
    permits.release(2)
    ask_all(page, *(f"Who signed treaty {n}?" for n in range(100)))
    expect(page.get_by_role("progressbar", name="Asking 100 questions")).to_be_visible()
    expect(row(page, "Who signed treaty 1?")).to_contain_text("The king signed it.")
    with page.expect_response("**/cancel"):
        page.get_by_role("button", name="Cancel").click()
    permits.release(100)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(finished_batch(page)).to_contain_text("100 questions, cancelled")
    with page.expect_download() as downloading:
        finished_batch(page).get_by_role("link", name="JSONL").click()
    answered = len(Path(downloading.value.path()).read_text().splitlines())
    assert 2 <= answered < 100
    expect(page.locator(".p-answers tbody tr")).to_have_count(answered)
    page.get_by_role("button", name="Close this table").click()
    expect(page.locator("#p-batches details")).to_have_count(0)


def test_reopened_page_shows_its_batches(throttled_site: tuple[str, threading.Semaphore], visit: Visit) -> None:
    """The newest batch is open, the others are closed, and the rows are unchanged."""
    url, permits = throttled_site
    page = visit(url)
    permits.release(1)
    ask_all(page, "Who signed treaty 1?")
    expect(finished_batch(page)).to_contain_text("1 question")
    ask_all(page, *(f"Who signed treaty {n}?" for n in range(2, 12)))
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.close()
    page = visit(url)
    permits.release(10)
    page.get_by_role("tab", name="Questions").click()
    expect(finished_batch(page)).to_contain_text("10 questions")
    expect(row(page, "Who signed treaty 11?")).to_be_visible()
    expect(row(page, "Who signed treaty 1?")).to_be_hidden()
    page.get_by_role("heading", name="1 question", exact=True).click()
    expect(row(page, "Who signed treaty 1?")).to_be_visible()
