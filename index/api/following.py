"""The routes for jobs: progress, events, cancellation, and the table of answers."""

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
from index.api.service import ServiceDependency
from index.api.telling import problem_responses
from index.batching import COLUMNS
from index.schema.jobs import Job
from index.schema.redaction import redacted
from index.serving.states import UNDER_WAY
from index.spreadsheets import guarded

router = APIRouter(prefix="/v1/jobs", tags=["Jobs"], responses=problem_responses(404, 422))
POLL_SECONDS = 0.2
"""Interval at which an event stream polls its job; polling needs no thread."""
_EVENTS = """event: job
data: {"id": "9c1f0d3e5b7a4c21", "kind": "add", "state": "working", …}

"""
Identity = Annotated[str, Path(max_length=100, description="The job's id.")]


@router.get("/{id}", summary="Get a job", response_model=Job)
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
            "content": streaming.openapi_content(_EVENTS, job="Job"),
        }
    },
)
async def events(id: Identity, service: ServiceDependency, request: Request) -> Response:  # noqa: A002
    """Stream the job as server-sent events whenever it changes, until it ends."""
    job = service.jobs.find(id)
    return streaming.EventStream(partial(_follow, job, problems.request_id(request)))


@router.post("/{id}/cancel", summary="Cancel a job", response_model=Job)
def cancel(id: Identity, service: ServiceDependency, request: Request) -> Job:  # noqa: A002
    """Cancel a job soon. Finished work is kept; a file that is being encoded is not stored."""
    job = service.jobs.find(id)
    job.cancel()
    return job_response(job, problems.request_id(request))


@router.get(
    "/{id}/table.csv",
    summary="Download a table of answers",
    response_class=Response,
    responses={
        200: {
            "description": "One row for each question answered so far.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        }
    },
)
def table(id: Identity, service: ServiceDependency) -> Response:  # noqa: A002
    """Return the answers of a batch as CSV. An apostrophe protects cells that a spreadsheet would run as formulas."""
    job = service.jobs.find(id)
    if job.kind != "batch":
        raise HTTPException(404, "This job has no table: only a batch of questions has one.")
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in job.rows:
        writer.writerow([guarded(str(value)) for value in asdict(row).values()])
    headers = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": 'attachment; filename="answers.csv"'}
    return Response(file.getvalue().encode("utf-8", "replace"), headers=headers)


def accepted(job: serving.Job, request: Request, response: Response) -> Job:
    """Return an accepted job, and set `Location` to its address."""
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/v1/jobs/{job.id}"
    return job_response(job, problems.request_id(request))


def job_response(job: serving.Job, request_id: str, *, rows: bool = True) -> Job:
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
        }
    )


async def _follow(job: serving.Job, request_id: str, emit: streaming.Emit) -> None:
    version = -1
    while True:
        state = job.state
        if job.version != version:
            version = job.version
            await emit("job", job_response(job, request_id, rows=False).model_dump())
        if state not in UNDER_WAY:
            return
        await anyio.sleep(POLL_SECONDS)
