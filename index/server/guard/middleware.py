"""The ASGI middleware that checks every request before its route, and closes connections that send no request.

It limits bodies (size, time, JSON values) and each client's uploads. A few megabytes of `[],` become gigabytes of
objects, and no other thread runs meanwhile, because the parser holds the interpreter's lock. Therefore the values are
counted first. Counting takes less than a millisecond per 64 kB, whatever the bytes are.

The body is checked chunk by chunk while the application reads it; nothing is stored. After a refusal, the application
is told that the client has disconnected, so that it stops normally; its response is discarded.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers

from index.server.guard.origins import Origins, Proxies, Refusal, host_names

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
_VALUE_MARKS = (b",", b"[", b"{")
"""A JSON text has at most one more value than it has of these bytes outside of strings."""
LEAST_BYTES = 10_000
"""The number of bytes that must arrive within the time limit, unless the body ends before."""
_DISCONNECT: Message = {"type": "http.disconnect"}
_RETRY_SECONDS = 5
_NOT_UTF8 = Refusal(400, "The JSON of the body is not in UTF-8.", "Send it in UTF-8.")


class RefusedError(Exception):
    """A request is refused; `refusal` is the response."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


class JsonValueCounter:
    """Counts the values of one JSON text in UTF-8.

    A backslash outside of strings is treated as an escape, too. Such a text is invalid JSON, and parsers stop there.
    """

    def __init__(self) -> None:
        self.count = 1
        self.is_utf8 = True
        """False for UTF-16 and UTF-32: parsers accept them, but their quotation marks cannot be found bytewise."""
        self._in_string = False
        self._pending = b""
        """A trailing backslash whose escaped character has not arrived yet."""

    def add(self, chunk: bytes) -> None:
        """Count the values of the next chunk."""
        if b"\0" in chunk:
            self.is_utf8 = False
            return
        pieces = self._unescaped(chunk).split(b'"')
        outside = b"".join(pieces[self._in_string :: 2])
        self.count += sum(map(outside.count, _VALUE_MARKS))
        self._in_string ^= len(pieces) % 2 == 0

    def _unescaped(self, chunk: bytes) -> bytes:
        """Return the chunk without escapes: every remaining quotation mark begins or ends a string."""
        text = (self._pending + chunk).replace(rb"\\", b"")  # first, so that no two adjacent backslashes remain
        self._pending = b"\\" if text.endswith(b"\\") else b""
        return text.removesuffix(b"\\").replace(rb"\"", b"")


class SizeLimit:
    """Refuses bodies with more than `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    def take(self, size: int) -> None:
        """Count bytes that have arrived, or that a header announces."""
        self._taken += size
        if self._taken > self._most:
            raise RefusedError(
                Refusal(
                    413,
                    f"The body is larger than {self._most / 1_000_000:g} MB.",
                    "Send less at once. The operator of this server can raise the limit for most requests with "
                    "PINCITE_MAX_BODY_MEGABYTES.",
                )
            )


class ValueLimit:
    """Refuses JSON bodies with more than `most` values."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values = JsonValueCounter()

    def __call__(self, chunk: bytes) -> None:
        """Count the next chunk."""
        self._values.add(chunk)
        if not self._values.is_utf8:
            raise RefusedError(_NOT_UTF8)
        if self._values.count > self._most:
            raise RefusedError(
                Refusal(
                    413,
                    f"The JSON of the body has more than {self._most} values.",
                    "Send fewer at once. The limit is four for each question of a batch, and at least 5,000. The "
                    "operator of this server can raise it with PINCITE_MAX_BATCH_QUESTIONS.",
                )
            )


# The share of one client: the number and the size of its concurrent uploads. Only the event loop uses it, so nothing
# here is locked.


