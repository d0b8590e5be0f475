"""The page without a browser: its events, what surrounds it, and the application that serves it."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.testclient import TestClient

from index.errors import EncoderError
from index.page import answer_view, create_app
from index.page.ask_events import MAX_ANSWERS, AnswerCache, AskEvents
from index.page.fragments import PARTS, STATIC
from index.page.routes import add_fragments
from index.page.web_app import POLICY, PageMiddleware
from index.records import Answer, Document
from index.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

    from index.library.library import Library
    from tests.conftest import Write

EXAMPLES = ("Who signed the treaty?",)
NONE = Answer("q", "abstained", 0.0, 0.6, (), (), (), (0, 0), "quote", {})


# Before a question


def test_examples_are_made_once_for_each_state_of_the_library(
    library: Library, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And made again when it has changed; where they cannot be made, there are none."""
    made: list[int] = []

    def suggestions(self: Library) -> list[str]:
        made.append(self.generation())
        if len(made) == 3:
            raise EncoderError("It is gone.")
        return [f"Question {len(made)}?"]

    monkeypatch.setattr("index.library.library.Library.suggestions", suggestions)
    asking = AskEvents(library, Settings(), ())

    def first() -> str:
        return str(asking.refresh("", [], []).beginning)

    assert "This library is empty" in first()
    library.add(write("a.txt", "The king signed the treaty."))
    assert "Question 1?" in first()
    assert "Question 1?" in first()
    library.add(write("b.txt", "The queen kept a garden."))
    assert "Question 2?" in first()
    library.add(write("c.txt", "The whale followed the ship."))
    assert "Try one of these" not in first()


def test_a_changed_library_keeps_the_answer_and_the_choice(library: Library, write: Write) -> None:
    """What is read is not taken away; a document that is gone is no longer chosen."""
    library.add([write("a.txt", "The king signed the treaty."), write("b.txt", "The queen kept a garden.")])
    infos = library.documents()
    asking = AskEvents(library, Settings(), EXAMPLES)
    shown = asking.refresh("Who signed?", [infos[0].id, "gone"], [])
    assert "__type__" in shown.strips
    assert shown.pills["value"] == [infos[0].id]
    assert len(shown.pills["choices"]) == 2
    assert "p-strip" in asking.refresh("", [], []).strips


@pytest.mark.parametrize(
    ("documents", "chosen", "pills", "listed"),
    [
        (0, (), 0, 0),
        (1, (), 0, 0),
        (2, (1,), 2, 0),
        (8, (), 8, 0),
        (9, (3,), 0, 9),
        (1000, (), 0, 1000),
        (1001, (), 0, 0),
        (1001, (5, 7), 0, 2),
    ],
)
def test_documents_are_chosen_as_their_number_allows(
    library: Library, documents: int, chosen: tuple[int, ...], pills: int, listed: int
) -> None:
    """By pills, by a list, or in the question; one alone is not chosen at all."""
    made = (
        Document(f"{n:064}", f"/{n:04}.txt", "", "", "", "text/plain", "The king wrote.", ()) for n in range(documents)
    )
    library.add_documents(made)
    shown = AskEvents(library, Settings(), EXAMPLES).overview([f"{n:064}" for n in chosen])
    for update, number in ((shown.pills, pills), (shown.listed, listed)):
        assert len(update["choices"]) == number
        assert update["visible"] == (number > 0)
        assert update["value"] == ([f"{n:064}" for n in chosen] if number else [])


# What is remembered


def test_answers_are_remembered_for_a_while() -> None:
    """By keys that nobody guesses; the oldest goes first."""
    remembered = AnswerCache()
    keys = [remembered.keep(replace(NONE, question=str(n))) for n in range(MAX_ANSWERS + 1)]
    assert len(set(keys)) == MAX_ANSWERS + 1
    assert all(len(key) >= 16 for key in keys)
    assert remembered.find(keys[0]) is None
    newest = remembered.find(keys[-1])
    assert newest is not None
    assert newest.question == str(MAX_ANSWERS)
    assert remembered.find("") is None


