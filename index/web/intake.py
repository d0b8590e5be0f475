"""Files from the page's drop zone, received in the place of Gradio.

Gradio's own route parses on the event loop, fails where a form is odd, and answers with absolute paths. This one keeps
the service's limits and answers with handles. The files are where Gradio looks for them, and those that nobody wanted
are deleted by it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.from_thread
from fastapi import Request  # noqa: TC002 - FastAPI reads it when it runs
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from gradio.routes import file_upload_statuses
from gradio.utils import get_upload_folder
from starlette.exceptions import HTTPException

from index.api.multipart import MEDIA_TYPE, Multipart, chunks
from index.errors import TooMany
from index.loading.opening import too_large
from index.serving import safe_name
from index.serving.slots import client_of
from index.web.received import browser_of, cookie, new_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    import gradio as gr
    from fastapi import FastAPI

    from index.api.service import Service
    from index.web.handles import Handles
    from index.web.received import Received

PATH = "/gradio_api/upload"
_MOST_FILES = 1000
"""As many are received, whatever the settings allow: the event that follows says what they allow, on the page."""


def add_intake(app: FastAPI, page: gr.Blocks, handles: Handles, received: Received) -> None:
    """Serve it, in front of Gradio's own route. What a browser has sent is noted in `received`."""
    service: Service = app.state.service

    async def upload(request: Request, upload_id: str = "") -> JSONResponse:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise HTTPException(415, f"The body has to be {MEDIA_TYPE}.")
        intake = Intake(Path(get_upload_folder()), service, handles, upload_id)
        given = await service.receivers.run(client_of(request.scope), intake.receive, request)
        paths = [path for handle in given if (path := handles.path(handle))]
        page.upload_file_set.update(paths)
        browser = browser_of(request.scope)
        headers = {} if browser else {"Set-Cookie": cookie(browser := new_browser(), request.headers)}
        received.add(browser, paths)
        return JSONResponse(given, headers={"Cache-Control": "no-store", **headers})

    app.add_api_route(PATH, upload, methods=["POST"], include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Intake:
    """One upload, received by a thread."""

    folder: Path
    service: Service
    handles: Handles
    progress: str
    """By what the page asks how far it is; empty where it does not."""

    def receive(self, request: Request) -> list[str]:
        """The handles of its files, in order; nothing of them stays where one is too much."""
        handles: list[str] = []
        most = max(_MOST_FILES, self.service.settings.max_upload_files)
        try:
            for name, content in Multipart(request.headers["content-type"], chunks(request)).files():
                if len(handles) == most:
                    raise TooMany("files", len(handles) + 1, most, "PINCITE_MAX_UPLOAD_FILES")
                handles.append(self._file(safe_name(name), content))
        except BaseException:
            for handle in handles:
                shutil.rmtree(self.handles.take_back(handle).parent, ignore_errors=True)
            raise
        finally:
            if self.progress:
                anyio.from_thread.run_sync(file_upload_statuses.set_done, self.progress)
        if not handles:
            raise RequestValidationError([{"loc": ("body", "files"), "msg": "There is no file in the body."}])
        return handles

    def _file(self, name: str, content: Iterator[bytes]) -> str:
        most = self.service.settings.max_file_megabytes * 1_000_000
        handle, path = self.handles.give(self.folder, name)
        path.parent.mkdir(parents=True)
        try:
            with path.open("wb") as file:
                for chunk in content:
                    if file.tell() + len(chunk) > most:
                        raise too_large(name, most)
                    file.write(chunk)
                    if self.progress:
                        anyio.from_thread.run_sync(file_upload_statuses.append, self.progress, name, chunk)
        except BaseException:
            shutil.rmtree(self.handles.take_back(handle).parent, ignore_errors=True)
            raise
        return handle
