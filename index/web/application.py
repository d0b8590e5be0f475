"""Builds the ASGI application of the page: our routes, Gradio mounted at "/", and the middleware around both."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import anyio
import gradio as gr
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from index import api
from index.serving import Jobs, Uploads
from index.web import rendering
from index.web.asking import AskEvents
from index.web.batch_routes import add_batches
from index.web.bundling import STATIC, bundles
from index.web.check_tab import add_checks
from index.web.checked_blocks import CheckedBlocks
from index.web.doors import GradioGate
from index.web.fragments import add_fragments
from index.web.intake import add_intake
from index.web.keeping import LibraryEvents
from index.web.keeping_routes import add_keeping
from index.web.page import build_page
from index.web.questioning import BatchEvents
from index.web.received import PendingUploads
from index.web.shell import PageMiddleware
from index.web.transfers import Transfers, add_transfers
from index.web.viewer import add_citation_route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from fastapi import FastAPI

    from index.api.service import Service
    from index.library import Library
    from index.settings import Settings

_QUEUED = 200
"""Maximum number of events in Gradio's queue, which is short: Gradio starts events at once."""
_EXPIRY_SECONDS = 600.0


def build(library: Library, settings: Settings, examples: Sequence[str]) -> FastAPI:
    """Build the application. Our routes come before the mount at "/", which matches everything."""
    jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
    app = api.create_app(library, settings, jobs)
    received = PendingUploads(jobs.uploads, settings)
    _manage_lifespan(app, received, jobs)
    mount, versions = bundles()
    app.router.routes.append(mount)
    # Without arguments it allows no origin. Its presence keeps Gradio from adding one that allows all origins.
    app.add_middleware(CORSMiddleware)
    asking = AskEvents(library, settings, examples)
    keeping = LibraryEvents(library, settings, jobs)
    add_citation_route(app)
    add_fragments(app, library, asking.answers)
    add_checks(app)
    add_keeping(app, keeping)
    add_batches(app, BatchEvents(library, jobs, settings.max_batch_questions))
    service: Service = app.state.service
    page = CheckedBlocks(
        received,
        service.questions,
        service.changes,
        settings.max_question_characters,
        title="Pincite",
        fill_width=True,
        analytics_enabled=False,
    )
    build_page(settings, asking, keeping, page)
    transfers = Transfers()
    add_intake(app, received, transfers)
    add_transfers(app, transfers)
    _mount(app, page, received, library, settings)
    app.add_middleware(PageMiddleware, head=rendering.head(versions), body=rendering.body())
    return app


def _manage_lifespan(app: FastAPI, received: PendingUploads, jobs: Jobs) -> None:
    """Delete expired uploads while the server runs, and close the jobs when it stops; stored documents are kept.

    Closing the jobs deletes uploads that were not added.
    """
    inner = app.router.lifespan_context

    async def expire_uploads() -> None:
        while True:
            await anyio.sleep(_EXPIRY_SECONDS)
            await run_in_threadpool(received.expire)

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[Any]:
        task = asyncio.create_task(expire_uploads())
        async with inner(application) as state:
            yield state
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await run_in_threadpool(jobs.close)

    app.router.lifespan_context = lifespan


def _mount(app: FastAPI, page: gr.Blocks, received: PendingUploads, library: Library, settings: Settings) -> None:
    # `CheckedBlocks` decides which events run at once: Gradio's queue does not distinguish clients.
    page.queue(max_size=_QUEUED, default_concurrency_limit=None, api_open=False)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=gr.themes.Base(font=[gr.themes.Font("IBM Plex Sans"), "system-ui"], font_mono=["ui-monospace"]),
        favicon_path=str(STATIC / "mark.svg"),
        max_file_size=settings.max_file_megabytes * 1_000_000,
        app_kwargs={"openapi_url": None},
        blocked_paths=[str(library.folder)],
        show_error=False,
        ssr_mode=False,
        run_history=False,
        footer_links=[],
        enable_monitoring=False,
    )
    mount = app.router.routes[-1]
    assert isinstance(mount, Mount)
    inputs = {number: len(event.inputs) for number, event in page.fns.items() if event.fn}
    pending = page._queue.pending_event_ids_session
    mount.app = GradioGate(mount.app, inputs, received, lambda session: bool(pending.get(session)))