# What surrounds the page


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that serves a page at / and its path elsewhere."""
    page = '<html><head><meta property="og:title" content="Gradio" /></head><body class="x">Hi</body></html>'
    response = HTMLResponse(page) if scope["path"] == "/" else PlainTextResponse(scope["path"])
    await response(scope, receive, send)


@pytest.fixture
def client() -> TestClient:
    """The middleware around it."""
    return TestClient(PageMiddleware(inner, head="<link rel=ours>", body="<noscript>"))


def test_the_page_gets_our_head_and_loses_what_is_said_of_gradio(client: TestClient) -> None:
    """Compressed for those who take it."""
    response = client.get("/")
    assert response.text == '<html><head><link rel=ours></head><body class="x"><noscript>Hi</body></html>'
    assert response.headers["content-encoding"] == "gzip"
    plain = client.get("/", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert int(plain.headers["content-length"]) == len(plain.content)
    assert gzip.decompress(gzip.compress(plain.content)) == response.content


@pytest.mark.parametrize("path", ["/", "/gradio_api/info"])
def test_every_answer_carries_the_policy(client: TestClient, path: str) -> None:
    """Whoever answers, and whatever."""
    headers = client.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"


def test_what_is_named_by_its_contents_may_be_kept(client: TestClient) -> None:
    """And nothing else may, above all not the page, which names it."""
    assert "immutable" in client.get("/ui/page.css?v=1").headers["cache-control"]
    assert "cache-control" not in client.get("/ui/page.css").headers
    assert client.get("/").headers["cache-control"] == "no-cache"


# The application


@pytest.fixture
def app(library: Library) -> Iterator[TestClient]:
    """The whole of it, over an empty library."""
    with TestClient(create_app(library, Settings(max_file_megabytes=1))) as client:
        yield client


def test_the_application_answers(app: TestClient) -> None:
    """Page, style, script and health."""
    assert app.get("/healthz").status_code == 200
    page = app.get("/").text
    addresses = re.findall(r"ui/[a-z]+\.(?:css|js)\?v=[0-9a-f]+", page)
    assert [address.partition("?")[0] for address in addresses] == ["ui/page.css", "ui/page.js"]
    for address in addresses:
        response = app.get(f"/{address}")
        assert response.status_code == 200
        assert response.headers["content-encoding"] == "gzip"
        assert "immutable" in response.headers["cache-control"]
    assert "<title>Pincite</title>" in page
    assert "og:" not in page


def test_every_static_file_is_served() -> None:
    """None is left out of the two files that are fetched; the mark is the icon."""
    parts = [part for parts in PARTS.values() for part in parts]
    assert sorted([*parts, "mark.svg"]) == sorted(path.name for path in STATIC.iterdir())


def test_the_service_is_there_beside_the_page(app: TestClient) -> None:
    """Its routes and its documentation, which asks no other host."""
    assert app.get("/v1/documents").json()
    docs = app.get("/docs").text
    assert "swagger" in docs
    assert not re.findall(r"(?:src|href)=.https?://", docs)


def test_other_origins_are_not_let_in(app: TestClient) -> None:
    """Gradio on its own would let any page call it, with the visitor's cookies."""
    headers = app.get("/config", headers={"origin": "https://evil.example", "host": "pincite.example"}).headers
    assert "access-control-allow-origin" not in headers


def test_the_map_is_fetched_apart(app: TestClient, library: Library, write: Write) -> None:
    """Nothing of an empty library; of another one, when it has been made."""
    library.map(wait=True)
    assert app.get("/page/map").status_code == 204
    library.add(write("a.txt", "The king signed the treaty. The queen kept a garden."))
    library.map(wait=True)
    response = app.get("/page/map")
    assert response.status_code == 200
    assert "<svg" in response.text


def test_coverage_is_a_fragment(app: TestClient, library: Library, write: Write) -> None:
    """So is what went wrong: both are something to show."""
    library.add(write("a.txt", "The king signed the treaty."))
    assert "1 of 1 document mentions" in app.get("/page/coverage", params={"q": "Who signed the treaty?"}).text
    gone = app.get("/page/coverage", params={"q": "Who?", "within": "nowhere"})
    assert "No document of this library is called" in gone.text


def test_an_answer_is_a_file_in_every_form(library: Library, write: Write) -> None:
    """Exactly what was shown, under a name that says what it is; what is not remembered is gone."""
    library.add(write("a.txt", "The king signed the treaty."))
    app, remembered = FastAPI(), AnswerCache()
    add_fragments(app, library, remembered)
    key = remembered.keep(library.ask("Who signed the treaty?"))
    with TestClient(app) as client:
        for form in answer_view.FORMS:
            response = client.get("/page/export", params={"answer": key, "form": form})
            assert response.status_code == 200
            assert 'filename="answer.' in response.headers["content-disposition"]
            assert response.headers["cache-control"] == "no-store"
            if form == "pack":
                assert "evidence.json" in zipfile.ZipFile(BytesIO(response.content)).namelist()
            elif form not in ("bibtex", "ris", "csl", "apa", "mla", "chicago"):
                assert "The king signed the treaty." in response.text
        assert client.get("/page/export", params={"answer": "gone", "form": "ris"}).status_code == 410
        assert client.get("/page/export", params={"answer": key, "form": "exe"}).status_code == 410


def test_importing_the_package_loads_nothing_heavy() -> None:
    """`pincite --help` imports it."""
    code = "import sys, index.page; print([name for name in ('gradio', 'fastapi', 'uvicorn') if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
