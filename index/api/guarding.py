"""No page of another site changes anything here through the browser of whoever reads it.

A form of any page may send files to a server on the reader's own machine, and no browser asks that server first. All
browsers in use say in `Sec-Fetch-Site` for whom they send a request; programs do not, and are not hindered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from index.api import problems

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_READING = ("GET", "HEAD", "OPTIONS")
_REFUSED = "Pages of other sites may not change anything here, nor ask for it."
_FOREIGN = ("cross-site", "same-site")


class Guarding:
    """ASGI middleware over the routes of the service."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what another site's page sends, unless it only reads."""
        app = self._app
        if scope["type"] == "http" and _is_foreign(scope):
            app = problems.ProblemResponse(problems.of_status(403, scope["state"]["request_id"], _REFUSED))
        await app(scope, receive, send)


def _is_foreign(scope: Scope) -> bool:
    if scope["method"] in _READING or not scope["path"].startswith("/v1/"):
        return False
    return Headers(scope=scope).get("sec-fetch-site") in _FOREIGN
