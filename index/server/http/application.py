"""The ASGI application of the service, its OpenAPI document, and the process that serves it."""

from __future__ import annotations

import ctypes
import gc
import logging
import signal
import sys
import threading
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

import index
from index.citations.readable import environment
from index.errors import PinciteError
from index.library.library import Library
from index.records import texts
from index.server import mcp, modes
from index.server.guard.middleware import Guard, protocol
from index.server.http import ask_routes, document_routes, health_routes, job_routes, problems, service
from index.server.http.requests import FromFolder, FromUrl
from index.server.http.responses import preferred_type
from index.server.http.service import FallbackRoute, HeadMiddleware, Metrics, RequestMiddleware, Service, Warmup
from index.server.job_queue import Jobs
from index.server.permissions import READER, Permission, Permissions
from index.server.uploads import Uploads
from index.settings import Settings
from index.text.query import SYNTAX
from index.wire import Piece, Problem

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable

    from starlette.types import ASGIApp

_OPERATORS = "\n".join(f"| `{form}` | {meaning} |" for form, meaning in SYNTAX)
ABOUT = f"""Every statement of an answer has citations: the id of a document, and the span of the quoted words.
For each citation, `document.text[start:end] == quote`. Offsets are Unicode code points.

**Errors** are problem details ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), `application/problem+json`): what is
wrong, and what to do. Each response has the request's id in `X-Request-ID`; if you send an id, the server uses it.

**Documents** are identified by the SHA-256 of their file. Their `source` is the name of the file, or its web address;
paths on the server are never disclosed.

**Operators** in a question:

| Write | To |
|---|---|
{_OPERATORS}
"""
TAGS = [
    {"name": "Questions", "description": "Search, answers, checks, coverage."},
    {"name": "Documents", "description": "The documents of the library."},
    {"name": "Sources", "description": "Views of a document: text, pages, original file."},
    {"name": "Jobs", "description": "The progress of uploads, batches and matrices."},
    {"name": "Health", "description": "Monitoring of the server."},
]
_EXTRA_MODELS = (Problem, Piece, FromUrl, FromFolder)
"""Models that the document refers to, but that are no route's body or response."""
_ROUTERS = (
    ask_routes.router,
    document_routes.router,
    job_routes.upload_router,
    document_routes.source_router,
    job_routes.router,
    health_routes.router,
)
_HANDLERS: dict[type[Exception], Any] = {
    PinciteError: problems.pincite_error,
    HTTPException: problems.http_error,
    RequestValidationError: problems.validation_error,
}
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
_DOCUMENTATION = ("/docs", "/docs/oauth2-redirect", "/openapi.json", "/static-offline-docs")
"""Routes of FastAPI, whose responses are the same for everybody."""
GRACE_SECONDS = 5
"""Seconds that open event streams may delay a shutdown."""
_log = logging.getLogger(__name__)
_ARENA_MAX, _ARENAS = -8, 2
"""glibc's option `M_ARENA_MAX`, and the number of heaps that all threads share."""
_OPEN_FILES = 16_384
_FOR_EVERYBODY = Permission(READER, counts_as="nothing")
_HTML = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def openapi_function(app: FastAPI, settings: Settings) -> Callable[[], dict[str, Any]]:
    """Return a function that returns the OpenAPI document, which is built once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = FastAPI.openapi(app)
            models = schema["components"]["schemas"]
            for model in _EXTRA_MODELS:
                described = model.model_json_schema(ref_template="#/components/schemas/{model}")
                models.update({**described.pop("$defs", {}), described["title"]: described})
            _describe_limits(models, settings)
        assert app.openapi_schema is not None
        return app.openapi_schema

    return openapi


def _describe_limits(models: dict[str, Any], settings: Settings) -> None:
    """Add the limits to the fields of all request bodies, so that clients know them in advance."""
    limits = {
        "question": {"maxLength": settings.max_question_characters},
        "questions": {"maxItems": settings.max_batch_questions},
        "limit": {"maximum": settings.max_hits},
        "text": {"maxLength": settings.max_text_characters},
    }
    for fields in (model["properties"] for name, model in models.items() if name.endswith("Request")):
        for field in limits.keys() & fields.keys():
            fields[field].update(limits[field])


def build(library: Library, settings: Settings, jobs: Jobs) -> FastAPI:
    """Build the application from its parts."""
    service = Service(library, settings, jobs, Metrics(library, jobs), Warmup(library))
    assistants = mcp.endpoint(library, settings, questions=service.questions, checks=service.checks)

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[None]:
        Permissions.of(running.routes)  # an application with a route that says nothing does not start
        service.warmup.start()
        async with AsyncExitStack() as running_parts:
            for part in (assistants.running(), *attached):
                await running_parts.enter_async_context(part)
            yield
        await anyio.to_thread.run_sync(service.warmup.join)  # no search may run after the library is closed

    app = FastAPIOffline(
        redoc_url=None,
        title="Pincite",
        summary=texts.PURPOSE,
        description=ABOUT,
        version=index.__version__,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=TAGS,
        generate_unique_id_function=lambda route: route.name,
        lifespan=lifespan,
        # Otherwise the page loads a badge from validator.swagger.io, unless the server is on this machine.
        swagger_ui_parameters={"validatorUrl": None, "tryItOutEnabled": True},
    )
    app.state.service = service
    for route in app.routes:
        if isinstance(route, Route | Mount) and route.path in _DOCUMENTATION:
            _FOR_EVERYBODY(route.endpoint if isinstance(route, Route) else route.app)
    for router in _ROUTERS:
        app.include_router(router)
    attached = modes.attach(app, settings)
    app.router.routes.append(assistants.route)
    app.router.routes.append(FallbackRoute(app.routes))
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(RequestMiddleware, metrics=service.metrics)
    app.openapi = openapi_function(app, settings)  # type: ignore[method-assign]  # FastAPI documents this override
    return app


def run(folder: FilePath, settings: Settings, *, host: str, port: int) -> None:
    """Open the library, serve it until interrupted, and close it."""
    service.begin(settings, host, port)
    with Library.open(folder, settings, immutable=settings.demo) as library:
        jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
        try:
            app = build(library, settings, jobs)
            add_index_page(app)
            listen(app, settings, host=host, port=port)
        finally:
            jobs.close()


def listen(app: ASGIApp, settings: Settings, *, host: str, port: int) -> None:
    """Serve an application until interrupted. URLs may contain questions, so uvicorn's access log is off."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                _log.info("Open %s   (Ctrl+C stops the server)", address_to_open(settings, host, port))

    _share_heaps()
    _exit_cleanly_on_sigterm()
    _raise_file_limit()
    gc.collect()
    gc.freeze()  # the loaded modules stay: scanning their half a million objects would delay answers
    server = Server(
        uvicorn.Config(
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
    )
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(1)


def address_to_open(settings: Settings, host: str, port: int) -> str:
    """Return the address of the page for a browser: the public one, else one that works on this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return settings.public_url or f"http://{name}:{port}"


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

    @_FOR_EVERYBODY
    async def index_page(request: Request) -> Response:
        if preferred_type(request.headers.get("accept"), ("application/json", "text/html")) == "text/html":
            html = templates.get_template("front.html").render(places=LINKS, version=app.version)
            return HTMLResponse(html, headers={"Content-Security-Policy": _HTML})
        return JSONResponse({"name": "Pincite", "version": app.version, **LINKS})

    app.add_route("/", index_page, methods=["GET"], include_in_schema=False)
