"""The routes for monitoring: liveness, readiness, metrics, statistics."""

from __future__ import annotations

import secrets
from typing import Literal

import anyio.to_thread
from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException
from starlette.requests import Request

from index.server.http.problems import problem_responses
from index.server.http.service import ServiceDependency
from index.server.permissions import ADMIN, READER, Permission
from index.wire import Schema, Stats


class Health(Schema):
    """The state of the server."""

    status: Literal["ok"]
    """Always `ok`: a server that is not ready returns a problem instead."""


router = APIRouter(tags=["Health"])
_ALIVE = Health(status="ok")


@router.get("/healthz", summary="Check liveness", response_model=Health)
@Permission(READER, counts_as="nothing", needs_sign_in=False)
async def alive() -> Health:
    """Report that the server runs. The response says nothing about the library."""
    return _ALIVE


@router.get("/readyz", summary="Check readiness", response_model=Health, responses=problem_responses(503))
@Permission(READER, counts_as="nothing", needs_sign_in=False)
async def ready(service: ServiceDependency) -> Health:
    """Report that the encoder is loaded and both indexes are complete, so that questions are answered at once and in
    full quality. If an index is missing or being built, the problem's detail names it and its progress.
    """
    if not service.warmup.done:
        raise HTTPException(503, "The library is starting up.")
    if service.warmup.error:
        raise service.warmup.error
    readiness = await anyio.to_thread.run_sync(service.library.readiness)
    if not readiness.ready:
        raise HTTPException(503, " ".join(readiness.notes))
    return _ALIVE


@router.get(
    "/metrics",
    summary="Get metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Metrics of requests, documents, passages, jobs and the process.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **problem_responses(401, 404),
    },
)
@Permission(ADMIN, counts_as="nothing")
def metrics(service: ServiceDependency, request: Request) -> Response:
    """Return the server's metrics in Prometheus format, if the request has the token of the settings.

    Without a token in the settings, they are open, except in a demo, which has none.
    """
    token = service.settings.metrics_token.get_secret_value()
    if not token and service.settings.demo:
        raise HTTPException(404)
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token and not secrets.compare_digest(given.encode(), token.encode()):
        raise HTTPException(401, "The metrics need a bearer token.", {"WWW-Authenticate": "Bearer"})
    return Response(service.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


@router.get(
    "/v1/stats", summary="Get statistics of the library", response_model=Stats, responses=problem_responses(503)
)
@Permission(READER, counts_as="request")
def stats(service: ServiceDependency) -> Stats:
    """Return statistics of the library."""
    return Stats.model_validate(service.library.stats())
