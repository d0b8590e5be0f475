"""Sends a response in pieces and counts its unread bytes against the client's share.

Servers write a body at once, however large, and then forget the request, so that unread bytes belong to no client. Sent
in pieces, each after the client has read the previous one, they count for the client until the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from starlette.types import Message, Send

    from index.guard.share import Shares

PIECE = 64 * 1024
"""Bytes of a body that are written at once. A response in smaller chunks is a stream and not in memory as a whole."""


class ResponseSender:
    """Passes the application's response on to one client."""

    def __init__(self, send: Send, shares: Shares, client: str) -> None:
        self._send = send
        self._shares = shares
        self._client = client
        self._head: Message | None = None
        """The start of the response, held back until the size of the body is known and accepted."""
        self.started = False

    async def send(self, message: Message) -> None:
        """Send a part. Raises RefusedError before the first one if the client has too many unread bytes."""
        if message["type"] == "http.response.start" and _length(message) > PIECE:
            self._head = message
            return
        size = len(message.get("body", b""))
        if not self.started and size > PIECE:
            self._shares.require_unread_room(self._client, size)
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
    """Return the announced length, or 0 without one."""
    declared = Headers(raw=message["headers"]).get("content-length", "") if "headers" in message else ""
    return int(declared) if declared.isdecimal() else 0
