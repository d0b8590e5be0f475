"""The ASGI middleware that checks every request before its route."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from index.server.guard.body import HttpExchange, RefusedError, Shares, SizeLimit, Upload, ValueLimit
from index.server.guard.origins import Origins, Proxies, Refusal, host_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from index.settings import Settings

UPLOADS = frozenset({"/v1/documents", "/gradio_api/upload"})
"""Routes that receive files as multipart bodies. They have separate limits, in total and per file."""
_EVENTS = "/gradio_api/"
_EVENT_BYTES = 1_000_000
"""Limit of the page's events, which hold a question and the ids of documents."""
_FRAGMENTS = "/page/"
"""Routes that accept forms and files of questions in any format. The one that accepts JSON parses it strictly, without
making objects of what does not fit (`index.citations.kept`)."""
_LONG_FORMS = frozenset(
    {"/page/batches", "/page/check", "/page/questions", "/page/kept", "/page/kept/check", "/page/kept/export"}
)
_FORM_BYTES = 64_000
"""Limit of other forms, which hold an address or a folder: forms are parsed on the event loop."""
_MOST_DIGITS = 18
_LEAST_VALUES = 5_000
"""The number of values that any JSON text may have: reporting all of them as invalid takes a twentieth of a second."""
_VALUES_PER_QUESTION = 4
_TIMED_OUT = 408
_MULTIPART = "multipart/form-data"


class Guard:
    """Refuses forbidden requests, and sets `scope["client"]` to the client's address for the others."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._proxies = Proxies(settings.trusted_proxies)
        self._origins = Origins(host_names(settings.allow_hosts))
        self._shares = Shares(settings.max_client_uploads, settings.max_upload_megabytes * 1_000_000)
        self._bytes = settings.max_body_megabytes * 1_000_000
        self._values = max(_LEAST_VALUES, _VALUES_PER_QUESTION * settings.max_batch_questions)
        self._seconds = settings.body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on and check its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._origins.host_refusal(scope)
        self._proxies.rewrite(scope)
        refusal = refusal or self._origins.origin_refusal(scope)
        if refusal is not None:
            await refusal.answer(scope, receive, send)
            return
        with ExitStack() as stack:
            try:
                exchange = self._exchange(scope, receive, send, stack)
            except RefusedError as refused:
                await refused.refusal.answer(scope, receive, send)
            else:
                await self._pass_on(exchange, scope, receive, send)

    def _exchange(self, scope: Scope, receive: Receive, send: Send, stack: ExitStack) -> HttpExchange:
        """Return the exchange with the rules for its body. Raises RefusedError."""
        headers = Headers(scope=scope)
        rules: list[Callable[[bytes], None]] = []
        limit: SizeLimit | Upload
        if _is_upload(scope, headers):
            upload = stack.enter_context(self._shares.upload(scope["client"][0]))
            limit = upload
            rules.append(lambda chunk: upload.take(len(chunk)))
        else:
            limit = SizeLimit(self._most(scope["path"]))
            rules.append(limit)
            if not scope["path"].startswith(_FRAGMENTS):  # whatever its content type: Gradio parses any body as JSON
                rules.append(ValueLimit(self._values))
        announced = _announced(headers)
        if announced is not None:
            limit.take(announced)
            del rules[0]  # everything is counted: servers pass on no more bytes than announced
        return HttpExchange(receive, send, tuple(rules), self._seconds)

    def _most(self, path: str) -> int:
        """Return the size limit of a body that is not an upload, in bytes."""
        if path.startswith(_FRAGMENTS) and path not in _LONG_FORMS:
            return min(self._bytes, _FORM_BYTES)
        return min(self._bytes, _EVENT_BYTES) if path.startswith(_EVENTS) else self._bytes

    async def _pass_on(self, exchange: HttpExchange, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            # The application was told that its client had disconnected, and may raise any exception.
            if exchange.refusal is None:
                raise
        if exchange.unanswered:
            assert isinstance(exchange.refusal, Refusal)
            # Closing a connection at once may lose a response that the client has not read yet. So only a client that
            # sends nothing is disconnected here; the deadline for the next request disconnects other clients.
            await exchange.refusal.answer(scope, receive, send, close=exchange.refusal.status == _TIMED_OUT)


def _is_upload(scope: Scope, headers: Headers) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return scope["method"] == "POST" and scope["path"].rstrip("/") in UPLOADS and kind == _MULTIPART


def _announced(headers: Headers) -> int | None:
    """Return the announced length of the body, or None for a chunked body, whose client is not bound to it."""
    declared = headers.get("content-length", "")
    if not declared.isdecimal() or "transfer-encoding" in headers:
        return None
    return int(declared[:_MOST_DIGITS])
