"""Documents handed in: files, an address, or a folder of the server."""

import json
from functools import partial

from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from index import serving
from index.api import holdings
from index.api.asked import FromFolder, FromUrl
from index.api.following import accepted
from index.api.multipart import MEDIA_TYPE as MULTIPART
from index.api.multipart import Multipart, chunks
from index.api.service import Service, Used
from index.api.telling import BODY, JSON, tells
from index.errors import TooMany
from index.serving import Arrival
from index.serving.slots import client_of

router = APIRouter(prefix="/v1/documents", tags=["Documents"])
_elsewhere: TypeAdapter[FromUrl | FromFolder] = TypeAdapter(FromUrl | FromFolder)
_FILES = {
    "type": "object",
    "properties": {
        "files": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "minItems": 1,
            "description": "Each with its name. As many as `PINCITE_MAX_UPLOAD_FILES` allows, each as large as "
            "`PINCITE_MAX_FILE_MEGABYTES` allows; what kind of file it is, its bytes tell.",
        }
    },
    "required": ["files"],
    "additionalProperties": False,
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            MULTIPART: {"schema": _FILES},
            JSON: {
                "schema": {
                    "oneOf": [
                        {"$ref": "#/components/schemas/FromUrl"},
                        {"$ref": "#/components/schemas/FromFolder"},
                    ]
                }
            },
        },
    }
}


@router.post(
    "",
    summary="Add documents",
    status_code=202,
    response_model=holdings.Job,
    responses={
        202: {
            "headers": {
                "Location": {"description": "Where to follow the job.", "schema": {"type": "string"}, "required": True}
            }
        },
        **tells(403, *BODY),
    },
    openapi_extra=_BODY,
)
async def add(service: Used, request: Request, response: Response) -> holdings.Job:
    """Add documents. They are taken in at once and read in a job, which `Location` names.

    The same bytes again cost nothing, whatever they are called; another file of the same name is its next version. A
    file that cannot be read fails alone: the job says why, and what to do about it.
    """
    service.jobs.require_writable()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == MULTIPART:
        take, slots = partial(_received, service, request), service.receivers
    elif kind == JSON:
        take, slots = partial(_found, service, await request.body()), service.changes
    else:
        raise HTTPException(415, f"The body has to be {MULTIPART} or {JSON}.")
    client = client_of(request.scope)
    arrivals = await slots.run(client, take)
    return accepted(service.jobs.add(arrivals, client), request, response)


def _received(service: Service, request: Request) -> list[Arrival]:
    """The files of the body, set down as they come; nothing of them stays where one is too much."""
    uploads, settings = service.jobs.uploads, service.settings
    arrivals: list[Arrival] = []
    try:
        for name, content in Multipart(request.headers["content-type"], chunks(request)).files():
            if len(arrivals) == settings.max_upload_files:
                raise TooMany("files", len(arrivals) + 1, settings.max_upload_files, "PINCITE_MAX_UPLOAD_FILES")
            arrivals.append(uploads.receive(name, content))
    except BaseException:
        uploads.drop(arrivals)
        raise
    if not arrivals:
        raise RequestValidationError([{"loc": ("body", "files"), "msg": "There is no file in the body."}])
    return arrivals


def _found(service: Service, body: bytes) -> list[Arrival]:
    """What an address or a folder of the server gives."""
    try:
        wanted = _elsewhere.validate_python(json.loads(body))
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"][1:])} for each in error.errors()]) from None
    except (ValueError, RecursionError):
        raise RequestValidationError([{"loc": ("body",), "msg": "This is no JSON."}]) from None
    if isinstance(wanted, FromUrl):
        return [serving.fetch(wanted.url, service.settings, service.jobs.uploads)]
    return serving.folder_arrivals(wanted.folder, service.settings)
