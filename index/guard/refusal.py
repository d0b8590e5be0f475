"""The response to a refused request: a status and a problem document (RFC 9457) with a hint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

MEDIA_TYPE = "application/problem+json"
AS_TEXT = frozenset({"/gradio_api/upload"})
"""Routes whose refusals the page shows literally: they get plain text."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a request is refused."""

    status: int
    detail: str
    hint: str = ""
    retry_seconds: int = 0
    """Seconds after which to retry; 0 if a retry would not help."""

    def document(self, request_id: str = "") -> bytes:
        """Return the problem document as JSON."""
        title = HTTPStatus(self.status).phrase
        document = {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail}
        if self.hint:
            document["hint"] = self.hint
        if request_id:
            document["request_id"] = request_id
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")

    def response(self, request_id: str = "", *, close: bool = False, as_text: bool = False) -> Response:
        """Return the response; with `close`, the connection ends and the rest of the body is not read."""
        headers = {"Cache-Control": "no-store"}
        if self.retry_seconds:
            headers["Retry-After"] = str(self.retry_seconds)
        if close:
            headers["Connection"] = "close"
        if as_text:
            return PlainTextResponse(f"{self.detail} {self.hint}".rstrip(), self.status, headers)
        return Response(self.document(request_id), self.status, headers, MEDIA_TYPE)

    async def answer(self, scope: Scope, receive: Receive, send: Send, *, close: bool = False) -> None:
        """Send the response through ASGI."""
        request_id = scope.get("state", {}).get("request_id", "")
        response = self.response(request_id, close=close, as_text=scope["path"] in AS_TEXT)
        await response(scope, receive, send)
