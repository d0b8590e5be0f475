"""Middleware around all routes: ids, counts and logs, HEAD requests, and problems for unknown routes."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match

from index.server.guard.origins import local_path
from index.server.http import problems, service
from index.server.limits import ClientDisconnected
from index.server.permissions import Permissions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from index.server.http.service import Metrics

API = ("/v1/", "/healthz", "/readyz", "/metrics", "/openapi.json")
"""Path prefixes of the API."""
_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
HEADER = "X-Request-ID"
CLIENT_CLOSED_REQUEST = 499
"""Status in the log for a client that disconnected before its response."""
_VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
_access = logging.getLogger("index.server.http.access")
_log = logging.getLogger(__name__)


class HeadMiddleware:
    """ASGI middleware that runs a HEAD request as GET and drops the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request as GET, and send only the headers of its response."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        get_scope = {**scope, "method": "GET"}
        await self._app(get_scope, receive, send_without_body)
        scope["route"] = get_scope.get("route")


class FallbackRoute(BaseRoute):
    """Matches the paths of the API with a wrong method, and all unknown paths below /v1. It must be the last route.

    A mount at "/" would match every request that no earlier route matches fully, including those with a wrong method.
    """

    permissions = Permissions(())
    """It permits nothing, because it only refuses."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = tuple(routes)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return a full match or none."""
        if scope["type"] != "http":
            return Match.NONE, {}
        path = local_path(scope)
        below = path == "/v1" or path.startswith("/v1/")
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


class RequestMiddleware:
    """The outermost ASGI middleware of the application."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle an HTTP request; pass on everything else."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent_id = Headers(scope=scope).get(HEADER, "")
        identity = sent_id if _VALID_ID.fullmatch(sent_id) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = identity
        token = service.request_id.set(identity)
        try:
            with self._metrics.in_flight.track_inprogress():
                await self._handle(scope, receive, send, identity)
        finally:
            service.request_id.reset(token)

    async def _handle(self, scope: Scope, receive: Receive, send: Send, identity: str) -> None:
        began = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), scope["path"], identity)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except (ClientDisconnect, ClientDisconnected):
            status = CLIENT_CLOSED_REQUEST
        except Exception:  # outermost level: nothing above would answer the client
            _log.exception("A request failed unexpectedly.")
            if status == 0:
                await problems.ProblemResponse(problems.internal_error(identity))(scope, receive, send_with_headers)
        self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        self._metrics.count_request(scope["method"], route, status, seconds)
        facts = {"method": scope["method"], "route": route, "status": status, "ms": round(1000 * seconds, 1)}
        error = scope["state"].get("error")
        if error:
            facts["error"] = str(error)
        if question := scope["state"].get("question"):
            facts["question"] = question
        level = logging.ERROR if error or status == 500 else logging.INFO
        _access.log(level, "request", extra={"facts": facts})


def _route(scope: Scope) -> str:
    """Return the route's pattern: a path may contain a question, and the number of paths is unlimited."""
    route = scope.get("route")
    if route is not None:
        return str(route.path)
    if scope["path"].startswith("/v1"):
        return "unmatched"
    return "/mcp" if scope["path"].startswith("/mcp") else "page"


def _add_headers(headers: MutableHeaders, path: str, identity: str) -> None:
    headers[HEADER] = identity
    for name, value in _SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if path.startswith(API):
        headers.setdefault("Content-Security-Policy", _API_POLICY)
    elif path.startswith("/docs"):
        headers.setdefault("Content-Security-Policy", _DOCS_POLICY)
