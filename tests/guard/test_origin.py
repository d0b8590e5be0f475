"""Requests that another site's page has sent, and host names that the server does not have."""

from __future__ import annotations

from typing import Any

import pytest

from index.server.guard.origins import FOREIGN, MISADDRESSED, Origins
from tests.cases import cases

HOSTED, LOCAL = "10.0.0.7", "127.0.0.1"
ORIGINS = Origins(frozenset({"allowed.example", "localhost"}))


def make_scope(
    server: str, host: str, method: str = "POST", path: str = "/page/links", **headers: str
) -> dict[str, Any]:
    """Return the scope of a request; header names have underscores."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in {"host": host, **headers}.items()]
    return {"type": "http", "method": method, "path": path, "server": (server, 80), "headers": raw}


@cases(
    ("server", "host", "origin", "foreign"),
    [
        pytest.param(HOSTED, "docs.example", None, False, id="a program"),
        pytest.param(HOSTED, "docs.example", "http://docs.example", False, id="its own page"),
        pytest.param(HOSTED, "docs.example", "https://docs.example", False, id="a proxy that speaks HTTPS"),
        pytest.param(HOSTED, "docs.example:443", "https://docs.example", False, id="the default port, written out"),
        pytest.param(HOSTED, "docs.example:80", "http://docs.example", False, id="the other default port"),
        pytest.param(HOSTED, "Docs.example", "http://docs.Example", False, id="names in other case"),
        pytest.param(HOSTED, "docs.example:7860", "http://docs.example:7860", False, id="a port"),
        pytest.param(HOSTED, "docs.example:7860", "http://docs.example:3000", True, id="another port"),
        pytest.param(HOSTED, "docs.example:7860", "http://docs.example", True, id="no port"),
        pytest.param(HOSTED, "docs.example", "https://evil.example", True, id="another page"),
        pytest.param(HOSTED, "docs.example", "https://docs.example.evil.example", True, id="a name that begins alike"),
        pytest.param(HOSTED, "docs.example", "https://docs.example@evil.example", True, id="a name before the name"),
        pytest.param(HOSTED, "docs.example", "null", True, id="a page that hides its origin"),
        pytest.param(HOSTED, "docs.example", "", True, id="an empty origin"),
        pytest.param(HOSTED, "docs.example", "http://[::1", True, id="an invalid address"),
        pytest.param(HOSTED, "docs.example", "http://docs.example:x", True, id="an invalid port"),
        pytest.param(HOSTED, "docs.example", "http://localhost", True, id="a page of the visitor's machine"),
        pytest.param(HOSTED, "docs.example", "http://allowed.example", True, id="a name for a local server"),
        pytest.param(HOSTED, "", "null", True, id="neither has a name"),
        pytest.param(LOCAL, "localhost:7860", "http://localhost:7860", False, id="its own page, locally"),
        pytest.param(LOCAL, "localhost:7860", "http://localhost:3000", True, id="another local server"),
        pytest.param(LOCAL, "[::1]:7860", "http://[::1]:7860", False, id="IPv6"),
        pytest.param(LOCAL, "127.0.0.1:7860", "https://allowed.example", False, id="a proxy that changes the host"),
        pytest.param(LOCAL, "127.0.0.1:7860", "http://allowed.example:7860", False, id="a proxy at the same port"),
        pytest.param(LOCAL, "127.0.0.1:7860", "http://allowed.example:3000", True, id="another server of that name"),
        pytest.param(
            LOCAL, "127.0.0.1:7860", "http://localhost", True, id="another server of this machine by an allowed name"
        ),
    ],
)
def test_origin_must_match_the_host(server: str, host: str, origin: str | None, foreign: bool) -> None:
    """They are compared on every path and for every method that may change something."""
    headers = {} if origin is None else {"origin": origin}
    for method in ("POST", "PUT", "PATCH", "DELETE", "BREW"):
        for path in ("/v1/documents", "/gradio_api/upload", "/gradio_api/queue/join", "/mcp", "/page/links", "/x"):
            request = make_scope(server, host, method, path, **headers)
            assert ORIGINS.origin_refusal(request) == (FOREIGN if foreign else None)
    for method in ("GET", "HEAD", "OPTIONS"):
        assert ORIGINS.origin_refusal(make_scope(server, host, method, **headers)) is None


@cases(
    ("site", "origin", "foreign"),
    [
        ("cross-site", None, True), ("same-site", None, True), ("cross-site", "http://docs.example", True),
        ("none", None, False), ("none", "http://evil.example", True), ("same-origin", None, False),
        ("same-origin", "https://behind-a-proxy.example", False),
    ],
)  # fmt: skip
def test_sec_fetch_site_overrides_the_origin(site: str, origin: str | None, foreign: bool) -> None:
    """Behind a proxy that changes `Host`, the origin alone would refuse the server's own page."""
    headers = {"sec_fetch_site": site, **({} if origin is None else {"origin": origin})}
    assert (ORIGINS.origin_refusal(make_scope(HOSTED, "docs.example", **headers)) is not None) == foreign


