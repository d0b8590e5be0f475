"""The ASGI application: our own routes, then Gradio mounted on the rest, then the middleware around both."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware
from gradio.utils import get_upload_folder
from starlette.routing import Mount

from index import api
from index.serving import Jobs, Uploads
from index.web import rendering
from index.web.asking import Asking
from index.web.batch_routes import add_batches
from index.web.bundling import STATIC, bundles
from index.web.checked_blocks import CheckedBlocks
from index.web.doors import Doors
from index.web.fragments import add_fragments
from index.web.handles import Handles
from index.web.intake import add_intake
from index.web.keeping import Keeping
from index.web.keeping_routes import add_keeping
from index.web.page import build_page
from index.web.questioning import Questioning
from index.web.received import Received
from index.web.shell import Shell
from index.web.viewer import add_citation_route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from fastapi import FastAPI

    from index.api.service import Service
    from index.library import Library
    from index.settings import Settings

_HOUR = 3600


def build(library: Library, settings: Settings, examples: Sequence[str]) -> FastAPI:
    """Put the parts together. Routes come before the mount at "/", which would swallow them."""
    jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
    app = api.create_app(library, settings, jobs)
    _close_at_the_end(app, jobs)
    mount, versions = bundles()
    app.router.routes.append(mount)
    # Without origins it allows none; because it is there, Gradio does not add its own, which would allow every one.
    app.add_middleware(CORSMiddleware)
    asking = Asking(library, settings, examples)
    keeping = Keeping(library, settings, jobs, Path(get_upload_folder()))
    add_citation_route(app)
    add_fragments(app, library, asking.answers)
    add_keeping(app, keeping)
    add_batches(app, Questioning(library, jobs, settings.max_batch_questions))
    service: Service = app.state.service
    received, handles = Received(), Handles()
    page = CheckedBlocks(
        received,
        service.questions,
        service.receivers,
        title="Pincite",
        fill_width=True,
        delete_cache=(_HOUR, _HOUR),
        analytics_enabled=False,
    )
    build_page(settings, asking, keeping, page)
    add_intake(app, page, handles, received)
    _mount(app, page, handles, library, settings)
    app.add_middleware(Shell, head=rendering.head(versions), body=rendering.body())
    return app


def _close_at_the_end(app: FastAPI, jobs: Jobs) -> None:
    """When the server stops, so do the jobs; what is stored by then stays."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def living(of: FastAPI) -> AsyncIterator[Any]:
        async with inner(of) as state:
            yield state
        await run_in_threadpool(jobs.close)

    app.router.lifespan_context = living


def _mount(app: FastAPI, page: gr.Blocks, handles: Handles, library: Library, settings: Settings) -> None:
    # How many events are worked on at once, and whose, `CheckedBlocks` decides: the queue knows no clients.
    page.queue(max_size=64, default_concurrency_limit=None, api_open=False)
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
    mount.app = Doors(mount.app, inputs, handles)
