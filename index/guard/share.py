"""How much one client may do at a time, so that something is left for the others.

Used by the event loop alone: nothing here is locked.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from index.guard.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

_RETRY_SECONDS = 5
MOST_UNREAD = 64_000_000
"""Bytes of responses, in memory as a whole, that one client may leave unread; one that is alone may be larger."""


class RefusedError(Exception):
    """Carries the refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Shares:
    """What each client has under way, and how much that may be.

    Clients without an address, as behind a Unix socket, cannot be told apart: they have no share.
    """

    max_requests: int
    max_uploads: int
    max_upload_bytes: int
    requests: Counter[str] = field(default_factory=Counter)
    uploads: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    """Of the uploads: announced, or arrived where nothing was announced."""
    unread: Counter[str] = field(default_factory=Counter)
    """Bytes of responses."""

    @contextmanager
    def request(self, client: str) -> Iterator[None]:
        """One request, while it is worked on. Raises RefusedError where there are too many."""
        if client and self.requests[client] >= self.max_requests:
            raise RefusedError(
                Refusal(
                    429,
                    f"{self.max_requests} requests of this client are being worked on.",
                    "Wait for one to end. Whoever runs the server can raise the limit with "
                    "PINCITE_MAX_CLIENT_REQUESTS; behind a proxy, it counts each visitor only if "
                    "PINCITE_TRUSTED_PROXIES names the proxy.",
                    _RETRY_SECONDS,
                )
            )
        with _counted(self.requests, client):
            yield

    @contextmanager
    def upload(self, client: str) -> Iterator[Upload]:
        """One upload, while it arrives. Raises RefusedError where there are too many."""
        if client and self.uploads[client] >= self.max_uploads:
            raise RefusedError(
                Refusal(
                    429,
                    f"{self.max_uploads} uploads of this client are arriving.",
                    "Wait for one to end, or send several files in one upload. Whoever runs the server can raise the "
                    "limit with PINCITE_MAX_CLIENT_UPLOADS.",
                    _RETRY_SECONDS,
                )
            )
        upload = Upload(self, client)
        try:
            with _counted(self.uploads, client):
                yield upload
        finally:
            upload.release()

    def demand_room(self, client: str, size: int) -> None:
        """Raise RefusedError where a response would be too much beside those that this client has not read."""
        if client and self.unread[client] > 0 and self.unread[client] + size > MOST_UNREAD:
            raise RefusedError(
                Refusal(
                    429,
                    f"This client has {self.unread[client] / 1_000_000:.0f} MB of responses to read.",
                    "Read them to the end first, or close their connections.",
                    _RETRY_SECONDS,
                )
            )

    @contextmanager
    def response(self, client: str, size: int) -> Iterator[None]:
        """A response of so many bytes, until it has been read."""
        with _counted(self.unread, client, size):
            yield


@dataclass(slots=True)
class Upload:
    """The bytes of one upload, as a part of its client's share."""

    shares: Shares
    client: str
    taken: int = 0

    def take(self, size: int) -> None:
        """Count bytes. Raises RefusedError where they are too many, in this upload or with the client's others."""
        limit = self.shares.max_upload_bytes
        if self.taken + size > limit:
            raise RefusedError(
                Refusal(
                    413,
                    f"The upload is larger than {limit // 1_000_000} MB.",
                    "Send fewer files at once. Whoever runs the server can raise the limit with "
                    "PINCITE_MAX_UPLOAD_MEGABYTES.",
                )
            )
        if self.client and self.shares.bytes[self.client] + size > limit:
            raise RefusedError(
                Refusal(
                    429,
                    f"The uploads of this client are larger than {limit // 1_000_000} MB together.",
                    "Send it again when the others have arrived. Whoever runs the server can raise the limit with "
                    "PINCITE_MAX_UPLOAD_MEGABYTES.",
                    _RETRY_SECONDS,
                )
            )
        self.taken += size
        self.shares.bytes[self.client] += size

    def release(self) -> None:
        """Give back what was taken."""
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
    """Clients of whom nothing is under way are forgotten."""
    counter[client] -= number
    if counter[client] <= 0:
        del counter[client]
