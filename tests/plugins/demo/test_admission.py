"""What each route of a demo counts as, and that a visitor's matrix is as small as the demo allows."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from index.library.library import Library
from index.page.web_app import build
from index.plugins.demo.registry import public_settings
from index.settings import Settings
from tests.citations.kept_items import document, item, quote_of
from tests.fakes import FakeEncoder
from tests.plugins.demo.conftest import demo_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The application of a demo with its page, where nobody may ask for kept quotes more than twice."""
    folder: Path = tmp_path_factory.mktemp("admission")
    (folder / "a.txt").write_text("The king signed the treaty in the harbour. The queen kept a garden.")
    settings = demo_settings(demo_kept=2, demo_uploads=1)
    with Library.open(folder / "library", settings, encoder=FakeEncoder()) as library:
        library.add(folder / "a.txt")
    with Library.open(folder / "library", settings, encoder=FakeEncoder(), immutable=True) as library:
        yield build(library, settings, [])


@pytest.mark.parametrize("end", ["", "/", "//", "%0A", "/%0A"])
@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("POST", "/v1/ask", "question"), ("POST", "/mcp", "question"), ("POST", "/v1/check", "check"),
        ("POST", "/v1/batch", "batch"), ("POST", "/v1/matrix", "batch"), ("POST", "/page/batches", "batch"),
        ("POST", "/page/kept/check", "kept"), ("POST", "/page/kept/export", "kept"), ("POST", "/page/kept", ""),
        ("POST", "/page/links", "upload"), ("POST", "/page/folders", "upload"), ("GET", "/page/map", ""),
        ("GET", "/nowhere", ""), ("POST", "/v1/nowhere", ""), ("GET", "/page/coverage", "question"),
        ("HEAD", "/docs", ""),
    ],
)  # fmt: skip
def test_costly_routes_count_as_what_they_do(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, method: str, path: str, action: str, end: str
) -> None:
    """Whether they come from the page or from a program, and whatever follows an address that the router accepts."""
    counted: list[str] = []
    monkeypatch.setattr(app.state.visitors.rates, "admit", lambda action, *_: counted.append(action))
    TestClient(app).request(method, f"{path}{end}")
    assert counted == ["visitor", "request", *filter(None, [action])]


@pytest.mark.parametrize("path", ["/", "/config", "/docs", "/openapi.json", "/robots.txt", "/healthz", "/ui/page.css"])
def test_responses_for_everybody_are_not_counted(app: FastAPI, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """They are cached, so they must not bring a cookie."""
    monkeypatch.setattr(app.state.visitors.rates, "admit", None)
    response = TestClient(app).get(path)
    assert response.status_code == 200
    assert "set-cookie" not in response.headers


def test_kept_quotes_are_compared_and_exported_a_few_times(app: FastAPI) -> None:
    """Both count together, and the reader is told when to come back."""
    quote = quote_of(document("The king signed the treaty."), "The king signed")
    body, headers = json.dumps([asdict(item(quote))]), {"X-Pincite": "page"}
    with TestClient(app) as client:
        headers["X-Pincite-Visitor"] = client.get("/v1/visitor").json()["token"]
        client.cookies.clear()
        for path in ("check", "export?form=markdown"):
            assert client.post(f"/page/kept/{path}", content=body, headers=headers).status_code == 200
        for path in ("check", "export?form=markdown"):
            refused = client.post(f"/page/kept/{path}", content=body, headers=headers)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) > 0
            assert "2 per hour" in refused.json()["detail"]


def test_matrix_of_a_visitor_has_fewer_cells() -> None:
    """The smaller of both settings is the limit."""
    assert public_settings(Settings(demo_matrix_cells=50)).max_matrix_cells == 50
    assert public_settings(Settings(demo_matrix_cells=50, max_matrix_cells=20)).max_matrix_cells == 20
