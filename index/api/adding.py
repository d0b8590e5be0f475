"""The route that adds documents: uploaded files, a web address, or a folder of the server."""

import json
from functools import partial

from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from index import serving
from index.api.asked import FromFolder, FromUrl
from index.api.following import accepted
from index.api.multipart import MEDIA_TYPE as MULTIPART
from index.api.multipart import Multipart, chunks
from index.api.service import Service, ServiceDependency
from index.api.telling import BODY, JSON, problem_responses
from index.errors import TooMany
from index.schema.jobs import Job
from index.serving import Arrival
from index.serving.slots import client_of

router = APIRouter(prefix="/v1/documents", tags=["Documents"])
_sources: TypeAdapter[FromUrl | FromFolder] = TypeAdapter(FromUrl | FromFolder)
_FILES = {
    "type": "object",
    "properties": {
        "files": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "minItems": 1,
            "description": "Files with their names: at most `PINCITE_MAX_UPLOAD_FILES`, each of at most "
            "`PINCITE_MAX_FILE_MEGABYTES`. The format is detected from the bytes.",
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
    response_model=Job,
    responses={
        202: {
            "headers": {
                "Location": {"description": "The address of the job.", "schema": {"type": "string"}, "required": True}
            }
        },
        **problem_responses(403, *BODY),
    },
    openapi_extra=_BODY,
)
async def add(service: ServiceDependency, request: Request, response: Response) -> Job:
    """Add documents. The server receives them at once and reads them in a job, whose address is in `Location`.

    A file with the same bytes as a document is skipped, whatever its name; a different file with the same name replaces
    the document. A file that cannot be read does not affect the others; the job gives the reason and a hint.
    """
    service.jobs.require_writable()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == MULTIPART:
        take, slots = partial(_receive_files, service, request), service.receivers
    elif kind == JSON:
        take, slots = partial(_fetch_files, service, await request.body()), service.changes
    else:
        raise HTTPException(415, f"The body must be {MULTIPART} or {JSON}.")
    client = client_of(request.scope)
    arrivals = await slots.run(client, take)
    return accepted(service.jobs.add(arrivals, client), request, response)


def _receive_files(service: Service, request: Request) -> list[Arrival]:
    """Store the files of the body while they arrive; if one of them fails, none is kept."""
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
        raise RequestValidationError([{"loc": ("body", "files"), "msg": "The body contains no files."}])
    return arrivals


def _fetch_files(service: Service, body: bytes) -> list[Arrival]:
    """Return the files of a web address or of a folder of the server."""
    try:
        origin = _sources.validate_python(json.loads(body))
    except ValidationError as error:
        raise RequestValidationError(
            [{**mistake, "loc": ("body", *mistake["loc"][1:])} for mistake in error.errors()]
        ) from None
    except (ValueError, RecursionError):
        raise RequestValidationError([{"loc": ("body",), "msg": "The body is not valid JSON."}]) from None
    if isinstance(origin, FromUrl):
        return [serving.fetch(origin.url, service.settings, service.jobs.uploads)]
    return serving.folder_arrivals(origin.folder, service.settings)
