"""Around everything: each request has an id, is counted and logged, and ends in a response whatever happens."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect

from index.api import journal, problems
from index.api.heading import API
from index.serving.abandonment import Abandoned

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from index.api.measuring import Measures

HEADER = "X-Request-ID"
GONE = 499
"""What the log says of a client that did not wait for its response."""

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECURITY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
_NOTHING = "default-src 'none'; frame-ancestors 'none'"
_DOCS = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
_access = logging.getLogger("index.api.access")
_log = logging.getLogger(__name__)


class Observing:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on whatever is no request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        identity = given if _SANE.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = identity
        token = journal.request_id.set(identity)
        try:
            with self._measures.in_flight.track_inprogress():
                await self._observed(scope, receive, send, identity)
        finally:
            journal.request_id.reset(token)

    async def _observed(self, scope: Scope, receive: Receive, send: Send, identity: str) -> None:
        began = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(MutableHeaders(scope=message), scope["path"], identity)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except (ClientDisconnect, Abandoned):
            status = GONE
        except Exception:  # the outermost edge: nothing above would tell the client
            _log.exception("A request failed in a way that nobody foresaw.")
            if status == 0:
                await problems.ProblemResponse(problems.unforeseen(identity))(scope, receive, sending)
        self._told(scope, status, time.perf_counter() - began)

    def _told(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        self._measures.answered(scope["method"], route, status, seconds)
        facts = {"method": scope["method"], "route": route, "status": status, "ms": round(1000 * seconds, 1)}
        error = scope["state"].get("error")
        if error:
            facts["error"] = str(error)
        if question := scope["state"].get("question"):
            facts["question"] = question
        level = logging.ERROR if error or status == 500 else logging.INFO
        _access.log(level, "request", extra={"facts": facts})


def _route(scope: Scope) -> str:
    """The route's pattern: an address itself may hold a question, and there is no end of addresses."""
    route = scope.get("route")
    if route is not None:
        return str(route.path)
    if scope["path"].startswith("/v1"):
        return "unmatched"
    return "/mcp" if scope["path"].startswith("/mcp") else "page"


def _dress(headers: MutableHeaders, path: str, identity: str) -> None:
    headers[HEADER] = identity
    for name, value in _SECURITY.items():
        headers.setdefault(name, value)
    if path.startswith(API):
        headers.setdefault("Content-Security-Policy", _NOTHING)
    elif path.startswith("/docs"):
        headers.setdefault("Content-Security-Policy", _DOCS)
