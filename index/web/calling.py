"""The page's endpoint for `gradio_client`: answers a question with the JSON of the REST API.

New programs should use the REST API, `/v1/ask`, which can do more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.events import api

from index.api import problems
from index.errors import PinciteError
from index.schema.answers import Answer
from index.schema.redaction import redacted

if TYPE_CHECKING:
    from index.library import Library


def add_ask_endpoint(library: Library) -> None:
    """Add the endpoint to the current page."""

    def ask(question: str, documents: list[str] | None = None) -> dict[str, Any]:
        """Answer a question with quotations, or report that there is none; `documents` by id, file name or title."""
        if not isinstance(question, str) or not all(isinstance(name, str) for name in documents or ()):
            raise gr.Error("`question` must be a string, and `documents` a list of strings.", print_exception=False)
        try:
            return Answer.model_validate(redacted(library.ask(question, documents=documents or None))).model_dump()
        except PinciteError as error:
            raise gr.Error(" ".join(problems.public_message(error)), print_exception=False) from error

    api(ask, api_name="ask")
