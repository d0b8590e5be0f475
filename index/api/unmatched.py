"""What no route of the service takes: told as a problem, even where a page is mounted on all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Receive, Scope, Send

_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


class Unmatched(BaseRoute):
    """Comes after the service's routes: takes their addresses with other methods, and all other addresses below /v1.

    A mount at "/" takes every address that no route before it takes in full, hence also those with a wrong method.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = tuple(routes)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """In full, or not at all."""
        if scope["type"] != "http":
            return Match.NONE, {}
        below = scope["path"] == "/v1" or scope["path"].startswith("/v1/")
        wrong = any(route.matches(scope)[0] is Match.PARTIAL for route in self._routes)
        return (Match.FULL if below or wrong else Match.NONE), {}

    async def handle(self, scope: Scope, _: Receive, __: Send) -> None:
        """Raises HTTPException: 405 with what is allowed, or 404."""
        allowed = [method for method in _METHODS if self._takes({**scope, "method": method})]
        if not allowed:
            raise HTTPException(404, "There is nothing at this address. What there is, /docs says.")
        raise HTTPException(405, f"This address takes {', '.join(allowed)}.", {"Allow": ", ".join(allowed)})

    def _takes(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in self._routes)
