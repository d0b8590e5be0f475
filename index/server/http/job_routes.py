"""The routes for jobs: adding documents, progress, cancelling, and tables of answers."""

from __future__ import annotations

import codecs
import json
from functools import partial
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Path, Response
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from index.errors import TooMany
from index.library.answer_files import matrix_table, page_link
from index.library.answer_files import table as answer_table
from index.records.document import UNDER_WAY, Arrival
from index.server.fetch import fetch
from index.server.file_jobs import folder_arrivals
from index.server.http import problems, responses
from index.server.http.problems import BODY, JSON, problem_responses
from index.server.http.requests import MEDIA_TYPE as MULTIPART
from index.server.http.requests import FromFolder, FromUrl, Multipart, chunks
from index.server.http.service import Service, ServiceDependency
from index.server.jobs import Job as RunningJob
from index.server.limits import client_of
from index.server.permissions import CURATOR, READER, Permission
from index.server.uploads import attachment, batch_stem
from index.settings import Settings
from index.wire import Job, redacted

router = APIRouter(prefix="/v1/jobs", tags=["Jobs"], responses=problem_responses(404, 422))
POLL_SECONDS = 0.2
"""Interval at which an event stream polls its job; polling needs no thread."""
TABLE_TYPES = {
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".jsonl": "application/jsonl",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The media type of each form of a table."""
_EVENTS = """event: job
data: {"id": "9c1f0d3e5b7a4c21", "kind": "add", "state": "working", …}

"""
Identity = Annotated[str, Path(max_length=100, description="The job's id.")]
upload_router = APIRouter(prefix="/v1/documents", tags=["Documents"])
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


@router.get("/{id}", summary="Get a job", response_model=Job)
@Permission(READER, counts_as="request", is_polled=True)
def job(id: Identity, service: ServiceDependency, request: Request) -> Job:  # noqa: A002 - the name in the path
    """Return the state and the progress of a job."""
    return job_response(service.jobs.find(id), problems.request_id(request))


@router.get(
    "/{id}/events",
    summary="Follow a job",
    response_class=Response,
    responses={
        200: {
            "description": "Events named `job`, each with the current state of the job.",
            "content": responses.openapi_content(_EVENTS, job="Job"),
        }
    },
)
@Permission(READER, counts_as="request", is_polled=True)
async def events(id: Identity, service: ServiceDependency, request: Request) -> Response:  # noqa: A002
    """Stream the job as server-sent events whenever it changes, until it ends."""
    job = service.jobs.find(id)
    return responses.EventStream(partial(_follow, job, problems.request_id(request)))


@router.post("/{id}/cancel", summary="Cancel a job", response_model=Job)
@Permission(CURATOR, counts_as="request", action="cancel")
def cancel(id: Identity, service: ServiceDependency, request: Request) -> Job:  # noqa: A002
    """Cancel a job soon. Finished work is kept; a file that is being encoded is not stored."""
    job = service.jobs.find(id)
    job.cancel()
    return job_response(job, problems.request_id(request))


def _table_response(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {
        200: {
            "description": "One row for each question answered so far, or for each document of a matrix.",
            "content": {media_type: {"schema": {"type": "string"}}},
        }
    }


@router.get(
    "/{id}/table.csv",
    summary="Download a table of answers, or a matrix, as CSV",
    response_class=Response,
    responses=_table_response("text/csv"),
)
@Permission(READER, counts_as="request", action="export")
def table(id: Identity, service: ServiceDependency, request: Request) -> Response:  # noqa: A002
    """Return the answers of a batch, or a matrix, as CSV, with all citations in full.

    An apostrophe protects cells that a spreadsheet would run as formulas.
    """
    return table_response(service.jobs.find(id), ".csv", page_address(service.settings, request))


@router.get(
    "/{id}/table.xlsx",
    summary="Download a table of answers, or a matrix, as a workbook",
    response_class=Response,
    responses=_table_response(TABLE_TYPES[".xlsx"]),
)
@Permission(READER, counts_as="request", action="export")
def workbook(id: Identity, service: ServiceDependency, request: Request) -> Response:  # noqa: A002
    """Return the answers of a batch, or a matrix, as an Excel workbook; a second sheet has all citations in full."""
    return table_response(service.jobs.find(id), ".xlsx", page_address(service.settings, request))


def page_address(settings: Settings, request: Request) -> str:
    """Return the address of the library's page: on the server's public address, else as the client reached it."""
    server = settings.public_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
    return f"{server}{request.scope.get('root_path', '')}"


def table_response(job: RunningJob, form: str, base: str, *, marked: bool = False) -> Response:
    """Return what a job has found so far as a download; `form` is one of DOWNLOADS.

    Citations link to the page at the address `base`. `marked` puts a byte order mark before CSV, because without it
    spreadsheets do not detect UTF-8. Raises HTTPException (404) for a job that asks nothing.
    """
    link = page_link(base)
    if job.kind == "matrix":
        data, otherwise = matrix_table(job.matrix, form, link), "matrix"
    elif job.kind == "batch":
        data, otherwise = answer_table(job.rows, form, job.asked, link), "answers"
    else:
        raise HTTPException(404, "This job has no table: only a batch of questions or a matrix has one.")
    mark = codecs.BOM_UTF8 if marked and form == ".csv" else b""
    media_type = TABLE_TYPES[form]
    headers = {
        "Content-Type": media_type if form == ".xlsx" else f"{media_type}; charset=utf-8",
        "Content-Disposition": attachment(batch_stem(job.questions, otherwise), form),
    }
    return Response(mark + data, headers=headers)


def accepted(job: RunningJob, request: Request, response: Response) -> Job:
    """Return an accepted job, and set `Location` to its address."""
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/v1/jobs/{job.id}"
    return job_response(job, problems.request_id(request))


def job_response(job: RunningJob, request_id: str, *, rows: bool = True) -> Job:
    """Return a job as a response model."""
    state = job.state  # read first: the rest of an ended job does not change
    receipt = job.receipt
    return Job.model_validate(
        {
            "id": job.id,
            "kind": job.kind,
            "state": state,
            "files": [redacted(file) for file in job.files],
            "done": job.done,
            "total": job.total,
            "passages_per_second": job.passages_per_second,
            "seconds_left": job.seconds_left,
            "receipt": redacted(receipt) if receipt else None,
            "problem": problems.problem_from_error(job.error, request_id) if job.error else None,
            "rows": job.rows if rows else [],
            "matrix": job.matrix if rows and job.kind == "matrix" else None,
        }
    )


async def _follow(job: RunningJob, request_id: str, emit: responses.Emit) -> None:
    version = -1
    while True:
        state = job.state
        if job.version != version:
            version = job.version
            await emit("job", job_response(job, request_id, rows=False).model_dump())
        if state not in UNDER_WAY:
            return
        await anyio.sleep(POLL_SECONDS)


@upload_router.post(
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
@Permission(CURATOR, counts_as="upload", action="add")
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
        return [fetch(origin.url, service.settings, service.jobs.uploads)]
    return folder_arrivals(origin.folder, service.settings)
