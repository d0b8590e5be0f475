"""Checks what visitors send to Gradio: events are validated, and our own route receives the files of the drop zone.

An upload does not identify its page. So each browser gets a cookie with its first upload, and sends it with the event.
With accounts, the files belong to who has sent them, too: whoever else knows the cookie cannot add them.

Gradio's upload route parses on the event loop, fails on unusual forms, and returns absolute paths. Our route applies
the limits of the API, stores files where the API does, and returns handles.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import gradio as gr
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from index.errors import NotUploaded, PinciteError, ServiceError, TooMany
from index.page.gradio_routes import owner_of
from index.page.transfers import UploadId
from index.server.http import problems
from index.server.http.requests import MEDIA_TYPE, Multipart, chunks
from index.server.http.service import ServiceDependency
from index.server.limits import VISITOR_KEY, client_of
from index.server.permissions import CURATOR, Permission

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.types import Scope

    from index.page.page_events import PageEventsByService
    from index.page.transfers import PendingUploads, Transfer
    from index.records.document import Arrival
    from index.server.http.service import Service

COOKIE = "pincite_browser"
_VALUE = re.compile(r"[\w-]{20,64}", re.ASCII)
PATH = "/gradio_api/upload"
_MAX_FILES = 1000
"""Files received per upload, even if the settings allow fewer: the following event reports that limit."""
MAX_EVENTS = 1000
"""Events that Gradio runs at once. Nearly all of them wait for their client's turn in `Slots`; with Gradio's default of
40, one visitor could occupy all."""
SESSIONS = 200
"""The number of sessions whose last values Gradio keeps. Dropping older sessions loses nothing: no control here has
state, and no event compares its values with earlier ones."""
_MAX_NAMES = 1000
_MAX_CHARACTERS = 100_000
"""Total length of the names in one list; the page sends ids of 64 characters."""
_ARRIVALS = "pincite.arrivals"
"""Key of an event's files in the scope of its request."""


def browser_of(scope: Scope, new: str = "") -> str:
    """Return the browser of a request, and who uses it; empty if it has uploaded nothing.

    In a demo, it is the visitor. `new` is the name that this request gives to a browser.
    """
    if VISITOR_KEY in scope:
        return owner_of(scope)
    value = new or HTTPConnection(scope).cookies.get(COOKIE, "")
    return f"{value} {owner_of(scope)}".strip() if _VALUE.fullmatch(value) else ""


def new_browser() -> str:
    """Return a random, unguessable name for a new browser."""
    return secrets.token_urlsafe(24)


def cookie(browser: str, headers: Mapping[str, str]) -> str:
    """Return a cookie that scripts cannot read, and that browsers send only with same-site requests.

    An https page may be embedded in a frame of another site, like hosted demos. There the cookie is `Partitioned`:
    browsers store it separately for that site and send it nowhere else.
    """
    is_secure = headers.get("origin", "").startswith("https://")
    sent_with = "SameSite=None; Secure; Partitioned" if is_secure else "SameSite=Strict"
    return f"{COOKIE}={browser}; Path=/; HttpOnly; {sent_with}"


def add_intake(app: FastAPI, events: PageEventsByService) -> None:
    """Add the route before Gradio's."""

    @Permission(CURATOR, counts_as="upload", action="upload")
    async def upload(request: Request, service: ServiceDependency, upload_id: UploadId = "") -> JSONResponse:
        own = events.of(request.scope)
        service.jobs.require_writable()
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise HTTPException(415, f"The body must be {MEDIA_TYPE}.")
        browser, headers = browser_of(request.scope), {"Cache-Control": "no-store"}
        if not browser:
            value = new_browser()
            browser = browser_of(request.scope, value)
            headers["Set-Cookie"] = cookie(value, request.headers)
        client = client_of(request.scope)
        transfer = own.transfers.begin(client, upload_id)
        try:
            intake = UploadReceiver(service, own.received, browser, client, transfer)
            handles = await service.receivers.run(client, intake.receive, request)
        finally:
            own.transfers.end(transfer)
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