@dataclass(frozen=True, slots=True)
class Shares:
    """Counts the uploads in progress of each client, and applies the limits.

    The limit of their number ends the attack `stalls-drips` on a bare server in 33 seconds; without it, 16 of its 64
    slow uploads are still open after 65, because each dozen waits for the time limit of the one before.

    Clients without an address, such as those of a Unix socket, cannot be distinguished and have no limits.
    """

    max_uploads: int
    max_upload_bytes: int
    uploads: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    """Bytes of uploads: announced, or arrived if nothing was announced."""

    @contextmanager
    def upload(self, client: str) -> Iterator[Upload]:
        """Count an upload while it arrives. Raises RefusedError if the client has too many."""
        if client and self.uploads[client] >= self.max_uploads:
            raise RefusedError(
                Refusal(
                    429,
                    f"{self.max_uploads} uploads of this client are arriving.",
                    "Wait for one to end, or send several files in one upload. The operator of this server can raise "
                    "the limit with PINCITE_MAX_CLIENT_UPLOADS.",
                    _RETRY_SECONDS,
                )
            )
        upload = Upload(self, client)
        self.uploads[client] += 1
        try:
            yield upload
        finally:
            _subtract(self.uploads, client, 1)
            upload.release()


@dataclass(slots=True)
class Upload:
    """Counts the bytes of one upload against its client's limit."""

    shares: Shares
    client: str
    taken: int = 0

    def take(self, size: int) -> None:
        """Count bytes. Raises RefusedError if this upload, or all uploads of the client, are too large."""
        limit = self.shares.max_upload_bytes
        if self.taken + size > limit:
            raise RefusedError(
                Refusal(
                    413,
                    f"The upload is larger than {limit // 1_000_000} MB.",
                    "Send fewer files at once. The operator of this server can raise the limit with "
                    "PINCITE_MAX_UPLOAD_MEGABYTES.",
                )
            )
        if self.client and self.shares.bytes[self.client] + size > limit:
            raise RefusedError(
                Refusal(
                    429,
                    f"The uploads of this client are larger than {limit // 1_000_000} MB together.",
                    "Send it again when the others have arrived. The operator of this server can raise the limit with "
                    "PINCITE_MAX_UPLOAD_MEGABYTES.",
                    _RETRY_SECONDS,
                )
            )
        self.taken += size
        self.shares.bytes[self.client] += size

    def release(self) -> None:
        """Uncount the bytes of this upload."""
        _subtract(self.shares.bytes, self.client, self.taken)
        self.taken = 0


def _subtract(counter: Counter[str], client: str, number: int) -> None:
    """Subtract from a client's count, and forget clients whose count is zero."""
    counter[client] -= number
    if counter[client] <= 0:
        del counter[client]


class BodyTimeout:
    """The time limit of a body, which arriving bytes extend.

    Without it, the attacks `stalls-bodies` and `stalls-drips` hold the slots of uploads on a bare server: uvicorn 0.55
    waits for a body as long as the client likes.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waited = 0.0
        self._arrived = 0

    @property
    def seconds_left(self) -> float:
        """Seconds that the server waits for the next chunk."""
        return self._seconds - self._waited

    def note(self, waited: float, arrived: int) -> None:
        """Record a chunk of `arrived` bytes that took `waited` seconds."""
        self._waited += waited
        self._arrived += arrived
        if self._arrived >= LEAST_BYTES:
            self._waited, self._arrived = 0.0, 0

    def stalled(self) -> Refusal:
        """Return the refusal for a client that sends too slowly."""
        return Refusal(
            408,
            f"The body did not arrive: less than {LEAST_BYTES // 1000} kB came within {self._seconds:g} seconds.",
            "Send the request again. The operator of this server can raise the limit with PINCITE_BODY_SECONDS.",
        )


class HttpExchange:
    """The request and the response of one exchange, as the application sees them."""

    def __init__(
        self, receive: Receive, send: Send, rules: tuple[Callable[[bytes], None], ...], seconds: float
    ) -> None:
        self._receive = receive
        self._send = send
        self._rules = rules
        self._timeout = BodyTimeout(seconds)
        self._complete = False
        self._answered = False
        self.refusal: Refusal | None = None
        """The reason why the body was not read to its end; None if it was."""

    @property
    def unanswered(self) -> bool:
        """Whether there is a refusal that can still be sent."""
        return self.refusal is not None and not self._answered

    async def receive(self) -> Message:
        """Return the next part of the body within its time limit; after its end, wait for messages without a limit."""
        if self.refusal is not None:
            return _DISCONNECT
        if self._complete:
            return await self._receive()
        try:
            message = await self._receive_in_time(self._receive())
            for rule in self._rules:
                rule(message.get("body", b""))
        except RefusedError as refused:
            self.refusal = refused.refusal
            return _DISCONNECT
        self._complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the response, unless a refusal replaces it."""
        if self.unanswered:
            return
        self._answered = True
        await self._send(message)

    async def _receive_in_time(self, awaited: Awaitable[Message]) -> Message:
        """Return the message within the time limit. Only waiting counts, not the time that the application takes."""
        clock = asyncio.get_running_loop()
        began = clock.time()
        try:
            async with asyncio.timeout(self._timeout.seconds_left):
                message = await awaited
        except TimeoutError:
            raise RefusedError(self._timeout.stalled()) from None
        self._timeout.note(clock.time() - began, len(message.get("body", b"")))
        return message


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
            limit = stack.enter_context(self._shares.upload(scope["client"][0]))
        else:
            limit = SizeLimit(self._most(scope["path"]))
            if not scope["path"].startswith(_FRAGMENTS):  # whatever its content type: Gradio parses any body as JSON
                rules.append(ValueLimit(self._values))
        announced = _announced(headers)
        if announced is None:
            rules.insert(0, lambda chunk: limit.take(len(chunk)))
        else:
            limit.take(announced)  # everything is counted: servers pass on no more bytes than announced
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


