"""A request that is refused: the status, and a problem document (RFC 9457) that says what to do."""

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
"""Where the page shows its reader the body of a refusal as it is: there it is the sentences alone."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not carried out."""

    status: int
    detail: str
    hint: str = ""
    retry_seconds: int = 0
    """When to try again; 0 where that would not help."""

    def document(self, request_id: str = "") -> bytes:
        """The problem document."""
        title = HTTPStatus(self.status).phrase
        document = {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail}
        if self.hint:
            document["hint"] = self.hint
        if request_id:
            document["request_id"] = request_id
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")

    def response(self, request_id: str = "", *, close: bool = False, as_text: bool = False) -> Response:
        """The document as a response; `close` where the rest of the body is not going to be read."""
        headers = {"Cache-Control": "no-store"}
        if self.retry_seconds:
            headers["Retry-After"] = str(self.retry_seconds)
        if close:
            headers["Connection"] = "close"
        if as_text:
            return PlainTextResponse(f"{self.detail} {self.hint}".rstrip(), self.status, headers)
        return Response(self.document(request_id), self.status, headers, MEDIA_TYPE)

    async def answer(self, scope: Scope, receive: Receive, send: Send, *, close: bool = False) -> None:
        """Send it, as ASGI wants it."""
        request_id = scope.get("state", {}).get("request_id", "")
        response = self.response(request_id, close=close, as_text=scope["path"] in AS_TEXT)
        await response(scope, receive, send)
