"""Files from the page's drop zone, received in the place of Gradio.

Gradio's own route parses on the event loop, fails where a form is odd, and answers with absolute paths. This one keeps
the service's limits, sets files down where the service does, and answers with handles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request  # noqa: TC002 - FastAPI reads it when it runs
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from index.api.multipart import MEDIA_TYPE, Multipart, chunks
from index.errors import TooMany
from index.serving.slots import client_of
from index.web.cookies import browser_of, cookie, new_browser
from index.web.transfers import UploadId  # noqa: TC001 - FastAPI reads it when it runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from index.api.service import Service
    from index.serving import Arrival
    from index.web.received import Received
    from index.web.transfers import Transfer, Transfers

PATH = "/gradio_api/upload"
_MOST_FILES = 1000
"""As many are received, whatever the settings allow: the event that follows says what they allow, on the page."""


def add_intake(app: FastAPI, received: Received, transfers: Transfers) -> None:
    """Serve it, in front of Gradio's own route."""
    service: Service = app.state.service

    async def upload(request: Request, upload_id: UploadId = "") -> JSONResponse:
        service.jobs.require_writable()
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise HTTPException(415, f"The body has to be {MEDIA_TYPE}.")
        browser, headers = browser_of(request.scope), {"Cache-Control": "no-store"}
        if not browser:
            browser = new_browser()
            headers["Set-Cookie"] = cookie(browser, request.headers)
        client = client_of(request.scope)
        transfer = transfers.begin(client, upload_id)
        try:
            intake = Intake(service, received, browser, client, transfer)
            handles = await service.receivers.run(client, intake.receive, request)
        finally:
            transfers.end(transfer)
        return JSONResponse(handles, headers=headers)

    app.add_api_route(PATH, upload, methods=["POST"], include_in_schema=False)


@dataclass(slots=True)
class Intake:
    """One upload, received by a thread."""

    service: Service
    received: Received
    browser: str
    client: str
    transfer: Transfer
    size: int = 0
    """In bytes, for which there is room."""
    files: int = 0
    """The same."""

    def receive(self, request: Request) -> list[str]:
        """The handles of its files, in order; nothing of them stays where one is too much."""
        arrivals: list[Arrival] = []
        try:
            for name, content in Multipart(request.headers["content-type"], chunks(request)).files():
                self._demand_fewer(len(arrivals))
                self._reserve(0, 1)
                arrivals.append(self.received.uploads.receive(name, self._counted(name, content)))
            if not arrivals:
                raise RequestValidationError([{"loc": ("body", "files"), "msg": "There is no file in the body."}])
        except BaseException:
            self.received.uploads.drop(arrivals)
            self.received.release(self.client, self.size, self.files)
            raise
        # Here, not where the thread's outcome is awaited: whoever sent them may have left by then.
        return self.received.add(self.browser, self.client, arrivals)

    def _demand_fewer(self, files: int) -> None:
        most = max(_MOST_FILES, self.service.settings.max_upload_files)
        if files == most:
            raise TooMany("files", files + 1, most, "PINCITE_MAX_UPLOAD_FILES")

    def _counted(self, name: str, content: Iterator[bytes]) -> Iterator[bytes]:
        """The content, counted as it comes."""
        for chunk in content:
            self._reserve(len(chunk), 0)
            self.transfer.add(name, len(chunk))
            yield chunk

    def _reserve(self, size: int, files: int) -> None:
        self.received.reserve(self.client, size, files)
        self.size += size
        self.files += files
