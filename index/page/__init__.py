"""The web page: Gradio for its controls, our own templates for its content.

Importing this package loads neither Gradio nor FastAPI, which takes seconds, because the command line imports it for
`--help`. The package contains no retrieval, SQL or models; every action of the page is a method of `Library`.
"""

from __future__ import annotations

import atexit
import os
import sys
from typing import TYPE_CHECKING

from index.storage.files import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fastapi import FastAPI

    from index.library.library import Library
    from index.settings import Settings

__all__ = ["create_app", "serve"]


def create_app(library: Library, settings: Settings | None = None, *, examples: Sequence[str] = ()) -> FastAPI:
    """Return the page of an open library as an ASGI application; `examples` are suggested questions."""
    _disable_gradio_analytics()
    _isolate_gradio_files()
    from index.page.web_app import build
    from index.settings import Settings

    return build(library, settings or Settings(), examples)


def serve(folder: Path, settings: Settings, *, host: str, port: int, examples: Sequence[str] = ()) -> None:
    """Open or create the library in a folder, and serve its page until interrupted."""
    from index.library.library import Library
    from index.server.http import service

    service.begin(settings, host, port)
    with Library.open(folder, settings, immutable=settings.demo) as library:
        app = create_app(library, settings, examples=examples)
        from index.server.http.application import listen

        listen(app, settings, host=host, port=port)


def _disable_gradio_analytics() -> None:
    """Prevent Gradio's requests to other machines.

    Gradio reports its use and checks for new versions in threads, unless this variable is set before the import. It
    compares the value with "True", so every other value works.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    # Otherwise Gradio sums up all events with pandas after each event, for a statistics page that is not served.
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(sys.maxsize)


def _isolate_gradio_files() -> None:
    """Give Gradio a temporary folder of this process: by default all Gradio programs of a machine share one.

    Uploads do not go there, but Gradio requires a folder and serves its files.
    """
    if "GRADIO_TEMP_DIR" not in os.environ:
        folder = scratch_folder()
        atexit.register(folder.cleanup)
        os.environ["GRADIO_TEMP_DIR"] = folder.name
