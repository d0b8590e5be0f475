"""The routes of the tray over HTTP: comparison, export, and what they refuse. Without accounts nothing is stored."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from index.page.routes import _page_address
from index.server.kept_store import FOLDER
from index.settings import Settings
from tests.cases import cases
from tests.citations.kept_items import item, quote_of
from tests.libraries import filled_library
from tests.page.conftest import ASKED_BY_THE_PAGE, running_routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.testclient import TestClient

    from index.library.library import Library

SIGNED = "The king signed the treaty in the harbour."


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of one document."""
    files = {"treaty.txt": f"{SIGNED} Winter had closed the river."}
    with filled_library(tmp_path_factory.mktemp("kept"), files) as library:
        yield library


@pytest.fixture(scope="module")
def client(library: Library) -> Iterator[TestClient]:
    """A client of its page."""
    with running_routes(library, Settings()) as client:
        yield client


def body(library: Library, **changes: Any) -> str:
    """Return the JSON of an item, as the page sends it."""
    quote = quote_of(library.document("treaty.txt"), SIGNED, 0)
    return json.dumps([{**asdict(item(quote)), **changes}])


def test_quotes_are_compared(client: TestClient, library: Library) -> None:
    """The states of each item's quotes, by its id."""
    answer = client.post("/page/kept/check", content=body(library), headers=ASKED_BY_THE_PAGE)
    assert answer.status_code == 200
    [state] = answer.json()["states"]["a-kept-quote"]
    assert (state["state"], state["now"]["quote"]) == ("there", SIGNED)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("form", "kind", "begin"),
    [("markdown", "text/markdown", b"# Kept"), ("html", "text/html", b"<!doctype"), ("docx", "application/vnd", b"PK"),
     ("json", "application/json", b"{")],
)  # fmt: skip
def test_export_is_a_download(client: TestClient, library: Library, form: str, kind: str, begin: bytes) -> None:
    """A browser never renders it as a page of this server."""
    address = f"/page/kept/export?form={form}&style=mla&address=https%3A%2F%2Fexample.org%2Fl%2F"
    answer = client.post(address, content=body(library), headers=ASKED_BY_THE_PAGE)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["content-disposition"].startswith('attachment; filename="kept.')
    assert answer.content.startswith(begin)
    assert form != "markdown" or b"<https://example.org/l/d/" in answer.content


def test_nothing_is_stored_without_accounts(client: TestClient, library: Library) -> None:
    """The browser learns that it has to keep its items itself."""
    assert client.get("/page/kept").json() == {"stored": False, "items": []}
    for path in ("/page/kept", "/page/kept/forget"):
        answer = client.post(path, content=body(library), headers=ASKED_BY_THE_PAGE)
        assert answer.json() == {"stored": False, "items": []}
    assert not (library.folder / FOLDER).exists()


@pytest.mark.parametrize("path", ["", "/check", "/export?form=html", "/forget"])
def test_other_sites_cannot_send(client: TestClient, library: Library, path: str) -> None:
    """A form of another site has no header of ours."""
    assert client.post(f"/page/kept{path}", content=body(library)).status_code == 403


@pytest.mark.parametrize("path", ["", "/check", "/export?form=html"])
@pytest.mark.parametrize("sent", ["", "[", "{}", "[[]]", "[" * 10_000, '[{"id": "../../etc/passwd"}]'])
def test_what_is_no_collection_is_refused_in_words(client: TestClient, path: str, sent: str) -> None:
    """The page can show the message and the hint."""
    answer = client.post(f"/page/kept{path}", content=sent, headers=ASKED_BY_THE_PAGE)
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("The collection is invalid")
    assert answer.json()["hint"]


def test_too_large_a_body_and_an_unknown_form_or_style_are_refused(client: TestClient, library: Library) -> None:
    """Whatever is in it, and before any work."""
    answer = client.post("/page/kept/check", content="[" + " " * 3_000_000, headers=ASKED_BY_THE_PAGE)
    assert answer.status_code == 422
    assert "larger than 2 MB" in answer.json()["message"]
    assert client.post("/page/kept/check", content=" " * 5_000_000, headers=ASKED_BY_THE_PAGE).status_code == 413
    for query in ("form=pdf", "form=html&style=vancouver", "style=apa"):
        answer = client.post(f"/page/kept/export?{query}", content=body(library), headers=ASKED_BY_THE_PAGE)
        assert answer.status_code == 422


@cases(
    ("stated", "address"),
    [
        ("https://example.org/l/papers/?q=x#kept", "https://example.org/l/papers/"),
        ("http://127.0.0.1:7860/", "http://127.0.0.1:7860/"),
        ("https://me:secret@example.org/", "https://example.org/"),
        ("javascript:alert(1)", ""), ("https://example.org/><script>", ""), ("//example.org/", ""), ("", ""),
        ("https://exämple.org/", ""), ("https://example.org/a b/", ""), ("file:///etc/passwd", ""), ("http://[", ""),
        ("http://[::1]:7860/", "http://[::1]:7860/"),
    ],
)  # fmt: skip
def test_only_addresses_of_pages_become_links(stated: str, address: str) -> None:
    """The exported notes link to the page as its browser knows it."""
    assert _page_address(stated) == address
