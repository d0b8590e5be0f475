"""Conditional requests: a client that has a response already is told so, and nothing is sent twice."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

_KEPT_BUT_ASKED = "private, no-cache"
"""A browser may keep it and has to ask each time: what is removed from a library is gone at once."""


def weak(*parts: object) -> str:
    """A validator for what means the same, though it may be compressed on its way."""
    return f"W/{strong(*parts)}"


def strong(*parts: object) -> str:
    """A validator for the same bytes."""
    return f'"{hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:32]}"'


def conditional(request: Request, tag: str, make: Callable[[], Response]) -> Response:
    """What `make` makes, with its validator; or 304, where the client has just that."""
    response = Response(status_code=304) if _held(request, tag) else make()
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = _KEPT_BUT_ASKED
    return response


def _held(request: Request, tag: str) -> bool:
    """By weak comparison, as RFC 9110 wants it for GET."""
    held = request.headers.get("if-none-match", "")
    return held.strip() == "*" or tag.removeprefix("W/") in (
        each.strip().removeprefix("W/") for each in held.split(",")
    )
