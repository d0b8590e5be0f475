"""The Check tab: a text against the documents, sentence by sentence. A form that the browser sends, and its answer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse  # noqa: TC002 - FastAPI reads it when it runs

from index.api.service import Service, ServiceDependency  # noqa: TC001 - so it does these
from index.errors import PinciteError
from index.records import Check
from index.serving import disclosing
from index.serving.abandonment import last
from index.web import showing_checks
from index.web.controls import html
from index.web.replying import fragment, only_from_the_page

if TYPE_CHECKING:
    from fastapi import FastAPI

    from index.settings import Settings

_MOST_FIELDS = 4
_BYTES_PER_CHARACTER = 12
"""As forms encode one of four bytes. No more of a form is parsed than a text may have: that takes seconds."""


class CheckTab:
    """The Check tab. No event of Gradio's: a form needs no more than the browser has."""

    @staticmethod
    def lay_out(settings: Settings) -> None:
        """Place it in the tab that is being built."""
        html(showing_checks.form(settings), "check-form")


def add_checks(app: FastAPI) -> None:
    """Serve what the form asks, below `/page/`. A reader who leaves ends the work."""

    async def check(request: Request, service: ServiceDependency) -> HTMLResponse:
        form = await request.body()
        gone = threading.Event()

        def work() -> HTMLResponse:
            text = _text(form, _BYTES_PER_CHARACTER * service.settings.max_text_characters)
            return fragment(lambda: _checked(service, text, gone))

        return await service.run(request, service.checks, work, gone.set)

    guarded = [Depends(only_from_the_page)]
    app.add_api_route("/page/check", check, methods=["POST"], dependencies=guarded, include_in_schema=False)


def _text(form: bytes, most: int) -> str:
    """The text in a form; of one that is far too long, enough to tell so."""
    form = form[: len("text=") + most + _BYTES_PER_CHARACTER]
    try:
        fields = parse_qs(form.decode("latin-1"), max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise HTTPException(400, f"The form has more than {_MOST_FIELDS} fields.") from error
    return "".join(fields.get("text", [])[:1])


def _checked(service: Service, text: str, gone: threading.Event) -> str:
    """The text, checked. Raises what `Library.check` raises, and TooMany."""
    settings = service.settings
    if not text.strip():
        raise PinciteError("There is no text to check.", "Paste one, such as a draft or an assistant's answer.")
    service.require_at_most("characters", len(text), settings.max_text_characters, "PINCITE_MAX_TEXT_CHARACTERS")
    stream = service.library.check_stream(text, most_sentences=settings.max_check_sentences)
    return showing_checks.check(disclosing.check(last(stream, Check, gone.is_set)))
