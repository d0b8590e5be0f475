"""The guard: ASGI middleware before every route."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from index.guard.body import HttpExchange, Size, Values
from index.guard.client import Proxies
from index.guard.origin import WATCHED, Origins, names
from index.guard.refusal import Refusal
from index.guard.response import Outgoing
from index.guard.share import RefusedError, Shares, Upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from index.settings import Settings

UPLOADS = frozenset({"/v1/documents", "/gradio_api/upload"})
"""Where files are received, as multipart bodies. These have limits of their own, in all and file by file."""
_EVENTS = "/gradio_api/"
_EVENT_BYTES = 1_000_000
"""The page's events hold a question and the ids of documents."""
_FRAGMENTS = "/page/"
"""Take forms, and files of questions in whatever format; no JSON."""
_LONG_FORMS = frozenset({"/page/batches", "/page/check", "/page/questions"})
_FORM_BYTES = 64_000
"""An address, or a folder: forms are parsed on the event loop."""
_MOST_DIGITS = 18
_LEAST_VALUES = 5_000
"""So many values may every JSON text have: to tell of each of them that it is wrong takes a twentieth of a second."""
_VALUES_PER_QUESTION = 4
_TIMED_OUT = 408
_MULTIPART = "multipart/form-data"


class Guard:
    """Refuses what must not get through; the rest sees who asks in `scope["client"]`."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._proxies = Proxies(settings.trusted_proxies)
        self._origins = Origins(names(settings.allow_hosts))
        self._shares = Shares(
            settings.max_client_requests, settings.max_client_uploads, settings.max_upload_megabytes * 1_000_000
        )
        self._bytes = settings.max_body_megabytes * 1_000_000
        self._values = max(_LEAST_VALUES, _VALUES_PER_QUESTION * settings.max_batch_questions)
        self._seconds = settings.body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on with its body watched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._origins.misaddressed(scope)
        self._proxies.rewrite(scope)
        refusal = refusal or self._origins.foreign(scope)
        if refusal is not None:
            await refusal.answer(scope, receive, send)
            return
        with ExitStack() as under_way:
            try:
                exchange = self._exchange(scope, receive, send, under_way)
            except RefusedError as refused:
                await refused.refusal.answer(scope, receive, send)
            else:
                await self._passed(exchange, scope, receive, send)

    def _exchange(self, scope: Scope, receive: Receive, send: Send, under_way: ExitStack) -> HttpExchange:
        """The request with the rules for its body. Raises RefusedError."""
        client = scope["client"][0]
        if scope["path"] not in WATCHED:
            under_way.enter_context(self._shares.request(client))
        headers = Headers(scope=scope)
        rules: list[Callable[[bytes], None]] = []
        counted: Size | Upload
        if _is_upload(scope, headers):
            upload = under_way.enter_context(self._shares.upload(client))
            counted = upload
            rules.append(lambda chunk: upload.take(len(chunk)))
        else:
            counted = Size(self._most(scope["path"]))
            rules.append(counted)
            if not scope["path"].startswith(_FRAGMENTS):  # whatever it says it is: Gradio parses any body as JSON
                rules.append(Values(self._values))
        announced = _announced(headers)
        if announced is not None:
            counted.take(announced)
            del rules[0]  # all has been counted: servers pass on no more than was announced
        return HttpExchange(receive, Outgoing(send, self._shares, client), tuple(rules), self._seconds)

    def _most(self, path: str) -> int:
        """The bytes of a body that is no upload."""
        if path.startswith(_FRAGMENTS) and path not in _LONG_FORMS:
            return min(self._bytes, _FORM_BYTES)
        return min(self._bytes, _EVENT_BYTES) if path.startswith(_EVENTS) else self._bytes

    async def _passed(self, exchange: HttpExchange, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            # The application was told that its client had left, and may say so in whatever way.
            if exchange.refusal is None:
                raise
        if exchange.unanswered:
            assert isinstance(exchange.refusal, Refusal)
            # Closed at once, a connection may take the response with it that the client has not read yet. So only who
            # does not send is cut off here; who does, by the deadline for the next request.
            await exchange.refusal.answer(scope, receive, send, close=exchange.refusal.status == _TIMED_OUT)


def _is_upload(scope: Scope, headers: Headers) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return scope["method"] == "POST" and scope["path"].rstrip("/") in UPLOADS and kind == _MULTIPART


def _announced(headers: Headers) -> int | None:
    """The length of the body, where the client has to keep to what it says: not where the body comes in chunks."""
    declared = headers.get("content-length", "")
    if not declared.isdecimal() or "transfer-encoding" in headers:
        return None
    return int(declared[:_MOST_DIGITS])
