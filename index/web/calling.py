"""What programs may call on the page through `gradio_client`: a question, answered as the service's JSON.

The service, `/v1/ask`, does more and is the better choice for new programs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.events import api

from index import wire
from index.api import problems
from index.errors import PinciteError
from index.serving import disclosing

if TYPE_CHECKING:
    from index.library import Library


def offer(library: Library) -> None:
    """Name the call on the page that is being built."""

    def ask(question: str, documents: list[str] | None = None) -> dict[str, Any]:
        """An answer in the documents' own words, or that they hold none; `documents` by id, file name or title."""
        if not isinstance(question, str) or not all(isinstance(name, str) for name in documents or ()):
            raise gr.Error("A question is a text, and documents are a list of texts.", print_exception=False)
        try:
            return wire.answer(disclosing.answer(library.ask(question, documents=documents or None)))
        except PinciteError as error:
            raise gr.Error(" ".join(problems.public_message(error)), print_exception=False) from error

    api(ask, api_name="ask")
