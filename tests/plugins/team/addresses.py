"""All routes of an application, Gradio's included, and requests that reach each of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.routing import Mount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")


def all_routes(app: Any) -> set[tuple[str, str]]:
    """Return method and pattern of each route, mounted and included ones as well."""
    return {(method, path) for path, methods in _walk(app.routes, "") for method in methods}


def _walk(routes: Iterable[Any], prefix: str) -> Iterator[tuple[str, Iterable[str]]]:
    for route in routes:
        if hasattr(route, "original_router"):
            yield from _walk(route.original_router.routes, prefix)
        elif isinstance(route, Mount):
            inner = _inner_routes(route.app)
            yield from (
                _walk(inner, prefix + route.path) if inner else [(f"{prefix}{route.path}/{{path:path}}", ["GET"])]
            )
        elif getattr(route, "methods", None):
            yield prefix + route.path, route.methods


def _inner_routes(app: Any) -> Iterable[Any]:
    """Return the routes of a mounted application below its middleware."""
    while not hasattr(app, "routes") and hasattr(app, "app"):
        app = app.app
    found: Iterable[Any] = getattr(app, "routes", ())
    return found


def address(pattern: str, identity: str) -> str:
    """Return an address of a route, with an identity in place of each parameter."""
    return _PARAMETER.sub(lambda found: "page.css" if found[2] else _value(found[1], identity), pattern)


def _value(name: str, identity: str) -> str:
    return {"number": "1", "extension": "csv", "size": "64"}.get(name, identity)
