"""Finds the client of a request: the address of its connection, or the address that a trusted proxy names.

Gradio builds URLs from `X-Forwarded-Host`, and limits are counted by client, so anyone who can set these headers could
choose both. Only headers from proxies that the operator names are trusted. All of them are removed from the request;
the scope holds the trusted values.
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
"""Prefixes of the headers in which proxies describe the original request."""
_V6_PREFIX = 64
"""Prefix length of an IPv6 network that belongs to one customer: providers assign at least one of this size."""
_SCHEMES = ("http", "https")


class Proxies:
    """The trusted proxies, as addresses or networks."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = tuple(ip_network(network, strict=False) for network in networks)

    def trusts(self, address: str) -> bool:
        """Return whether the address belongs to a trusted proxy."""
        found = parsed(address)
        return found is not None and any(found in network for network in self._networks)

    def rewrite(self, scope: Scope) -> None:
        """Set the client's address in the scope, and the scheme and host that the client used.

        The scope is changed in place, because the outer middleware reads the route that the router stores in it.
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
        """Return the last address that is not a trusted proxy: its owner may have invented everything to its left."""
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
    """Return the key of a client: its address, or its network for IPv6, because one customer has a whole network."""
    found = parsed(address)
    if isinstance(found, IPv6Address) and not found.is_loopback:
        return str(IPv6Network((found, _V6_PREFIX), strict=False).network_address)
    return str(found) if found is not None else address


def parsed(address: str) -> Address | None:
    """Parse an IP address, or return None. IPv4 addresses in IPv6 notation become IPv4."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _without_port(hop: str) -> str:
    """Return the address of `192.0.2.1:80` or `[2001:db8::1]:80` without its port."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _last(headers: Headers, name: str) -> str:
    """Return the last value of a header, which the nearest proxy has set."""
    values = [value.strip() for line in headers.getlist(name) for value in line.split(",")]
    return values[-1] if values else ""
