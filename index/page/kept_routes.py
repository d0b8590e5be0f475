"""The routes of the tray: what a signed-in reader has kept, its comparison with the library, and its export."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from index.citations.kept import items_json, parse_items, require_room
from index.errors import PinciteError
from index.page.routes import require_page_header
from index.server.file_names import attachment
from index.server.http import problems
from index.server.http.routes.jobs import page_address
from index.server.http.service import Service, ServiceDependency
from index.server.kept_store import KeptStore, reader_of
from index.server.permissions import READER, Permission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fastapi import FastAPI

    from index.citations.kept import KeptItem
    from index.library.library import Library

_log = logging.getLogger(__name__)
_NO_STORE = {"Cache-Control": "no-store"}
_LONGEST_ADDRESS = 2_000
_KINDS = {
    "markdown": ("text/markdown; charset=utf-8", ".md"),
    "html": ("text/html; charset=utf-8", ".html"),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    "json": ("application/json", ".json"),
}
"""The media type and the file extension of each form."""
Form = Literal["markdown", "html", "docx", "json"]
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
    form: Form,
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
