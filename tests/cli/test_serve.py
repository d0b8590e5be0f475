"""`pincite serve`: which server it starts and on which library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run


@pytest.fixture
def started_servers(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path, str, int]]:
    """Record the servers that would be started."""
    calls: list[tuple[str, Path, str, int]] = []

    def recorder(name: str) -> Any:
        return lambda folder, settings, *, host, port: calls.append((name, folder, host, port))

    monkeypatch.setattr("index.page.serve", recorder("page"))
    monkeypatch.setattr("index.server.http.serve", recorder("service"))
    return calls


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], ("page", "127.0.0.1", 7860), id="the page, on loopback"),
        pytest.param(["--port", "8080", "--host", "0.0.0.0"], ("page", "0.0.0.0", 8080),
             id="the page, on another host and port"),
        pytest.param(["--api-only"], ("service", "127.0.0.1", 7860), id="the service alone"),
        pytest.param(["--api-only", "--port", "9000"], ("service", "127.0.0.1", 9000),
             id="the service on another port"),
    ],
)  # fmt: skip
def test_serve_starts_the_requested_server(
    run: Run,
    started_servers: list[tuple[str, Path, str, int]],
    tmp_path: Path,
    arguments: list[str],
    expected: tuple[str, str, int],
) -> None:
    """The server uses the library of the settings, and the host and port of the options."""
    assert run("serve", *arguments).code == 0
    server, host, port = expected
    assert started_servers == [(server, tmp_path / "library", host, port)]


def test_serve_help_names_its_endpoints(run: Run) -> None:
    """The help names the page, the service and the MCP endpoint."""
    text = " ".join(run("serve", "--help").out.split())
    assert "--api-only" in text
    assert all(path in text for path in ("/docs", "/mcp", "/healthz"))
