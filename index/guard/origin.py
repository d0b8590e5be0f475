"""Refuses cross-site requests (CSRF) and requests with a foreign host name (DNS rebinding).

CSRF: a form on any web page can send files to a server on the reader's own machine, and browsers do not ask that server
first. Every browser names the page's site in `Origin` unless the request is a plain GET. `Sec-Fetch-Site` says it as
well, but browsers send it only to HTTPS and to localhost. Programs send neither header, and are not restricted.

DNS rebinding: a site can point its own name to any address that the visitor's browser reaches: 127.0.0.1, a container,
a server in the visitor's network. The browser then sees one site. So a request that arrives on the loopback device must
name this machine, or a name that the operator has allowed. On other devices, a server does not know its names unless
the operator sets them; then a request must use one of these, or a bare IP address, which cannot be rebound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers

from index.guard.client import parsed
from index.guard.refusal import Refusal

if TYPE_CHECKING:
    from starlette.types import Scope

_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
PROBES = ("/healthz", "/readyz", "/metrics")
"""Routes for monitoring, which may use any host name; they reveal nothing about the documents."""
_FOREIGN_SITES = ("cross-site", "same-site")
_DEFAULT_PORTS = (None, 80, 443)
Authority = tuple[str, int | None]
"""Host and port; the port is None for the default."""
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
        if scope["path"] in PROBES or not (local or self.allowed):
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
