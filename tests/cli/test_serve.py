"""`pincite serve`: which server is started, over what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path, str, int]]:
    """Which servers were started, instead of starting them."""
    calls: list[tuple[str, Path, str, int]] = []

    def starting(name: str) -> Any:
        return lambda folder, settings, *, host, port: calls.append((name, folder, host, port))

    monkeypatch.setattr("index.page.serve", starting("page"))
    monkeypatch.setattr("index.server.http.serve", starting("service"))
    return calls


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], ("page", "127.0.0.1", 7860), id="the page, on this machine alone"),
        pytest.param(["--port", "8080", "--host", "0.0.0.0"], ("page", "0.0.0.0", 8080), id="elsewhere"),
        pytest.param(["--api-only"], ("service", "127.0.0.1", 7860), id="the service without a page"),
        pytest.param(["--api-only", "--port", "9000"], ("service", "127.0.0.1", 9000), id="on another port"),
    ],
)
def test_serve_starts_what_it_was_asked_for(
    run: Run,
    started: list[tuple[str, Path, str, int]],
    tmp_path: Path,
    arguments: list[str],
    expected: tuple[str, str, int],
) -> None:
    """Over the library that the settings name."""
    assert run("serve", *arguments).code == 0
    server, host, port = expected
    assert started == [(server, tmp_path / "library", host, port)]


def test_serve_says_what_it_serves_and_where(run: Run) -> None:
    """The help names the page, the service, and the door for assistants."""
    told = " ".join(run("serve", "--help").out.split())
    assert "--api-only" in told
    assert all(place in told for place in ("/docs", "/mcp", "/healthz"))
