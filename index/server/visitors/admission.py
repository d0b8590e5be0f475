"""ASGI middleware of a demo: gives each request to its visitor's private library, and applies the limits.

It comes directly after the guard, before every route, also those of Gradio and MCP. So a route cannot serve a library
that is not the visitor's: it finds its library in the scope of the request, which only this middleware fills.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketClose

from index.errors import RateLimited
from index.server.guard.origins import PROBES, Refusal
from index.server.limits import SERVICE_KEY, VISITOR_KEY
from index.server.visitors.identity import HEADER, has_cookie

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from index.server.visitors.identity import Identities
    from index.server.visitors.rates import Action
    from index.server.visitors.registry import Visitor, Visitors

TOKEN_KEY = "pincite.visitor.token"  # noqa: S105 - the name of a key
"""The key of the visitor's token for the header, in the scope of a request."""
COOKIE_KEY = "pincite.visitor.cookie"
"""The key, in the scope of a request, of whether it brought the visitor's cookie."""
_SHARED = re.compile(
    r"/?|/(?:ui|static|assets)/.*|/(?:docs(?:/oauth2-redirect)?|openapi\.json|theme\.css|favicon\.ico|robots\.txt|privacy|static-offline-docs.*)"
    r"|/gradio_api/(?:info|app_id)|/config/?"
)
"""Paths whose responses are the same for everybody. They set no cookie, because the page's response is cached."""
_ACTIONS: tuple[tuple[Action, str, str], ...] = (
    ("question", "POST", r"/v1/(?:search|ask|coverage)|/mcp"),
    ("question", "GET", r"/page/coverage"),
    ("check", "POST", r"/v1/check|/page/check"),
    ("kept", "POST", r"/page/kept/(?:check|export)"),
    ("batch", "POST", r"/v1/(?:batch|matrix)|/page/batches"),
    ("upload", "POST", r"/v1/documents|/gradio_api/upload|/page/(?:links|folders)"),
    # The page's questions are events of Gradio, which count themselves (`Service.admit`).
    ("request", "POST", r"/gradio_api/(?:queue/join|cancel|reset)"),
    ("request", "GET|HEAD", r"/gradio_api/(?:queue/data|upload_progress)"),
    ("request", "GET|HEAD", r"/d/[^/]+(?:/[^/]+)?"),
    ("request", "GET", r"/page/(?:state|jobs|documents|map|choices|suggestions|batches|export|kept)"),
    ("request", "GET", r"/page/batches/[^/]+/(?:rows|answers\.[^/]+)"),
    ("request", "POST", r"/page/(?:questions|kept|kept/forget|jobs/[^/]+/cancel)"),
    ("request", "GET|HEAD", r"/v1/(?:stats|documents(?:/[^/]+(?:/text|/view|/original|/pages/[^/]+\.png)?)?)"),
    ("request", "GET|HEAD", r"/v1/jobs/[^/]+(?:/events|/table\.(?:csv|xlsx))?"),
    ("request", "POST", r"/v1/jobs/[^/]+/cancel"),
    ("request", "DELETE", r"/(?:v1|page)/documents/[^/]+"),
    ("request", "GET|HEAD|DELETE", r"/v1/visitor"),
)
"""What each route counts as, with its methods and its path. A test fails for a route that is missing: whoever adds one
decides what it costs."""
_DATA = "/page/kept"
"""Routes of the page that answer with JSON instead of a part of the page."""
_LOOKS = re.compile(r"/page/(?:state|jobs|batches)|/v1/visitor|/v1/jobs/[^/]+(?:/events)?|/gradio_api/queue/data")
"""GET requests that an open page repeats by itself: they do not count as a visit."""


class Admission:
    """Refuses requests beyond the limits, and sets the service of all others to the visitor's own."""

    def __init__(self, app: ASGIApp, *, visitors: Visitors, identities: Identities) -> None:
        self._visitors = visitors
        self._identities = identities
        self._inner = app
        self._app = identities.middleware(self._admit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on in the name of its visitor."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        elif scope["type"] != "http" or is_shared(scope["path"]):
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
            if (action := action_of(scope)) not in (None, "request"):
                self._visitors.rates.admit(action, identity, address)
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
            is_look = scope["method"] == "GET" and _LOOKS.fullmatch(scope["path"]) is not None
            self._visitors.leave(visitor, active=not is_look)


def _private(send: Send) -> Send:
    """Return a `send` that keeps shared caches from giving one visitor's response to another."""

    async def send_privately(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", "private, no-cache")
            headers.add_vary_header(HEADER)
        await send(message)

    return send_privately


def action_of(scope: Scope) -> Action | None:
    """Return what a request counts as; None for one that no route answers, and for those that are not counted."""
    path = scope["path"].rstrip("/")
    return next(
        (
            action
            for action, methods, form in _ACTIONS
            if scope["method"] in methods.split("|") and re.fullmatch(form, path)
        ),
        None,
    )


def is_shared(path: str) -> bool:
    """Return whether the answer to a path is the same for everybody, so that it is not counted."""
    return path in PROBES or _SHARED.fullmatch(path) is not None


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
