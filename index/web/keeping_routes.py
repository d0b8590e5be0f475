"""What library.js asks the server: the list, jobs, and what is to be done.

Uploads and removals are watched by asking again, so that no event of Gradio lasts as long as a job does: those that are
being asked questions never wait for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse

from index.api.service import Service, ServiceDependency  # noqa: TC001 - FastAPI reads it when it runs
from index.serving.slots import client_of
from index.web.cookies import browser_of
from index.web.replying import begun, fragment, only_from_the_page
from index.web.shelf import Wish

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from index.web.keeping import Keeping

_LONGEST_FILTER = 200


def add_keeping(app: FastAPI, keeping: Keeping) -> None:
    """Serve them below `/page/`; each runs in a thread of its own."""

    def state(request: Request, mine: str = "") -> JSONResponse:
        told = keeping.state(_ids(mine), browser_of(request.scope))
        return JSONResponse(told, headers={"Cache-Control": "no-store"})

    def jobs(mine: str = "") -> HTMLResponse:
        return fragment(lambda: keeping.watched(_ids(mine)))

    def documents(words: str = "", column: str = "", falling: str = "", page: int = 1) -> HTMLResponse:
        return fragment(lambda: keeping.shelf(Wish(words[:_LONGEST_FILTER], column, bool(falling), page)))

    answers: dict[str, Callable[..., Any]] = {"state": state, "jobs": jobs, "documents": documents}
    for path, answer in answers.items():
        app.add_api_route(f"/page/{path}", answer, methods=["GET"], include_in_schema=False)
    _add_changes(app, keeping)


def _add_changes(app: FastAPI, keeping: Keeping) -> None:
    """What may take long: many such requests of one visitor leave threads for the others."""

    async def links(service: ServiceDependency, request: Request, address: Annotated[str, Form()]) -> HTMLResponse:
        return await _alone(service, request, lambda: begun(lambda: keeping.link(address, client_of(request.scope))))

    async def folders(service: ServiceDependency, request: Request, folder: Annotated[str, Form()]) -> HTMLResponse:
        return await _alone(service, request, lambda: begun(lambda: keeping.folder(folder, client_of(request.scope))))

    def cancel(identity: str, file: Annotated[int | None, Form()] = None) -> HTMLResponse:
        return fragment(lambda: keeping.cancel(identity, file))

    async def remove(service: ServiceDependency, request: Request, identity: str) -> HTMLResponse:
        return await _alone(service, request, lambda: fragment(lambda: keeping.remove(identity)))

    guarded = [Depends(only_from_the_page)]
    changes: dict[str, Callable[..., Any]] = {"links": links, "folders": folders, "jobs/{identity}/cancel": cancel}
    for path, change in changes.items():
        app.add_api_route(f"/page/{path}", change, methods=["POST"], dependencies=guarded, include_in_schema=False)
    path = "/page/documents/{identity}"
    app.add_api_route(path, remove, methods=["DELETE"], dependencies=guarded, include_in_schema=False)


async def _alone(service: Service, request: Request, call: Callable[[], HTMLResponse]) -> HTMLResponse:
    """In a slot of this client's; once begun, it goes on without its client."""
    return await service.changes.run(client_of(request.scope), call)


def _ids(joined: str) -> list[str]:
    return [identity for identity in joined.split(",") if identity]
