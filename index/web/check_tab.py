"""The Check tab: a form with a text, and the route that checks each sentence against the documents."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse  # noqa: TC002 - FastAPI reads the annotation when it runs

from index.api.service import Service, ServiceDependency  # noqa: TC001 - the same
from index.errors import PinciteError
from index.records import Check
from index.schema.redaction import redacted
from index.serving.abandonment import last
from index.web import showing_checks
from index.web.controls import html
from index.web.replying import fragment, require_page_header

if TYPE_CHECKING:
    from fastapi import FastAPI

    from index.settings import Settings

_MAX_FIELDS = 4
_BYTES_PER_CHARACTER = 12
"""Size of a four-byte character in a form. Longer forms are cut before parsing, which would take seconds."""


class CheckTab:
    """The Check tab. It needs no Gradio events: it is a plain form."""

    @staticmethod
    def lay_out(settings: Settings) -> None:
        """Create the form in the current tab."""
        html(showing_checks.form(settings), "check-form")


def add_checks(app: FastAPI) -> None:
    """Add the route of the form below `/page/`. The work stops if the reader leaves."""

    async def check(request: Request, service: ServiceDependency) -> HTMLResponse:
        form = await request.body()
        gone = threading.Event()

        def work() -> HTMLResponse:
            text = _text(form, _BYTES_PER_CHARACTER * service.settings.max_text_characters)
            return fragment(lambda: _checked(service, text, gone))

        return await service.run(request, service.checks, work, gone.set)

    guarded = [Depends(require_page_header)]
    app.add_api_route("/page/check", check, methods=["POST"], dependencies=guarded, include_in_schema=False)


def _text(form: bytes, most: int) -> str:
    """Return the text in a form; one that is far too long is cut to just over the limit."""
    form = form[: len("text=") + most + _BYTES_PER_CHARACTER]
    try:
        fields = parse_qs(form.decode("latin-1"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(400, f"The form has more than {_MAX_FIELDS} fields.") from error
    return "".join(fields.get("text", [])[:1])


def _checked(service: Service, text: str, gone: threading.Event) -> str:
    """Return the checked text as HTML. Raises TooMany, and the errors of `Library.check`."""
    settings = service.settings
    if not text.strip():
        raise PinciteError("There is no text to check.", "Paste one, such as a draft or an assistant's answer.")
    service.require_at_most("characters", len(text), settings.max_text_characters, "PINCITE_MAX_TEXT_CHARACTERS")
    stream = service.library.check_stream(text, most_sentences=settings.max_check_sentences)
    return showing_checks.check(redacted(last(stream, Check, gone.is_set)))
