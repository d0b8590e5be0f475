"""The page in the browser: Gradio for its controls, our own templates for what it shows.

Importing this package loads neither Gradio nor FastAPI: that takes seconds, and the command line imports it to answer
`--help`. No retrieval, SQL or model is here; whatever the page can do is a method of `Library`.
"""

from __future__ import annotations

import atexit
import os
import sys
from typing import TYPE_CHECKING

from index.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fastapi import FastAPI

    from index.library import Library
    from index.settings import Settings

__all__ = ["create_app", "serve"]


def create_app(library: Library, settings: Settings | None = None, *, examples: Sequence[str] = ()) -> FastAPI:
    """The page over an open library, as an ASGI application; `examples` are questions to begin with."""
    _keep_gradio_quiet()
    _keep_gradio_apart()
    from index.settings import Settings
    from index.web.application import build

    return build(library, settings or Settings(), examples)


def serve(folder: Path, settings: Settings, *, host: str, port: int, examples: Sequence[str] = ()) -> None:
    """Open the library in a folder, made where there is none, and serve its page until interrupted."""
    from index.api import journal
    from index.library import Library

    journal.configure_logging()
    with Library.open(folder, settings) as library:
        app = create_app(library, settings, examples=examples)
        from index.api.running import listen

        listen(app, settings, host=host, port=port)


def _keep_gradio_quiet() -> None:
    """Let no request leave this machine.

    Gradio reports its use and looks for newer versions, on threads of its own, unless this variable says otherwise by
    the time it is imported. The test there is for "True", so every other value does.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    # After every event it would also sum up all former ones, with pandas, for a page of statistics that is not served.
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(sys.maxsize)


def _keep_gradio_apart() -> None:
    """Give Gradio a temporary folder of this process alone: its own is that of all its programs on a machine.

    No upload goes there, but Gradio demands a folder, and gives out what is in it.
    """
    if "GRADIO_TEMP_DIR" not in os.environ:
        folder = scratch_folder()
        atexit.register(folder.cleanup)
        os.environ["GRADIO_TEMP_DIR"] = folder.name
