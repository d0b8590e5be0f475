"""The service: what a library can do, over HTTP, described by OpenAPI.

    /v1/…              the library: search, ask, check, coverage, documents, jobs
    /healthz /readyz   whether the server lives, and whether it can answer; /metrics, for Prometheus
    /docs              the description to read and to try, /openapi.json the same for programs
    /mcp               the same library for assistants

No retrieval, SQL or model is here; whatever a route does is a method of `Library` or of `index.serving`. Importing this
package loads no FastAPI: the command line imports it to answer `--help`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

    from index.library import Library
    from index.serving import Jobs
    from index.settings import Settings

__all__ = ["create_app", "serve"]


def create_app(library: Library, settings: Settings, jobs: Jobs) -> FastAPI:
    """The service over an open library, as an ASGI application, to which a page can be added at "/".

    Middleware that is added to it (`app.add_middleware`) stands before every route, the page's and `/mcp` included:
    that is where a sign-in or a limit on rates belongs.
    """
    from index.api.application import build

    return build(library, settings, jobs)


def serve(folder: Path, settings: Settings, *, host: str, port: int) -> None:
    """Open the library in a folder, made where there is none, and serve it without a page until interrupted."""
    from index.api.running import run

    run(folder, settings, host=host, port=port)
