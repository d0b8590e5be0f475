"""What a demo adds to an application: routes of private libraries, the privacy note, robots.txt, parts of the page."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

import anyio.to_thread
from fastapi import APIRouter, Response
from pydantic import Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse

from index.citations.readable import environment
from index.plugins.demo.admission import COOKIE_KEY, TOKEN_KEY, Admission, Identities
from index.plugins.demo.registry import Visitors
from index.server.limits import VISITOR_KEY
from index.server.permissions import READER, Permission
from index.wire import Schema

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from fastapi import FastAPI

    from index.plugins.demo import registry
    from index.settings import Settings


router = APIRouter(tags=["Visitors"])
_templates = environment(FilePath(__file__).parent / "templates")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_NO_STORE = {"Cache-Control": "no-store"}
_EXPIRY_SECONDS = 5.0
"""Seconds between two looks for private libraries whose time is over."""
_log = logging.getLogger(__name__)
_OPEN, _SHUT = "User-agent: *\nAllow: /\n", "User-agent: *\nDisallow: /\n"


def attach(app: FastAPI, settings: Settings) -> AbstractAsyncContextManager[None]:
    """Give each request of an application to its visitor's private library. Returns what deletes them in time."""
    app.state.visitors = visitors = Visitors(app.state.service, settings)
    app.include_router(router)
    app.add_middleware(Admission, visitors=visitors, identities=Identities(), routes=app.routes)
    return running(visitors)


@asynccontextmanager
async def running(visitors: Visitors) -> AsyncIterator[None]:
    """Delete what visitors leave while the server runs, and everything at its end."""

    async def expire() -> None:
        while True:
            await anyio.sleep(_EXPIRY_SECONDS)
            try:
                await anyio.to_thread.run_sync(visitors.expire)
            except Exception:  # whatever happened, the next ones must be deleted
                _log.exception("Private libraries could not be deleted.")

    task = asyncio.create_task(expire())
    try:
        yield
    finally:
        task.cancel()
        try:
            with suppress(asyncio.CancelledError):
                await task
        finally:
            await anyio.to_thread.run_sync(visitors.close)


class Visitor(Schema):
    """Your private library: what it holds, what it may hold, and when it is deleted."""

    documents: int = Field(ge=0)
    """Number of your documents."""
    bytes: int = Field(ge=0)
    """Size of your files."""
    pages: int = Field(ge=0)
    """Number of their pages; 3,000 characters count as a page in formats without pages."""
    max_documents: int
    """The limit of `documents`."""
    max_bytes: int
    """The limit of `bytes`."""
    max_pages: int
    """The limit of `pages`."""
    seconds_left: int | None
    """Seconds until everything is deleted, if you do nothing more; null if there is nothing to delete."""
    has_cookie: bool
    """Whether your request brought the cookie. If not, send `token` as the header `X-Pincite-Visitor`."""
    token: str
    """Stands for you. Do not share it: with it, others can read your documents."""


def _visitor(request: Request) -> registry.Visitor:
    visitor: registry.Visitor = request.scope[VISITOR_KEY]
    return visitor


def _visitors(request: Request) -> Visitors:
    visitors: Visitors = request.app.state.visitors
    return visitors


@router.get("/v1/visitor", summary="Get your private library's state", response_model=Visitor)
@Permission(READER, counts_as="request", is_polled=True)
def state(request: Request, response: Response) -> Visitor:
    """Return what your private library holds, what it may hold, and when it is deleted."""
    visitor, visitors = _visitor(request), _visitors(request)
    settings = visitors.settings
    documents = visitor.library.own_documents()
    response.headers.update(_NO_STORE)
    return Visitor(
        documents=len(documents),
        bytes=visitor.uploads.size,
        pages=visitor.pages,
        max_documents=settings.demo_files,
        max_bytes=settings.demo_megabytes * 1_000_000,
        max_pages=settings.demo_pages,
        seconds_left=int(visitors.seconds_left(visitor)) if visitor.folder.exists() else None,
        has_cookie=request.scope[COOKIE_KEY],
        token=request.scope[TOKEN_KEY],
    )


@router.delete("/v1/visitor", summary="Delete your private library", status_code=204)
@Permission(READER, counts_as="request")
async def delete(request: Request) -> Response:
    """Delete your documents, jobs and answers at once."""
    await anyio.to_thread.run_sync(_visitors(request).delete, _visitor(request))
    return Response(status_code=204, headers=_NO_STORE)


@router.get("/privacy", include_in_schema=False)
@Permission(READER, counts_as="nothing")
def privacy(request: Request) -> HTMLResponse:
    """Return the privacy note: what is kept, for how long, and whom to ask."""
    settings: Settings = _visitors(request).settings
    html = _templates.get_template("privacy.html").render(settings=settings, links=contact_links(settings))
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})


@router.get("/robots.txt", include_in_schema=False)
@Permission(READER, counts_as="nothing")
def robots(request: Request) -> PlainTextResponse:
    """Return whether search engines may list the demo."""
    return PlainTextResponse(_OPEN if _visitors(request).settings.demo_indexed else _SHUT)


def head(_: Settings) -> str:
    """Return the script that says who each request of the page is for, where a frame gets no cookie."""
    return _templates.get_template("head.html").render()


def notice(settings: Settings) -> str:
    """Return the notice of a demo: what happens to a visitor's documents, and whom to ask."""
    minutes = round(settings.demo_idle_minutes)
    return _templates.get_template("notice.html").render(minutes=minutes, links=contact_links(settings))


def contact_links(settings: Settings) -> dict[str, str]:
    """Return the addresses of `contact` and `report` as links; only web and e-mail addresses become one."""
    named = {"contact": settings.demo_contact, "report": settings.demo_report or settings.demo_contact}
    return {name: link for name, value in named.items() if (link := _link(value.strip()))}


def _link(value: str) -> str:
    if value.startswith(("https://", "http://", "mailto:")):
        return value
    return f"mailto:{value}" if "@" in value and " " not in value else ""
