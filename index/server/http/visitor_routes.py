"""The routes of a demo: a visitor's private library, the privacy note, and robots.txt."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import TYPE_CHECKING

import anyio.to_thread
from fastapi import APIRouter, Response
from pydantic import Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse

from index.citations.readable import environment
from index.server.limits import VISITOR_KEY
from index.server.permissions import READER, Permission
from index.server.visitors.admission import COOKIE_KEY, TOKEN_KEY
from index.wire import Schema

if TYPE_CHECKING:
    from index.server.visitors import registry
    from index.settings import Settings


router = APIRouter(tags=["Visitors"])
_templates = environment(FilePath(__file__).parent / "templates")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_NO_STORE = {"Cache-Control": "no-store"}
_OPEN, _SHUT = "User-agent: *\nAllow: /\n", "User-agent: *\nDisallow: /\n"


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


def _visitors(request: Request) -> registry.Visitors:
    visitors: registry.Visitors = request.app.state.visitors
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


def contact_links(settings: Settings) -> dict[str, str]:
    """Return the addresses of `contact` and `report` as links; only web and e-mail addresses become one."""
    named = {"contact": settings.demo_contact, "report": settings.demo_report or settings.demo_contact}
    return {name: link for name, value in named.items() if (link := _link(value.strip()))}


def _link(value: str) -> str:
    if value.startswith(("https://", "http://", "mailto:")):
        return value
    return f"mailto:{value}" if "@" in value and " " not in value else ""
