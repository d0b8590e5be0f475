"""Limits the body of a request: its size, its transfer time, and the number of its JSON values.

A few megabytes of `[],` become gigabytes of objects, and no other thread runs meanwhile, because the parser holds the
interpreter's lock. Therefore the values are counted first. Counting takes less than a millisecond per 64 kB, whatever
the bytes are.

The body is checked chunk by chunk while the application reads it; nothing is stored. After a refusal, the application
is told that the client has disconnected, so that it stops normally; its response is discarded.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from index.server.guard.origins import Refusal
from index.server.guard.quotas import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Message, Receive

    from index.server.guard.quotas import ResponseSender

_VALUE_MARKS = (b",", b"[", b"{")
"""A JSON text has at most one more value than it has of these bytes outside of strings."""
LEAST_BYTES = 10_000
"""The number of bytes that must arrive within the time limit, unless the body ends before."""
LEAST_RATE = 4_000
"""Mean rate in bytes per second that a body must reach once the time limit has passed. A line of 1 Mbit/s carries
thirty bodies at this rate; the server receives fewer from one client at once."""
_DISCONNECT: Message = {"type": "http.disconnect"}
_NOT_UTF8 = Refusal(400, "The JSON of the body is not in UTF-8.", "Send it in UTF-8.")


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


class Rule(Protocol):
    """Counts the bytes of a body. Raises RefusedError when a limit is exceeded."""

    def __call__(self, chunk: bytes) -> None:
        """Count the next chunk."""


class SizeLimit:
    """Refuses bodies with more than `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    def __call__(self, chunk: bytes) -> None:
        """Count the next chunk."""
        self.take(len(chunk))

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


class BodyTimeout:
    """The time limit of a body, which arriving bytes extend."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._credit = seconds
        """Seconds left, as far as the minimum mean rate allows."""
        self._waited = 0.0
        self._arrived = 0

    @property
    def seconds_left(self) -> float:
        """Seconds that the server waits for the next chunk."""
        return min(self._seconds - self._waited, self._credit)

    def note(self, waited: float, arrived: int) -> None:
        """Record a chunk of `arrived` bytes that took `waited` seconds."""
        self._credit += arrived / LEAST_RATE - waited
        self._waited += waited
        self._arrived += arrived
        if self._arrived >= LEAST_BYTES:
            self._waited, self._arrived = 0.0, 0

    def stalled(self) -> Refusal:
        """Return the refusal for a client that sends too slowly."""
        return Refusal(
            408,
            f"The body did not arrive: less than {LEAST_BYTES // 1000} kB came within {self._seconds:g} seconds, "
            f"or less than {LEAST_RATE // 1000} kB per second in all.",
            "Send the request again. The operator of this server can raise the limit with PINCITE_BODY_SECONDS.",
        )


class HttpExchange:
    """The request and the response of one exchange, as the application sees them."""

    def __init__(
        self, receive: Receive, sender: ResponseSender, rules: tuple[Callable[[bytes], None], ...], seconds: float
    ):
        self._receive = receive
        self._sender = sender
        self._rules = rules
        self._timeout = BodyTimeout(seconds)
        self._complete = False
        self.refusal: Refusal | None = None
        """The reason why the body was not read to its end or the response was refused; None if neither happened."""

    @property
    def unanswered(self) -> bool:
        """Whether there is a refusal that can still be sent."""
        return self.refusal is not None and not self._sender.started

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
        try:
            await self._sender.send(message)
        except RefusedError as refused:
            self.refusal = refused.refusal

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
