"""The ASGI application: our own routes, then Gradio mounted on the rest, then the middleware around both."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles

from index.web import rendering
from index.web.page import build_page
from index.web.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.library import Library
    from index.settings import Settings

STATIC = Path(__file__).parent / "static"


def build(library: Library, settings: Settings, examples: Sequence[str]) -> FastAPI:
    """Put the parts together. Routes come before the mount at "/", which would swallow them."""
    app = FastAPI(title="Pincite", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route("/healthz", _health, methods=["GET"])
    app.mount("/ui", GZipMiddleware(StaticFiles(directory=STATIC)), name="ui")
    # Without origins it allows none; because it is there, Gradio does not add its own, which would allow every one.
    app.add_middleware(CORSMiddleware)
    _mount(app, library, settings, examples)
    versions = {path.name: _version(path) for path in STATIC.iterdir()}
    app.add_middleware(Shell, head=rendering.head(versions), body=rendering.body())
    return app


def _mount(app: FastAPI, library: Library, settings: Settings, examples: Sequence[str]) -> None:
    page = build_page(library, settings, examples)
    page.queue(max_size=64, default_concurrency_limit=4, api_open=False)
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


async def _health() -> dict[str, str]:
    """That the server answers; it says nothing of what is in the library."""
    return {"status": "ok"}


def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
