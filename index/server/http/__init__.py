"""The REST API: a library over HTTP, described by OpenAPI.

    /v1/…              the library: search, ask, check, coverage, documents, jobs
    /healthz /readyz   liveness and readiness checks; /metrics, for Prometheus
    /docs              the interactive documentation; /openapi.json, the same for programs
    /mcp               the same library for assistants (MCP)

This package contains no retrieval, SQL or models; every route calls a method of `Library` or of the job queue.
Importing it does not load FastAPI, because the command line imports it for `--help`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

    from index.library.library import Library
    from index.server.job_queue import Jobs
    from index.settings import Settings

__all__ = ["create_app", "serve"]


def create_app(library: Library, settings: Settings, jobs: Jobs) -> FastAPI:
    """Return the REST API of an open library as an ASGI application, to which a page can be added at "/".

    Middleware that you add to it (`app.add_middleware`) runs before every route, including the page's and `/mcp`: add
    authentication or rate limits there. Each route that you add needs a `Permission` (`index.server.permissions`).
    """
    from index.server.http.application import build

    return build(library, settings, jobs)


def serve(folder: Path, settings: Settings, *, host: str, port: int) -> None:
    """Open or create the library in a folder, and serve it without a page until interrupted."""
    from index.server.http.application import run

    run(folder, settings, host=host, port=port)
