"""Uploads to the page: their progress, and the files that no event has taken yet.

Gradio sends absolute paths to the browser and accepts any path back. Here an upload returns handles: unguessable names
that do not reveal where the files are. Gradio never sees the files or their paths.

Uploads count against limits from their first byte until an event takes them: a limit per client, and one for all. If
there is no room, old files are deleted: the client's own, or those of the client that holds most. Files newer than any
event needs are never deleted.

Gradio keeps every id forever and lets anyone wait for any id. Here an id is valid from the start of its upload until a
few seconds after its end, and only for the upload's client.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import anyio
from fastapi import Query, Request
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from index.errors import NotUploaded, UploadsFull
from index.server.limits import client_of
from index.server.permissions import CURATOR, Permission

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from fastapi import FastAPI
    from starlette.types import Scope

    from index.records.document import Arrival
    from index.server.uploads import Uploads
    from index.settings import Settings

RECEIVED_SECONDS = 3600.0
"""Seconds after which an unused file expires."""
GRACE_SECONDS = 60.0
"""Seconds during which a file is never deleted to make room: events follow their uploads within moments."""
MAX_FILES = 10_000
"""Maximum files of one client, unless an upload may have more than half of that."""
ALL = 4
"""The limit for all clients together, as a multiple of one client's."""
PATH = "/gradio_api/upload_progress"
UploadId = Annotated[str, Query(pattern="^[A-Za-z0-9_-]{0,64}$")]
KEPT_SECONDS = 5.0
"""Seconds for which the end of an upload can still be reported."""
_START_SECONDS = 3.0
"""Seconds to wait for an upload to start: the page requests the progress at the same time."""
_PAUSE = 0.1
"""Seconds between two polls."""


@dataclass(frozen=True, slots=True)
class _PendingFile:
    """A file that waits for its event."""

    arrival: Arrival
    browser: str
    client: str
    since: float


