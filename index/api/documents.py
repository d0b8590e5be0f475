"""The routes for documents: list, metadata, text, removal."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel
from starlette.requests import Request

from index.api import caching, paging
from index.api.service import Service, ServiceDependency
from index.api.telling import JSON, problem_responses
from index.errors import DocumentNotFound
from index.records import DocumentInfo, Span
from index.schema.base import FARTHEST
from index.schema.documents import Document, Documents, Text
from index.schema.receipts import Receipt
from index.schema.redaction import redacted
from index.serving.slots import client_of

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


@router.get(
    "",
    summary="List the documents",
    response_model=Documents,
    responses={**UNCHANGED, **problem_responses(422, 503)},
)
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
    tag = caching.weak_tag(service.boot, service.library.generation())

    def make() -> Response:
        infos = [redacted(info) for info in service.library.documents()]
        matching = paging.sorted_by_name([info for info in infos if _matches(info, name)])
        page_infos, next_cursor = paging.page(matching, cursor, limit)
        entries = [Document.model_validate(info) for info in page_infos]
        return json_response(Documents(documents=entries, next=next_cursor, total=len(matching)))

    return caching.conditional(request, tag, make)


@router.get(
    "/{id}",
    summary="Get a document's metadata",
    response_model=Document,
    responses={**UNCHANGED, **problem_responses(404, 409, 422, 503)},
)
def document(id: Identity, service: ServiceDependency, request: Request) -> Response:  # noqa: A002 - the name in the path
    """Return the metadata of a document, without its text."""
    schema = Document.model_validate(redacted(find_document(service, id)))
    return caching.conditional(request, caching.weak_tag(schema), lambda: json_response(schema))


@router.get(
    "/{id}/text",
    summary="Get a document's text",
    response_model=Text,
    responses={**UNCHANGED, **problem_responses(404, 409, 422, 503)},
)
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
    return caching.conditional(request, caching.weak_tag(excerpt), lambda: json_response(excerpt))


@router.delete(
    "/{id}",
    summary="Remove a document",
    response_model=Receipt,
    responses=problem_responses(403, 404, 409, 422, 503),
)
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
