"""A server of its own, for the service without a page."""

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
from index.api.negotiating import wanted
from index.guard.connections import protocol
from index.library import Library
from index.markup import environment
from index.serving import Jobs, Uploads
from index.settings import Settings

PLACES = {
    "description": "openapi.json",
    "documentation": "docs",
    "documents": "v1/documents",
    "alive": "healthz",
    "ready": "readyz",
    "metrics": "metrics",
    "assistants": "mcp",
}
"""What is where, relative to where the service is."""
GRACE_SECONDS = 5
"""How long those who follow an event stream keep a server from ending."""
_ARENA_MAX, _ARENAS = -8, 2
"""glibc's `M_ARENA_MAX`, and how many of its heaps all threads share."""
_OPEN_FILES = 16_384
_HTML = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def run(folder: FilePath, settings: Settings, *, host: str, port: int) -> None:
    """Open, serve until interrupted, close."""
    journal.write_lines()
    with Library.open(folder, settings) as library:
        jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
        try:
            app = build(library, settings, jobs)
            add_front(app)
            listen(app, settings, host=host, port=port)
        finally:
            jobs.close()


def listen(app: FastAPI, settings: Settings, *, host: str, port: int) -> None:
    """Serve an application until interrupted. Addresses hold questions, so the server's own log of requests is off."""
    _share_heaps()
    _end_in_order()
    _allow_connections()
    gc.collect()
    gc.freeze()  # what is loaded by now stays: looking through its half a million objects would hold every answer up
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=protocol(settings),
        proxy_headers=False,  # `guard` believes them, and only from proxies that are named
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _end_in_order() -> None:
    """Let SIGTERM end this process as an interrupt does.

    Uvicorn raises it again when it has stopped serving. By default that would leave the library unclosed, with its last
    changes in a log that nobody can read from a read-only disk.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def _share_heaps() -> None:
    """Let all threads share two heaps: glibc gives them eight for each core, and a heap keeps the most it ever had."""
    if sys.platform == "linux":
        getattr(ctypes.CDLL(None), "mallopt", lambda *_: 0)(_ARENA_MAX, _ARENAS)  # other C libraries have no such call


def _allow_connections() -> None:
    """Raise this process's limit of open files to what the system allows: by default 1,024, which one client fills."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def add_front(app: FastAPI) -> None:
    """Say at "/" what is where, where no page is mounted there."""
    templates = environment(FilePath(__file__).parent / "templates")

    async def front(request: Request) -> Response:
        if wanted(request.headers.get("accept"), ("application/json", "text/html")) == "text/html":
            html = templates.get_template("front.html").render(places=PLACES, version=app.version)
            return HTMLResponse(html, headers={"Content-Security-Policy": _HTML})
        return JSONResponse({"name": "Pincite", "version": app.version, **PLACES})

    app.add_route("/", front, methods=["GET"], include_in_schema=False)
