"""The routes for library.js: the list of documents, jobs, and changes.

The page polls uploads and removals. No Gradio event lasts as long as a job, so questions never wait for a job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse

from index.api.service import Service, ServiceDependency  # noqa: TC001 - FastAPI reads the annotation when it runs
from index.serving.slots import client_of
from index.web.cookies import browser_of
from index.web.replying import fragment, job_started, require_page_header
from index.web.shelf import ListQuery

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from index.web.keeping import LibraryEvents

_LONGEST_FILTER = 200


def add_keeping(app: FastAPI, keeping: LibraryEvents) -> None:
    """Add the routes below `/page/`; each runs in a thread."""

    def state(request: Request, mine: str = "") -> JSONResponse:
        state_values = keeping.state(_ids(mine), browser_of(request.scope))
        return JSONResponse(state_values, headers={"Cache-Control": "no-store"})

    def jobs(mine: str = "") -> HTMLResponse:
        return fragment(lambda: keeping.watched(_ids(mine)))

    def documents(words: str = "", column: str = "", falling: str = "", page: int = 1) -> HTMLResponse:
        return fragment(lambda: keeping.shelf(ListQuery(words[:_LONGEST_FILTER], column, bool(falling), page)))

    answers: dict[str, Callable[..., Any]] = {"state": state, "jobs": jobs, "documents": documents}
    for path, answer in answers.items():
        app.add_api_route(f"/page/{path}", answer, methods=["GET"], include_in_schema=False)
    _add_changes(app, keeping)


def _add_changes(app: FastAPI, keeping: LibraryEvents) -> None:
    """Add the routes for changes, which may take long; slots leave threads for other clients."""

    async def links(service: ServiceDependency, request: Request, address: Annotated[str, Form()]) -> HTMLResponse:
        return await _run_in_slot(
            service, request, lambda: job_started(lambda: keeping.link(address, client_of(request.scope)))
        )

    async def folders(service: ServiceDependency, request: Request, folder: Annotated[str, Form()]) -> HTMLResponse:
        return await _run_in_slot(
            service, request, lambda: job_started(lambda: keeping.folder(folder, client_of(request.scope)))
        )

    def cancel(identity: str, file: Annotated[int | None, Form()] = None) -> HTMLResponse:
        return fragment(lambda: keeping.cancel(identity, file))

    async def remove(service: ServiceDependency, request: Request, identity: str) -> HTMLResponse:
        return await _run_in_slot(service, request, lambda: fragment(lambda: keeping.remove(identity)))

    guarded = [Depends(require_page_header)]
    changes: dict[str, Callable[..., Any]] = {"links": links, "folders": folders, "jobs/{identity}/cancel": cancel}
    for path, change in changes.items():
        app.add_api_route(f"/page/{path}", change, methods=["POST"], dependencies=guarded, include_in_schema=False)
    path = "/page/documents/{identity}"
    app.add_api_route(path, remove, methods=["DELETE"], dependencies=guarded, include_in_schema=False)


async def _run_in_slot(service: Service, request: Request, call: Callable[[], HTMLResponse]) -> HTMLResponse:
    """Run a call in a slot of this client; once started, it continues without the client."""
    return await service.changes.run(client_of(request.scope), call)


def _ids(joined: str) -> list[str]:
    return [identity for identity in joined.split(",") if identity]
