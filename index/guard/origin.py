"""Requests that another site's page sends through the browser of whoever reads it.

A form of any page may send files to a server on the reader's own machine, and no browser asks that server first. Every
browser says in `Origin` for whose page it sends a request that is not a plain GET. `Sec-Fetch-Site` says it as well,
but browsers send that only to HTTPS and to localhost. Programs send neither, and are not hindered.

A page can also let its own name point to 127.0.0.1, and is no other site for the browser then. So a request that
arrives at this machine's own device must name this machine, or a name that the operator has allowed. A hosted server
cannot know its names, and there is nothing behind it that the page could not reach by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers

from index.guard.refusal import Refusal

if TYPE_CHECKING:
    from starlette.types import Scope

_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_READING = ("GET", "HEAD", "OPTIONS")
WATCHED = ("/healthz", "/readyz", "/metrics")
"""Asked by whatever watches over the server, under any name; they tell nothing of the documents."""
_FOREIGN_SITES = ("cross-site", "same-site")
_DEFAULT_PORTS = (None, 80, 443)
MISADDRESSED = Refusal(
    421,
    "The request is not addressed to this server, which is on this machine only.",
    "Whoever runs the server can allow other names with PINCITE_ALLOW_HOSTS.",
)
FOREIGN = Refusal(
    403,
    "Pages of other sites may not change anything here, nor ask for it.",
    "If this is the server's own page, the proxy in front of it must pass the Host header on, or be named in "
    "PINCITE_TRUSTED_PROXIES.",
)


def names(setting: str) -> frozenset[str]:
    """The names of this server in PINCITE_ALLOW_HOSTS."""
    return frozenset(setting.lower().replace(",", " ").split())


@dataclass(frozen=True, slots=True)
class Origins:
    """Which names are this server's own."""

    allowed: frozenset[str] = frozenset()

    def misaddressed(self, scope: Scope) -> Refusal | None:
        """The refusal of a request that came to this machine's own device under a name that is not its own.

        To be asked before forwarded headers are believed: a page that lets its name point here can write those, but
        not `Host`.
        """
        if scope["path"] in WATCHED or not _is_loopback(scope):
            return None
        host = _split(f"//{Headers(scope=scope).get('host', '')}")
        own = host is not None and host.hostname in _NAMES | self.allowed
        return None if own else MISADDRESSED

    def foreign(self, scope: Scope) -> Refusal | None:
        """The refusal of a request that another site's page has sent, unless it only reads."""
        if scope["method"] in _READING:
            return None
        headers = Headers(scope=scope)
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site in _FOREIGN_SITES:
            return FOREIGN
        # No page can write this header. It is right behind a proxy that changes `Host`, too.
        if origin is None or site == "same-origin":
            return None
        own = _authority(origin)
        if own is None or not (own == _authority(f"//{headers.get('host', '')}") or self._is_allowed(scope, own[0])):
            return FOREIGN
        return None

    def _is_allowed(self, scope: Scope, name: str) -> bool:
        """A proxy on this machine may call the server by another name than its visitors do."""
        return name in self.allowed and _is_loopback(scope)


def _authority(address: str) -> tuple[str, int | None] | None:
    """Host and port of an address; None where there is none, as in the origin `null`.

    A proxy may speak HTTPS and the server behind it HTTP, so the ports of both stand for the default.
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
    """Whether the request arrived at this machine's own device."""
    server = scope.get("server")
    try:
        return server is not None and ip_address(server[0]).is_loopback
    except ValueError:
        return False
