"""The routes that show a document: its text with a marked span, its pages as images, its original file."""

from dataclasses import replace
from pathlib import Path as FilePath
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from starlette.requests import Request

import index
from index.api import caching
from index.api.documents import UNCHANGED, End, Identity, Start, find_document
from index.api.download import Download
from index.api.service import Service, ServiceDependency
from index.api.telling import problem_responses
from index.markup import environment
from index.records import DocumentInfo, Span
from index.schema.base import FARTHEST
from index.schema.redaction import redacted, source_name

router = APIRouter(prefix="/v1/documents/{id}", tags=["Sources"])
FRAGMENT = "default-src 'none'; frame-ancestors 'none'"
"""Content security policy of a fragment that is opened directly: it may load and run nothing."""
_templates = environment(FilePath(__file__).parent / "templates")
_BINARY = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}


@router.get(
    "/view",
    summary="View a span in its context",
    response_class=Response,
    responses={
        200: {"description": "An HTML fragment.", "content": {"text/html": {"schema": {"type": "string"}}}},
        **UNCHANGED,
        **problem_responses(404, 409, 422, 503),
    },
)
async def view(
    id: Identity,  # noqa: A002
    service: ServiceDependency,
    request: Request,
    start: Start = None,
    end: End = None,
) -> Response:
    """Return the text around a span as an HTML fragment, with the span marked.

    Without a span, the fragment shows the beginning. `data-before` and `data-after` say whether there is more text. For
    a PDF whose original file exists, images of the pages with the span come first.
    """

    def make() -> Response:
        html = _render(service, find_document(service, id), _span(start, end))
        made = Response(html, headers={"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": FRAGMENT})
        return caching.conditional(request, caching.weak_tag(html), lambda: made)

    return await service.run(request, service.renderers, make)


@router.get(
    "/pages/{number}.png",
    summary="Get a page as an image",
    response_class=Response,
    responses={
        200: {"description": "The page.", "content": {"image/png": _BINARY}},
        **UNCHANGED,
        **problem_responses(404, 409, 422, 503),
    },
)
async def page(
    id: Identity,  # noqa: A002
    number: Annotated[int, Path(ge=1, le=FARTHEST, description="The position of the page in the file, from 1.")],
    service: ServiceDependency,
    request: Request,
    start: Start = None,
    end: End = None,
    width: Annotated[int, Query(ge=200, le=3000, description="Width of the image, in pixels.")] = 1200,
) -> Response:
    """Return a page of a PDF as an image, with a span marked."""

    def make() -> Response:
        info = find_document(service, id)
        span = _span(start, end)

        def draw() -> Response:
            return Response(service.library.page_image(info.id, number, span, width=width), media_type="image/png")

        return caching.conditional(request, caching.strong_tag(info.id, number, span, width, index.__version__), draw)

    return await service.run(request, service.renderers, make)


@router.get(
    "/original",
    summary="Download the original",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {"application/octet-stream": _BINARY}},
        **UNCHANGED,
        **problem_responses(404, 409, 422, 503),
    },
)
def original(id: Identity, service: ServiceDependency, request: Request) -> Response:  # noqa: A002
    """Return the exact file that the document was read from, always as a download, never as a page of this server."""
    info = find_document(service, id)

    def make() -> Response:
        found = service.library.open_original(info.id)
        headers = {"Content-Type": "application/octet-stream", "Content-Disposition": disposition(found.name)}
        return Download(found, headers)

    return caching.conditional(request, f'"{info.id}"', make)


def disposition(name: str) -> str:
    """Return a Content-Disposition header with an ASCII name for old clients and the full name (RFC 6266)."""
    shown = source_name(name)
    plain = "".join(letter if letter.isascii() and letter.isprintable() else "_" for letter in shown)
    quoted = plain.replace("\\", "_").replace('"', "_")
    return f"attachment; filename=\"{quoted}\"; filename*=UTF-8''{quote(shown, safe='')}"


def _render(service: Service, info: DocumentInfo, span: Span | None) -> str:
    """Return the fragment; its links to images and to the original are relative."""
    seen = service.library.view(info.id, span)
    disclosed = replace(seen, document=redacted(seen.document))
    marks = service.library.page_marks(info.id, span) if span else ()
    original = service.library.has_original(info.id)
    return _templates.get_template("view.html").render(view=disclosed, marks=marks, original=original)


def _span(start: int | None, end: int | None) -> Span | None:
    """Return the requested span, or None for none; a start alone is a position, an end alone means up to there."""
    if start is None and end is None:
        return None
    start = start or 0
    return Span(start, start if end is None else end)
