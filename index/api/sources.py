"""A document as it looks: its text with a span marked, its pages as images, its original."""

from dataclasses import replace
from pathlib import Path as FilePath
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from starlette.requests import Request

import index
from index.api import caching
from index.api.documents import UNCHANGED, End, Identity, Start, named
from index.api.download import Download
from index.api.service import Service, Used
from index.api.telling import tells
from index.markup import environment
from index.records import DocumentInfo, Span
from index.schema.base import FARTHEST
from index.schema.redaction import redacted, source_name

router = APIRouter(prefix="/v1/documents/{id}", tags=["Sources"])
FRAGMENT = "default-src 'none'; frame-ancestors 'none'"
"""What a fragment may fetch and run where somebody opens it alone: nothing."""
_templates = environment(FilePath(__file__).parent / "templates")
_BINARY = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}


@router.get(
    "/view",
    summary="View a span where it stands",
    response_class=Response,
    responses={
        200: {"description": "A part of a page.", "content": {"text/html": {"schema": {"type": "string"}}}},
        **UNCHANGED,
        **tells(404, 409, 422, 503),
    },
)
async def view(
    id: Identity,  # noqa: A002
    service: Used,
    request: Request,
    start: Start = None,
    end: End = None,
) -> Response:
    """A window of the text round a span, with the span marked, as HTML to put into a page.

    Without a span, the beginning; `data-before` and `data-after` say whether there is more. For a PDF whose original is
    still there, the pages with the span come first, as images.
    """

    def make() -> Response:
        html = _rendered(service, named(service, id), _span(start, end))
        made = Response(html, headers={"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": FRAGMENT})
        return caching.conditional(request, caching.weak(html), lambda: made)

    return await service.work(request, service.drawers, make)


@router.get(
    "/pages/{number}.png",
    summary="See a page",
    response_class=Response,
    responses={
        200: {"description": "The page.", "content": {"image/png": _BINARY}},
        **UNCHANGED,
        **tells(404, 409, 422, 503),
    },
)
async def page(
    id: Identity,  # noqa: A002
    number: Annotated[int, Path(ge=1, le=FARTHEST, description="From 1, as the pages follow each other in the file.")],
    service: Used,
    request: Request,
    start: Start = None,
    end: End = None,
    width: Annotated[int, Query(ge=200, le=3000, description="In pixels.")] = 1200,
) -> Response:
    """A page of a PDF as an image, with a span marked on it."""

    def make() -> Response:
        info = named(service, id)
        span = _span(start, end)

        def draw() -> Response:
            return Response(service.library.page_image(info.id, number, span, width=width), media_type="image/png")

        return caching.conditional(request, caching.strong(info.id, number, span, width, index.__version__), draw)

    return await service.work(request, service.drawers, make)


@router.get(
    "/original",
    summary="Download the original",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {"application/octet-stream": _BINARY}},
        **UNCHANGED,
        **tells(404, 409, 422, 503),
    },
)
def original(id: Identity, service: Used, request: Request) -> Response:  # noqa: A002
    """The file that the document was read from, to the byte: only to be saved, never shown as a page of this server."""
    info = named(service, id)

    def make() -> Response:
        found = service.library.open_original(info.id)
        headers = {"Content-Type": "application/octet-stream", "Content-Disposition": disposition(found.name)}
        return Download(found, headers)

    return caching.conditional(request, f'"{info.id}"', make)


def disposition(name: str) -> str:
    """How a file is to be saved: a name of letters for old programs, the true one beside it (RFC 6266)."""
    shown = source_name(name)
    plain = "".join(letter if letter.isascii() and letter.isprintable() else "_" for letter in shown)
    quoted = plain.replace("\\", "_").replace('"', "_")
    return f"attachment; filename=\"{quoted}\"; filename*=UTF-8''{quote(shown, safe='')}"


def _rendered(service: Service, info: DocumentInfo, span: Span | None) -> str:
    """The fragment; it names its images and the original relative to itself."""
    seen = service.library.view(info.id, span)
    disclosed = replace(seen, document=redacted(seen.document))
    marks = service.library.page_marks(info.id, span) if span else ()
    original = service.library.has_original(info.id)
    return _templates.get_template("view.html").render(view=disclosed, marks=marks, original=original)


def _span(start: int | None, end: int | None) -> Span | None:
    """What was asked for: nothing, a span, a place, or all up to a place."""
    if start is None and end is None:
        return None
    start = start or 0
    return Span(start, start if end is None else end)
