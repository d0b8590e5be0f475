"""ASGI middleware of a demo: gives each request to its visitor's private library, and applies the limits.

It comes directly after the guard, before every route, also those of Gradio and MCP. So a route cannot serve a library
that is not the visitor's: it finds its library in the scope of the request, which only this middleware fills.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, TimestampSigner
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketClose

from index.errors import RateLimited
from index.server.guard.origins import Refusal
from index.server.limits import SERVICE_KEY, VISITOR_KEY
from index.server.permissions import READER, Permission, Permissions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from index.plugins.demo.registry import Visitor, Visitors


# Who a visitor is: an unguessable id in a signed cookie, or in a header where a frame gets no cookies.
#
# The id says nothing about the person, and the key that signs it is made at the start of the server: private libraries
# do not outlive the process either.

COOKIE = "pincite_visitor"
HEADER = "X-Pincite-Visitor"
LIFETIME_SECONDS = 24 * 3600
"""Seconds for which a cookie or a token is accepted: longer than any private library exists."""
_KEY = "visitor"


class Identities:
    """Reads and issues the ids of visitors."""

    def __init__(self) -> None:
        self._secret = secrets.token_hex(32)
        self._signer = TimestampSigner(self._secret, salt="pincite.visitor.header")

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """Return the application with `scope["session"]`, which is kept in the cookie."""
        return _Sessions(app, self._secret)

    def known(self, scope: Scope) -> str:
        """Return the id that a request brings; empty if it brings none, or a forged or expired one."""
        token = Headers(scope=scope).get(HEADER, "")
        try:
            return self._signer.unsign(token, max_age=LIFETIME_SECONDS).decode() if token else _from_session(scope)
        except BadSignature:
            return ""

    def issue(self, scope: Scope) -> str:
        """Return a new id, which the response brings to the browser as a cookie."""
        identity = secrets.token_urlsafe(24)
        scope["session"][_KEY] = identity
        return identity

    def token(self, identity: str) -> str:
        """Return the value of the header that stands for this id."""
        return self._signer.sign(identity).decode()


def has_cookie(scope: Scope) -> bool:
    """Return whether the request brought its id in a cookie."""
    return bool(_from_session(scope))


def _from_session(scope: Scope) -> str:
    value = scope.get("session", {}).get(_KEY, "")
    return value if isinstance(value, str) else ""


class _Sessions:
    """Starlette's sessions, with a cookie that also works in a frame of another site if the browser allows one.

    Such a cookie must be `Secure`. Browsers send `Sec-Fetch-Site` only to servers that they reach by HTTPS or on
    localhost, where they accept it; this also holds behind a proxy that ends HTTPS.
    """

    def __init__(self, app: ASGIApp, secret: str) -> None:
        self._framed = SessionMiddleware(
            app,
            secret,
            session_cookie=f"__Host-{COOKIE}",  # which no other host of the same domain can set
            max_age=LIFETIME_SECONDS,
            same_site="none",
            https_only=True,
            partitioned=True,
        )
        self._plain = SessionMiddleware(app, secret, session_cookie=COOKIE, max_age=LIFETIME_SECONDS, same_site="lax")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._plain(scope, receive, send)
            return
        is_secure = scope["scheme"] == "https" or "sec-fetch-site" in Headers(scope=scope)
        await (self._framed if is_secure else self._plain)(scope, receive, send)


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
