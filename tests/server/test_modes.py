"""Modes of the server come from plug-ins; a demo without its plug-in is refused, because it would have no limits."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from index.errors import SettingsError
from index.page import create_app
from index.server import modes
from index.server.modes import ServerMode
from index.server.permissions import READER, Permission
from index.settings import Settings
from tests.loading.test_added_formats import distribution

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from fastapi import FastAPI

    from index.library.library import Library
    from tests.command_line import Run

EVENTS: list[str] = []
"""What the toy mode did, in order."""


def attach_toy(app: FastAPI, settings: Settings) -> AbstractAsyncContextManager[None]:
    """Add a route that says how many documents the library has."""

    @Permission(READER, counts_as="request")
    def number() -> int:
        return len(app.state.service.library.documents())

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        EVENTS.append(f"starts {settings.demo_title}")
        yield
        EVENTS.append("stops")

    app.get("/toy")(number)
    return running()


def toy_head(settings: Settings) -> str:
    """Return an element for the head of the page."""
    return f'<meta name="toy" content="{settings.demo_title}">'


def toy_notice(_: Settings) -> str:
    """Return a notice."""
    return "<p>This is a toy.</p>"


def test_mode_adds_to_the_application_and_the_page(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its route, its context, and its parts of the page are there if the settings ask for it, and only then."""
    script = tmp_path / "toy.js"
    script.write_text('"toy script";', encoding="utf-8")
    toy = ServerMode(
        name="toy",
        is_wanted=lambda settings: bool(settings.demo_title),
        attach=f"{__name__}:attach_toy",
        head=f"{__name__}:toy_head",
        notice=f"{__name__}:toy_notice",
        assets=(script,),
    )
    monkeypatch.setattr(modes, "modes", lambda: (toy,))
    EVENTS.clear()
    with TestClient(create_app(library, Settings(demo_title="Bees"))) as client:
        assert client.get("/toy").json() == len(library.documents())
        page = client.get("/").text
        assert '<meta name="toy" content="Bees">' in page
        assert "This is a toy." in page
        assert '"toy script";' in client.get("/ui/page.js").text
    assert EVENTS == ["starts Bees", "stops"]
    with TestClient(create_app(library, Settings())) as client:
        assert 'name="toy"' not in client.get("/").text
        assert client.get("/toy").status_code == 404
    assert len(EVENTS) == 2


def test_demo_without_its_plugin_is_refused(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise every stranger could change the library."""
    monkeypatch.setenv("PINCITE_PLUGINS", "none")
    with pytest.raises(SettingsError, match="no mode 'demo'"):
        create_app(library, Settings(demo=True))


def test_accounts_without_their_plugin_are_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to do."""
    monkeypatch.setenv("PINCITE_PLUGINS", "none")
    result = run("serve", "--users")
    assert result.code == 1
    assert "no mode 'team'" in result.err
    assert "Unset PINCITE_PLUGINS" in result.err


def test_broken_mode_stops_the_server(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be what protects the server, so it is not left out silently."""
    packages = distribution(tmp_path, "lock", {"pincite.servers": {"lock": "lock_mode:MODE"}}, {"lock_mode": "1 / 0"})
    monkeypatch.syspath_prepend(packages)
    monkeypatch.delenv("PINCITE_PLUGINS", raising=False)
    with pytest.raises(SettingsError, match=r"plug-in lock .* is broken \(ZeroDivisionError"):
        create_app(library, Settings())
