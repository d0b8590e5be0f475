"""Serves Gradio's scripts from memory, compressed once: Gradio compresses them anew for every request.

Their names contain a hash of their content, so browsers may cache them forever.
"""

from __future__ import annotations

import gzip
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import brotli
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response

from index.server.guard.origins import local_path

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

_TYPES = {".js": "text/javascript", ".css": "text/css"}
_QUALITY = 6
"""All scripts take 20 milliseconds; quality 9 takes ten times as long and saves half a per cent."""
_PREFIX = "/assets/"


class AssetCache:
    """ASGI middleware around Gradio."""

    def __init__(self, app: ASGIApp, folder: Path, names: Collection[str]) -> None:
        """Only files with these names are served from memory."""
        self.app = app
        self._folder = folder
        self._names = frozenset(names)
        self._responses: dict[tuple[str, str], Response] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a known file; pass everything else on."""
        name = self._name(scope)
        if name not in self._names:
            await self.app(scope, receive, send)
            return
        key = (name, _encoding(Headers(scope=scope)))
        response = self._responses.get(key)
        if response is None:
            response = self._responses[key] = await run_in_threadpool(self._response, *key)
        await response(scope, receive, send)

    @staticmethod
    def _name(scope: Scope) -> str:
        if scope["type"] != "http" or scope["method"] != "GET":
            return ""
        path = local_path(scope)
        return path.removeprefix(_PREFIX) if path.startswith(_PREFIX) else ""

    def _response(self, name: str, encoding: str) -> Response:
        content = (self._folder / name).read_bytes()
        headers: Mapping[str, str] = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "Vary": "Accept-Encoding",
            **({"Content-Encoding": encoding} if encoding else {}),
        }
        body = _packed(content, encoding)
        return Response(body, media_type=_TYPES[PurePosixPath(name).suffix], headers=headers)


def _packed(content: bytes, encoding: str) -> bytes:
    if encoding == "br":
        packed: bytes = brotli.compress(content, quality=_QUALITY)
        return packed
    return gzip.compress(content, 9) if encoding else content


def _encoding(headers: Headers) -> str:
    """Return the best encoding that the client accepts; empty if there is none."""
    accepted = {part.partition(";")[0].strip() for part in headers.get("accept-encoding", "").lower().split(",")}
    return next((encoding for encoding in ("br", "gzip") if encoding in accepted), "")