# Closes connections that stay open without a request.
#
# A server has a limited number of connections, and a client that sends half a header and waits occupies one. uvicorn
# closes a connection that is silent between two requests, but waits forever for the first byte, for the rest of a
# header, and for the rest of a body that nothing reads. Here, one deadline covers all of these, and arriving bytes do
# not extend it.


class Deadline(asyncio.Protocol):
    """A mixin for uvicorn's protocols that closes the connection if no request has arrived by the deadline.

    Without it, the attack `stalls-headers` keeps hundreds of connections of a bare server for ever. It uses two
    attributes of every uvicorn protocol: `transport`, and `cycle`, the current or last request.
    """

    header_seconds: float
    transport: asyncio.Transport
    cycle: Any = None
    _timer: asyncio.TimerHandle | None = None
    _header_started = False
    """Whether a part of a header has arrived."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Stop waiting if a header is complete."""
        super().data_received(data)
        if self._has_request():
            self._stop()
        else:
            self._header_started = True

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it has already arrived."""
        super().on_response_complete()  # type: ignore[misc]
        if not self._has_request():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def _close_idle(self) -> None:
        """Close the connection; a client that has sent a part of a header gets the refusal first."""
        if self.transport.is_closing() or self._has_request():
            return
        if self._header_started and (self.cycle is None or not self.cycle.more_body):
            self.transport.write(_response(_header_timeout(self.header_seconds)))
        self.transport.close()

    def _has_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._stop()
        self._header_started = False
        if not self.transport.is_closing():
            self._timer = asyncio.get_running_loop().call_later(self.header_seconds, self._close_idle)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def protocol(settings: Settings) -> type[asyncio.Protocol]:
    """Return the protocol class that uvicorn would choose, with a time limit for headers."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    return type("GuardedProtocol", (Deadline, AutoHTTPProtocol), {"header_seconds": settings.header_seconds})


def _header_timeout(seconds: float) -> Refusal:
    return Refusal(
        408,
        f"The header of the request did not arrive within {seconds:g} seconds.",
        "Send the request again. The operator of this server can raise the limit with PINCITE_HEADER_SECONDS.",
    )


def _response(refusal: Refusal) -> bytes:
    """Return a complete HTTP response, for a connection without a request."""
    response = refusal.response(close=True)
    head = b"".join(name + b": " + value + b"\r\n" for name, value in response.raw_headers)
    phrase = HTTPStatus(refusal.status).phrase
    return f"HTTP/1.1 {refusal.status} {phrase}\r\n".encode() + head + b"\r\n" + bytes(response.body)
