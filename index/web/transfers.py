"""How far an upload is, told to the page that sends it.

Gradio keeps every id that anybody has ever named, and lets everybody wait for any of them. Here an id is known from the
beginning of its upload until a few seconds after its end, and to the upload's own client.
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
"""For so long the end of an upload can still be told."""
_PATIENCE = 3.0
"""Seconds within which an upload has to begin: the page asks for its progress at the same time."""
_PAUSE = 0.1
"""Seconds between two looks."""


class Transfer:
    """One upload. Safe to use from several threads."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._untold: dict[str, int] = {}
        self.ended: float | None = None
        """When it ended, well or not."""

    def add(self, name: str, size: int) -> None:
        """So many more bytes of a file have arrived."""
        with self._changing:
            self._untold[name] = self._untold.get(name, 0) + size

    def news(self) -> dict[str, int]:
        """By the names of files, the bytes that have arrived since this was last asked."""
        with self._changing:
            news, self._untold = self._untold, {}
        return news


class Transfers:
    """The uploads that are under way or have just ended. For one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._transfers: dict[tuple[str, str], Transfer] = {}

    def begin(self, client: str, identity: str) -> Transfer:
        """A new upload. The guard limits how many a client has."""
        oldest = self._clock() - KEPT_SECONDS
        for key in [key for key, each in self._transfers.items() if each.ended is not None and each.ended < oldest]:
            del self._transfers[key]
        transfer = Transfer()
        if identity:
            self._transfers[client, identity] = transfer
        return transfer

    def end(self, transfer: Transfer) -> None:
        """It has ended; whoever follows it is told."""
        transfer.ended = self._clock()

    async def find(self, client: str, identity: str) -> Transfer | None:
        """An upload, as soon as it has begun; None where it does not begin."""
        for _ in range(round(_PATIENCE / _PAUSE)):
            if (client, identity) in self._transfers:
                break
            await anyio.sleep(_PAUSE)
        return self._transfers.get((client, identity))


def add_transfers(app: FastAPI, transfers: Transfers) -> None:
    """Serve it, in front of Gradio's own route."""

    async def upload_progress(request: Request, upload_id: UploadId) -> StreamingResponse:
        transfer = await transfers.find(client_of(request.scope), upload_id)
        if transfer is None:
            raise HTTPException(404, "No such upload is under way.")
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(_events(transfer), headers=headers, media_type="text/event-stream")

    app.add_api_route(PATH, upload_progress, methods=["GET"], include_in_schema=False)


async def _events(transfer: Transfer) -> AsyncIterator[str]:
    """Server-sent events, as Gradio's page reads them."""
    ended = False
    while not ended:
        ended = transfer.ended is not None  # before the news are asked for, so that the last ones are told
        for name, size in transfer.news().items():
            yield _event({"msg": "update", "orig_name": name, "chunk_size": size})
        if not ended:
            await anyio.sleep(_PAUSE)
    yield _event({"msg": "done"})


def _event(told: dict[str, str | int]) -> str:
    return f"data: {json.dumps(told)}\n\n"
