"""The documents: the list, each of them, their words, and their removal."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel
from starlette.requests import Request

from index.api import caching, paging
from index.api.service import Service, Used
from index.api.telling import JSON, tells
from index.errors import DocumentNotFound
from index.records import DocumentInfo, Span
from index.schema.base import FARTHEST
from index.schema.documents import Document, Documents, Text
from index.schema.receipts import Receipt
from index.schema.redaction import redacted
from index.serving.slots import client_of

router = APIRouter(prefix="/v1/documents", tags=["Documents"])
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "What the client has is still right: see `If-None-Match`."}
}
Identity = Annotated[
    str,
    Path(
        max_length=200,
        description="The document's id, or its beginning: at least six characters that no other id begins with.",
    ),
]
Start = Annotated[int | None, Query(ge=0, le=FARTHEST, description="Where the span begins, in code points.")]
End = Annotated[int | None, Query(ge=0, le=FARTHEST, description="Where the span ends; not part of it.")]


@router.get("", summary="List the documents", response_model=Documents, responses={**UNCHANGED, **tells(422, 503)})
def documents(
    service: Used,
    request: Request,
    name: Annotated[
        str, Query(max_length=1000, description="Only documents whose title, author or file name has these words.")
    ] = "",
    cursor: Annotated[
        str, Query(max_length=4000, description="From the field `next` of the page before; empty for the first page.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="How many documents, at most.")] = 100,
) -> Response:
    """All documents, by name, a page at a time.

    A cursor stays right while documents come and go: none is given twice, and none left out that is there all the time.
    """
    tag = caching.weak(service.boot, service.library.generation())

    def make() -> Response:
        infos = [redacted(info) for info in service.library.documents()]
        chosen = paging.ordered([info for info in infos if _called(info, name)])
        given, following = paging.page(chosen, cursor, limit)
        listed = [Document.model_validate(info) for info in given]
        return as_json(Documents(documents=listed, next=following, total=len(chosen)))

    return caching.conditional(request, tag, make)


@router.get(
    "/{id}",
    summary="Describe a document",
    response_model=Document,
    responses={**UNCHANGED, **tells(404, 409, 422, 503)},
)
def document(id: Identity, service: Used, request: Request) -> Response:  # noqa: A002 - as the address calls it
    """A document without its text."""
    shown = Document.model_validate(redacted(named(service, id)))
    return caching.conditional(request, caching.weak(shown), lambda: as_json(shown))


@router.get(
    "/{id}/text",
    summary="Read a document's words",
    response_model=Text,
    responses={**UNCHANGED, **tells(404, 409, 422, 503)},
)
def text(id: Identity, service: Used, request: Request, start: Start = None, end: End = None) -> Response:  # noqa: A002
    """A document's words, to the letter, from `start` to `end`; all of them, where neither is given."""
    info = named(service, id)
    span = Span(start or 0, info.characters if end is None else end)
    told = Text(
        document_id=info.id,
        start=span.start,
        end=span.end,
        characters=info.characters,
        text=service.library.text(info.id, span),
    )
    return caching.conditional(request, caching.weak(told), lambda: as_json(told))


@router.delete("/{id}", summary="Remove a document", response_model=Receipt, responses=tells(403, 404, 409, 422, 503))
async def remove(id: Identity, service: Used, request: Request) -> Receipt:  # noqa: A002
    """Remove a document: from the catalog and from every index, at once; and the file, if it was uploaded."""

    def work() -> Receipt:
        return Receipt.model_validate(redacted(service.jobs.remove(named(service, id).id)))

    return await service.changes.run(client_of(request.scope), work)


def named(service: Service, identity: str) -> DocumentInfo:
    """The document of that id, or beginning of one: here a title or a path names nothing.

    Raises DocumentNotFound or AmbiguousDocument.
    """
    info = service.library.find(identity)
    if not info.id.startswith(identity.lower()):
        raise DocumentNotFound(identity)
    return info


def as_json(shown: BaseModel) -> Response:
    """A response of what is known to fit its description."""
    return Response(shown.model_dump_json(), media_type=JSON)


def _called(info: DocumentInfo, words: str) -> bool:
    said = f"{info.title} {info.author} {info.source}".casefold()
    return all(word in said for word in words.casefold().split())
