"""A file as a response: in pieces, however large it is, and to the byte or not to its end."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.responses import StreamingResponse

from index.errors import OriginalMissing
from index.guard.response import PIECE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.types import Receive, Scope, Send

    from index.viewing.records import OpenOriginal


class Download(StreamingResponse):
    """An original, which is closed when it has been sent."""

    def __init__(self, original: OpenOriginal, headers: Mapping[str, str]) -> None:
        super().__init__(_pieces(original), headers={**headers, "Content-Length": str(original.size)})
        self._original = original

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._original.file.close()


async def _pieces(original: OpenOriginal) -> AsyncIterator[bytes]:
    """Its bytes, the next ones when the client has read those before.

    Raises OriginalMissing instead of the last ones where the file has changed meanwhile.
    """
    digest, left = hashlib.sha256(), original.size
    while left:
        piece = await anyio.to_thread.run_sync(original.file.read, min(PIECE, left))
        digest.update(piece)
        left -= len(piece)
        if not piece or (not left and digest.hexdigest() != original.sha256):
            raise OriginalMissing(f"The file {original.name} has changed while it was sent.")
        yield piece
