"""The response to one request: in pieces, and counted for as long as it is unread.

Servers write a body at once, however large it is, and forget the request: what is unread is nobody's then. In pieces,
the next of which follows when the last one has been read, it is its client's to the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from starlette.types import Message, Send

    from index.guard.share import Shares

PIECE = 64 * 1024
"""Bytes of a body that are written at once. What is sent in such pieces anyway, is not in memory as a whole."""


class Outgoing:
    """Passes on what the application answers to one client."""

    def __init__(self, send: Send, shares: Shares, client: str) -> None:
        self._send = send
        self._shares = shares
        self._client = client
        self._head: Message | None = None
        """Held back until the body is there: then it is known whether there is room for it."""
        self.started = False

    async def send(self, message: Message) -> None:
        """Send a part. Raises RefusedError instead of beginning a response for which this client has no room left."""
        if message["type"] == "http.response.start" and _length(message) > PIECE:
            self._head = message
            return
        size = len(message.get("body", b""))
        if not self.started and size > PIECE:
            self._shares.demand_room(self._client, size)
        self.started = True
        if self._head is not None:
            head, self._head = self._head, None
            await self._send(head)
        if size <= PIECE:
            await self._send(message)
            return
        with self._shares.response(self._client, size):
            await self._send_pieces(message)

    async def _send_pieces(self, message: Message) -> None:
        body = message["body"]
        for start in range(0, len(body), PIECE):
            more = start + PIECE < len(body) or message.get("more_body", False)
            await self._send({**message, "body": body[start : start + PIECE], "more_body": more})


def _length(message: Message) -> int:
    """The length that is announced; 0 where none is."""
    declared = Headers(raw=message["headers"]).get("content-length", "") if "headers" in message else ""
    return int(declared) if declared.isdecimal() else 0
