"""Runs a server process: opens the library, listens with uvicorn, shuts down in order."""

import ctypes
import gc
import signal
import sys
import threading
from pathlib import Path as FilePath

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from index.api import journal
from index.api.application import build
from index.api.negotiating import preferred_type
from index.guard.connections import protocol
from index.library import Library
from index.markup import environment
from index.serving import Jobs, Uploads
from index.settings import Settings

LINKS = {
    "description": "openapi.json",
    "documentation": "docs",
    "documents": "v1/documents",
    "alive": "healthz",
    "ready": "readyz",
    "metrics": "metrics",
    "assistants": "mcp",
}
"""Addresses of the API, relative to its root."""
GRACE_SECONDS = 5
"""Seconds that open event streams may delay a shutdown."""
_ARENA_MAX, _ARENAS = -8, 2
"""glibc's option `M_ARENA_MAX`, and the number of heaps that all threads share."""
_OPEN_FILES = 16_384
_HTML = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def run(folder: FilePath, settings: Settings, *, host: str, port: int) -> None:
    """Open the library, serve it until interrupted, and close it."""
    journal.configure_logging()
    with Library.open(folder, settings) as library:
        jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
        try:
            app = build(library, settings, jobs)
            add_index_page(app)
            listen(app, settings, host=host, port=port)
        finally:
            jobs.close()


def listen(app: FastAPI, settings: Settings, *, host: str, port: int) -> None:
    """Serve an application until interrupted. URLs may contain questions, so uvicorn's access log is off."""
    _share_heaps()
    _exit_cleanly_on_sigterm()
    _raise_file_limit()
    gc.collect()
    gc.freeze()  # the loaded modules stay: scanning their half a million objects would delay answers
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=protocol(settings),
        proxy_headers=False,  # `guard` handles these headers, and only from trusted proxies
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _exit_cleanly_on_sigterm() -> None:
    """Make SIGTERM end this process like an interrupt.

    Uvicorn raises the signal again after it has stopped serving. By default that would leave the library open, with its
    last changes in a write-ahead log that is unreadable on a read-only disk.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def _share_heaps() -> None:
    """Limit glibc to two heaps: by default it uses eight per core, and a heap never shrinks."""
    if sys.platform == "linux":
        getattr(ctypes.CDLL(None), "mallopt", lambda *_: 0)(_ARENA_MAX, _ARENAS)  # other C libraries lack this call


def _raise_file_limit() -> None:
    """Raise this process's limit of open files: the default is 1,024, which a single client can use up."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def add_index_page(app: FastAPI) -> None:
    """Add a list of the API's addresses at "/", for a server without a page."""
    templates = environment(FilePath(__file__).parent / "templates")

    async def index_page(request: Request) -> Response:
        if preferred_type(request.headers.get("accept"), ("application/json", "text/html")) == "text/html":
            html = templates.get_template("front.html").render(places=LINKS, version=app.version)
            return HTMLResponse(html, headers={"Content-Security-Policy": _HTML})
        return JSONResponse({"name": "Pincite", "version": app.version, **LINKS})

    app.add_route("/", index_page, methods=["GET"], include_in_schema=False)
