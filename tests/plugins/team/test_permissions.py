"""The roles of all routes: of a library with its page, and of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from index.plugins.team.access import AccessControl
from index.plugins.team.front import CALLBACK, SIGN_PATHS
from index.server.principals import Role

if TYPE_CHECKING:
    from index.server.permissions import Permissions
    from tests.plugins.team.conftest import Team


def tables_of(app: Any) -> tuple[Permissions, Permissions]:
    """Return the tables of a server: its own, and that of each library."""
    while not isinstance(app, AccessControl):
        app = app.app if hasattr(app, "app") else app._app
    return app._of_server, app._of_library


@pytest.fixture(scope="module")
def server(team_with_pages: Team) -> Permissions:
    """The table of the server's own routes."""
    return tables_of(team_with_pages.app)[0]


@pytest.fixture(scope="module")
def library(team_with_pages: Team) -> Permissions:
    """The table of a library's routes."""
    return tables_of(team_with_pages.app)[1]


def test_changes_need_a_curator_and_figures_an_admin(library: Permissions) -> None:
    """What adds, removes or cancels needs a curator. Nothing that a reader may do with DELETE or PUT exists."""
    assert len(library.rules) > 60
    assert library.find("DELETE", "/v1/documents/x").role == Role.CURATOR  # type: ignore[union-attr]
    assert library.find("GET", "/metrics").role == Role.ADMIN  # type: ignore[union-attr]
    for rule in library.rules:
        needed = rule.permission
        assert needed.role > Role.READER or not {"DELETE", "PUT", "PATCH"} & rule.methods, rule
        assert needed.role > Role.READER or needed.action not in ("add", "remove", "cancel", "upload"), rule


def test_only_sign_in_and_probes_are_for_everybody(server: Permissions, library: Permissions) -> None:
    """Nothing else answers a stranger; and the probes of a library are only open if it is the only one."""

    def free(table: Permissions) -> set[str]:
        patterns = (rule.pattern.pattern for rule in table.rules if not rule.permission.needs_sign_in)
        return {pattern.strip("^$").replace("\\", "") for pattern in patterns}

    assert free(server) == {*SIGN_PATHS, "/healthz", "/readyz"}
    assert free(library) == {"/healthz", "/readyz"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_of_one_library_among_several_are_refused(team_with_pages: Team, path: str) -> None:
    """A stranger cannot learn from them which libraries exist."""
    client = team_with_pages.client()
    assert client.get(path).status_code == 200
    assert [client.get(f"/l/{name}{path}").status_code for name in ("open", "nowhere")] == [401, 401]


def test_look_at_the_callback_does_not_end_a_sign_in(server: Permissions) -> None:
    """A program that checks addresses sends HEAD, which Starlette would answer like GET."""
    assert server.find("HEAD", CALLBACK) is None
    assert server.find("GET", CALLBACK)
