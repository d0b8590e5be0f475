"""The body of one request: how large it may be, how slowly it may come, how many values its JSON may have.

It is checked while the application reads it, chunk by chunk, and nothing is kept. From a refusal on the application is
told that the client has left, so that it gives up by its own means; whatever it says then is not sent.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from index.guard.json_values import JsonValues
from index.guard.refusal import Refusal
from index.guard.share import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Message, Receive

    from index.guard.response import Outgoing

LEAST_BYTES = 10_000
"""So many bytes of a body have to arrive within the time limit, or its end."""
LEAST_RATE = 4_000
"""So many bytes a second have to arrive in the mean, when the time limit has passed. A line of 1 Mbit/s carries thirty
bodies at this rate, and fewer of one client are received at once."""
_GONE: Message = {"type": "http.disconnect"}
_NO_UTF8 = Refusal(400, "The JSON of the body is not in UTF-8.", "Send it in UTF-8.")


class Rule(Protocol):
    """Counts what arrives. Raises RefusedError where it must not go on."""

    def __call__(self, chunk: bytes) -> None:
        """Take note of the next chunk."""


class Size:
    """No more bytes than a limit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    def __call__(self, chunk: bytes) -> None:
        """Take note of the next chunk."""
        self.take(len(chunk))

    def take(self, size: int) -> None:
        """Count bytes that have arrived or are announced."""
        self._taken += size
        if self._taken > self._most:
            raise RefusedError(
                Refusal(
                    413,
                    f"The body is larger than {self._most / 1_000_000:g} MB.",
                    "Send less at once. Whoever runs the server can raise the limit for most requests with "
                    "PINCITE_MAX_BODY_MEGABYTES.",
                )
            )


class Values:
    """No more values in a JSON text than a limit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found = JsonValues()

    def __call__(self, chunk: bytes) -> None:
        """Take note of the next chunk."""
        self._found.add(chunk)
        if not self._found.is_utf8:
            raise RefusedError(_NO_UTF8)
        if self._found.count > self._most:
            raise RefusedError(
                Refusal(
                    413,
                    f"The JSON of the body has more than {self._most} values.",
                    "Send fewer at once. The limit is four for each question of a batch, and at least 5,000: whoever "
                    "runs the server can raise it with PINCITE_MAX_BATCH_QUESTIONS.",
                )
            )


class BodyTimeout:
    """How long a client may be waited for: what arrives extends it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._credit = seconds
        """How much longer, by the mean."""
        self._waited = 0.0
        self._arrived = 0

    @property
    def seconds_left(self) -> float:
        """For how long nothing at all may arrive from now on."""
        return min(self._seconds - self._waited, self._credit)

    def note(self, waited: float, arrived: int) -> None:
        """Take note of the next chunk, for which it was waited so many seconds."""
        self._credit += arrived / LEAST_RATE - waited
        self._waited += waited
        self._arrived += arrived
        if self._arrived >= LEAST_BYTES:
            self._waited, self._arrived = 0.0, 0

    def stalled(self) -> Refusal:
        """What to tell a client for which it was waited too long."""
        return Refusal(
            408,
            f"The body did not arrive: less than {LEAST_BYTES // 1000} kB came within {self._seconds:g} seconds, "
            f"or less than {LEAST_RATE // 1000} kB a second in all.",
            "Send the request again. Whoever runs the server can raise the limit with PINCITE_BODY_SECONDS.",
        )


class HttpExchange:
    """A request and its response, as the application sees them."""

    def __init__(
        self, receive: Receive, outgoing: Outgoing, rules: tuple[Callable[[bytes], None], ...], seconds: float
    ):
        self._receive = receive
        self._outgoing = outgoing
        self._rules = rules
        self._timeout = BodyTimeout(seconds)
        self._complete = False
        self.refusal: Refusal | None = None
        """Why the body was not read to its end, or is not answered."""

    @property
    def unanswered(self) -> bool:
        """Whether the refusal can still be told."""
        return self.refusal is not None and not self._outgoing.started

    async def receive(self) -> Message:
        """The next part of the body; once it is complete, whatever there is, for as long as that takes."""
        if self.refusal is not None:
            return _GONE
        if self._complete:
            return await self._receive()
        try:
            message = await self._in_time(self._receive())
            for rule in self._rules:
                rule(message.get("body", b""))
        except RefusedError as refused:
            self.refusal = refused.refusal
            return _GONE
        self._complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """A part of the response, unless a refusal takes its place."""
        if self.unanswered:
            return
        try:
            await self._outgoing.send(message)
        except RefusedError as refused:
            self.refusal = refused.refusal

    async def _in_time(self, awaited: Awaitable[Message]) -> Message:
        """Only waiting counts: while the application is busy, it is not the client who is slow."""
        clock = asyncio.get_running_loop()
        began = clock.time()
        try:
            async with asyncio.timeout(self._timeout.seconds_left):
                message = await awaited
        except TimeoutError:
            raise RefusedError(self._timeout.stalled()) from None
        self._timeout.note(clock.time() - began, len(message.get("body", b"")))
        return message
