"""Routes of the page for parts that load on demand (coverage, map), and for answers as files."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fastapi import Request, Response  # noqa: TC002 - FastAPI reads the annotations when it runs
from fastapi.responses import HTMLResponse, PlainTextResponse

from index.api.exported import FORMATS, file_response
from index.api.service import ServiceDependency  # noqa: TC001 - the same
from index.errors import PinciteError
from index.schema.redaction import redacted
from index.web import rendering, showing_answers
from index.web.mapping import map_svg

if TYPE_CHECKING:
    from fastapi import FastAPI

    from index.library import Library
    from index.web.remembering import AnswerCache

_log = logging.getLogger(__name__)


def add_fragments(app: FastAPI, library: Library, answers: AnswerCache) -> None:
    """Add the routes below `/page/`; each runs in a thread."""

    async def coverage(service: ServiceDependency, request: Request, q: str, within: str = "") -> HTMLResponse:
        html = await service.run(request, service.checks, lambda: _coverage(library, q, within))
        return HTMLResponse(html)

    def library_map() -> HTMLResponse:
        known = library.map()
        svg = map_svg(known)
        is_new = known.generation == library.generation()
        return HTMLResponse(svg, (200 if svg else 204) if is_new else 202)

    def export(answer: str, form: str) -> Response:
        found = answers.find(answer)
        export_format = next((known for known in FORMATS if known == form), None)
        if found is None or export_format is None:
            return PlainTextResponse("This answer is no longer stored. Ask again, then export.", 410)
        response = file_response(library, found, export_format)
        response.headers["Cache-Control"] = "no-store"
        return response

    app.add_api_route("/page/coverage", coverage, methods=["GET"], include_in_schema=False)
    app.add_api_route("/page/map", library_map, methods=["GET"], include_in_schema=False)
    app.add_api_route("/page/export", export, methods=["GET"], include_in_schema=False)


def _coverage(library: Library, question: str, within: str) -> str:
    """Return the coverage of a question, or the problem, as HTML."""
    names = [name for name in within.split(",") if name]
    try:
        return showing_answers.coverage(redacted(library.coverage(question, documents=names or None)))
    except PinciteError as error:
        return rendering.problem(error)
    except Exception:
        _log.exception("The coverage of a question failed.")
        return rendering.problem(None)
