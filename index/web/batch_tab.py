"""The Questions tab, which answers many questions in a table. batch.js fills and updates it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.web import showing_batch
from index.web.controls import html

if TYPE_CHECKING:
    from index.settings import Settings


class BatchTab:
    """The Questions tab. It needs no Gradio events: a plain form starts a job on the server."""

    @staticmethod
    def lay_out(settings: Settings) -> None:
        """Create the form in the current tab."""
        html(showing_batch.form(settings), "batch-form")