@cases(
    ("server", "host", "refused"),
    [
        pytest.param(HOSTED, "docs.example.org", True, id="a hosted server with other names"),
        pytest.param(HOSTED, "allowed.example", False, id="a hosted server by its name"),
        pytest.param(HOSTED, "localhost:7860", False, id="a container on the visitor's machine"),
        pytest.param(HOSTED, "10.0.0.7:7860", False, id="an address"),
        pytest.param(HOSTED, "192.0.2.1", False, id="an address before a container"),
        pytest.param(HOSTED, "[2001:db8::1]:7860", False, id="an IPv6 address"),
        pytest.param(HOSTED, "2130706433", True, id="a number instead of an address"),
        pytest.param(HOSTED, "10.0.0.7.evil.example", True, id="a name that begins like one"),
        pytest.param(HOSTED, "", True, id="no name"),
        pytest.param("::ffff:127.0.0.1", "192.0.2.1", True, id="this machine in the notation of IPv6"),
        pytest.param(LOCAL, "192.0.2.1", True, id="another address"),
        pytest.param(LOCAL, "docs.example.org", True, id="a proxy with an unknown name"),
        pytest.param(LOCAL, "127.0.0.1.evil.example:80", True, id="a name that begins like it"),
        pytest.param(LOCAL, "allowed.example:443", False, id="a proxy with an allowed name"),
        pytest.param(LOCAL, "localhost:7860", False, id="by name"),
        pytest.param("::1", "[::1]:7860", False, id="IPv6"),
        pytest.param("::1", "[::1", True, id="an invalid address"),
        pytest.param(LOCAL, "", True, id="no name"),
        pytest.param("/run/pincite.sock", "docs.example.org", True, id="a socket of a proxy, by another name"),
        pytest.param("/run/pincite.sock", "allowed.example", False, id="a socket of a proxy"),
    ],
)
def test_host_must_be_an_allowed_name_or_address(server: str, host: str, refused: bool) -> None:
    """Every method and path is checked, also those for monitoring: figures of a library are nobody else's business."""
    for method in ("GET", "POST"):
        for path in ("/", "/v1/stats", "/mcp", "/gradio_api/info", "/healthz", "/readyz", "/metrics"):
            refusal = ORIGINS.host_refusal(make_scope(server, host, method, path))
            assert refusal == (MISADDRESSED if refused else None)


@cases(
    ("server", "refused"), [(HOSTED, False), ("/run/pincite.sock", False), (LOCAL, True), ("::ffff:127.0.0.1", True)]
)
def test_server_without_allowed_names_checks_the_host_only_locally(server: str, refused: bool) -> None:
    """A hosted server may have any name, which only its operator knows."""
    refusal = Origins().host_refusal(make_scope(server, "docs.example.org", "GET", "/v1/stats"))
    assert refusal == (MISADDRESSED if refused else None)
