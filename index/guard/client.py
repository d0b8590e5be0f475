"""Who asks: the address of a connection, or the one that a trusted proxy names.

Gradio builds addresses from `X-Forwarded-Host`, and limits are counted by client: so whoever can write these headers
would choose both. They are believed from the proxies that the operator names, and removed in any case: what they say
is in the scope itself from here on.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Scope

Address = IPv4Address | IPv6Address
_FORWARDED = (b"forwarded", b"x-forwarded", b"x-real-ip", b"x-original", b"x-gradio-server", b"x-direct-url")
"""How the names of headers begin by which proxies tell what they were asked."""
_V6_PREFIX = 64
"""Providers give each customer at least one network of this size."""
_SCHEMES = ("http", "https")


class Proxies:
    """The trusted proxies, by address or network."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = tuple(ip_network(network, strict=False) for network in networks)

    def trusts(self, address: str) -> bool:
        """Whether there is a trusted proxy at an address."""
        found = parsed(address)
        return found is not None and any(found in network for network in self._networks)

    def rewrite(self, scope: Scope) -> None:
        """Put the visitor's address into the scope, and scheme and host as the visitor wrote them.

        The scope is changed in place: the route that the router notes in it is read by the middleware around this.
        """
        headers = Headers(scope=scope)
        peer = scope["client"][0] if scope.get("client") else ""
        port = scope["client"][1] if scope.get("client") else 0
        address, host = peer, ""
        if self.trusts(peer):
            address = self._behind(peer, headers.getlist("x-forwarded-for"))
            port = port if address == peer else 0
            host = _last(headers, "x-forwarded-host")
            scheme = _last(headers, "x-forwarded-proto").lower()
            scope["scheme"] = scheme if scheme in _SCHEMES else scope["scheme"]
        scope["client"] = (visitor(address), port)
        kept = [pair for pair in scope["headers"] if not pair[0].lower().startswith(_FORWARDED)]
        if host:
            kept = [(b"host", host.encode("latin-1")), *(pair for pair in kept if pair[0].lower() != b"host")]
        scope["headers"] = kept

    def _behind(self, peer: str, lines: Iterable[str]) -> str:
        """The last address that no trusted proxy has: what stands to its left, its owner may have made up."""
        address = peer
        for hop in reversed([hop for line in lines for hop in line.split(",")]):
            found = parsed(_without_port(hop.strip()))
            if found is None:
                break
            address = str(found)
            if not self.trusts(address):
                break
        return address


def visitor(address: str) -> str:
    """An address as clients are told apart: an IPv6 network of one customer is one client."""
    found = parsed(address)
    if isinstance(found, IPv6Address) and not found.is_loopback:
        return str(IPv6Network((found, _V6_PREFIX), strict=False).network_address)
    return str(found) if found is not None else address


def parsed(address: str) -> Address | None:
    """An IP address, None where it is none. IPv4 addresses are such in the notation of IPv6, too."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _without_port(hop: str) -> str:
    """`192.0.2.1:80` and `[2001:db8::1]:80` without the port."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _last(headers: Headers, name: str) -> str:
    """The last value of a header: that of the nearest proxy."""
    values = [value.strip() for line in headers.getlist(name) for value in line.split(",")]
    return values[-1] if values else ""
