"""The page's own routes over a library, without Gradio."""

from __future__ import annotations

import re
from contextlib import contextmanager
from html import unescape
from typing import TYPE_CHECKING

from starlette.testclient import TestClient

from index.page.ask_events import PageEventsByService
from index.page.forms import add_checks
from index.page.routes import add_batches, add_fragments, add_keeping, add_kept
from index.server import http
from index.server.job_queue import Jobs
from index.server.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.library.library import Library
    from index.settings import Settings

ATTACK = "<img src=x onerror=alert(1)> \"quoted\" 'too' & ${alert(1)} {{ 7*7 }}"
ASKED_BY_THE_PAGE = {"X-Pincite": "page"}


def text_of(html: str) -> str:
    """Return the text that a reader sees: with a space for each tag."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def visible_text(html: str) -> str:
    """Return the text that a reader sees, without tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


@contextmanager
def running_routes(library: Library, settings: Settings) -> Iterator[TestClient]:
    """Give a client of the service and the routes below `/page/`, which start in a tenth of the time of Gradio."""
    jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
    app = http.create_app(library, settings, jobs)
    events = app.state.page_events = PageEventsByService(app.state.service, ())
    add_fragments(app, events)
    add_checks(app)
    add_keeping(app, events)
    add_batches(app, events)
    add_kept(app)
    try:
        with TestClient(app, base_url="http://127.0.0.1") as client:
            yield client
    finally:
        jobs.close()


def pending_folders(library: Path) -> set[Path]:
    """Return the folders of files that have arrived and are not in the library yet."""
    return {folder for folder in library.glob("arriving/*/*") if folder.is_dir()}
