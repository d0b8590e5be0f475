"""The client of a request, directly and behind proxies."""

from __future__ import annotations

from typing import Any

import pytest

from index.errors import SettingsError
from index.server.guard.origins import Proxies, visitor
from index.settings import Settings
from tests.cases import cases

PROXIES = Proxies(["192.0.2.1", "10.0.0.0/8", "2001:db8:ffff::/48"])


def rewritten(client: tuple[str, int] | None, *headers: tuple[str, str]) -> dict[str, Any]:
    """Return the scope of a request after its forwarded headers have been applied or dropped."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in (("host", "inner:7860"), *headers)]
    scope: dict[str, Any] = {"type": "http", "client": client, "scheme": "http", "headers": raw}
    PROXIES.rewrite(scope)
    return scope


@cases(
    ("peer", "forwarded", "client"),
    [
        pytest.param("198.51.100.7", ["203.0.113.9"], "198.51.100.7", id="not a trusted proxy"),
        pytest.param("192.0.2.1", [], "192.0.2.1", id="a request of the proxy itself"),
        pytest.param("192.0.2.1", ["203.0.113.9"], "203.0.113.9", id="one proxy"),
        pytest.param("192.0.2.1", ["203.0.113.9:5678"], "203.0.113.9", id="one proxy, with a port"),
        pytest.param("192.0.2.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9", id="a forged address"),
        pytest.param("192.0.2.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9", id="a forged address in its own header"),
        pytest.param("192.0.2.1", ["203.0.113.9, 10.1.2.3"], "203.0.113.9", id="two proxies"),
        pytest.param("192.0.2.1", ["10.9.9.9, 10.1.2.3"], "10.9.9.9", id="only proxies"),
        pytest.param("192.0.2.1", ["203.0.113.9, nonsense"], "192.0.2.1", id="an invalid address from the proxy"),
        pytest.param("192.0.2.1", ["nonsense, 10.1.2.3"], "10.1.2.3", id="an invalid address from the visitor"),
        pytest.param("::ffff:192.0.2.1", ["203.0.113.9"], "203.0.113.9", id="an IPv4 proxy in IPv6"),
        pytest.param("192.0.2.1", ["[2001:db8:1:2::7]:443"], "2001:db8:1:2::", id="an IPv6 visitor with a port"),
        pytest.param("2001:db8:ffff::1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::", id="an IPv6 proxy"),
        pytest.param("::ffff:198.51.100.7", [], "198.51.100.7", id="an IPv4 visitor in IPv6"),
        pytest.param("fe80::1%eth0", [], "fe80::", id="an IPv6 address with a zone"),
        pytest.param("::1", [], "::1", id="this machine"),
        pytest.param("testclient", [], "testclient", id="no address"),
    ],
)
def test_client_is_the_last_address_that_is_not_a_trusted_proxy(peer: str, forwarded: list[str], client: str) -> None:
    """Whatever a visitor writes into the header is to the left of it. An IPv6 network is one client."""
    assert visitor("2001:db8:1:2::7") == visitor("2001:db8:1:2:ffff::1") != visitor("2001:db8:1:3::7")
    scope = rewritten((peer, 5), *(("X-Forwarded-For", line) for line in forwarded))
    assert scope["client"][0] == client


def test_scheme_and_host_are_taken_from_a_trusted_proxy() -> None:
    """The page builds its address from the host header. All clients of a Unix socket count as one."""
    headers = (("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example, docs.example.org"))
    scope = rewritten(("10.0.0.1", 5), *headers)
    assert scope["scheme"] == "https"
    assert scope["headers"] == [(b"host", b"docs.example.org")]
    scope = rewritten(("198.51.100.7", 5), *headers)
    assert scope["scheme"] == "http"
    assert scope["headers"] == [(b"host", b"inner:7860")]
    assert rewritten(("10.0.0.1", 5), ("X-Forwarded-Proto", "gopher"))["scheme"] == "http"
    assert rewritten(None, ("X-Forwarded-For", "1.2.3.4"))["client"] == ("", 0)


@pytest.mark.parametrize("peer", [("10.0.0.1", 5), ("198.51.100.7", 5), None])
def test_forwarded_headers_are_removed(peer: tuple[str, int] | None) -> None:
    """Gradio and others would trust them from anyone."""
    names = ("X-Forwarded-For", "X-Forwarded-Prefix", "Forwarded", "X-Real-IP", "X-Original-URL", "X-Gradio-Server")
    scope = rewritten(peer, *((name, "1.2.3.4") for name in names), ("Accept", "x"))
    assert [name for name, _ in scope["headers"]] == [b"host", b"accept"]


def test_trusted_proxies_are_parsed_from_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commas or spaces separate them; an invalid network is an error that names it."""
    monkeypatch.setenv("PINCITE_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1 2001:db8::/32")
    assert Settings().trusted_proxies == ("10.0.0.0/8", "192.0.2.1", "2001:db8::/32")
    monkeypatch.setenv("PINCITE_TRUSTED_PROXIES", "proxy.example")
    with pytest.raises(SettingsError, match=r"proxy\.example"):
        Settings()