class PendingUploads:
    """Uploaded files by handle. Safe to use from several threads."""

    def __init__(self, uploads: Uploads, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._uploads = uploads
        self._clock = clock
        self._most_bytes = settings.max_upload_megabytes * 1_000_000
        self._most_files = max(MAX_FILES, 2 * settings.max_upload_files)
        self._lock = threading.Lock()
        self._files: dict[str, _PendingFile] = {}
        """Files by handle, oldest first."""
        self._handles: dict[str, dict[str, None]] = {}
        """Handles by client, oldest first."""
        self._held_bytes: Counter[str] = Counter()
        """Bytes by client, including those still arriving; `_held_files` likewise."""
        self._held_files: Counter[str] = Counter()

    @property
    def uploads(self) -> Uploads:
        """The folder of uploaded files."""
        return self._uploads

    def reserve(self, client: str, size: int, files: int = 0) -> None:
        """Count arriving bytes and files. Raises UploadsFull if there is no room for them."""
        self.expire()
        evicted: list[Arrival] = []
        try:
            with self._lock:
                while not self._fits_client(client, size, files):
                    evicted.append(self._forget(self._old_of(client) or self._refuse(of_all=False)))
                while not self._fits_all(size, files):
                    evicted.append(self._forget(self._old_of(self._largest()) or self._refuse(of_all=True)))
                self._held_bytes[client] += size
                self._held_files[client] += files
        finally:
            self._uploads.drop(evicted)

    def release(self, client: str, size: int, files: int) -> None:
        """Release reserved bytes and files."""
        with self._lock:
            self._subtract(client, size, files)

    def add(self, browser: str, client: str, arrivals: Iterable[Arrival]) -> list[str]:
        """Add files with reserved room, and return their handles in order; a handle ends in the file's name."""
        handles = []
        with self._lock:
            for arrival in arrivals:
                handle = f"{secrets.token_urlsafe(16)}/{arrival.name}"
                self._files[handle] = _PendingFile(arrival, browser, client, self._clock())
                self._handles.setdefault(client, {})[handle] = None
                handles.append(handle)
        return handles

    def holds(self, handle: object) -> bool:
        """Return whether this is a valid handle."""
        return isinstance(handle, str) and handle in self._files

    def take(self, browser: str, handles: Sequence[str]) -> list[Arrival]:
        """Take the files, each only once. Raises NotUploaded unless this browser has uploaded all of them."""
        oldest = self._clock() - RECEIVED_SECONDS
        with self._lock:
            found = [self._files[handle] for handle in handles if handle in self._files]
            own = [file for file in found if browser and file.browser == browser and file.since > oldest]
            if len(own) != len(set(handles)) or len(own) != len(handles):
                raise NotUploaded
            return [self._forget(handle) for handle in handles]

    def expire(self) -> None:
        """Delete expired files."""
        oldest = self._clock() - RECEIVED_SECONDS
        expired = []
        with self._lock:
            while (first := next(iter(self._files), None)) is not None and self._files[first].since <= oldest:
                expired.append(self._forget(first))
        self._uploads.drop(expired)

    def _fits_client(self, client: str, size: int, files: int) -> bool:
        return (
            self._held_bytes[client] + size <= self._most_bytes and self._held_files[client] + files <= self._most_files
        )

    def _fits_all(self, size: int, files: int) -> bool:
        return (
            self._held_bytes.total() + size <= ALL * self._most_bytes
            and self._held_files.total() + files <= ALL * self._most_files
        )

    def _largest(self) -> str:
        """Return the client that holds most of those with a deletable file; empty if there is none."""
        return max(filter(self._old_of, self._handles), key=self._held_bytes.__getitem__, default="")

    def _old_of(self, client: str) -> str:
        """Return the oldest file of a client if it may be deleted, else an empty text."""
        oldest = next(iter(self._handles.get(client, {})), "")
        return oldest if oldest and self._files[oldest].since <= self._clock() - GRACE_SECONDS else ""

    def _refuse(self, *, of_all: bool) -> str:
        raise UploadsFull(self._most_bytes // 1_000_000, self._most_files, of_all=of_all)

    def _forget(self, handle: str) -> Arrival:
        waiting = self._files.pop(handle)
        own = self._handles[waiting.client]
        del own[handle]
        if not own:
            del self._handles[waiting.client]
        self._subtract(waiting.client, waiting.arrival.size, 1)
        return waiting.arrival

    def _subtract(self, client: str, size: int, files: int) -> None:
        """Subtract from a client's counts, and forget clients with nothing."""
        for counter, count in ((self._held_bytes, size), (self._held_files, files)):
            counter[client] -= count
            if counter[client] <= 0:
                del counter[client]


class Transfer:
    """The progress of one upload. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unreported: dict[str, int] = {}
        self.ended: float | None = None
        """When it ended, successfully or not."""

    def add(self, name: str, size: int) -> None:
        """Record `size` more bytes of a file."""
        with self._lock:
            self._unreported[name] = self._unreported.get(name, 0) + size

    def take_progress(self) -> dict[str, int]:
        """Return the bytes that have arrived since the last call, by file name."""
        with self._lock:
            progress, self._unreported = self._unreported, {}
        return progress


class Transfers:
    """The uploads in progress and those that have just ended. For one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._transfers: dict[tuple[str, str], Transfer] = {}

    def begin(self, client: str, identity: str) -> Transfer:
        """Start recording an upload. The guard limits the uploads of a client."""
        oldest = self._clock() - KEPT_SECONDS
        for key in [key for key, old in self._transfers.items() if old.ended is not None and old.ended < oldest]:
            del self._transfers[key]
        transfer = Transfer()
        if identity:
            self._transfers[client, identity] = transfer
        return transfer

    def end(self, transfer: Transfer) -> None:
        """Record the end of an upload."""
        transfer.ended = self._clock()

    async def find(self, client: str, identity: str) -> Transfer | None:
        """Wait for an upload to start and return it, or None after a timeout."""
        for _ in range(round(_START_SECONDS / _PAUSE)):
            if (client, identity) in self._transfers:
                break
            await anyio.sleep(_PAUSE)
        return self._transfers.get((client, identity))


def add_transfers(app: FastAPI, transfers_of: Callable[[Scope], Transfers]) -> None:
    """Add the route before Gradio's."""

    @Permission(CURATOR, counts_as="request")
    async def upload_progress(request: Request, upload_id: UploadId) -> StreamingResponse:
        transfer = await transfers_of(request.scope).find(client_of(request.scope), upload_id)
        if transfer is None:
            raise HTTPException(404, "There is no such upload.")
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(_events(transfer), headers=headers, media_type="text/event-stream")

    app.add_api_route(PATH, upload_progress, methods=["GET"], include_in_schema=False)


async def _events(transfer: Transfer) -> AsyncIterator[str]:
    """Yield server-sent events in the format of Gradio's page."""
    ended = False
    while not ended:
        ended = transfer.ended is not None  # read before the progress, so that the last bytes are reported
        for name, size in transfer.take_progress().items():
            yield _event({"msg": "update", "orig_name": name, "chunk_size": size})
        if not ended:
            await anyio.sleep(_PAUSE)
    yield _event({"msg": "done"})


def _event(message: dict[str, str | int]) -> str:
    return f"data: {json.dumps(message)}\n\n"
