"""Who may not speak to a library: other people's web pages, through the browser of whoever reads them.

A page can send requests to `localhost`, and by rebinding its own name to 127.0.0.1 it can even read the answers. So a
request that arrives on the loopback device must name this machine (or a name that the operator has allowed, as behind a
proxy on the same machine). A hosted server cannot know its names, and there is nothing behind it that the page could
not reach by itself. Everywhere, a request that a browser sent for a page must be for a page of this very server.
Assistants are no browsers and send no `Origin`.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.responses import Response
    from starlette.types import Scope

_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


MISADDRESSED = (
    "Not addressed to this server, which is on this machine only. "
    "Whoever runs it can allow other names with PINCITE_ALLOW_HOSTS."
)


def names(setting: str) -> frozenset[str]:
    """The names of this server in PINCITE_ALLOW_HOSTS."""
    return frozenset(setting.lower().replace(",", " ").split())


def is_misaddressed(scope: Scope, allowed: Collection[str]) -> bool:
    """Whether a request came to this machine's own device under a name that is not its own, nor one of `allowed`."""
    return _is_loopback(scope) and _named(f"//{Headers(scope=scope).get('host', '')}") not in _NAMES.union(allowed)


def refusal(scope: Scope, allowed: Collection[str]) -> Response | None:
    """The response to an assistant's request that must not be answered; None for any other."""
    headers = Headers(scope=scope)
    host, origin = headers.get("host", ""), headers.get("origin")
    if is_misaddressed(scope, allowed):
        return PlainTextResponse(MISADDRESSED, status_code=421)
    own = _is_loopback(scope) and _named(origin or "") in _NAMES.union(allowed)
    if origin is not None and origin.partition("//")[2] != host and not own:
        return PlainTextResponse("Pages of other servers may not ask this one.", status_code=403)
    return None


def _is_loopback(scope: Scope) -> bool:
    """Whether the request arrived at this machine's own device."""
    server = scope.get("server")
    try:
        return server is not None and ip_address(server[0]).is_loopback
    except ValueError:
        return False


def _named(address: str) -> str:
    """The host's name in an address; empty where there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
