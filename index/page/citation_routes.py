"""The routes of the pages that need no script: `/d/DOCUMENT`, `/d/DOCUMENT/START-END`, and the picture for previews.

People post these addresses, so each is complete: programs that preview links run no script and send no cookie. Whoever
may not read a document learns nothing from them: a library finds only what its reader may see.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fastapi import Request  # noqa: TC002 - FastAPI resolves the annotation
from fastapi.responses import HTMLResponse, RedirectResponse, Response

import index
from index.errors import PinciteError, SpanError
from index.page import fragments
from index.page.citation_view import FILES, STYLES, citation_view, shortened
from index.page.preview_picture import page_picture, plain_picture, quotation_picture
from index.records import Span
from index.records.document import FARTHEST
from index.server.http import problems, responses
from index.server.http.routes.documents import find_document, part_of
from index.server.http.service import ServiceDependency  # noqa: TC001 - FastAPI resolves the annotation
from index.server.permissions import READER, Permission
from index.wire import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import FastAPI

    from index.page.citation_view import CitationView
    from index.records import DocumentInfo
    from index.server.http.service import Service

POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; font-src 'self'; script-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_SPAN = re.compile(r"([0-9]{1,10})-([0-9]{1,10})(\.png)?")
_IDENTITY = re.compile(r"[0-9a-f]{6,64}", re.IGNORECASE)
_KEPT = ("q", "in", "write")
"""Query parameters that lead to the page: the question, its documents, and the writer."""
_FIRST_WORDS = 1_200
"""Characters of a document's beginning on its page."""
_NOT_FOUND = 404
_PICTURE_WIDTH = 1_400


@dataclass(frozen=True, slots=True)
class _Pages:
    """Renders the pages; `versions` are those of the static files."""

    versions: Mapping[str, str]

    def html(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """Return a page. Its depth says how far above it the address of the library is."""
        content = fragments.render(template, versions=self.versions, **values)
        return HTMLResponse(content.encode("utf-8", "replace"), status, {"Content-Security-Policy": POLICY})

    def problem(self, service: Service, error: PinciteError, identity: str, depth: int) -> HTMLResponse:
        """Return an error as a page, with the document that replaced the missing one, if it is known."""
        kind = problems.kind_of(error)
        newer = _newer(service, identity) if kind.status == _NOT_FOUND else None
        message, hint = problems.public_message(error)
        values = {"missing": kind.status == _NOT_FOUND, "title": kind.title, "message": message, "hint": hint}
        if not isinstance(error, SpanError):
            values["hint"] = ""
        response = self.html("citation_problem.html", int(kind.status), newer=newer, depth=depth, **values)
        response.headers.update({"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})
        return response


def _newer(service: Service, identity: str) -> DocumentInfo | None:
    """Return the document that replaced the one with this id."""
    found = service.library.successor_of(identity) if _IDENTITY.fullmatch(identity) else ""
    try:
        return redacted(service.library.find(found)) if found else None
    except PinciteError:
        return None


def add_citation_routes(app: FastAPI, versions: Mapping[str, str]) -> None:
    """Add the routes below `/d/`."""
    pages = _Pages(versions)

    @Permission(READER, counts_as="request")
    async def document(service: ServiceDependency, request: Request, document: str) -> Response:
        kept = [(name, value) for name in _KEPT if (value := request.query_params.get(name))]
        if kept:  # Browsers keep the #START-END across the redirect, which is relative: a proxy may serve a path.
            return RedirectResponse(f"../?{urlencode([*kept, ('d', document)])}", status_code=302)

        def make() -> Response:
            return _document(pages, service, request, document)

        return await service.run(request, service.renderers, make)

    @Permission(READER, counts_as="request")
    async def citation(service: ServiceDependency, request: Request, document: str, span: str) -> Response:
        def make() -> Response:
            return _citation(pages, service, request, document, span)

        return await service.run(request, service.renderers, make)

    # Programs that preview a link may ask for its headers first.
    app.add_api_route("/d/{document}", document, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/d/{document}/{span}", citation, methods=["GET", "HEAD"], include_in_schema=False)


def _document(pages: _Pages, service: Service, request: Request, identity: str) -> Response:
    """Return the page of a document: what it is, how it begins, and where to read it."""
    try:
        info = find_document(service, identity)
        first = service.library.text(info.id, Span(0, min(info.characters, _FIRST_WORDS)))
        added = service.library.added_at(info.id)[:10]
        original = service.library.has_original(info.id)
    except PinciteError as error:
        return pages.problem(service, error, identity, 1)
    page = pages.html(
        "citation_document.html",
        info=redacted(info),
        first=first.strip(),
        is_cut=info.characters > _FIRST_WORDS,
        summary=shortened(first),
        added=added,
        original=original,
        site=str(request.base_url),
        indexed=_is_public(service, info),
        depth=1,
    )
    return _sent(service, request, info, page)


def _citation(pages: _Pages, service: Service, request: Request, identity: str, text: str) -> Response:
    """Return the page of a citation, or its picture for previews."""
    try:
        span, is_picture = _span(text)
        info = find_document(service, identity)
        view = citation_view(service, info, span, str(request.base_url))
    except PinciteError as error:
        return pages.problem(service, error, identity, 2)
    if is_picture:
        return _sent(service, request, info, lambda: _picture(service, view), view)
    page = pages.html(
        "citation.html",
        view=view,
        styles=view.cited(STYLES),
        files=view.cited(FILES),
        indexed=_is_public(service, info),
        depth=2,
    )
    return _sent(service, request, info, page)


def _picture(service: Service, view: CitationView) -> Response:
    """Return the picture for previews: the words, or their page if the typeface lacks a letter of them."""
    drawn = quotation_picture(view.quote, view.reference)
    if drawn is None and view.pictures:
        first, span = view.pictures[0], Span(view.citation.start, view.citation.end)
        with suppress(PinciteError):
            part = part_of(first.part)
            page = service.library.page_image(view.info.id, first.number, span, width=_PICTURE_WIDTH, part=part)
            drawn = page_picture(page, view.reference)
    return Response(drawn or plain_picture(view.reference), media_type="image/png")


def _span(text: str) -> tuple[Span, bool]:
    """Parse `START-END` or `START-END.png`. Raises SpanError for anything that is no span of any document."""
    found = _SPAN.fullmatch(text)
    start, end = (int(found[1]), int(found[2])) if found else (0, 0)
    if not found or not start < end <= FARTHEST:
        raise SpanError(
            "This address names no words.", "It ends in the positions of the first and after the last letter: /120-180"
        )
    return Span(start, end), bool(found[3])


def _is_public(service: Service, info: DocumentInfo) -> bool:
    """Return whether search engines may list the page: only of published documents, and if the operator says so."""
    return service.settings.demo and service.settings.demo_indexed and not info.private


def _sent(
    service: Service,
    request: Request,
    info: DocumentInfo,
    response: Response | Callable[[], Response],
    *parts: object,
) -> Response:
    """Return a response with the headers for caches and search engines; a private document's is kept by nobody."""
    if callable(response) and not isinstance(response, Response):
        tag, make = responses.strong_tag(index.__version__, *map(repr, parts)), response
    else:
        assert isinstance(response, Response)
        tag, make = responses.weak_tag(response.body), lambda: response
    sent = make() if info.private else responses.conditional(request, tag, make)
    if info.private:
        sent.headers["Cache-Control"] = "no-store"
    if not _is_public(service, info):
        sent.headers["X-Robots-Tag"] = "noindex"
    return sent
