"""Checks what visitors send to Gradio: events are validated, and our own route receives the files of the drop zone.

An upload does not identify its page. So each browser gets a cookie with its first upload, and sends it with the event.
With accounts, the files belong to who has sent them, too: whoever else knows the cookie cannot add them.

Gradio's upload route parses on the event loop, fails on unusual forms, and returns absolute paths. Our route applies
the limits of the API, stores files where the API does, and returns handles.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any

import anyio
import gradio as gr
from fastapi import Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from index.errors import NotUploaded, PinciteError, ServiceError, TooMany, UploadsFull, require_at_most
from index.server.http import problems
from index.server.http.requests import MEDIA_TYPE, Multipart, chunks
from index.server.http.service import ServiceDependency
from index.server.limits import VISITOR_KEY, client_of
from index.server.permissions import CURATOR, Permission
from index.server.principals import PRINCIPAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.types import Scope

    from index.records.document import Arrival
    from index.server.http.service import Service
    from index.server.principals import Principal
    from index.server.uploads import Uploads
    from index.settings import Settings

    ReceivedOf = Callable[[Scope], "PendingUploads"]
    TransfersOf = Callable[[Scope], "Transfers"]


# Uploads to the page: their progress, and the files that no event has taken yet.
#
# Gradio sends absolute paths to the browser and accepts any path back. Here an upload returns handles: unguessable
# names that do not reveal where the files are. Gradio never sees the files or their paths.
#
# Uploads count against limits from their first byte until an event takes them: a limit per client, and one for all. If
# there is no room, old files are deleted: the client's own, or those of the client that holds most. Files newer than
# any event needs are never deleted.
#
# Gradio keeps every id forever and lets anyone wait for any id. Here an id is valid from the start of its upload until
# a few seconds after its end, and only for the upload's client.

RECEIVED_SECONDS = 3600.0
"""Seconds after which an unused file expires."""
GRACE_SECONDS = 60.0
"""Seconds during which a file is never deleted to make room: events follow their uploads within moments."""
MAX_FILES = 10_000
"""Maximum files of one client, unless an upload may have more than half of that."""
ALL = 4
"""The limit for all clients together, as a multiple of one client's."""
PROGRESS_PATH = "/gradio_api/upload_progress"
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


def add_transfers(app: FastAPI, transfers_of: TransfersOf) -> None:
    """Add the route before Gradio's."""

    @Permission(CURATOR, counts_as="request")
    async def upload_progress(request: Request, upload_id: UploadId) -> StreamingResponse:
        transfer = await transfers_of(request.scope).find(client_of(request.scope), upload_id)
        if transfer is None:
            raise HTTPException(404, "There is no such upload.")
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(_events(transfer), headers=headers, media_type="text/event-stream")

    app.add_api_route(PROGRESS_PATH, upload_progress, methods=["GET"], include_in_schema=False)


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


COOKIE = "pincite_browser"
_VALUE = re.compile(r"[\w-]{20,64}", re.ASCII)
UPLOAD_PATH = "/gradio_api/upload"
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


def owner_of(scope: Scope) -> str:
    """Return the visitor of a demo, or the person or key of a server with accounts; empty if nobody is known."""
    if (visitor := scope.get(VISITOR_KEY)) is not None:
        return f"visitor {visitor.identity}"
    principal: Principal | None = scope.get(PRINCIPAL)
    return f"{principal.kind} {principal.subject}" if principal is not None else ""


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


def add_intake(app: FastAPI, received_of: ReceivedOf, transfers_of: TransfersOf) -> None:
    """Add the route before Gradio's."""

    @Permission(CURATOR, counts_as="upload", action="upload")
    async def upload(request: Request, service: ServiceDependency, upload_id: UploadId = "") -> JSONResponse:
        received, transfers = received_of(request.scope), transfers_of(request.scope)
        service.jobs.require_writable()
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise HTTPException(415, f"The body must be {MEDIA_TYPE}.")
        browser, headers = browser_of(request.scope), {"Cache-Control": "no-store"}
        if not browser:
            value = new_browser()
            browser = browser_of(request.scope, value)
            headers["Set-Cookie"] = cookie(value, request.headers)
        client = client_of(request.scope)
        transfer = transfers.begin(client, upload_id)
        try:
            intake = UploadReceiver(service, received, browser, client, transfer)
            handles = await service.receivers.run(client, intake.receive, request)
        finally:
            transfers.end(transfer)
        return JSONResponse(handles, headers=headers)

    app.add_api_route(UPLOAD_PATH, upload, methods=["POST"], include_in_schema=False)


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

    def __init__(self, service: Service, received_of: ReceivedOf, **options: Any) -> None:
        super().__init__(**options)
        self._received_of = received_of
        self._questions = service.questions
        self._changes = service.changes
        self._longest_question = service.settings.max_question_characters
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
                    scope[_ARRIVALS] = self._received_of(scope).take(browser_of(scope), handles)
                return await super().process_api(block_fn, inputs, state, request, *arguments, **options)
        except PinciteError as error:
            raise gr.Error(" ".join(problems.public_message(error)), print_exception=False) from None
        finally:
            if arrivals := arrivals_of(scope):
                self._received_of(scope).uploads.drop(arrivals)  # if the event has not taken them

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
        if isinstance(value, str):
            require_at_most("characters", len(value), self._longest_question, "PINCITE_MAX_QUESTION_CHARACTERS")
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
