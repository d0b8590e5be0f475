"""The server over HTTP: one route that takes only POST, and answers JSON with JSON."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import PlainTextResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mcp.server import Server
    from starlette.types import Receive, Scope, Send

    from index.settings import Settings

PATH = "/mcp"
_UNGUARDED = TransportSecuritySettings(enable_dns_rebinding_protection=False)
"""The SDK checks host names against a fixed list only; `index.guard` checks them before this route is reached."""


class Endpoint:
    """An ASGI application at one path. It answers requests while `running` is entered."""

    def __init__(self, server: Server[Any], settings: Settings) -> None:
        self._server = server
        self._settings = settings
        self._manager: StreamableHTTPSessionManager | None = None

    @property
    def route(self) -> Route:
        """The route for the parent. It refuses other methods than POST: there are no streams and no sessions."""
        return Route(PATH, self, methods=["POST"], name="mcp", include_in_schema=False)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take requests. The parent's lifespan enters it; leaving it ends the calls that are running."""
        manager = StreamableHTTPSessionManager(
            self._server,
            json_response=True,
            stateless=True,
            security_settings=_UNGUARDED,
            max_request_body_size=self._settings.max_body_megabytes * 1_000_000,
        )
        async with manager.run():
            self._manager = manager
            try:
                yield
            finally:
                self._manager = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; with 503 while `running` is not entered."""
        manager = self._manager
        if manager is None:
            await PlainTextResponse("Not running", status_code=503)(scope, receive, send)
        else:
            await manager.handle_request(scope, receive, send)
