"""What each route of a demo counts as, and that a visitor's matrix is as small as the demo allows."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from index.library.library import Library
from index.page.gradio_routes import GradioGate, _is_open
from index.page.web_app import build
from index.server.visitors.admission import _ACTIONS, action_of, is_shared
from index.server.visitors.registry import public_settings
from index.settings import Settings
from tests.accounts.addresses import address, all_routes
from tests.citations.kept_items import document, item, quote_of
from tests.fakes import FakeEncoder
from tests.visitors.conftest import demo_settings

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


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Return the methods and addresses of all routes that answer: ours, and those of Gradio that its gate opens."""
    gates = [route for route in app.routes if isinstance(getattr(route, "app", None), GradioGate)]
    assert len(gates) == 1
    ours = all_routes(Starlette(routes=[route for route in app.routes if route not in gates]))
    gradios = all_routes(gates[0].app.app.app)  # type: ignore[attr-defined]
    known = {(method, address(path, "x")) for method, path in ours}
    found = {(method, address(path, "x")) for method, path in gradios}
    return known | {(method, path) for method, path in found if _is_open(method, path)}


def test_every_route_counts_as_something(app: FastAPI) -> None:
    """A route that is in no table could be called 600 times a minute, whatever it costs."""
    routes = routes_of(app)
    assert len(routes) > 60
    missing = [
        (method, path)
        for method, path in sorted(routes)
        if not is_shared(path) and action_of({"method": method, "path": path}) is None
    ]
    assert missing == []


def test_every_entry_is_a_route(app: FastAPI) -> None:
    """No entry is left over from a route that is gone."""
    routes = routes_of(app)
    unused = [
        form
        for _, methods, form in _ACTIONS
        if not any(method in methods.split("|") and re.fullmatch(form, path) for method, path in routes)
    ]
    assert unused == []


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("POST", "/v1/batch", "batch"), ("POST", "/v1/matrix", "batch"), ("POST", "/page/batches", "batch"),
        ("POST", "/page/kept/check", "kept"), ("POST", "/page/kept/export", "kept"), ("POST", "/page/kept", "request"),
        ("POST", "/page/links", "upload"), ("POST", "/page/folders", "upload"), ("GET", "/page/map", "request"),
        ("GET", "/nowhere", None), ("POST", "/v1/nowhere", None),
    ],
)  # fmt: skip
def test_costly_routes_count_as_what_they_do(method: str, path: str, action: str | None) -> None:
    """Whether they come from the page or from a program."""
    assert action_of({"path": path, "method": method}) == action


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
