"""Answers API requests that match no route with a problem, even if a page is mounted at "/"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Receive, Scope, Send

_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


class FallbackRoute(BaseRoute):
    """Matches the paths of the API with a wrong method, and all unknown paths below /v1. It must be the last route.

    A mount at "/" would match every request that no earlier route matches fully, including those with a wrong method.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = tuple(routes)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return a full match or none."""
        if scope["type"] != "http":
            return Match.NONE, {}
        below = scope["path"] == "/v1" or scope["path"].startswith("/v1/")
        wrong = any(route.matches(scope)[0] is Match.PARTIAL for route in self._routes)
        return (Match.FULL if below or wrong else Match.NONE), {}

    async def handle(self, scope: Scope, _: Receive, __: Send) -> None:
        """Raise HTTPException: 405 with the allowed methods, or 404."""
        allowed = [method for method in _METHODS if self._accepts({**scope, "method": method})]
        if not allowed:
            raise HTTPException(404, "There is nothing at this address. See /docs for all addresses.")
        raise HTTPException(405, f"This address accepts {', '.join(allowed)}.", {"Allow": ", ".join(allowed)})

    def _accepts(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in self._routes)
