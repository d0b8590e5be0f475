"""The route that receives files from the page's drop zone; it replaces Gradio's.

Gradio's route parses on the event loop, fails on unusual forms, and returns absolute paths. This one applies the limits
of the API, stores files where the API does, and returns handles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request  # noqa: TC002 - FastAPI reads the annotation when it runs
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from index.api.multipart import MEDIA_TYPE, Multipart, chunks
from index.errors import TooMany
from index.serving.slots import client_of
from index.web.cookies import browser_of, cookie, new_browser
from index.web.transfers import UploadId  # noqa: TC001 - the same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from index.api.service import Service
    from index.serving import Arrival
    from index.web.received import PendingUploads
    from index.web.transfers import Transfer, Transfers

PATH = "/gradio_api/upload"
_MAX_FILES = 1000
"""Files received per upload, even if the settings allow fewer: the following event reports that limit."""


def add_intake(app: FastAPI, received: PendingUploads, transfers: Transfers) -> None:
    """Add the route before Gradio's."""
    service: Service = app.state.service

    async def upload(request: Request, upload_id: UploadId = "") -> JSONResponse:
        service.jobs.require_writable()
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise HTTPException(415, f"The body must be {MEDIA_TYPE}.")
        browser, headers = browser_of(request.scope), {"Cache-Control": "no-store"}
        if not browser:
            browser = new_browser()
            headers["Set-Cookie"] = cookie(browser, request.headers)
        client = client_of(request.scope)
        transfer = transfers.begin(client, upload_id)
        try:
            intake = UploadReceiver(service, received, browser, client, transfer)
            handles = await service.receivers.run(client, intake.receive, request)
        finally:
            transfers.end(transfer)
        return JSONResponse(handles, headers=headers)

    app.add_api_route(PATH, upload, methods=["POST"], include_in_schema=False)


@dataclass(slots=True)
class UploadReceiver:
    """Receives one upload in a thread."""

    service: Service
    received: PendingUploads
    browser: str
    client: str
    transfer: Transfer
    size: int = 0
    """Reserved bytes."""
    files: int = 0
    """Reserved files."""

    def receive(self, request: Request) -> list[str]:
        """Store the files and return their handles in order; if one of them fails, none is kept."""
        arrivals: list[Arrival] = []
        try:
            for name, content in Multipart(request.headers["content-type"], chunks(request)).files():
                self._require_fewer(len(arrivals))
                self._reserve(0, 1)
                arrivals.append(self.received.uploads.receive(name, self._counted(name, content)))
            if not arrivals:
                raise RequestValidationError([{"loc": ("body", "files"), "msg": "The body contains no files."}])
        except BaseException:
            self.received.uploads.drop(arrivals)
            self.received.release(self.client, self.size, self.files)
            raise
        # In the thread, because the client may have disconnected when the result is awaited.
        return self.received.add(self.browser, self.client, arrivals)

    def _require_fewer(self, files: int) -> None:
        most = max(_MAX_FILES, self.service.settings.max_upload_files)
        if files == most:
            raise TooMany("files", files + 1, most, "PINCITE_MAX_UPLOAD_FILES")

    def _counted(self, name: str, content: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the content and count its bytes."""
        for chunk in content:
            self._reserve(len(chunk), 0)
            self.transfer.add(name, len(chunk))
            yield chunk

    def _reserve(self, size: int, files: int) -> None:
        self.received.reserve(self.client, size, files)
        self.size += size
        self.files += files
