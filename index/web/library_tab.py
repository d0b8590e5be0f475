"""The Library tab: Gradio's drop zone, and elements that library.js fills."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import gradio as gr

from index.errors import PinciteError
from index.serving.slots import client_of
from index.web import rendering, showing_library
from index.web.checked_blocks import arrivals_of, scope_of
from index.web.controls import QUIET, html
from index.web.cookies import browser_of

if TYPE_CHECKING:
    from index.serving import Arrival
    from index.settings import Settings
    from index.web.keeping import LibraryEvents

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LibraryTab:
    """The controls of the Library tab."""

    files: gr.File
    outcome: gr.HTML

    @classmethod
    def lay_out(cls, settings: Settings, *, read_only: bool) -> Self:
        """Create the controls in the current tab; a read-only library gets none for adding."""
        html(showing_library.adding(settings, read_only=read_only), "adding")
        files = gr.File(
            label="Add documents", file_count="multiple", elem_id="files", height=100, visible=not read_only
        )
        outcome = html("", "outcome")
        html(showing_library.keeping(settings, read_only=read_only), "keeping")
        html(showing_library.removal_dialog(), "dialogs")
        return cls(files, outcome)

    def wire(self, keeping: LibraryEvents) -> None:
        """Bind the events of the controls."""

        def upload(_: None, request: gr.Request) -> tuple[None, str]:
            scope = scope_of(request)
            return None, _start_job(keeping, arrivals_of(scope), client_of(scope), browser_of(scope))

        self.files.upload(upload, self.files, [self.files, self.outcome], **QUIET)


def _start_job(keeping: LibraryEvents, files: list[Arrival], client: str, browser: str) -> str:
    """Start the job that adds the files; return its mark, which library.js follows, or the problem."""
    try:
        return showing_library.job_mark(keeping.upload(files, client, browser))
    except PinciteError as error:
        return rendering.problem(error)
    except Exception:
        _log.exception("Uploaded files could not be added.")
        return rendering.problem(None)
