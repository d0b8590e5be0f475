"""What batch.js asks the server: batches, their rows, the table as a file, and the questions of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from index.errors import PinciteError
from index.serving.slots import Slots, client_of
from index.web.replying import begun, fragment, only_from_the_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from index.web.questioning import Questioning

_MOST_FIELDS = 10_000
"""Documents to search in, each of which is a field."""
_FORMS = 2
"""Forms and files of questions that are read at once: they may have megabytes, which take seconds of processor time."""
_KINDS = {".csv": "text/csv", ".md": "text/markdown", ".jsonl": "application/jsonl"}


def add_batches(app: FastAPI, questioning: Questioning) -> None:
    """Serve them below `/page/`."""

    def batches(mine: str = "") -> HTMLResponse:
        return fragment(lambda: questioning.watched(mine.split(",")))

    def rows(identity: str, begin: int = 0) -> HTMLResponse:
        return fragment(lambda: questioning.rows(identity, begin))

    def choices(words: str = "", chosen: str = "") -> HTMLResponse:
        return fragment(lambda: questioning.choices(words, chosen.split(",")))

    def answers(identity: str, ending: str) -> Response:
        return _table(questioning, identity, f".{ending}")

    routes: dict[str, Callable[..., Any]] = {"batches": batches, "batches/{identity}/rows": rows, "choices": choices}
    for path, answer in {**routes, "batches/{identity}/answers.{ending}": answers}.items():
        app.add_api_route(f"/page/{path}", answer, methods=["GET"], include_in_schema=False, response_model=None)
    _add_beginnings(app, questioning)


def _add_beginnings(app: FastAPI, questioning: Questioning) -> None:
    forms = Slots(_FORMS)

    async def begin(request: Request) -> HTMLResponse:
        client = client_of(request.scope)
        return await forms.run(client, _begun, questioning, await request.body(), client)

    async def questions(request: Request, name: str) -> HTMLResponse:
        data = await request.body()
        return await forms.run(client_of(request.scope), lambda: fragment(lambda: questioning.read(name, data)))

    guarded = [Depends(only_from_the_page)]
    routes: dict[str, Callable[..., Any]] = {"batches": begin, "questions": questions}
    for path, answer in routes.items():
        app.add_api_route(f"/page/{path}", answer, methods=["POST"], dependencies=guarded, include_in_schema=False)


def _begun(questioning: Questioning, form: bytes, client: str) -> HTMLResponse:
    """Begin a batch. The form may be long, and is not parsed on the event loop."""
    try:
        fields = parse_qs(form.decode("latin-1"), max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise HTTPException(400, f"The form has more than {_MOST_FIELDS} fields.") from error
    questions, writer = ("".join(fields.get(name, [])[:1]) for name in ("questions", "writer"))
    documents = fields.get("documents", [])
    return begun(lambda: questioning.begin(questions, documents, model=writer == "model", client=client))


def _table(questioning: Questioning, identity: str, form: str) -> Response:
    try:
        text = questioning.table(identity, form)
    except PinciteError as error:
        return PlainTextResponse(str(error), 404)
    headers = {"Content-Disposition": f'attachment; filename="answers{form}"', "Cache-Control": "no-store"}
    # With a byte-order mark, without which spreadsheets take UTF-8 for something else.
    data = text.encode("utf-8-sig" if form == ".csv" else "utf-8")
    return Response(data, media_type=_KINDS[form], headers=headers)
