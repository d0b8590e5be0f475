"""No page of another site changes anything here, or reads it, through the browser of whoever reads that page.

A form of any page may send files to a server on the reader's own machine, and no browser asks that server first. All
browsers in use say in `Sec-Fetch-Site` for whom they send a request; programs do not, and are not hindered. And a page
that has its own name point to this machine would be no other site for the browser: so where the server is on this
machine only, it answers to its own names alone, as `index.mcp.guarding` tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from index.api import problems
from index.mcp.guarding import MISADDRESSED, is_misaddressed

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

_READING = ("GET", "HEAD", "OPTIONS")
_REFUSED = "Pages of other sites may not change anything here, nor ask for it."
_FOREIGN = ("cross-site", "same-site")
_WATCHED = ("/healthz", "/readyz", "/metrics")
"""Asked by whatever watches over the server, under any name; they tell nothing of the documents."""


class Guarding:
    """ASGI middleware over all routes, the page's included; `allowed` are further names of this server."""

    def __init__(self, app: ASGIApp, *, allowed: Collection[str] = ()) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what another site's page sends, unless it only reads, and what is addressed to somebody else."""
        app = self._app
        if scope["type"] == "http":
            if scope["path"] not in _WATCHED and is_misaddressed(scope, self._allowed):
                app = problems.ProblemResponse(problems.of_status(421, scope["state"]["request_id"], MISADDRESSED))
            elif _is_foreign(scope):
                app = problems.ProblemResponse(problems.of_status(403, scope["state"]["request_id"], _REFUSED))
        await app(scope, receive, send)


def _is_foreign(scope: Scope) -> bool:
    if scope["method"] in _READING or not scope["path"].startswith("/v1/"):
        return False
    return Headers(scope=scope).get("sec-fetch-site") in _FOREIGN
