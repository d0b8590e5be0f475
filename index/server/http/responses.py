"""Makes responses: conditional, negotiated, paged, as event streams, and as files."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from fastapi.exceptions import RequestValidationError
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from index.errors import OriginalMissing
from index.server.limits import call_on_disconnect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from index.records import DocumentInfo
    from index.views.blocks import OpenOriginal

_REVALIDATE = "private, no-cache"
"""A browser may cache the response but must revalidate it, so that removed documents disappear at once."""
Emit = Callable[[str, Mapping[str, Any]], Awaitable[None]]
Produce = Callable[[Emit], Awaitable[None]]
MEDIA_TYPE = "text/event-stream"
KEEP_ALIVE_SECONDS = 15.0
"""Interval of comments in a silent stream: proxies close connections that are silent for a minute."""
PIECE_BYTES = 64 * 1024
"""Bytes of a file that are read and sent at once."""
_SORTED_CHARACTERS = 200
"""Characters of a name that determine its position in the list."""
Position = tuple[str, str]


def weak_tag(*parts: object) -> str:
    """Return a weak ETag, for content that may be compressed in transit."""
    return f"W/{strong_tag(*parts)}"


def strong_tag(*parts: object) -> str:
    """Return a strong ETag, for identical bytes."""
    return f'"{hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:32]}"'


def conditional(request: Request, tag: str, make: Callable[[], Response]) -> Response:
    """Return the response of `make` with its ETag, or 304 if the client has cached it."""
    response = Response(status_code=304) if _is_cached(request, tag) else make()
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = _REVALIDATE
    return response


def _is_cached(request: Request, tag: str) -> bool:
    """Compare weakly, as RFC 9110 requires for GET."""
    cached = request.headers.get("if-none-match", "")
    return cached.strip() == "*" or tag.removeprefix("W/") in (
        candidate.strip().removeprefix("W/") for candidate in cached.split(",")
    )


def preferred_type(accept: str | None, offers: Sequence[str]) -> str:
    """Return the offer with the highest quality in the Accept header; of equal offers, the first.

    An offer is a media type without parameters. Raises HTTPException (406) if the client accepts none of them.
    """
    ranges = [_range(entry) for entry in (accept or "*/*").split(",") if entry.strip()] or [("*/*", 1.0)]
    qualities = {offer: _quality(offer, ranges) for offer in offers}
    best = max(offers, key=lambda offer: qualities[offer])
    if qualities[best] <= 0:
        raise HTTPException(406, f"Available formats: {' or '.join(offers)}.")
    return best


def _range(text: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return kind, float(quality)
    except ValueError:
        return kind, 0.0


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the quality of an offer, in [0, 1]; a precise range overrides a wildcard."""
    family = offer.partition("/")[0] + "/*"
    for pattern in (offer, family, "*/*"):
        if matching := [quality for kind, quality in ranges if kind == pattern]:
            return max(matching)
    return 0.0


class Download(StreamingResponse):
    """A response with an original file, which is closed after sending."""

    def __init__(self, original: OpenOriginal, headers: Mapping[str, str]) -> None:
        super().__init__(_pieces(original), headers={**headers, "Content-Length": str(original.size)})
        self._original = original

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, then close it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._original.file.close()


async def _pieces(original: OpenOriginal) -> AsyncIterator[bytes]:
    """Yield the bytes of the file; each piece is read after the client has read the previous one.

    Raises OriginalMissing instead of the last piece if the file has changed meanwhile.
    """
    digest, left = hashlib.sha256(), original.size
    while left:
        piece = await anyio.to_thread.run_sync(original.file.read, min(PIECE_BYTES, left))
        digest.update(piece)
        left -= len(piece)
        if not piece or (not left and digest.hexdigest() != original.sha256):
            raise OriginalMissing(f"The file {original.name} changed while it was being sent.")
        yield piece


def openapi_content(example: str, **events: str) -> dict[str, Any]:
    """Return an event stream for OpenAPI; `events` maps the name of each event to the schema of its data."""
    kinds = [
        {
            "type": "object",
            "properties": {
                "event": {"const": name},
                "data": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": {"$ref": f"#/components/schemas/{model}"},
                },
            },
            "required": ["event", "data"],
        }
        for name, model in events.items()
    ]
    schema = kinds[0] if len(kinds) == 1 else {"oneOf": kinds}
    return {MEDIA_TYPE: {"itemSchema": schema, "example": example}}


class EventStream(Response):
    """A response that sends the events of `produce` until it returns, and cancels it if the client disconnects."""

    media_type = MEDIA_TYPE

    def __init__(self, produce: Produce) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._produce = produce

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Run `produce` with keep-alive comments until it returns or the client disconnects."""

        async def emit(event: str, data: Mapping[str, Any]) -> None:
            await _chunk(send, format_sse_event(event=event, data_str=_line(data)))

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with anyio.create_task_group() as group:
            group.start_soon(call_on_disconnect, receive, group.cancel_scope.cancel)
            group.start_soon(_keep_alive, send)
            await self._produce(emit)
            group.cancel_scope.cancel()
        await _chunk(send, b"", more=False)


def _line(data: Mapping[str, Any]) -> str:
    """Return JSON on one line; unpaired surrogates, which are not valid UTF-8, become question marks."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "replace").decode()


async def _keep_alive(send: Send) -> None:
    while True:
        await anyio.sleep(KEEP_ALIVE_SECONDS)
        await _chunk(send, KEEPALIVE_COMMENT)


async def _chunk(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


def sorted_by_name(documents: Sequence[DocumentInfo]) -> list[DocumentInfo]:
    """Return the documents in the order of their names."""
    return sorted(documents, key=_position)


def page(documents: Sequence[DocumentInfo], cursor: str, limit: int) -> tuple[list[DocumentInfo], str | None]:
    """Return the documents after a cursor (empty for the start), and the cursor of the next page, if there is one.

    Takes documents from `sorted_by_name`. A cursor is the position of the last document of a page, even if that one
    was removed: no document is repeated, and none that stays in the library is skipped.
    """
    last_position = _decode_cursor(cursor) if cursor else None
    rest = [info for info in documents if last_position is None or _position(info) > last_position]
    documents_of_page = rest[:limit]
    return documents_of_page, _encode_cursor(_position(documents_of_page[-1])) if len(rest) > limit else None


def _position(info: DocumentInfo) -> Position:
    return info.name.casefold()[:_SORTED_CHARACTERS], info.id


def _encode_cursor(position: Position) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def _decode_cursor(cursor: str) -> Position:
    try:
        name, identity = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True))
        return str(name), str(identity)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        mistake = {"loc": ("query", "cursor"), "msg": "Invalid cursor: use the value of the field `next`."}
        raise RequestValidationError([mistake]) from error
