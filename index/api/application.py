"""The ASGI application of the service: routes, problems, limits, and what goes round them."""

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
from index.api.describing import ABOUT, TAGS, described
from index.api.heading import Heading
from index.api.measuring import Measures
from index.api.observing import Observing
from index.api.service import Service, Warmth
from index.api.unmatched import Unmatched
from index.errors import PinciteError
from index.guard.middleware import Guard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from index.library import Library
    from index.serving import Jobs
    from index.settings import Settings


def build(library: Library, settings: Settings, jobs: Jobs) -> FastAPI:
    """Put the parts together."""
    service = Service(library, settings, jobs, Measures(library, jobs), Warmth(library))

    assistants = mcp.endpoint(library, settings, questions=service.questions, checks=service.checks)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        service.warmth.begin()
        async with assistants.running():
            yield
        await anyio.to_thread.run_sync(service.warmth.join)  # nothing may ask when the library has been closed

    app = FastAPIOffline(
        redoc_url=None,
        title="Pincite",
        summary="Ask your own documents; see the exact words each answer rests on.",
        description=ABOUT,
        version=index.__version__,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=TAGS,
        generate_unique_id_function=lambda route: route.name,
        lifespan=living,
        # Else a badge asks validator.swagger.io, wherever the server is not on this machine.
        swagger_ui_parameters={"validatorUrl": None, "tryItOutEnabled": True},
    )
    app.state.service = service
    for part in (asking, documents, adding, sources, following, health):
        app.include_router(part.router)
    app.router.routes.append(assistants.route)
    app.router.routes.append(Unmatched(app.routes))
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)
    app.add_middleware(Heading)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(Observing, measures=service.measures)
    app.openapi = described(app, settings)  # type: ignore[method-assign]  # as FastAPI wants it
    return app


_HANDLERS: dict[type[Exception], Any] = {
    PinciteError: problems.pincite_error,
    HTTPException: problems.http_error,
    RequestValidationError: problems.unfit_request,
}
