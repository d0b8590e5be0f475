"""Builds the ASGI application of the REST API: routes, error handlers, limits and middleware."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

import index
from index import mcp
from index.api import adding, asking, documents, following, health, problems, sources
from index.api.describing import ABOUT, TAGS, openapi_function
from index.api.heading import HeadMiddleware
from index.api.measuring import Metrics
from index.api.observing import RequestMiddleware
from index.api.service import Service, Warmup
from index.api.unmatched import FallbackRoute
from index.errors import PinciteError
from index.guard.middleware import Guard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from index.library import Library
    from index.serving import Jobs
    from index.settings import Settings


def build(library: Library, settings: Settings, jobs: Jobs) -> FastAPI:
    """Build the application from its parts."""
    service = Service(library, settings, jobs, Metrics(library, jobs), Warmup(library))

    assistants = mcp.endpoint(library, settings, questions=service.questions, checks=service.checks)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.warmup.start()
        async with assistants.running():
            yield
        await anyio.to_thread.run_sync(service.warmup.join)  # no search may run after the library is closed

    app = FastAPIOffline(
        redoc_url=None,
        title="Pincite",
        summary="Ask questions of your own documents; see the exact words that each answer rests on.",
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
    for part in (asking, documents, adding, sources, following, health):
        app.include_router(part.router)
    app.router.routes.append(assistants.route)
    app.router.routes.append(FallbackRoute(app.routes))
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(RequestMiddleware, metrics=service.metrics)
    app.openapi = openapi_function(app, settings)  # type: ignore[method-assign]  # FastAPI documents this override
    return app


_HANDLERS: dict[type[Exception], Any] = {
    PinciteError: problems.pincite_error,
    HTTPException: problems.http_error,
    RequestValidationError: problems.validation_error,
}
