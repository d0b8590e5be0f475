"""The page without a browser: its events, its middleware, and the application that serves it."""

from __future__ import annotations

import gzip
import re
import threading
import time
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
import pytest
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.testclient import TestClient

from index.errors import EncoderError
from index.library.library import Library
from index.page import answer_view, create_app
from index.page.ask_events import LISTED, MAX_ANSWERS, AnswerCache, AskEvents
from index.page.fragments import FONTS, PARTS, STATIC
from index.page.web_app import POLICY, Insertions, PageMiddleware
from index.records import Answer, Document
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.hosted import wait_until
from tests.nightly import length
from tests.page.conftest import running_routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

    from tests.conftest import Write

EXAMPLES = ("Who signed the treaty?",)
LONGEST_LIST = length(20, LISTED)
"""The number of documents up to which they are a list."""
NONE = Answer("q", "abstained", 0.0, 0.6, (), (), (), (0, 0), "quote", {})


# Before a question


def test_suggested_questions_are_made_in_the_background_once_for_each_state(
    library: Library, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page does not wait for them. If they cannot be made, there is no heading either."""
    generations: list[int] = []
    working = threading.Event()

    def suggestions(self: Library) -> list[str]:
        working.wait()
        generations.append(self.generation())
        if len(generations) == 3:
            raise EncoderError("The model is gone.")
        return [f"Question {len(generations)}?"]

    monkeypatch.setattr("index.library.library.Library.suggestions", suggestions)
    events = AskEvents(library, Settings(), ())

    def current_examples() -> str:
        while events.beginning() is None:
            time.sleep(0.01)
        return str(events.refresh("", [], []).beginning)

    assert "This library is empty" in str(events.refresh("", [], []).beginning)
    library.add(write("a.txt", "The king signed the treaty."))
    assert "data-waiting" in str(events.refresh("", [], []).beginning)
    working.set()
    assert "Question 1?" in current_examples()
    assert "Question 1?" in current_examples()
    library.add(write("b.txt", "The queen kept a garden."))
    assert "Question 2?" in current_examples()
    library.add(write("c.txt", "The whale followed the ship."))
    assert "Try one of these" not in current_examples()
    assert len(generations) == 3


@pytest.mark.parametrize("examples", [EXAMPLES, ()])
@pytest.mark.parametrize("parameters", [{}, {"q": "Who signed the treaty?"}, {"in": "gone"}])
def test_last_output_of_a_page_load_changes_nothing(
    library: Library, write: Write, parameters: dict[str, str], examples: tuple[str, ...]
) -> None:
    """Gradio sends it again when the event ends: it must not undo what the reader has chosen meanwhile."""
    library.add([write("a.txt", "The king signed the treaty."), write("b.txt", "The queen kept a garden.")])
    first, *_, last = AskEvents(library, Settings(), examples).load(parameters)
    assert first != last
    assert last == (gr.skip(),) * len(first)


def test_answer_and_chosen_documents_survive_a_library_change(library: Library, write: Write) -> None:
    """A chosen document that was removed is dropped. Otherwise the reader may choose while the page waits."""
    library.add([write("a.txt", "The king signed the treaty."), write("b.txt", "The queen kept a garden.")])
    infos = library.documents()
    events = AskEvents(library, Settings(), EXAMPLES)
    update = events.refresh("Who signed?", [infos[0].id, "gone"], [])
    assert "__type__" in update.strips
    assert update.pills["value"] == [infos[0].id]
    assert len(update.pills["choices"]) == 2
    assert "value" not in events.refresh("", [infos[0].id], []).pills
    assert "p-strip" in events.refresh("", [], []).strips


@pytest.mark.parametrize(
    ("documents", "chosen", "pills", "listed"),
    [
        (0, (), 0, 0), (1, (), 0, 0), (2, (1,), 2, 0), (8, (), 8, 0), (9, (3,), 0, 9),
        (LONGEST_LIST, (), 0, LONGEST_LIST), (LONGEST_LIST + 1, (), 0, 0), (LONGEST_LIST + 1, (5, 7), 0, 2),
    ],
)  # fmt: skip
def test_document_chooser_depends_on_the_number_of_documents(
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
    documents: int,
    chosen: tuple[int, ...],
    pills: int,
    listed: int,
) -> None:
    """Few are pills, many are a list, very many are named in the question, and a single one has no chooser."""
    monkeypatch.setattr("index.page.ask_events.LISTED", LONGEST_LIST)
    texts = (
        Document(f"{n:064}", f"/{n:04}.txt", "", "", "", "text/plain", "The king wrote.", ()) for n in range(documents)
    )
    library.add_documents(texts)
    overview = AskEvents(library, Settings(), EXAMPLES).overview([f"{n:064}" for n in chosen])
    for update, number in ((overview.pills, pills), (overview.listed, listed)):
        assert len(update["choices"]) == number
        assert update["visible"] == (number > 0)
        assert update["value"] == ([f"{n:064}" for n in chosen] if number else [])


# The answer cache


def test_answer_cache_drops_the_oldest_answer() -> None:
    """Keys cannot be guessed."""
    cache = AnswerCache()
    keys = [cache.keep(replace(NONE, question=str(n))) for n in range(MAX_ANSWERS + 1)]
    assert len(set(keys)) == MAX_ANSWERS + 1
    assert all(len(key) >= 16 for key in keys)
    assert cache.find(keys[0]) is None
    newest = cache.find(keys[-1])
    assert newest is not None
    assert newest.question == str(MAX_ANSWERS)
    assert cache.find("") is None


# The middleware


STYLES = '<link rel="stylesheet" crossorigin href="./assets/index.css">'
INSERTIONS = Insertions(b"<title>Ours</title>", b"<main>", b"<link rel=ours>")


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a page at / and the path elsewhere."""
    page = f'<html><head><meta property="og:title" content="Gradio" />{STYLES}</head><body class="x">Hi</body></html>'
    response = HTMLResponse(page) if scope["path"] == "/" else PlainTextResponse(scope["path"])
    await response(scope, receive, send)


@pytest.fixture
def client() -> TestClient:
    """A client of the page middleware around `inner`."""
    return TestClient(PageMiddleware(inner, insertions=INSERTIONS))


def test_gradio_s_page_has_the_parts_that_are_rewritten() -> None:
    """If a later Gradio words them differently, this test says so; the page would only load more."""
    page = (Path(gr.__file__).parent / "templates" / "frontend" / "index.html").read_bytes()
    rewritten = Insertions(b"", b"<main>", b"").into(page, "reader")
    assert b'<html data-role="reader"' in rewritten
    assert b"manifest" in page
    assert b"manifest" not in rewritten
    assert b"og:title" not in rewritten
    assert b"if (window.parent !== window) document.head.appendChild(script);" in rewritten
    head, _, body = rewritten.partition(b"<main>")
    assert b"./assets/index-" in body
    assert b".css" not in head


def test_middleware_replaces_gradio_s_head_elements(client: TestClient) -> None:
    """Gradio's stylesheets follow our shell, and ours follow them. The page is compressed if the client accepts it."""
    response = client.get("/")
    body = f'<body class="x"><main>{STYLES}<link rel=ours>Hi</body>'
    assert response.text == f"<html><head><title>Ours</title></head>{body}</html>"
    assert response.headers["content-encoding"] == "gzip"
    plain = client.get("/", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert int(plain.headers["content-length"]) == len(plain.content)
    assert gzip.decompress(gzip.compress(plain.content)) == response.content


@pytest.mark.parametrize("path", ["/", "/gradio_api/info"])
def test_every_response_has_the_security_headers(client: TestClient, path: str) -> None:
    """They do not depend on the route. Hashed files alone are cached: the page, which names them, is revalidated."""
    headers = client.get(path).headers
    assert headers["content-security-policy"] == f"{POLICY}; frame-ancestors 'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert "immutable" in client.get("/ui/page.css?v=1").headers["cache-control"]
    assert "cache-control" not in client.get("/ui/page.css").headers
    assert client.get("/").headers["cache-control"] == "no-cache"


# The application


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of the whole application over an empty library, which no test changes."""
    folder = tmp_path_factory.mktemp("page")
    with (
        Library.open(folder / "library", Settings(), encoder=FakeEncoder()) as library,
        TestClient(create_app(library, Settings(max_file_megabytes=1))) as client,
    ):
        yield client


@pytest.fixture
def routes(library: Library) -> Iterator[TestClient]:
    """A client of the page's own routes over an empty library of the test's own."""
    with running_routes(library, Settings()) as client:
        yield client


def test_application_serves_the_page_and_its_assets(app: TestClient) -> None:
    """It serves page, style sheet, script and health check."""
    assert app.get("/healthz").status_code == 200
    page = app.get("/").text
    addresses = re.findall(r"ui/[a-z]+\.(?:css|js)\?v=[0-9a-f]+", page)
    assert [address.partition("?")[0] for address in addresses] == [
        "ui/page.js",
        "ui/gradio.css",
        "ui/page.css",
    ]
    for address in addresses:
        response = app.get(f"/{address}")
        assert response.status_code == 200
        assert response.headers["content-encoding"] == "gzip"
        assert "immutable" in response.headers["cache-control"]
    for font in re.findall(r"ui/[a-z]+\.woff2\?v=[0-9a-f]+", page):
        response = app.get(f"/{font}")
        assert response.content.startswith(b"wOF2")
        assert "content-encoding" not in response.headers
        assert "immutable" in response.headers["cache-control"]
    assert page.count("<title>Pincite</title>") == 1
    assert "og:" not in page


def test_every_static_file_is_part_of_a_bundle() -> None:
    """Every file belongs to a bundle or to the shell, or is a font with its licence, or the logo, which is the icon."""
    parts = {part for parts in PARTS.values() for part in parts}
    licences = [f"{font.removesuffix('.woff2')}-OFL.txt" for font in FONTS]
    others = ["mark.svg", "shell.css", "shell.js", *FONTS, *licences]
    assert sorted([*parts, *others]) == sorted(path.name for path in STATIC.iterdir())
    for licence in licences:
        assert "SIL OPEN FONT LICENSE Version 1.1" in (STATIC / licence).read_text("utf-8")


def test_rest_api_is_served_beside_the_page(app: TestClient) -> None:
    """Its documentation loads nothing from other hosts. Gradio alone would let any site call it with our cookies."""
    assert app.get("/v1/documents").json()
    docs = app.get("/docs").text
    assert "swagger" in docs
    assert not re.findall(r"(?:src|href)=.https?://", docs)
    headers = app.get("/config", headers={"origin": "https://evil.example", "host": "pincite.example"}).headers
    assert "access-control-allow-origin" not in headers


def test_map_and_coverage_routes_return_fragments(routes: TestClient, library: Library, write: Write) -> None:
    """An empty library has no map. An error is a fragment, too, so that the page can show it."""
    library.map(wait=True)
    assert routes.get("/page/map").status_code == 204
    library.add(write("a.txt", "The king signed the treaty. The queen kept a garden."))
    library.map(wait=True)
    response = routes.get("/page/map")
    assert response.status_code == 200
    assert "<svg" in response.text
    assert "1 of 1 document mentions" in routes.get("/page/coverage", params={"q": "Who signed the treaty?"}).text
    missing = routes.get("/page/coverage", params={"q": "Who?", "within": "nowhere"})
    assert "No document of this library is called" in missing.text


def test_a_library_without_suggestions_answers_with_no_body(routes: TestClient, library: Library, write: Write) -> None:
    """A response with status 204 and a body breaks the connection."""
    library.add(write("a.txt", "The king signed it. So did she."))
    wait_until(lambda: routes.get("/page/suggestions").status_code != 202)
    response = routes.get("/page/suggestions")
    assert (response.status_code, response.content) == (204, b"")


def test_answer_is_exported_in_every_form(routes: TestClient, library: Library, write: Write) -> None:
    """The file holds the answer that was shown; an answer that has left the cache is 410."""
    library.add(write("a.txt", "The king signed the treaty."))
    answers = routes.app.state.page_events.of({}).ask.answers  # type: ignore[attr-defined]
    key = answers.keep(library.ask("Who signed the treaty?"))
    for form in answer_view.FORMS:
        response = routes.get("/page/export", params={"answer": key, "form": form})
        assert response.status_code == 200
        assert 'filename="who-signed-the-treaty.' in response.headers["content-disposition"]
        assert response.headers["cache-control"] == "no-store"
        if form == "pack":
            assert "evidence.json" in zipfile.ZipFile(BytesIO(response.content)).namelist()
        elif form not in ("bibtex", "ris", "csl", "apa", "mla", "chicago"):
            assert "The king signed the treaty." in response.text
    assert routes.get("/page/export", params={"answer": "gone", "form": "ris"}).status_code == 410
    assert routes.get("/page/export", params={"answer": key, "form": "exe"}).status_code == 410
