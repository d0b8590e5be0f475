"""The program that is attacked as a public demo: `python -m tests.attack.demo_program FOLDER PORT ROUTES`.

It serves a published library in the demo mode, as `pincite serve` does, but with the fake encoder unless the
environment variable ATTACKED_ENCODER is `real`: attacks are about who sees what, not about the quality of answers. It
writes the routes of the application as JSON, so that a new route is attacked without anybody naming it here.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index import Library, Settings
from index.page import create_app
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def main() -> None:
    """Serve until the process is told to stop."""
    folder, port, routes = sys.argv[1:]
    settings = Settings()
    from index.server.http import service
    from index.server.http.application import listen

    service.configure_logging("json")
    encoder = None if os.environ.get("ATTACKED_ENCODER") == "real" else FakeEncoder(max_tokens=400)
    with Library.open(folder, settings, immutable=settings.demo, encoder=encoder) as library:
        app = create_app(library, settings)
        Path(routes).write_text(json.dumps(sorted(set(routes_of(app.routes)))))
        listen(app, settings, host="127.0.0.1", port=int(port))


def publish(folder: Path, files: Iterable[Path], *, real: bool = False) -> None:
    """Make the library that the demo publishes."""
    with Library.open(folder, Settings(), encoder=None if real else FakeEncoder(max_tokens=400)) as library:
        receipt = library.add(sorted(files))
        assert not receipt.failed, receipt.failed


def routes_of(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the method and the path of every route, also those of included routers and mounted applications."""
    for route in routes:
        path = prefix + (getattr(route, "path", "") or "")
        for method in getattr(route, "methods", None) or ():
            yield str(method), path
        if not getattr(route, "methods", None):
            yield from routes_of(_inner_routes(route), path)


def _inner_routes(route: Any) -> Iterable[Any]:
    """Return the routes of an included router, or of the application under the middleware of a mount."""
    inner = getattr(route, "original_router", None) or getattr(route, "app", None)
    while inner is not None and not getattr(inner, "routes", None):
        inner = getattr(inner, "app", None)
    return getattr(inner, "routes", None) or ()


if __name__ == "__main__":
    main()
