"""The routes of the page: the library and its jobs, batches, fragments on demand, answers as files, and kept quotes.

The page polls uploads and removals. No Gradio event lasts as long as a job, so questions never wait for a job.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

from fastapi import Depends, Form, Header, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from index.citations.kept import items_json, parse_items, require_room
from index.errors import PinciteError
from index.library.answer_files import DOWNLOADS
from index.page import answer_view, fragments
from index.page.batch_forms import BatchForm
from index.page.intake import browser_of
from index.page.library_view import ListQuery
from index.page.map_svg import map_svg
from index.server.http import problems
from index.server.http.ask_routes import FORMATS, file_response
from index.server.http.job_routes import page_address, table_response
from index.server.http.service import Service, ServiceDependency
from index.server.kept_store import KeptStore, reader_of
from index.server.limits import ClientDisconnected, Slots, client_of
from index.server.permissions import CURATOR, READER, Permission
from index.server.uploads import attachment
from index.wire import redacted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import FastAPI

    from index.citations.kept import KeptItem
    from index.library.library import Library
    from index.page.ask_events import PageEventsByService
    from index.page.batch_forms import BatchEvents


Make = Callable[[], str]
_log = logging.getLogger(__name__)
_LONGEST_FILTER = 200
_MAX_FIELDS = 10_000
"""Maximum fields of a form; each selected document is one."""
_FORMS = 2
"""Forms and files of questions parsed at once: they may be megabytes, which take seconds of processor time."""


def require_page_header(x_pincite: Annotated[str, Header()] = "") -> None:
    """Refuse requests without our header: other sites can send forms with cookies, but not this header."""
    if x_pincite != "page":
        raise HTTPException(403, "Only the page may send this request.")


def fragment(make: Make) -> HTMLResponse:
    """Return the fragment, or the error as a fragment with status 200, so that the page shows it.

    Raises Abandoned if the reader has left.
    """
    try:
        return HTMLResponse(make(), headers={"Cache-Control": "no-store"})
    except ClientDisconnected:
        raise
    except Exception as error:
        return _problem(error)


def job_started(start: Make) -> HTMLResponse:
    """Start a job and return its id in a header, or the error as a fragment."""
    try:
        return HTMLResponse("", headers={"X-Job": start()})
    except Exception as error:
        return _problem(error)


def _problem(error: Exception) -> HTMLResponse:
    """Return an error as a fragment; an unexpected one is logged and shown without details."""
    if isinstance(error, PinciteError):
        return HTMLResponse(fragments.problem(error))
    _log.error("A request of the page failed.", exc_info=error)
    return HTMLResponse(fragments.problem(None), 500)


def add_keeping(app: FastAPI, events: PageEventsByService) -> None:
    """Add the routes below `/page/`; each runs in a thread."""

    @Permission(READER, counts_as="request", is_polled=True)
    def state(request: Request, mine: str = "") -> JSONResponse:
        state_values = events.of(request.scope).library.state(_ids(mine), browser_of(request.scope))
        return JSONResponse(state_values, headers={"Cache-Control": "no-store"})

    @Permission(READER, counts_as="request", is_polled=True)
    def jobs(request: Request, mine: str = "") -> HTMLResponse:
        return fragment(lambda: events.of(request.scope).library.watched(_ids(mine), browser_of(request.scope)))

    @Permission(READER, counts_as="request")
    def documents(
        request: Request, words: str = "", column: str = "", falling: str = "", page: int = 1
    ) -> HTMLResponse:
        wish = ListQuery(words[:_LONGEST_FILTER], column, bool(falling), page)
        return fragment(lambda: events.of(request.scope).library.shelf(wish))

    answers: dict[str, Callable[..., Any]] = {"state": state, "jobs": jobs, "documents": documents}
    for path, answer in answers.items():
        app.add_api_route(f"/page/{path}", answer, methods=["GET"], include_in_schema=False)
    _add_changes(app, events)


def _add_changes(app: FastAPI, events: PageEventsByService) -> None:
    """Add the routes for changes, which may take long; slots leave threads for other clients."""

    @Permission(CURATOR, counts_as="upload", action="add")
    async def links(service: ServiceDependency, request: Request, address: Annotated[str, Form()]) -> HTMLResponse:
        keeping = events.of(request.scope).library
        return await _run_in_slot(
            service, request, lambda: job_started(lambda: keeping.link(address, client_of(request.scope)))
        )

    @Permission(CURATOR, counts_as="upload", action="add")
    async def folders(service: ServiceDependency, request: Request, folder: Annotated[str, Form()]) -> HTMLResponse:
        keeping = events.of(request.scope).library
        return await _run_in_slot(
            service, request, lambda: job_started(lambda: keeping.folder(folder, client_of(request.scope)))
        )

    @Permission(CURATOR, counts_as="request", action="cancel")
    def cancel(request: Request, identity: str, file: Annotated[int | None, Form()] = None) -> HTMLResponse:
        return fragment(lambda: events.of(request.scope).library.cancel(identity, file))

    @Permission(CURATOR, counts_as="request", action="remove")
    async def remove(service: ServiceDependency, request: Request, identity: str) -> HTMLResponse:
        keeping = events.of(request.scope).library
        return await _run_in_slot(service, request, lambda: fragment(lambda: keeping.remove(identity)))

    guarded = [Depends(require_page_header)]
    changes: dict[str, Callable[..., Any]] = {"links": links, "folders": folders, "jobs/{identity}/cancel": cancel}
    for path, change in changes.items():
        app.add_api_route(f"/page/{path}", change, methods=["POST"], dependencies=guarded, include_in_schema=False)
    path = "/page/documents/{identity}"
    app.add_api_route(path, remove, methods=["DELETE"], dependencies=guarded, include_in_schema=False)


async def _run_in_slot(service: Service, request: Request, call: Callable[[], HTMLResponse]) -> HTMLResponse:
    """Run a call in a slot of this client; once started, it continues without the client."""
    return await service.changes.run(client_of(request.scope), call)


def _ids(joined: str) -> list[str]:
    return [identity for identity in joined.split(",") if identity]


def add_batches(app: FastAPI, events: PageEventsByService) -> None:
    """Add the routes below `/page/`."""

    @Permission(READER, counts_as="request", is_polled=True)
    def batches(request: Request, mine: str = "") -> HTMLResponse:
        return fragment(lambda: events.of(request.scope).batches.watched(mine.split(",")))

    @Permission(READER, counts_as="request")
    def rows(request: Request, identity: str, begin: int = 0) -> HTMLResponse:
        return fragment(lambda: events.of(request.scope).batches.rows(identity, begin))

    @Permission(READER, counts_as="request")
    def choices(request: Request, words: str = "", chosen: str = "") -> HTMLResponse:
        return fragment(lambda: events.of(request.scope).batches.choices(words, chosen.split(",")))

    @Permission(READER, counts_as="request", action="export")
    def answers(service: ServiceDependency, request: Request, identity: str, extension: str) -> Response:
        return _table(service, request, identity, f".{extension}")

    routes: dict[str, Callable[..., Any]] = {"batches": batches, "batches/{identity}/rows": rows, "choices": choices}
    for path, answer in {**routes, "batches/{identity}/answers.{extension}": answers}.items():
        app.add_api_route(f"/page/{path}", answer, methods=["GET"], include_in_schema=False, response_model=None)
    _add_post_routes(app, events)


def _add_post_routes(app: FastAPI, events: PageEventsByService) -> None:
    forms = Slots(_FORMS)

    @Permission(READER, counts_as="batch")
    async def begin(request: Request) -> HTMLResponse:
        client, questioning = client_of(request.scope), events.of(request.scope).batches
        return await forms.run(client, _start_job, questioning, await request.body(), client)

    @Permission(READER, counts_as="request")
    async def questions(request: Request, name: str) -> HTMLResponse:
        data, questioning = await request.body(), events.of(request.scope).batches
        return await forms.run(client_of(request.scope), lambda: fragment(lambda: questioning.read(name, data)))

    guarded = [Depends(require_page_header)]
    routes: dict[str, Callable[..., Any]] = {"batches": begin, "questions": questions}
    for path, answer in routes.items():
        app.add_api_route(f"/page/{path}", answer, methods=["POST"], dependencies=guarded, include_in_schema=False)


def _start_job(questioning: BatchEvents, form: bytes, client: str) -> HTMLResponse:
    """Start a batch or a matrix. The form may be long, so it is not parsed on the event loop."""
    try:
        fields = parse_qs(form.decode("latin-1"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(400, f"The form has more than {_MAX_FIELDS} fields.") from error
    text, writer, kind = ("".join(fields.get(name, [])[:1]) for name in ("questions", "writer", "kind"))
    documents, tables = (tuple(fields.get(name, [])) for name in ("documents", "table"))
    return job_started(lambda: questioning.start(BatchForm(text, documents, kind, writer, tables), client))


def _table(service: Service, request: Request, identity: str, form: str) -> Response:
    try:
        job = service.jobs.find(identity)
    except PinciteError as error:
        return PlainTextResponse(str(error), 404)
    if form not in DOWNLOADS:
        return PlainTextResponse(f"{form} is not a format of tables. Use one of {', '.join(DOWNLOADS)}.", 404)
    response = table_response(job, form, page_address(service.settings, request), marked=True)
    response.headers["Cache-Control"] = "no-store"
    return response


def add_fragments(app: FastAPI, events: PageEventsByService) -> None:
    """Add the routes below `/page/`; each runs in a thread."""

    @Permission(READER, counts_as="question")
    async def coverage(service: ServiceDependency, request: Request, q: str, within: str = "") -> HTMLResponse:
        html = await service.run(request, service.checks, lambda: _coverage(service.library, q, within))
        return HTMLResponse(html)

    @Permission(READER, counts_as="request")
    def library_map(service: ServiceDependency) -> HTMLResponse:
        library = service.library
        known = library.map()
        svg = map_svg(known)
        if known.generation == library.generation():
            return HTMLResponse(svg, 200 if svg else 204)
        return HTMLResponse(svg or fragments.map_wait(len(library.documents())), 202)

    @Permission(READER, counts_as="request")
    def suggestions(request: Request) -> HTMLResponse:
        questions = events.of(request.scope).ask.beginning()
        if questions is not None and not questions:
            return HTMLResponse(status_code=204)  # such a response must not have a body
        return HTMLResponse(fragments.beginning(questions), 202 if questions is None else 200)

    @Permission(READER, counts_as="request", action="export")
    def export(service: ServiceDependency, request: Request, answer: str, form: str) -> Response:
        found = events.of(request.scope).ask.answers.find(answer)
        export_format = next((known for known in FORMATS if known == form), None)
        if found is None or export_format is None:
            return PlainTextResponse("This answer is no longer stored. Ask again, then export.", 410)
        site = f"{page_address(service.settings, request)}/"
        response = file_response(service.library, found, export_format, site=site)
        response.headers["Cache-Control"] = "no-store"
        return response

    app.add_api_route("/page/coverage", coverage, methods=["GET"], include_in_schema=False)
    app.add_api_route("/page/map", library_map, methods=["GET"], include_in_schema=False)
    app.add_api_route("/page/suggestions", suggestions, methods=["GET"], include_in_schema=False)
    app.add_api_route("/page/export", export, methods=["GET"], include_in_schema=False)


def _coverage(library: Library, question: str, within: str) -> str:
    """Return the coverage of a question, or the problem, as HTML."""
    names = [name for name in within.split(",") if name]
    try:
        return answer_view.coverage(redacted(library.coverage(question, documents=names or None)))
    except PinciteError as error:
        return fragments.problem(error)
    except Exception:
        _log.exception("The coverage of a question failed.")
        return fragments.problem(None)


# The routes of the tray: what a signed-in reader has kept, its comparison with the library, and its export.

_NO_STORE = {"Cache-Control": "no-store"}
_LONGEST_ADDRESS = 2_000
_KINDS = {
    "markdown": ("text/markdown; charset=utf-8", ".md"),
    "html": ("text/html; charset=utf-8", ".html"),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    "json": ("application/json", ".json"),
}
"""The media type and the file extension of each form."""
ExportForm = Literal["markdown", "html", "docx", "json"]
StyleName = Literal["apa", "mla", "chicago"]


def add_kept(app: FastAPI) -> None:
    """Add the routes below `/page/kept`. Without accounts, the server stores nothing of a reader."""
    app.add_api_route("/page/kept", _read, methods=["GET"], include_in_schema=False)
    posts: dict[str, Callable[..., Any]] = {"": _add, "/forget": _forget, "/check": _check, "/export": _export}
    for path, answer in posts.items():
        guarded = [Depends(require_page_header)]
        app.add_api_route(f"/page/kept{path}", answer, methods=["POST"], dependencies=guarded, include_in_schema=False)


@Permission(READER, counts_as="request")
async def _read(service: ServiceDependency, request: Request) -> Response:
    """Return what the reader has kept on this server."""
    reader, store = reader_of(request.scope), KeptStore(service.library.folder)

    def work() -> Response:
        known = store.read(reader) if reader else ()
        return _listed(known, is_stored=bool(reader) and (store.is_writable or bool(known)))

    return await _run(service, request, work)


@Permission(READER, counts_as="request")
async def _add(service: ServiceDependency, request: Request) -> Response:
    """Merge the items of a browser into what the reader has kept, and return all of it."""
    reader, store = reader_of(request.scope), KeptStore(service.library.folder)
    body = await request.body()

    def work() -> Response:
        items = parse_items(body)
        return _listed(store.add(reader, items), is_stored=True) if reader else _listed((), is_stored=False)

    return await _run(service, request, work)


@Permission(READER, counts_as="request")
async def _forget(service: ServiceDependency, request: Request) -> Response:
    """Delete everything that the reader has kept."""
    reader, store = reader_of(request.scope), KeptStore(service.library.folder)

    def work() -> Response:
        if reader:
            store.forget(reader)
        return _listed((), is_stored=bool(reader))

    return await _run(service, request, work)


@Permission(READER, counts_as="kept")
async def _check(service: ServiceDependency, request: Request) -> Response:
    """Compare items with the library."""
    body = await request.body()
    return await _run(service, request, lambda: _states(service.library, _kept(body)))


@Permission(READER, counts_as="kept", action="export")
async def _export(
    service: ServiceDependency,
    request: Request,
    form: ExportForm,
    style: StyleName = "apa",
    address: Annotated[str, Query(max_length=_LONGEST_ADDRESS)] = "",
) -> Response:
    """Return items as one document, as a download, so that a browser never renders it as a page of this server."""
    body = await request.body()
    stated = f"{page_address(service.settings, request)}/" if service.settings.public_url else address

    def work() -> Response:
        content = service.library.export_kept(_kept(body), form, style=style, address=_page_address(stated))
        kind, suffix = _KINDS[form]
        disposition = attachment("kept", suffix)
        return Response(content, headers={"Content-Type": kind, "Content-Disposition": disposition, **_NO_STORE})

    return await _run(service, request, work)


async def _run(service: Service, request: Request, work: Callable[[], Response]) -> Response:
    """Run the work in a thread as soon as a slot is free; return its error as a message and a hint for the reader."""
    return await service.run(request, service.checks, lambda: _answered(work))


def _kept(body: bytes) -> tuple[KeptItem, ...]:
    """Parse items that a browser has sent. Raises BadKept."""
    items = parse_items(body)
    require_room(items)
    return items


def _page_address(stated: str) -> str:
    """Return the address of the page as its browser knows it, with a slash at the end; empty for anything else."""
    if not (stated.isascii() and stated.isprintable()) or set(" <>\"'\\") & set(stated):
        return ""
    try:
        parts = urlsplit(stated)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rpartition('/')[0]}/"


def _listed(items: Iterable[KeptItem], *, is_stored: bool) -> Response:
    text = f'{{"stored": {json.dumps(is_stored)}, "items": {items_json(items)}}}'
    return Response(text.encode("utf-8", "replace"), media_type="application/json", headers=_NO_STORE)


def _states(library: Library, items: tuple[KeptItem, ...]) -> Response:
    """Return the state of each quote, by the id of its item."""
    quotes = [quote for item in items for quote in item.quotes]
    states = iter([asdict(state) for state in library.check_kept(quotes)])
    found = {item.id: [next(states) for _ in item.quotes] for item in items}
    return JSONResponse({"states": found}, headers=_NO_STORE)


def _answered(work: Callable[[], Response]) -> Response:
    """Return what `work` returns, or its error as JSON: a message and a hint for the reader."""
    try:
        return work()
    except PinciteError as error:
        kind = problems.kind_of(error)
        if not kind.is_public:
            _log.error("A request of the page failed: %s", error)
        message, hint = problems.public_message(error)
        return JSONResponse({"message": message, "hint": hint}, kind.status, headers=_NO_STORE)
