"""The Questions tab: many questions at once, answered into a table. All of it is filled and watched by batch.js."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.web import showing_batch
from index.web.controls import html

if TYPE_CHECKING:
    from index.settings import Settings


class BatchTab:
    """The Questions tab. No event of Gradio's: what lasts is a job, and a form needs no more than the browser has."""

    @staticmethod
    def lay_out(settings: Settings) -> None:
        """Place it in the tab that is being built."""
        html(showing_batch.form(settings), "batch-form")
