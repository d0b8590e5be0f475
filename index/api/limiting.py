"""No request brings more bytes than the settings allow; uploads have limits of their own, file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_UPLOADS = "/v1/documents"


class Limiting:
    """ASGI middleware over the routes of the service."""

    def __init__(self, app: ASGIApp, *, megabytes: int) -> None:
        self._app = app
        self._megabytes = megabytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the body be read as far as it may be. Raises HTTPException (413) where somebody reads on."""
        headers = Headers(scope=scope) if scope["type"] == "http" else None
        if headers is None or not scope["path"].startswith(("/v1/", "/page/")) or _is_upload(scope, headers):
            await self._app(scope, receive, send)
            return
        left = 1_000_000 * self._megabytes
        too_much = HTTPException(
            413,
            f"The body is larger than {self._megabytes} MB. Whoever runs this server can raise the limit with "
            "PINCITE_MAX_BODY_MEGABYTES.",
        )
        declared = headers.get("content-length", "")

        async def receiving() -> Message:
            nonlocal left
            if declared.isdecimal() and int(declared) > 1_000_000 * self._megabytes:
                raise too_much
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise too_much
            return message

        await self._app(scope, receiving, send)


def _is_upload(scope: Scope, headers: Headers) -> bool:
    return scope["path"] == _UPLOADS and headers.get("content-type", "").startswith("multipart/")
