"""The Check tab: its form, its route, and a checked text as markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from index.page import forms
from index.records import Check, Citation, DocumentInfo, Location, Statement
from index.settings import Settings
from tests.libraries import filled_library
from tests.page.conftest import ASKED_BY_THE_PAGE, running_routes, visible_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.testclient import TestClient

ATTACK = '<img src=x onerror=alert(1)> ${1} {{ 7*7 }} " onclick=x'
INFO = DocumentInfo("5e" * 32, "/home/me/treaty.md", f"T {ATTACK}", ATTACK, "1912", "text/markdown", 99, 0, 1)
CITATION = Citation(1, INFO, Location("", ATTACK, 1), 0, len(ATTACK), ATTACK)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a page over one document, with low limits for checked texts."""
    settings = Settings(passage_tokens=40, max_text_characters=100, max_check_sentences=2)
    files = {"treaty.txt": "The king signed the treaty in 1912. Nobody saw the whale."}
    with (
        filled_library(tmp_path_factory.mktemp("checks"), files, settings) as library,
        running_routes(library, settings) as client,
    ):
        yield client


def test_checked_sentence_is_shown_with_its_source() -> None:
    """The words before each quotation say whether it supports, contradicts or is only the nearest."""
    statements = (
        Statement("It was signed.", (1,), "supported"),
        Statement("It was written.", (1,), "perhaps", "The nearest words may say this."),
        Statement("It was 1913.", (1,), "contradicted", "1913 here, 1912 in the source"),
        Statement("It flew.", (), "unverified", "not in the source: *flew*", nearest=1),
        Statement("Why?", (), "unverified", "Not checked: a question states nothing.", is_claim=False),
    )
    html = forms.check(Check(statements, (CITATION,), ("No passage mentions *Brazil*.",)))
    text = visible_text(html)
    for expected in (
        "Supported It was signed. In the source: ",
        "Perhaps: The nearest words may say this. It was written. Please compare: ",
        "Contradicted: 1913 here, 1912 in the source It was 1913. The source says: ",
        "Not verified: not in the source: flew It flew. Nearest words: ",
        "Not checked: a question states nothing. Why?",
    ):
        assert expected in text
    assert "<em><bdi>Brazil</bdi></em>" in html
    assert html.count("<blockquote") == 4


def test_checked_text_is_escaped_and_not_quoted_again() -> None:
    """Neither the text nor a document's fields become markup; a link suffices if sentence and source are the same."""
    statement = Statement(ATTACK, (1,), "contradicted", f"*{ATTACK}*")
    html = forms.check(Check((statement,), (CITATION,), (ATTACK,)))
    assert "<img" not in html
    assert not re.search(r"<[^>]*onclick", html)
    citation = Citation(1, INFO, Location(), 0, 8, "It\nflew.")
    html = forms.check(Check((Statement("It flew.", (1,), "verbatim"),), (citation,)))
    assert visible_text(html).count("It flew.") == 1
    assert 'data-act="source"' in html


def test_check_route_returns_the_checked_text(client: TestClient) -> None:
    """The response is a fragment that caches must not store."""
    text = "The king signed the treaty in 1912. Why?"
    response = client.post("/page/check", data={"text": text}, headers=ASKED_BY_THE_PAGE)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert "1 of 1 sentences supported; 1 states nothing" in visible_text(response.text)
    assert client.post("/page/check", data={"text": "x"}).status_code == 403  # a form of another site has no header
    form = {f"f{n}": "1" for n in range(9)}
    assert client.post("/page/check", data=form, headers=ASKED_BY_THE_PAGE).status_code == 400


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" ", "There is no text to check."),
        ("x" * 101, "101 characters are too many: at most 100"),
        ("\U0001f600" * 101, "101 characters are too many: at most 100"),
        ("x" * 100_000, "characters are too many: at most 100"),
        ("It rained. It snowed. It hailed.", "3 sentences are too many: at most 2"),
    ],
)
def test_uncheckable_text_is_answered_with_the_reason(client: TestClient, text: str, message: str) -> None:
    """The reason is shown in place of the result."""
    assert message in visible_text(client.post("/page/check", data={"text": text}, headers=ASKED_BY_THE_PAGE).text)
