"""How the server and its library are: for whoever keeps it running."""

import anyio.to_thread
from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from index.api.service import Used
from index.api.telling import tells
from index.schema.documents import Stats
from index.schema.service import Health

router = APIRouter(tags=["Health"])
_ALIVE = Health(status="ok")


@router.get("/healthz", summary="Whether the server lives", response_model=Health)
async def alive() -> Health:
    """That the server answers; it says nothing of what is in the library."""
    return _ALIVE


@router.get("/readyz", summary="Whether it can answer", response_model=Health, responses=tells(503))
async def ready(service: Used) -> Health:
    """That the encoder is loaded and both indexes hold the library: questions are answered at once, and as well as can
    be. Where an index is missing or being made, the problem's detail says which, and how far it is.
    """
    if not service.warmth.done:
        raise HTTPException(503, "The library is being made ready.")
    if service.warmth.error:
        raise service.warmth.error
    readiness = await anyio.to_thread.run_sync(service.library.readiness)
    if not readiness.ready:
        raise HTTPException(503, " ".join(readiness.notes))
    return _ALIVE


@router.get(
    "/metrics",
    summary="What it has counted",
    response_class=Response,
    responses={
        200: {
            "description": "Requests, documents, passages, jobs, and the process.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
)
def metrics(service: Used) -> Response:
    """What the server has counted, for Prometheus."""
    return Response(service.measures.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


@router.get("/v1/stats", summary="The library in numbers", response_model=Stats, responses=tells(503))
def stats(service: Used) -> Stats:
    """The library in numbers."""
    return Stats.model_validate(service.library.stats())
