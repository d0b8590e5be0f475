"""Reports the progress of an upload to its page.

Gradio keeps every id forever and lets anyone wait for any id. Here an id is valid from the start of its upload until a
few seconds after its end, and only for the upload's client.
"""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Annotated

import anyio
from fastapi import Query, Request
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from index.serving.slots import client_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from fastapi import FastAPI

PATH = "/gradio_api/upload_progress"
UploadId = Annotated[str, Query(pattern="^[A-Za-z0-9_-]{0,64}$")]
KEPT_SECONDS = 5.0
"""Seconds for which the end of an upload can still be reported."""
_START_SECONDS = 3.0
"""Seconds to wait for an upload to start: the page requests the progress at the same time."""
_PAUSE = 0.1
"""Seconds between two polls."""


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


def add_transfers(app: FastAPI, transfers: Transfers) -> None:
    """Add the route before Gradio's."""

    async def upload_progress(request: Request, upload_id: UploadId) -> StreamingResponse:
        transfer = await transfers.find(client_of(request.scope), upload_id)
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
