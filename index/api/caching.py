"""Conditional requests: a client that has cached the current response gets 304 without a body."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

_REVALIDATE = "private, no-cache"
"""A browser may cache the response but must revalidate it, so that removed documents disappear at once."""


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
