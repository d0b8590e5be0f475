"""The routes for batch.js: batches, their rows, the table as a file, and the questions of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from index.errors import PinciteError
from index.serving.slots import Slots, client_of
from index.web.replying import fragment, job_started, require_page_header

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from index.web.questioning import BatchEvents

_MAX_FIELDS = 10_000
"""Maximum fields of a form; each selected document is one."""
_FORMS = 2
"""Forms and files of questions parsed at once: they may be megabytes, which take seconds of processor time."""
_MEDIA_TYPES = {".csv": "text/csv", ".md": "text/markdown", ".jsonl": "application/jsonl"}


def add_batches(app: FastAPI, questioning: BatchEvents) -> None:
    """Add the routes below `/page/`."""

    def batches(mine: str = "") -> HTMLResponse:
        return fragment(lambda: questioning.watched(mine.split(",")))

    def rows(identity: str, begin: int = 0) -> HTMLResponse:
        return fragment(lambda: questioning.rows(identity, begin))

    def choices(words: str = "", chosen: str = "") -> HTMLResponse:
        return fragment(lambda: questioning.choices(words, chosen.split(",")))

    def answers(identity: str, extension: str) -> Response:
        return _table(questioning, identity, f".{extension}")

    routes: dict[str, Callable[..., Any]] = {"batches": batches, "batches/{identity}/rows": rows, "choices": choices}
    for path, answer in {**routes, "batches/{identity}/answers.{extension}": answers}.items():
        app.add_api_route(f"/page/{path}", answer, methods=["GET"], include_in_schema=False, response_model=None)
    _add_post_routes(app, questioning)


def _add_post_routes(app: FastAPI, questioning: BatchEvents) -> None:
    forms = Slots(_FORMS)

    async def begin(request: Request) -> HTMLResponse:
        client = client_of(request.scope)
        return await forms.run(client, _start_job, questioning, await request.body(), client)

    async def questions(request: Request, name: str) -> HTMLResponse:
        data = await request.body()
        return await forms.run(client_of(request.scope), lambda: fragment(lambda: questioning.read(name, data)))

    guarded = [Depends(require_page_header)]
    routes: dict[str, Callable[..., Any]] = {"batches": begin, "questions": questions}
    for path, answer in routes.items():
        app.add_api_route(f"/page/{path}", answer, methods=["POST"], dependencies=guarded, include_in_schema=False)


def _start_job(questioning: BatchEvents, form: bytes, client: str) -> HTMLResponse:
    """Start a batch. The form may be long, so it is not parsed on the event loop."""
    try:
        fields = parse_qs(form.decode("latin-1"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(400, f"The form has more than {_MAX_FIELDS} fields.") from error
    questions, writer = ("".join(fields.get(name, [])[:1]) for name in ("questions", "writer"))
    documents = fields.get("documents", [])
    return job_started(lambda: questioning.start(questions, documents, model=writer == "model", client=client))


def _table(questioning: BatchEvents, identity: str, form: str) -> Response:
    try:
        text = questioning.table(identity, form)
    except PinciteError as error:
        return PlainTextResponse(str(error), 404)
    headers = {"Content-Disposition": f'attachment; filename="answers{form}"', "Cache-Control": "no-store"}
    # With a byte order mark, because without it spreadsheets do not detect UTF-8.
    data = text.encode("utf-8-sig" if form == ".csv" else "utf-8")
    return Response(data, media_type=_MEDIA_TYPES[form], headers=headers)
