"""Requests that another site's page sends through the browser of whoever reads it.

A form of any page may send files to a server on the reader's own machine, and no browser asks that server first. Every
browser says in `Origin` for whose page it sends a request that is not a plain GET. `Sec-Fetch-Site` says it as well,
but browsers send that only to HTTPS and to localhost. Programs send neither, and are not hindered.

A page can also let its own name point to any address that the visitor's browser reaches: to 127.0.0.1, to a container,
to a server of the visitor's network. For the browser it is no other site then. So a request that arrives at this
machine's own device must name this machine, or a name that the operator has allowed. Elsewhere, a server cannot know
its names unless the operator gives them: then a request must have one of these, or a bare address, which no page can
let point anywhere.
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
_READING = ("GET", "HEAD", "OPTIONS")
WATCHED = ("/healthz", "/readyz", "/metrics")
"""Asked by whatever watches over the server, under any name; they tell nothing of the documents."""
_FOREIGN_SITES = ("cross-site", "same-site")
_DEFAULT_PORTS = (None, 80, 443)
Authority = tuple[str, int | None]
"""Host and port, which is None for the default."""
MISADDRESSED = Refusal(
    421,
    "The request is not addressed to this server by a name of its own.",
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
        """The refusal of a request under a name that is not the server's own.

        Where others reach it and the operator has named none, every name is its own. To be asked before forwarded
        headers are believed: a page that lets its name point here can write those, but not `Host`.
        """
        local = _is_loopback(scope)
        if scope["path"] in WATCHED or not (local or self.allowed):
            return None
        host = _split(f"//{Headers(scope=scope).get('host', '')}")
        name = (host.hostname if host is not None else None) or ""
        own = name in _NAMES | self.allowed or (not local and parsed(name) is not None)
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
        own, host = _authority(origin), _authority(f"//{headers.get('host', '')}")
        if own is None or not (own == host or (_is_loopback(scope) and self._is_allowed(own, host))):
            return FOREIGN
        return None

    def _is_allowed(self, own: Authority, host: Authority | None) -> bool:
        """A proxy on this machine may call the server by another name than its visitors do.

        It is visited at a default port, or at that of the server. At other ports of its name there are other servers;
        and at every port of `localhost`, which says nothing of a proxy.
        """
        name, port = own
        return name in self.allowed - _NAMES and port in (None, host and host[1])


def _authority(address: str) -> Authority | None:
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
    found = parsed(server[0]) if server is not None else None
    return found is not None and found.is_loopback