class CheckedBlocks(gr.Blocks):
    """A page whose events accept only texts, lists of texts, and files that the same browser has uploaded.

    Gradio would read any path and fetch any URL that is sent in place of a file or a text. Here it never sees a file:
    events get theirs from `arrivals_of`.
    """

    def __init__(self, events: PageEventsByService, **options: Any) -> None:
        super().__init__(**options)
        self._events = events
        self._questions = events.shared.questions
        self._changes = events.shared.changes
        self._longest_question = events.shared.settings.max_question_characters
        self.max_threads = MAX_EVENTS
        self.state_session_capacity = SESSIONS
        # Gradio checks paths only if this is set; `launch` sets it, but a mounted page is never launched.
        self.has_launched = True

    async def process_api(
        self,
        block_fn: Any,
        inputs: list[Any],
        state: Any = None,
        request: Any = None,
        *arguments: Any,
        **options: Any,
    ) -> dict[str, Any]:
        """Run an event, or its next step, when it is its client's turn."""
        scope = scope_of(request)
        client = client_of(scope)
        try:
            handles, inputs = self._checked(block_fn, inputs)
            slots = self._changes if handles else self._questions
            async with slots.slot(client):
                if handles:
                    scope[_ARRIVALS] = self._events.of(scope).received.take(browser_of(scope), handles)
                return await super().process_api(block_fn, inputs, state, request, *arguments, **options)
        except PinciteError as error:
            raise gr.Error(" ".join(problems.public_message(error)), print_exception=False) from None
        finally:
            if arrivals := arrivals_of(scope):
                self._events.of(scope).received.uploads.drop(arrivals)  # if the event has not taken them

    def _checked(self, block_fn: Any, inputs: Sequence[Any]) -> tuple[list[str], list[Any]]:
        """Return the handles of an event's files, and the values that Gradio may see.

        Raises NotUploaded for a forbidden value, TooMany or ServiceError for a value that no control sends. The error
        gives no reason, because it must not depend on the files of this machine.
        """
        controls = self.fns[block_fn].inputs if isinstance(block_fn, int) else block_fn.inputs
        handles: list[str] = []
        checked: list[Any] = []
        for control, value in zip_longest(controls[: len(inputs)], inputs):
            if isinstance(control, gr.File):
                handles += _handles(value)
                checked.append(None)
            else:
                _require_plain(value)
                self._require_short(value)
                checked.append(value)
                if isinstance(control, gr.Textbox | gr.Radio):
                    _require_valid(value is None or isinstance(value, str))
                elif isinstance(control, gr.CheckboxGroup | gr.Dropdown):
                    _require_valid(value is None or (isinstance(value, list) and _are_texts(value)))
        return handles, checked

    def _require_short(self, value: Any) -> None:
        """Raise TooMany for a text longer than a question, ServiceError for a list that no control sends."""
        if isinstance(value, str) and len(value) > self._longest_question:
            raise TooMany("characters", len(value), self._longest_question, "PINCITE_MAX_QUESTION_CHARACTERS")
        if isinstance(value, list):
            characters = sum(len(part) for part in value if isinstance(part, str))
            _require_valid(len(value) <= _MAX_NAMES and characters <= _MAX_CHARACTERS)


def scope_of(request: Any) -> Scope:
    """Return the ASGI scope of a request from Gradio, or an empty one if the page is called within this process."""
    first = request[0] if isinstance(request, list) else request
    connection = getattr(first, "request", None)
    return connection.scope if isinstance(connection, HTTPConnection) else {"type": "http", "headers": []}


def arrivals_of(scope: Scope) -> list[Arrival]:
    """Take the files of an event from the scope of its request, once; the caller must release them."""
    arrivals: list[Arrival] = scope.pop(_ARRIVALS, [])
    return arrivals


def _handles(value: Any) -> list[str]:
    """Return the handles from a file control. Raises NotUploaded for any other value."""
    if value is None:
        return []
    named = [file.get("path") for file in value if isinstance(file, dict)] if isinstance(value, list) else []
    handles = [handle for handle in named if isinstance(handle, str)]
    if not isinstance(value, list) or len(handles) != len(value):
        raise NotUploaded
    return handles


def _require_plain(value: Any) -> None:
    """Raise NotUploaded unless the value is a text, a number, or a list of these: others may stand for a file."""
    parts = value if isinstance(value, list) else [value]
    if not all(part is None or isinstance(part, str | int | float) for part in parts):
        raise NotUploaded


def _require_valid(fits: bool) -> None:
    """Raise ServiceError unless a value fits its control."""
    if not fits:
        raise ServiceError("The page has sent an invalid value.", "Reload the page.")


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
