"""ASGI middleware of a demo: gives each request to its visitor's private library, and applies the limits.

It comes directly after the guard, before every route, also those of Gradio and MCP. So a route cannot serve a library
that is not the visitor's: it finds its library in the scope of the request, which only this middleware fills.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketClose

from index.errors import RateLimited
from index.server.guard.origins import Refusal
from index.server.limits import SERVICE_KEY, VISITOR_KEY
from index.server.permissions import READER, Permission, Permissions
from index.server.visitors.identity import HEADER, has_cookie

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from index.server.visitors.identity import Identities
    from index.server.visitors.registry import Visitor, Visitors

TOKEN_KEY = "pincite.visitor.token"  # noqa: S105 - the name of a key
"""The key of the visitor's token for the header, in the scope of a request."""
COOKIE_KEY = "pincite.visitor.cookie"
"""The key, in the scope of a request, of whether it brought the visitor's cookie."""
_DATA = "/page/kept"
"""Routes of the page that answer with JSON instead of a part of the page."""
_UNKNOWN = Permission(READER, counts_as="request")


class Admission:
    """Refuses requests beyond the limits, and sets the service of all others to the visitor's own."""

    def __init__(
        self, app: ASGIApp, *, visitors: Visitors, identities: Identities, routes: Iterable[BaseRoute]
    ) -> None:
        self._permissions = Permissions.of(routes)
        self._visitors = visitors
        self._identities = identities
        self._inner = app
        self._app = identities.middleware(self._admit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on in the name of its visitor."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        elif scope["type"] != "http" or self._permission(scope).counts_as == "nothing":
            await self._inner(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = str(scope["client"][0])
        identity = self._identities.known(scope)
        scope[COOKIE_KEY] = has_cookie(scope)
        try:
            if not identity:
                self._visitors.rates.admit("visitor", "", address)
                identity = self._identities.issue(scope)
            self._visitors.rates.admit("request", identity, address)
            counts_as = self._permission(scope).counts_as
            if counts_as != "nothing" and counts_as != "request":
                self._visitors.rates.admit(counts_as, identity, address)
        except RateLimited as error:
            await _refuse(error, scope, receive, send)
            return
        visitor = self._visitors.enter(identity, address)  # quick: it needs no disk and waits for nothing
        with self._in_the_name_of(visitor, scope):
            await self._inner(scope, receive, _private(send))

    @contextmanager
    def _in_the_name_of(self, visitor: Visitor, scope: Scope) -> Iterator[None]:
        scope[SERVICE_KEY] = visitor.service
        scope[VISITOR_KEY] = visitor
        scope[TOKEN_KEY] = self._identities.token(visitor.identity)
        try:
            yield
        finally:
            self._visitors.leave(visitor, active=not self._permission(scope).is_polled)

    def _permission(self, scope: Scope) -> Permission:
        """Return what a request needs and costs.

        A path with slashes or a line feed at its end costs what the route without them costs, because the router may
        accept it: the `$` of its patterns also matches before a line feed.
        """
        method, path = scope["method"], scope["path"]
        if (exact := self._permissions.find(method, path)) is not None:
            return exact
        near = self._permissions.find(method, path.rstrip("/\n"))
        return near if near is not None and near.counts_as != "nothing" else _UNKNOWN


def _private(send: Send) -> Send:
    """Return a `send` that keeps shared caches from giving one visitor's response to another."""

    async def send_privately(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", "private, no-cache")
            headers.add_vary_header(HEADER)
        await send(message)

    return send_privately


async def _refuse(error: RateLimited, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a request: those for a part of the page with markup, all others with a problem document."""
    refusal = Refusal(429, error.message, error.hint, error.seconds)
    render = getattr(scope["app"].state, "render_problem", None)
    if render is None or not scope["path"].startswith("/page/") or scope["path"].startswith(_DATA):
        await refusal.answer(scope, receive, send)
        return
    headers = {"Retry-After": str(error.seconds), "Cache-Control": "no-store"}
    response = PlainTextResponse(render(error), 429, headers, "text/html")
    await response(scope, receive, send)
