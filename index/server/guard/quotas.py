"""The share of one client: its concurrent requests, its uploads, and the bytes that it has not read.

Only the event loop uses this module, so nothing here is locked.

Servers write a body at once, however large, and then forget the request, so that unread bytes belong to no client.
Here a body is sent in pieces, each after the client has read the previous one, so that it counts until the end.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from index.server.guard.origins import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Message, Send

_RETRY_SECONDS = 5
MOST_UNREAD = 64_000_000
"""Bytes of complete responses in memory that one client may leave unread; a single response may be larger."""
PIECE = 64 * 1024
"""Bytes of a body that are written at once. A response in smaller chunks is a stream and not in memory as a whole."""


class RefusedError(Exception):
    """A request is refused; `refusal` is the response."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Shares:
    """Counts the work in progress of each client, and applies the limits.

    Clients without an address, such as those of a Unix socket, cannot be distinguished and have no limits.
    """

    max_requests: int
    max_uploads: int
    max_upload_bytes: int
    requests: Counter[str] = field(default_factory=Counter)
    uploads: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    """Bytes of uploads: announced, or arrived if nothing was announced."""
    unread: Counter[str] = field(default_factory=Counter)
    """Unread bytes of responses."""

    @contextmanager
    def request(self, client: str) -> Iterator[None]:
        """Count a request while it is processed. Raises RefusedError if the client has too many."""
        if client and self.requests[client] >= self.max_requests:
            raise RefusedError(
                Refusal(
                    429,
                    f"{self.max_requests} requests of this client are in progress.",
                    "Wait for one to end. The operator of this server can raise the limit with "
                    "PINCITE_MAX_CLIENT_REQUESTS. Behind a proxy, visitors are counted separately only if "
                    "PINCITE_TRUSTED_PROXIES names the proxy.",
                    _RETRY_SECONDS,
                )
            )
        with _counted(self.requests, client):
            yield

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
        try:
            with _counted(self.uploads, client):
                yield upload
        finally:
            upload.release()

    def require_unread_room(self, client: str, size: int) -> None:
        """Raise RefusedError if a response would exceed the client's limit of unread bytes."""
        if client and self.unread[client] > 0 and self.unread[client] + size > MOST_UNREAD:
            raise RefusedError(
                Refusal(
                    429,
                    f"This client has {self.unread[client] / 1_000_000:.0f} MB of unread responses.",
                    "Read them to the end, or close their connections.",
                    _RETRY_SECONDS,
                )
            )

    @contextmanager
    def response(self, client: str, size: int) -> Iterator[None]:
        """Count the bytes of a response until the client has read it."""
        with _counted(self.unread, client, size):
            yield


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


@contextmanager
def _counted(counter: Counter[str], client: str, number: int = 1) -> Iterator[None]:
    counter[client] += number
    try:
        yield
    finally:
        _subtract(counter, client, number)


def _subtract(counter: Counter[str], client: str, number: int) -> None:
    """Subtract from a client's count, and forget clients whose count is zero."""
    counter[client] -= number
    if counter[client] <= 0:
        del counter[client]


class ResponseSender:
    """Passes the application's response on to one client."""

    def __init__(self, send: Send, shares: Shares, client: str) -> None:
        self._send = send
        self._shares = shares
        self._client = client
        self._head: Message | None = None
        """The start of the response, held back until the size of the body is known and accepted."""
        self.started = False

    async def send(self, message: Message) -> None:
        """Send a part. Raises RefusedError before the first one if the client has too many unread bytes."""
        if message["type"] == "http.response.start" and _length(message) > PIECE:
            self._head = message
            return
        size = len(message.get("body", b""))
        if not self.started and size > PIECE:
            self._shares.require_unread_room(self._client, size)
        self.started = True
        if self._head is not None:
            head, self._head = self._head, None
            await self._send(head)
        if size <= PIECE:
            await self._send(message)
            return
        with self._shares.response(self._client, size):
            await self._send_pieces(message)

    async def _send_pieces(self, message: Message) -> None:
        body = message["body"]
        for start in range(0, len(body), PIECE):
            more = start + PIECE < len(body) or message.get("more_body", False)
            await self._send({**message, "body": body[start : start + PIECE], "more_body": more})


def _length(message: Message) -> int:
    """Return the announced length, or 0 without one."""
    declared = Headers(raw=message["headers"]).get("content-length", "") if "headers" in message else ""
    return int(declared) if declared.isdecimal() else 0
