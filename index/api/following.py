"""Jobs: what becomes of files and questions that were handed in."""

import csv
import io
from dataclasses import asdict
from functools import partial
from typing import Annotated

import anyio
from fastapi import APIRouter, Path, Response
from starlette.exceptions import HTTPException
from starlette.requests import Request

from index import serving
from index.api import problems, streaming
from index.api.service import Used
from index.api.telling import tells
from index.batching import COLUMNS
from index.schema.jobs import Job
from index.schema.redaction import redacted
from index.serving.states import UNDER_WAY
from index.spreadsheets import guarded

router = APIRouter(prefix="/v1/jobs", tags=["Jobs"], responses=tells(404, 422))
GLANCE_SECONDS = 0.2
"""So often a job is looked at for those who follow it, which costs no thread."""
_EVENTS = """event: job
data: {"id": "9c1f0d3e5b7a4c21", "kind": "add", "state": "working", …}

"""
Identity = Annotated[str, Path(max_length=100, description="The job's id.")]


@router.get("/{id}", summary="See how far a job is", response_model=Job)
def job(id: Identity, service: Used, request: Request) -> Job:  # noqa: A002 - as the address calls it
    """How far a job is."""
    return shown(service.jobs.find(id), problems.request_id(request))


@router.get(
    "/{id}/events",
    summary="Follow a job",
    response_class=Response,
    responses={
        200: {
            "description": "Events named `job`, each with the job as it is then.",
            "content": streaming.described(_EVENTS, job="Job"),
        }
    },
)
async def events(id: Identity, service: Used, request: Request) -> Response:  # noqa: A002
    """The job whenever it changes, as server-sent events, until its end."""
    found = service.jobs.find(id)
    return streaming.EventStream(partial(_follow, found, problems.request_id(request)))


@router.post("/{id}/cancel", summary="Cancel a job", response_model=Job)
def cancel(id: Identity, service: Used, request: Request) -> Job:  # noqa: A002
    """End a job soon. What was done until then stays; of a file that is being encoded, nothing is stored."""
    found = service.jobs.find(id)
    found.cancel()
    return shown(found, problems.request_id(request))


@router.get(
    "/{id}/table.csv",
    summary="Download a table of answers",
    response_class=Response,
    responses={
        200: {
            "description": "One row for each question that was answered so far.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        }
    },
)
def table(id: Identity, service: Used) -> Response:  # noqa: A002
    """The answers of a batch as a table. Cells that a spreadsheet would run begin with an apostrophe."""
    found = service.jobs.find(id)
    if found.kind != "batch":
        raise HTTPException(404, "Only a batch of questions has a table.")
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in found.rows:
        writer.writerow([guarded(str(value)) for value in asdict(row).values()])
    headers = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": 'attachment; filename="answers.csv"'}
    return Response(file.getvalue().encode("utf-8", "replace"), headers=headers)


def accepted(job: serving.Job, request: Request, response: Response) -> Job:
    """A job that has been taken on, and where to follow it."""
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/v1/jobs/{job.id}"
    return shown(job, problems.request_id(request))


def shown(job: serving.Job, request_id: str, *, rows: bool = True) -> Job:
    """A job as clients see it."""
    state = job.state  # first: what is told of a job that has ended is all there is
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
            "problem": problems.of_error(job.error, request_id) if job.error else None,
            "rows": job.rows if rows else [],
        }
    )


async def _follow(job: serving.Job, request_id: str, emit: streaming.Emit) -> None:
    version = -1
    while True:
        state = job.state
        if job.version != version:
            version = job.version
            await emit("job", shown(job, request_id, rows=False).model_dump())
        if state not in UNDER_WAY:
            return
        await anyio.sleep(GLANCE_SECONDS)
