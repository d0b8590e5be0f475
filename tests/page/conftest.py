"""The page's own routes over a library, without Gradio."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from starlette.testclient import TestClient

from index.page.ask_events import AskEvents
from index.page.forms import BatchEvents, add_checks
from index.page.library_list import LibraryEvents
from index.page.routes import add_batches, add_fragments, add_keeping
from index.server import http
from index.server.job_queue import Jobs
from index.server.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.library.library import Library
    from index.settings import Settings


@contextmanager
def running_routes(library: Library, settings: Settings) -> Iterator[TestClient]:
    """Give a client of the service and the routes below `/page/`, which start in a tenth of the time of Gradio."""
    jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
    app = http.create_app(library, settings, jobs)
    add_fragments(app, library, AskEvents(library, settings, ()).answers)
    add_checks(app)
    add_keeping(app, LibraryEvents(library, settings, jobs))
    add_batches(app, BatchEvents(library, jobs, settings.max_batch_questions))
    try:
        with TestClient(app, base_url="http://127.0.0.1") as client:
            yield client
    finally:
        jobs.close()


def pending_folders(library: Path) -> set[Path]:
    """Return the folders of files that have arrived and are not in the library yet."""
    return {folder for folder in library.glob("arriving/*/*") if folder.is_dir()}
