"""Who asks, directly and behind proxies."""

from __future__ import annotations

from typing import Any

import pytest

from index.errors import SettingsError
from index.server.guard.origins import Proxies, visitor
from index.settings import Settings
from tests.cases import cases

PROXIES = Proxies(["192.0.2.1", "10.0.0.0/8", "2001:db8:ffff::/48"])


def rewritten(client: tuple[str, int] | None, *headers: tuple[str, str]) -> dict[str, Any]:
    """A scope after the proxies have been believed, or not."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in (("host", "inner:7860"), *headers)]
    scope: dict[str, Any] = {"type": "http", "client": client, "scheme": "http", "headers": raw}
    PROXIES.rewrite(scope)
    return scope


@cases(
    ("peer", "forwarded", "client"),
    [
        pytest.param("198.51.100.7", ["203.0.113.9"], "198.51.100.7", id="nobody's proxy"),
        pytest.param("192.0.2.1", [], "192.0.2.1", id="a proxy on its own behalf"),
        pytest.param("192.0.2.1", ["203.0.113.9"], "203.0.113.9", id="one proxy"),
        pytest.param("192.0.2.1", ["203.0.113.9:5678"], "203.0.113.9", id="with a port"),
        pytest.param("192.0.2.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9", id="what the visitor wrote"),
        pytest.param("192.0.2.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9", id="what the visitor wrote, in a line"),
        pytest.param("192.0.2.1", ["203.0.113.9, 10.1.2.3"], "203.0.113.9", id="two proxies"),
        pytest.param("192.0.2.1", ["10.9.9.9, 10.1.2.3"], "10.9.9.9", id="proxies all along"),
        pytest.param("192.0.2.1", ["203.0.113.9, nonsense"], "192.0.2.1", id="nonsense from the proxy"),
        pytest.param("192.0.2.1", ["nonsense, 10.1.2.3"], "10.1.2.3", id="nonsense from the visitor"),
        pytest.param("::ffff:192.0.2.1", ["203.0.113.9"], "203.0.113.9", id="an IPv4 proxy in IPv6"),
        pytest.param("192.0.2.1", ["[2001:db8:1:2::7]:443"], "2001:db8:1:2::", id="an IPv6 visitor with a port"),
        pytest.param("2001:db8:ffff::1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::", id="an IPv6 proxy"),
        pytest.param("::ffff:198.51.100.7", [], "198.51.100.7", id="an IPv4 visitor in IPv6"),
        pytest.param("fe80::1%eth0", [], "fe80::", id="with a zone"),
        pytest.param("::1", [], "::1", id="this machine"),
        pytest.param("testclient", [], "testclient", id="no address"),
    ],
)
def test_the_client_is_the_last_address_that_no_trusted_proxy_has(peer: str, forwarded: list[str], client: str) -> None:
    """Whatever a visitor writes into the header stands to the left of it."""
    scope = rewritten((peer, 5), *(("X-Forwarded-For", line) for line in forwarded))
    assert scope["client"][0] == client


def test_visitors_of_one_ipv6_network_are_one_client() -> None:
    """One customer has 2**64 addresses."""
    assert visitor("2001:db8:1:2::7") == visitor("2001:db8:1:2:ffff::1") != visitor("2001:db8:1:3::7")


def test_scheme_and_host_are_the_visitor_s() -> None:
    """Where a trusted proxy tells them; the header is rewritten, since the page's address is built from it."""
    headers = (("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example, docs.example.org"))
    scope = rewritten(("10.0.0.1", 5), *headers)
    assert scope["scheme"] == "https"
    assert scope["headers"] == [(b"host", b"docs.example.org")]
    scope = rewritten(("198.51.100.7", 5), *headers)
    assert scope["scheme"] == "http"
    assert scope["headers"] == [(b"host", b"inner:7860")]
    assert rewritten(("10.0.0.1", 5), ("X-Forwarded-Proto", "gopher"))["scheme"] == "http"


@pytest.mark.parametrize("peer", [("10.0.0.1", 5), ("198.51.100.7", 5), None])
def test_nothing_behind_sees_what_proxies_tell(peer: tuple[str, int] | None) -> None:
    """Gradio and others read these headers, and believe everybody."""
    names = ("X-Forwarded-For", "X-Forwarded-Prefix", "Forwarded", "X-Real-IP", "X-Original-URL", "X-Gradio-Server")
    scope = rewritten(peer, *((name, "1.2.3.4") for name in names), ("Accept", "x"))
    assert [name for name, _ in scope["headers"]] == [b"host", b"accept"]


def test_a_socket_has_no_address() -> None:
    """All who come by it are one client."""
    assert rewritten(None, ("X-Forwarded-For", "1.2.3.4"))["client"] == ("", 0)


def test_proxies_are_named_by_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """With commas or spaces between them; what is no network is an error that names it."""
    monkeypatch.setenv("PINCITE_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1 2001:db8::/32")
    assert Settings().trusted_proxies == ("10.0.0.0/8", "192.0.2.1", "2001:db8::/32")
    monkeypatch.setenv("PINCITE_TRUSTED_PROXIES", "proxy.example")
    with pytest.raises(SettingsError, match=r"proxy\.example"):
        Settings()
