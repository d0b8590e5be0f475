"""The table of roles covers every route of the application, of Gradio, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette

from index.page.gradio_routes import GradioGate, _is_open
from index.server.accounts.permissions import ACCOUNT, LIBRARY, SERVER, SIGN_PATHS, needed
from index.server.accounts.principals import Role
from tests.accounts.addresses import METHODS, address, all_routes

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.accounts.conftest import Team


@pytest.fixture(scope="module")
def app(team_with_pages: Team) -> FastAPI:
    """The application of one library, with its page."""
    return team_with_pages.library_app("open")


def test_every_route_has_a_role(app: FastAPI) -> None:
    """Each of our routes is in the table; each of Gradio's is in it, or the page's gate closes it, too."""
    ours, gradios = split_routes(app)
    assert len(ours) > 40
    assert len(gradios) > 50
    assert [route for route in sorted(ours) if not is_listed(*route)] == []
    open_ones = [(method, path) for method, path in gradios if _is_open(method, address(path, "x"))]
    assert len(open_ones) >= 10
    assert [route for route in sorted(open_ones) if not is_listed(*route)] == []


def test_closed_routes_of_gradio_stay_closed(app: FastAPI) -> None:
    """The table opens no route of Gradio that the page's gate closes, such as those that fetch or write files."""
    ours, gradios = split_routes(app)
    own = {(method, address(path, "x")) for method, path in ours}
    closed = {(method, address(path, "x")) for method, path in gradios} - own
    closed = {(method, path) for method, path in closed if not _is_open(method, path)}
    assert len(closed) > 30
    assert [(method, path) for method, path in sorted(closed) if needed(LIBRARY, method, path)] == []


def test_every_entry_is_a_route(app: FastAPI) -> None:
    """No entry is left over from a route that is gone."""
    known = {(method, address(path, "x")) for method, path in all_routes(app)} | {("GET", ACCOUNT)}
    unused = [
        entry.path.pattern
        for entry in LIBRARY
        if not any(entry.path.fullmatch(path) and method in entry.methods for method, path in known)
    ]
    assert unused == []


def test_changes_need_a_curator_and_figures_an_admin() -> None:
    """What adds, removes or cancels needs a curator. Nothing that a reader may do with DELETE or PUT exists."""
    assert needed(LIBRARY, "DELETE", "/v1/documents/x").role == Role.CURATOR  # type: ignore[union-attr]
    assert needed(LIBRARY, "GET", "/metrics").role == Role.ADMIN  # type: ignore[union-attr]
    for entry in LIBRARY:
        assert entry.role > Role.READER or not {"DELETE", "PUT", "PATCH"} & set(entry.methods), entry
        assert entry.role > Role.READER or entry.action not in ("add", "remove", "cancel", "upload"), entry


@pytest.mark.parametrize("path", ["/v2/ask", "/v1/ask/", "//v1/ask", "/V1/ask", "/v1/ask\n", "/gradio_api/file=/etc/x"])
def test_unknown_routes_have_no_role(path: str) -> None:
    """A path that only resembles a route is not one."""
    assert [needed(LIBRARY, method, path) for method in METHODS] == [None] * len(METHODS)


def test_only_sign_in_and_probes_are_for_everybody() -> None:
    """Nothing else answers a stranger."""
    free = {entry.path.pattern for table in (LIBRARY, SERVER) for entry in table if not entry.needs_sign_in}
    assert free == {*SIGN_PATHS, "/(?:healthz|readyz)"}


def split_routes(app: FastAPI) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return our routes, and those of Gradio's application."""
    gates = {id(route): inner for route in app.routes if isinstance(inner := getattr(route, "app", None), GradioGate)}
    assert len(gates) == 1
    (gate,) = gates.values()
    ours = Starlette(routes=[route for route in app.routes if id(route) not in gates])
    return all_routes(ours), all_routes(gate.app.app)  # type: ignore[attr-defined]


def is_listed(method: str, path: str) -> bool:
    """Return whether the table has a route."""
    return needed(LIBRARY, method, address(path, "x")) is not None
