"""Pages under load: browsers are answered while other clients ask over HTTP and files are added and removed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.actions import ask
from tests.browser.source_reader import HTML, MARKDOWN, PDF, QUESTIONS, WORD, document_site
from tests.nightly import length
from tests.service.crowd import Account, ask_at_once, changing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import Visit

CLIENTS = length(4, 8)
PAGES = 3
PASSING_TEXT = "The regimental set number {} was delivered to the harbour, where the comet fell."
EXPECTED = {PDF: "Kovykta", HTML: "regimental set", MARKDOWN: "US$100 billion"}


def test_pages_are_answered_under_load(tmp_path: Path, visit: Visit) -> None:
    """Every page shows the answer to its own question, and no client gets an error."""
    with document_site(tmp_path, MARKDOWN, PDF, HTML, WORD) as (url, _):
        pages = [visit(url, fresh=number > 0) for number in range(PAGES)]
        accounts: list[Account] = []
        with changing(url, PASSING_TEXT) as changes:
            questions = [QUESTIONS[name] for name in (MARKDOWN, PDF, HTML, WORD)] * length(2, 3)
            crowd = threading.Thread(
                target=lambda: accounts.append(ask_at_once(url, questions, clients=CLIENTS, changes=changes))
            )
            crowd.start()
            for turn in range(PAGES):
                asked = [list(EXPECTED)[(turn + number) % PAGES] for number in range(PAGES)]
                for page, name in zip(pages, asked, strict=True):
                    ask(page, QUESTIONS[name])
                for page, name in zip(pages, asked, strict=True):
                    expect(page.locator("#results .p-answer")).to_contain_text(EXPECTED[name], timeout=60_000)
            crowd.join()
        assert accounts[0].troubles == []
        assert changes.troubles == []
        assert changes.added > 0
        for page in pages:
            page.close()  # before the server stops, which the page would report
