"""Each route and event says who may use it and what it counts as; one that does not is served by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi import APIRouter
from starlette.routing import Mount, Router
from starlette.testclient import TestClient

from index.page import create_app, tabs
from index.page.gradio_routes import OPEN, GradioGate
from index.server.permissions import CURATOR, READER, Permission, Permissions
from tests.plugins.team.addresses import METHODS, address, all_routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from index.library.library import Library


def silent() -> None:
    """Serve a route that says nothing."""


@pytest.fixture
def app(library: Library) -> FastAPI:
    """The application of a library with its page."""
    return create_app(library)


@pytest.mark.parametrize(
    "add",
    [
        lambda app: app.add_api_route("/page/new", silent),
        lambda app: app.add_route("/new", silent),
        lambda app: app.mount("/new", Router([])),
        lambda app: app.include_router(router_of(silent), prefix="/v2"),
    ],
    ids=["page", "plain", "mount", "router"],
)
def test_application_with_a_silent_route_does_not_start(app: FastAPI, add: Callable[[FastAPI], None]) -> None:
    """The message names the route and what to write."""
    add(app)
    with pytest.raises(TypeError, match=r"/.*new does not say .*@Permission\(READER"), TestClient(app):
        pass


def router_of(endpoint: Any) -> APIRouter:
    """Return a router with one route."""
    router = APIRouter(prefix="/inner")
    router.add_api_route("/{name}/new", endpoint)
    return router


def test_page_with_a_silent_event_is_not_built(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event is known by its name."""
    refresh = tabs._refresh_function
    monkeypatch.setattr(tabs, "_refresh_function", lambda events: lambda *_: refresh(events))
    with pytest.raises(TypeError, match=r"The event .* does not say who may use it"):
        create_app(library)


def test_routes_are_matched_by_their_whole_path_in_their_order() -> None:
    """As the router does it; the prefix of a router is part of the path."""
    outer = APIRouter()
    outer.include_router(router_of(Permission(CURATOR, counts_as="batch")(lambda: None)), prefix="/v1")
    outer.add_api_route("/v1/inner/{name}/{last}", Permission(READER, counts_as="check")(lambda: None))
    table = Permissions.of(outer.routes)
    paths = {"/v1/inner/x/new": "batch", "/v1/inner/x/old": "check", "/inner/x/new": None}
    permissions = {path: table.find("GET", path) for path in paths}
    assert {path: found and found.counts_as for path, found in permissions.items()} == paths
    assert table.find("POST", "/v1/inner/x/new") is None


def test_path_that_resembles_a_route_has_no_permission(app: FastAPI) -> None:
    """Nor has it with any other method."""
    table = Permissions.of(app.routes)
    paths = ("/v2/ask", "/v1/ask/", "//v1/ask", "/V1/ask", "/v1/ask\n", "/gradio_api/file=/etc/x")
    assert [(method, path) for path in paths for method in METHODS if table.find(method, path)] == []


def test_open_routes_of_gradio_exist_and_all_others_stay_closed(app: FastAPI) -> None:
    """The table opens no route of Gradio that fetches or writes files, and lists none that is gone."""
    [gate] = [route.app for route in app.routes if isinstance(route, Mount) and isinstance(route.app, GradioGate)]
    routes = {(method, address(path, "x")) for method, path in all_routes(gate.app.app)}  # type: ignore[attr-defined]
    for one in OPEN.rules:
        assert any(one.pattern.fullmatch(path) and method in one.methods for method, path in routes), one
    closed = [(method, path) for method, path in routes if OPEN.find(method, path) is None]
    assert len(closed) > 30
    table = Permissions.of(app.routes)
    ours = {"/gradio_api/upload", "/gradio_api/upload_progress"}
    assert {path for method, path in closed if table.find(method, path)} == ours
