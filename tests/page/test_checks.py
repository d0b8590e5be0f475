"""The Check tab: its form, its route, and a checked text as markup."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from index.library.library import Library
from index.page import create_app, forms
from index.records import Check, Citation, DocumentInfo, Location, Statement
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ATTACK = '<img src=x onerror=alert(1)> ${1} {{ 7*7 }} " onclick=x'
INFO = DocumentInfo("5e" * 32, "/home/me/treaty.md", f"T {ATTACK}", ATTACK, "1912", "text/markdown", 99, 0, 1)
CITATION = Citation(1, INFO, Location("", ATTACK, 1), 0, len(ATTACK), ATTACK)
FROM_PAGE = {"X-Pincite": "page"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server that takes short texts."""
    folder: Path = tmp_path_factory.mktemp("checks")
    (folder / "treaty.txt").write_text("The king signed the treaty in 1912. Nobody saw the whale.", encoding="utf-8")
    settings = Settings(passage_tokens=40, max_text_characters=100, max_check_sentences=2)
    with Library.open(folder / "library", settings, encoder=FakeEncoder()) as library:
        library.add(folder / "treaty.txt")
        with TestClient(create_app(library, settings), base_url="http://127.0.0.1") as client:
            yield client


def bare(html: str) -> str:
    """What a reader sees."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def test_every_sentence_is_shown_with_what_it_rests_on() -> None:
    """Support, contradiction and the nearest words are told apart in words."""
    statements = (
        Statement("It was signed.", (1,), "supported"),
        Statement("It was 1913.", (1,), "contradicted", "1913 here, 1912 in the source"),
        Statement("It flew.", (), "unverified", "not in the source: *flew*", nearest=1),
        Statement("Why?", (), "unverified", "Not checked: a question states nothing.", is_claim=False),
    )
    html = forms.check(Check(statements, (CITATION,), ("No passage mentions *Brazil*.",)))
    shown = bare(html)
    for words in (
        "Supported It was signed. In the source: ",
        "Contradicted: 1913 here, 1912 in the source It was 1913. The source says: ",
        "Not verified: not in the source: flew It flew. Nearest words: ",
        "Not checked: a question states nothing. Why?",
    ):
        assert words in shown
    assert "<em><bdi>Brazil</bdi></em>" in html
    assert html.count("<blockquote") == 3


def test_nothing_of_a_text_or_a_document_becomes_markup() -> None:
    """Wherever it is inserted."""
    statement = Statement(ATTACK, (1,), "contradicted", f"*{ATTACK}*")
    html = forms.check(Check((statement,), (CITATION,), (ATTACK,)))
    assert "<img" not in html
    assert not re.search(r"<[^>]*onclick", html)


def test_words_are_not_repeated_where_the_sentence_is_the_same() -> None:
    """The place is enough."""
    citation = Citation(1, INFO, Location(), 0, 8, "It\nflew.")
    html = forms.check(Check((Statement("It flew.", (1,), "verbatim"),), (citation,)))
    assert bare(html).count("It flew.") == 1
    assert 'data-act="source"' in html


def test_a_form_is_answered_with_the_checked_text(client: TestClient) -> None:
    """As a fragment that no cache keeps."""
    text = "The king signed the treaty in 1912. Why?"
    response = client.post("/page/check", data={"text": text}, headers=FROM_PAGE)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert "1 of 1 sentences supported; 1 states nothing" in bare(response.text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (" ", "There is no text to check."),
        ("x" * 101, "101 characters are too many: at most 100"),
        ("\U0001f600" * 101, "101 characters are too many: at most 100"),
        ("x" * 100_000, "characters are too many: at most 100"),
        ("It rained. It snowed. It hailed.", "3 sentences are too many: at most 2"),
    ],
)
def test_what_cannot_be_checked_says_why(client: TestClient, text: str, says: str) -> None:
    """In the place of the outcome."""
    assert says in bare(client.post("/page/check", data={"text": text}, headers=FROM_PAGE).text)


def test_only_the_page_may_ask(client: TestClient) -> None:
    """A form of another site has no header of its own choice; one of many fields is none of ours."""
    assert client.post("/page/check", data={"text": "x"}).status_code == 403
    assert client.post("/page/check", data={f"f{n}": "1" for n in range(9)}, headers=FROM_PAGE).status_code == 400
