"""HEAD: what GET would answer, without its body, for every route of the service that takes GET."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = ("/v1/", "/healthz", "/readyz", "/metrics", "/openapi.json")
"""How the addresses begin that are the service's own."""


class Heading:
    """ASGI middleware over the routes of the service."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask for the whole, and pass on its head."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return

        async def beheading(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        whole = {**scope, "method": "GET"}
        await self._app(whole, receive, beheading)
        scope["route"] = whole.get("route")
