"""Answers HEAD requests like GET, but without the body, for every GET route of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = ("/v1/", "/healthz", "/readyz", "/metrics", "/openapi.json")
"""Path prefixes of the API."""


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
