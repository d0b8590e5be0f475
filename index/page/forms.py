"""The Check tab: a plain form, and the checked text sentence by sentence."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse

from index.errors import PinciteError, require_at_most
from index.page.answer_view import place
from index.page.fragments import html, render
from index.page.routes import fragment, require_page_header
from index.records import Check, remarks
from index.server.http.service import Service, ServiceDependency
from index.server.limits import stream_result
from index.server.permissions import READER, Permission
from index.wire import redacted

if TYPE_CHECKING:
    from fastapi import FastAPI

    from index.records import Citation, Statement, Verdict
    from index.settings import Settings

_LEADS: dict[Verdict, str] = {
    "verbatim": "In the source",
    "supported": "In the source",
    "perhaps": "Please compare",
    "contradicted": "The source says",
    "unverified": "Nearest words",
}
"""The label before the words of a citation."""
_MAX_FIELDS = 4
_BYTES_PER_CHARACTER = 12
"""Size of a four-byte character in a form. Longer forms are cut before parsing, which would take seconds."""


def check_form(settings: Settings) -> str:
    """Return the form, the meaning of the verdicts, and the element for the result."""
    verdicts = [(verdict, name, remarks.PROVEN[verdict]) for verdict, name in remarks.NAMES.items()]
    return render("check_form.html", most=settings.max_text_characters, verdicts=verdicts)


def check(checked: Check) -> str:
    """Return every sentence with its verdict, in order."""
    citations = {citation.marker: citation for citation in checked.citations}
    return render("checked.html", check=checked, rows=[_row(statement, citations) for statement in checked.statements])


def _row(statement: Statement, citations: dict[int, Citation]) -> dict[str, Any]:
    markers = statement.markers if statement.nearest is None else (statement.nearest,)
    return {
        "mark": statement.verdict if statement.is_claim else "unchecked",
        "name": remarks.verdict_name(statement, citations.values()),
        "proven": remarks.proven(statement, citations.values()),
        "text": statement.text,
        "reason": remarks.reason(statement),
        "lead": _LEADS[statement.verdict],
        "words": [_words(citations[marker], statement.text) for marker in markers],
    }


def _words(cited: Citation, claim: str) -> dict[str, Any]:
    """Return the words of a source and their location; words equal to the claim are not repeated."""
    info, location = cited.document, cited.location
    stated = (info.author, info.date, place(info, location), remarks.recognition(location))
    return {
        "citation": cited,
        "quote": location.quoted(cited.quote),
        "is_longer": " ".join(cited.quote.split()) != claim,
        "name": info.name,
        "stated": [part for part in stated if part],
    }


class CheckTab:
    """The Check tab. It needs no Gradio events: it is a plain form."""

    @staticmethod
    def lay_out(settings: Settings) -> None:
        """Create the form in the current tab."""
        html(check_form(settings), "check-form")


def add_checks(app: FastAPI) -> None:
    """Add the route of the form below `/page/`. The work stops if the reader leaves."""

    @Permission(READER, counts_as="check")
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
    require_at_most("characters", len(text), settings.max_text_characters, "PINCITE_MAX_TEXT_CHARACTERS")
    stream = service.library.check_stream(text, most_sentences=settings.max_check_sentences)
    return check(redacted(stream_result(stream, Check, gone.is_set)))
