"""Checks the sender of a request: the client behind trusted proxies, foreign sites (CSRF), foreign host names.

Gradio builds URLs from `X-Forwarded-Host`, and limits are counted by client, so anyone who can set these headers could
choose both. Only headers from proxies that the operator names are trusted. All of them are removed from the request;
the scope holds the trusted values.

CSRF: a form on any web page can send files to a server on the reader's own machine, and browsers do not ask that server
first. Every browser names the page's site in `Origin` unless the request is a plain GET. `Sec-Fetch-Site` also names
it, but browsers send that header only to HTTPS and to localhost. Programs send neither header, and are not restricted.

DNS rebinding: a site can point its own name to any address that the visitor's browser reaches: 127.0.0.1, a container,
a server in the visitor's network. The browser then sees one site. So a request that arrives on the loopback device must
name this machine, or a name that the operator has allowed. On other devices, a server does not know its names unless
the operator sets them; then a request must use one of these, or a bare IP address, which cannot be rebound.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Receive, Scope, Send

MEDIA_TYPE = "application/problem+json"
AS_TEXT = frozenset({"/gradio_api/upload"})
"""Routes whose refusals the page shows literally: they get plain text."""
Address = IPv4Address | IPv6Address
_FORWARDED = (b"forwarded", b"x-forwarded", b"x-real-ip", b"x-original", b"x-gradio-server", b"x-direct-url")
"""Prefixes of the headers in which proxies describe the original request."""
_V6_PREFIX = 64
"""Prefix length of an IPv6 network that belongs to one customer: providers assign at least one of this size."""
_SCHEMES = ("http", "https")
_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_FOREIGN_SITES = ("cross-site", "same-site")
_DEFAULT_PORTS = (None, 80, 443)
Authority = tuple[str, int | None]
"""Host and port; the port is None for the default."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a request is refused."""

    status: int
    detail: str
    hint: str = ""
    retry_seconds: int = 0
    """Seconds after which to retry; 0 if a retry would not help."""

    def document(self, request_id: str = "") -> bytes:
        """Return the problem document as JSON."""
        title = HTTPStatus(self.status).phrase
        document = {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail}
        if self.hint:
            document["hint"] = self.hint
        if request_id:
            document["request_id"] = request_id
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")

    def response(self, request_id: str = "", *, close: bool = False, as_text: bool = False) -> Response:
        """Return the response; with `close`, the connection ends and the rest of the body is not read."""
        headers = {"Cache-Control": "no-store"}
        if self.retry_seconds:
            headers["Retry-After"] = str(self.retry_seconds)
        if close:
            headers["Connection"] = "close"
        if as_text:
            return PlainTextResponse(f"{self.detail} {self.hint}".rstrip(), self.status, headers)
        return Response(self.document(request_id), self.status, headers, MEDIA_TYPE)

    async def answer(self, scope: Scope, receive: Receive, send: Send, *, close: bool = False) -> None:
        """Send the response through ASGI."""
        request_id = scope.get("state", {}).get("request_id", "")
        response = self.response(request_id, close=close, as_text=local_path(scope) in AS_TEXT)
        await response(scope, receive, send)


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
        """Return the last address that is not a trusted proxy: its owner may have invented all addresses before it."""
        address = peer
        for hop in reversed([hop for line in lines for hop in line.split(",")]):
            found = parsed(_without_port(hop.strip()))
            if found is None:
                break
            address = str(found)
            if not self.trusts(address):
                break
        return address


def local_path(scope: Scope) -> str:
    """Return the path of a request below the address of its library: an application is mounted at `root_path`."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path.removeprefix(root) if path.startswith(f"{root}/") else path


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


MISADDRESSED = Refusal(
    421,
    "The request uses a host name that this server does not accept.",
    "The operator of this server can allow other names with PINCITE_ALLOW_HOSTS.",
)
FOREIGN = Refusal(
    403,
    "Pages of other sites may not send requests to this server.",
    "If this is the server's own page, the proxy in front of it must pass on the Host header, or be named in "
    "PINCITE_TRUSTED_PROXIES.",
)


def host_names(setting: str) -> frozenset[str]:
    """Parse the host names in PINCITE_ALLOW_HOSTS."""
    return frozenset(setting.lower().replace(",", " ").split())


@dataclass(frozen=True, slots=True)
class Origins:
    """Checks requests against the names of this server."""

    allowed: frozenset[str] = frozenset()

    def host_refusal(self, scope: Scope) -> Refusal | None:
        """Return the refusal of a request with a foreign host name, or None.

        A server that other machines reach accepts every name if the operator has set none. Call this before forwarded
        headers are applied: a page that rebinds its name can set those, but not `Host`.
        """
        local = _is_loopback(scope)
        if not (local or self.allowed):
            return None
        host = _split(f"//{Headers(scope=scope).get('host', '')}")
        name = (host.hostname if host is not None else None) or ""
        is_own = name in _NAMES | self.allowed or (not local and parsed(name) is not None)
        return None if is_own else MISADDRESSED

    def origin_refusal(self, scope: Scope) -> Refusal | None:
        """Return the refusal of a request that another site's page has sent, or None. Reading is always allowed."""
        if scope["method"] in _SAFE_METHODS:
            return None
        headers = Headers(scope=scope)
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site in _FOREIGN_SITES:
            return FOREIGN
        # No page can set this header. It is also correct behind a proxy that changes `Host`.
        if origin is None or site == "same-origin":
            return None
        sender, host = _authority(origin), _authority(f"//{headers.get('host', '')}")
        if sender is None or not (sender == host or (_is_loopback(scope) and self._is_allowed(sender, host))):
            return FOREIGN
        return None

    def _is_allowed(self, sender: Authority, host: Authority | None) -> bool:
        """Return whether an allowed name may differ from `Host`: a proxy on this machine may use another name.

        Visitors reach the proxy at a default port, or at the server's port. Other ports of its name belong to other
        servers, and so do all ports of `localhost`.
        """
        name, port = sender
        return name in self.allowed - _NAMES and port in (None, host and host[1])


def _authority(address: str) -> Authority | None:
    """Return host and port of a URL, or None if it has no host, such as the origin `null`.

    A proxy may use HTTPS and the server behind it HTTP, so the default ports of both count as the default.
    """
    split = _split(address)
    if split is None or not split.hostname:
        return None
    default = {"http": (None, 80), "https": (None, 443)}.get(split.scheme, _DEFAULT_PORTS)
    return split.hostname, None if split.port in default else split.port


def _split(address: str) -> SplitResult | None:
    try:
        split = urlsplit(address)
        _ = split.port
    except ValueError:
        return None
    return split


def _is_loopback(scope: Scope) -> bool:
    """Return whether the request arrived on the loopback device."""
    server = scope.get("server")
    found = parsed(server[0]) if server is not None else None
    return found is not None and found.is_loopback
