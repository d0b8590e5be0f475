"""Bundles our stylesheets and our scripts, so that a visitor loads two files instead of a dozen.

Each URL contains a hash of the contents, so that browsers can cache it forever.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

STATIC = Path(__file__).parent / "static"
PARTS = {
    "page.css": ("app.css", "source.css", "library.css", "map.css"),
    "page.js": ("app.js", "ask.js", "places.js", "source.js", "library.js", "batch.js"),
}
"""Parts of each bundle, in the order of their dependencies."""
_TYPES = {".css": "text/css", ".js": "text/javascript"}


def bundles() -> tuple[Mount, dict[str, str]]:
    """Return the routes below `/ui`, and the version of each file by name."""
    contents = {name: b"\n".join((STATIC / part).read_bytes() for part in parts) for name, parts in PARTS.items()}
    routes = [Route(f"/{name}", _file_endpoint(name, content), methods=["GET"]) for name, content in contents.items()]
    versions = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in contents.items()}
    return Mount("/ui", GZipMiddleware(Router(routes)), name="ui"), versions


def _file_endpoint(name: str, content: bytes) -> Callable[[Request], Awaitable[Response]]:
    async def serve(_: Request) -> Response:
        return Response(content, media_type=_TYPES[Path(name).suffix])

    return serve
