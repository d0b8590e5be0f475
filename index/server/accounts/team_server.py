"""Runs a server with accounts, with pages or for programs alone."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi.concurrency import run_in_threadpool

from index.server.accounts import collection, front
from index.server.accounts.access import Accounts
from index.server.http import application, service
from index.server.job_queue import Jobs
from index.server.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from index.library.library import Library
    from index.server.accounts.collection import MakeApplication
    from index.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """Where the documents are, and where the server listens."""

    folder: Path
    """The folder of the only library, or of all libraries."""
    host: str
    port: int
    has_several: bool


def serve(place: Place, settings: Settings, make: MakeApplication | None = None) -> None:
    """Serve until interrupted. `make` returns the application of a library; without it there are no pages.

    Raises SettingsError if nobody could get in, and the errors of `collection.several` and `Library.open`.
    """
    front.require_usable(settings)
    service.begin(settings, place.host, place.port)
    app = build(place.folder, settings, make or programs_only, has_several=place.has_several)
    application.listen(app, settings, host=place.host, port=place.port)


def build(folder: Path, settings: Settings, make: MakeApplication, *, has_several: bool) -> ASGIApp:
    """Return the application of a server with accounts."""
    opened = (collection.several if has_several else collection.single)(folder, settings, make)
    return front.build(opened, Accounts.opened(settings), settings)


def programs_only(library: Library, settings: Settings) -> FastAPI:
    """Return the REST API and the tools for assistants of a library, without pages."""
    jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
    app = application.build(library, settings, jobs)
    application.add_index_page(app)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[Any]:
        async with inner(running) as state:
            yield state
        await run_in_threadpool(jobs.close)

    app.router.lifespan_context = lifespan
    return app
