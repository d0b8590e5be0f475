"""Sends an original file in pieces, and aborts if the file no longer has its recorded bytes."""

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
        piece = await anyio.to_thread.run_sync(original.file.read, min(PIECE, left))
        digest.update(piece)
        left -= len(piece)
        if not piece or (not left and digest.hexdigest() != original.sha256):
            raise OriginalMissing(f"The file {original.name} changed while it was being sent.")
        yield piece
