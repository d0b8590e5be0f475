"""Server-sent events; the stream ends when the client disconnects."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import anyio
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.responses import Response

from index.serving.abandonment import call_on_disconnect

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Emit = Callable[[str, Mapping[str, Any]], Awaitable[None]]
Produce = Callable[[Emit], Awaitable[None]]
MEDIA_TYPE = "text/event-stream"
KEEP_ALIVE_SECONDS = 15.0
"""Interval of comments in a silent stream: proxies close connections that are silent for a minute."""


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
