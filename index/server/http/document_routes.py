"""The routes for documents: the list, a document's text, pages and original file, and its removal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path as FilePath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel
from starlette.requests import Request

import index
from index.citations.readable import environment
from index.errors import DocumentNotFound, LoadingError, PageError
from index.loading.pdf.page_pictures import FINE, PageMark, Rectangle
from index.records import DocumentInfo, Span
from index.records.document import FARTHEST
from index.records.file_kinds import has_pictures
from index.records.remarks import recognition
from index.server.http import responses
from index.server.http.problems import JSON, problem_responses
from index.server.http.responses import Download
from index.server.http.service import Service, ServiceDependency
from index.server.limits import client_of
from index.server.permissions import CURATOR, READER, Permission
from index.wire import Document, Documents, Receipt, Text, redacted, source_name

router = APIRouter(prefix="/v1/documents", tags=["Documents"])
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Not modified: the cached response is current (see `If-None-Match`)."}
}
Identity = Annotated[
    str,
    Path(
        max_length=200,
        description="The document's id, or a unique beginning of it with at least six characters.",
    ),
]
Start = Annotated[int | None, Query(ge=0, le=FARTHEST, description="Start of the span, in Unicode code points.")]
End = Annotated[
    int | None, Query(ge=0, le=FARTHEST, description="End of the span (exclusive), in Unicode code points.")
]
source_router = APIRouter(prefix="/v1/documents/{id}", tags=["Sources"])
FRAGMENT = "default-src 'none'; frame-ancestors 'none'"
"""Content security policy of a fragment that is opened directly: it may load and run nothing."""
_templates = environment(FilePath(__file__).parent / "templates")
_templates.filters.update(has_pictures=has_pictures, recognition=recognition)
_WHOLE_PAGE = f"0,0,{FINE},{FINE}"
_BINARY = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}


@router.get(
    "",
    summary="List the documents",
    response_model=Documents,
    responses={**UNCHANGED, **problem_responses(422, 503)},
)
@Permission(READER, counts_as="request")
def documents(
    service: ServiceDependency,
    request: Request,
    name: Annotated[
        str,
        Query(
            max_length=1000, description="List only documents whose title, author or file name contains these words."
        ),
    ] = "",
    cursor: Annotated[
        str, Query(max_length=4000, description="The field `next` of the previous page; empty for the first page.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="Maximum number of documents.")] = 100,
) -> Response:
    """List all documents by name, one page at a time.

    A cursor stays valid while documents are added and removed: no document is repeated, and none that stays in the
    library is skipped.
    """
    tag = responses.weak_tag(service.boot, service.library.generation())

    def make() -> Response:
        infos = [redacted(info) for info in service.library.documents()]
        matching = responses.sorted_by_name([info for info in infos if _matches(info, name)])
        page_infos, next_cursor = responses.page(matching, cursor, limit)
        entries = [Document.model_validate(info) for info in page_infos]
        return json_response(Documents(documents=entries, next=next_cursor, total=len(matching)))

    return responses.conditional(request, tag, make)


@router.get(
    "/{id}",
    summary="Get a document's metadata",
    response_model=Document,
    responses={**UNCHANGED, **problem_responses(404, 409, 422, 503)},
)
@Permission(READER, counts_as="request")
def document(id: Identity, service: ServiceDependency, request: Request) -> Response:  # noqa: A002 - the name in the path
    """Return the metadata of a document, without its text."""
    schema = Document.model_validate(redacted(find_document(service, id)))
    return responses.conditional(request, responses.weak_tag(schema), lambda: json_response(schema))


@router.get(
    "/{id}/text",
    summary="Get a document's text",
    response_model=Text,
    responses={**UNCHANGED, **problem_responses(404, 409, 422, 503)},
)
@Permission(READER, counts_as="request")
def text(id: Identity, service: ServiceDependency, request: Request, start: Start = None, end: End = None) -> Response:  # noqa: A002
    """Return the exact text of a document from `start` to `end`; by default all of it."""
    info = find_document(service, id)
    span = Span(start or 0, info.characters if end is None else end)
    excerpt = Text(
        document_id=info.id,
        start=span.start,
        end=span.end,
        characters=info.characters,
        text=service.library.text(info.id, span),
    )
    return responses.conditional(request, responses.weak_tag(excerpt), lambda: json_response(excerpt))


@router.delete(
    "/{id}",
    summary="Remove a document",
    response_model=Receipt,
    responses=problem_responses(403, 404, 409, 422, 503),
)
@Permission(CURATOR, counts_as="request", action="remove")
async def remove(id: Identity, service: ServiceDependency, request: Request) -> Receipt:  # noqa: A002
    """Remove a document immediately from the catalog and every index, and delete its file if it was uploaded."""

    def work() -> Receipt:
        return Receipt.model_validate(redacted(service.jobs.remove(find_document(service, id).id)))

    return await service.changes.run(client_of(request.scope), work)


def find_document(service: Service, identity: str) -> DocumentInfo:
    """Return the document with that id or beginning of an id; titles and paths are not accepted.

    Raises DocumentNotFound or AmbiguousDocument.
    """
    info = service.library.find(identity)
    if not info.id.startswith(identity.lower()):
        raise DocumentNotFound(identity)
    return info


def json_response(model: BaseModel) -> Response:
    """Return a model as a JSON response."""
    return Response(model.model_dump_json(), media_type=JSON)


def _matches(info: DocumentInfo, words: str) -> bool:
    searchable = f"{info.title} {info.author} {info.source}".casefold()
    return all(word in searchable for word in words.casefold().split())


@source_router.get(
    "/view",
    summary="View a span in its context",
    response_class=Response,
    responses={
        200: {"description": "An HTML fragment.", "content": {"text/html": {"schema": {"type": "string"}}}},
        **UNCHANGED,
        **problem_responses(404, 409, 422, 503),
    },
)
@Permission(READER, counts_as="request")
async def view(
    id: Identity,  # noqa: A002
    service: ServiceDependency,
    request: Request,
    start: Start = None,
    end: End = None,
) -> Response:
    """Return the text around a span as an HTML fragment, with the span marked.

    Without a span, the fragment shows the beginning. `data-before` and `data-after` say whether there is more text. For
    a PDF or a picture whose original file exists, images of the pages with the span come first.
    """

    def make() -> Response:
        html = _render(service, find_document(service, id), _span(start, end))
        response = Response(
            html, headers={"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": FRAGMENT}
        )
        return responses.conditional(request, responses.weak_tag(html), lambda: response)

    return await service.run(request, service.renderers, make)


@source_router.get(
    "/pages/{number}.png",
    summary="Get a page as an image",
    response_class=Response,
    responses={
        200: {"description": "The page.", "content": {"image/png": _BINARY}},
        **UNCHANGED,
        **problem_responses(404, 409, 422, 503),
    },
)
@Permission(READER, counts_as="request")
async def page(
    id: Identity,  # noqa: A002
    number: Annotated[int, Path(ge=1, le=FARTHEST, description="The position of the page in the file, from 1.")],
    service: ServiceDependency,
    request: Request,
    start: Start = None,
    end: End = None,
    width: Annotated[int, Query(ge=200, le=3000, description="Width of the image, in pixels.")] = 1200,
    part: Annotated[
        str,
        Query(
            pattern=r"^(\d{1,4},){3}\d{1,4}$",
            description="The part of the page to show: left, top, right and bottom, in thousandths of its sides.",
        ),
    ] = _WHOLE_PAGE,
) -> Response:
    """Return a page of a PDF, or a part of it, as an image, with a span marked.

    The image is narrower than requested if it would be higher than 6,000 pixels, or finer than 12 pixels a point.
    """

    def make() -> Response:
        info = find_document(service, id)
        span, shown = _span(start, end), part_of(part)

        def draw() -> Response:
            image = service.library.page_image(info.id, number, span, width=width, part=shown)
            return Response(image, media_type="image/png")

        return responses.conditional(
            request, responses.strong_tag(info.id, number, span, width, part, index.__version__), draw
        )

    return await service.run(request, service.renderers, make)


@source_router.get(
    "/original",
    summary="Download the original",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {"application/octet-stream": _BINARY}},
        **UNCHANGED,
        **problem_responses(404, 409, 422, 503),
    },
)
@Permission(READER, counts_as="request", action="export")
def original(id: Identity, service: ServiceDependency, request: Request) -> Response:  # noqa: A002
    """Return the exact file that the document was read from, always as a download, never as a page of this server."""
    info = find_document(service, id)

    def make() -> Response:
        found = service.library.open_original(info.id)
        headers = {"Content-Type": "application/octet-stream", "Content-Disposition": disposition(found.name)}
        return Download(found, headers)

    return responses.conditional(request, f'"{info.id}"', make)


def disposition(name: str) -> str:
    """Return a Content-Disposition header with an ASCII name for old clients and the full name (RFC 6266)."""
    shown = source_name(name)
    plain = "".join(letter if letter.isascii() and letter.isprintable() else "_" for letter in shown)
    quoted = plain.replace("\\", "_").replace('"', "_")
    return f"attachment; filename=\"{quoted}\"; filename*=UTF-8''{quote(shown, safe='')}"


def part_of(text: str) -> Rectangle | None:
    """Return the part of a page that a request names. Raises PageError if it is not in the page."""
    left, top, right, bottom = (int(edge) / FINE for edge in text.split(","))
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise PageError("There is no such part of the page.", "Give left, top, right and bottom, each from 0 to 1000.")
    return None if text == _WHOLE_PAGE else Rectangle(left, top, right - left, bottom - top)


def _render(service: Service, info: DocumentInfo, span: Span | None) -> str:
    """Return the fragment; its links to images and to the original are relative."""
    seen = service.library.view(info.id, span)
    disclosed = replace(seen, document=redacted(seen.document))
    original = service.library.has_original(info.id)
    marks, damaged = marks_of(service, info, span)
    return _templates.get_template("view.html").render(view=disclosed, marks=marks, original=original, damaged=damaged)


def marks_of(service: Service, info: DocumentInfo, span: Span | None) -> tuple[tuple[PageMark, ...], bool]:
    """Return the pages of a span, and whether its PDF is damaged: its text can then be shown, but not its pages."""
    try:
        return (service.library.page_marks(info.id, span) if span else ()), False
    except LoadingError:
        return (), True


def _span(start: int | None, end: int | None) -> Span | None:
    """Return the requested span, if any. A start alone is an empty span there; an end alone is a span from 0."""
    if start is None and end is None:
        return None
    start = start or 0
    return Span(start, start if end is None else end)
