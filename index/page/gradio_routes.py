"""Restricts Gradio to the routes that the page needs, and validates requests to them.

The page and `gradio_client` need a dozen of Gradio's seventy routes. Others fetch any URL, write files, run unchecked
events, or fail on unusual requests; they are blocked. Requests to the open routes are validated before Gradio sees
them, and Gradio's errors become problem documents.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, QueryParams
from starlette.responses import JSONResponse

from index.errors import NotUploaded
from index.page.intake import owner_of
from index.records import texts
from index.server.guard.origins import Refusal, local_path
from index.server.http import problems
from index.server.permissions import READER, Permission, Permissions, lacking, rule
from index.server.principals import ROLE, ROLES, SINK

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from index.page.intake import PendingUploads

_FILES = Permission(READER, counts_as="nothing")
_QUEUE = Permission(READER, counts_as="request")
OPEN = Permissions(
    [
        *(rule(f"GET|HEAD {path}", _FILES) for path in ("/", "/config", "/config/", "/theme.css", "/favicon.ico")),
        *(rule(f"GET|HEAD {path}", _FILES) for path in ("/robots.txt", "/assets/{path:path}", "/static/{path:path}")),
        *(rule(f"GET|HEAD /gradio_api/{name}", _FILES) for name in ("info", "app_id")),
        rule("GET|HEAD /gradio_api/queue/data", Permission(READER, counts_as="request", is_polled=True)),
        *(rule(f"POST /gradio_api/{name}", _QUEUE) for name in ("queue/join", "cancel", "reset")),
    ]
)
"""The routes of Gradio that are open. What an event needs is said where it is declared."""
_JOIN = "/gradio_api/queue/join"
_STREAM = "/gradio_api/queue/data"
_CANCEL = "/gradio_api/cancel"
_JSON = "application/json"
_DROPPED_PARAMETERS = ("page", "deep_link")
IDLE_SECONDS = 30.0
"""Seconds after which an idle event stream ends; Gradio would keep it open forever."""
_SESSION = re.compile(r"[\w-]{1,64}", re.ASCII)
_NOT_BEGUN = "none"
"""Stands for the name of an event that has none yet."""
_EVENT_KEYS = ("data", "fn_index", "session_hash", "event_data", "trigger_id")
_NOT_FOUND = Refusal(
    404,
    "There is nothing at this address.",
    "Check it, or start anew. The addresses of the API are described at /docs.",
)
_PROGRAMS = "Programs should use /v1/ask, which /docs describes."
_INVALID_EVENT = Refusal(422, "This is not an event of the page.", _PROGRAMS)
_NOT_JSON = Refusal(415, f"The body must be {_JSON}.", _PROGRAMS)
_NOT_UPLOADED = Refusal(422, NotUploaded().message, NotUploaded().hint)
_REFUSED = {
    400: Refusal(400, "The request cannot be read.", _PROGRAMS),
    404: _NOT_FOUND,
    422: Refusal(422, "The request is invalid.", _PROGRAMS),
    503: Refusal(503, texts.MANY_WAITING, "Try again later.", 5),
}
"""Our refusals for Gradio's error statuses."""
_FAILED = Refusal(500, "An internal error occurred.", "The operator of this server can find the details in its log.")


@dataclass(frozen=True, slots=True)
class PageEvent:
    """An event of the page: the number of its inputs, and who may send it."""

    inputs: int
    permission: Permission

    def refusal(self, scope: Scope) -> Refusal | None:
        """Return the refusal of somebody whose role does not suffice, or None; without accounts there are no roles."""
        role = scope.get(ROLE)
        if role is None or ROLES[role] >= self.permission.role:
            return None
        return lacking(self.permission.role, role)


@dataclass(frozen=True, slots=True)
class GradioGate:
    """ASGI middleware around Gradio's application."""

    app: ASGIApp
    events: Mapping[int, PageEvent]
    """The events of the page by their numbers."""
    received_of: Callable[[Scope], PendingUploads]
    """Returns the files that the visitor of a request has uploaded."""
    is_pending: Callable[[str], bool]
    """Returns whether a session has unfinished events."""
    is_known: Callable[[str], bool] = lambda _: True
    """Returns whether a session exists. Gradio begins the stream of an unknown one and then fails."""
    permissions: Permissions = OPEN

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path, method = local_path(scope), scope["method"]
        refusal = None if OPEN.find(method, path) else _NOT_FOUND
        if refusal is None and method == "POST" and not _is_json(scope):
            refusal = _NOT_JSON
        if refusal is None and method == "POST":
            body = await _read_body(receive)
            if body is None:
                return
            checked = await self._event(body, scope) if path == _JOIN else _cancel_request(body, scope)
            if isinstance(checked, Refusal):
                refusal = checked
            else:
                scope, receive = _with_length(scope, checked), _replay(checked, receive)
        if refusal is not None:
            await problems.refuse(refusal, scope, receive, send)
            return
        if path == _STREAM:
            scope = _with_own_session(scope)
            session = QueryParams(scope["query_string"]).get("session_hash")
            if session is not None and not self.is_known(session):
                await problems.refuse(_NOT_FOUND, scope, receive, send)
                return
            receive = self._until_idle(scope, receive)
        elif method != "POST":
            scope = _without_dropped_parameters(scope)
        with suppress(KeyError) if path == _CANCEL else nullcontext():  # Gradio's (6.31), if the event ends meanwhile
            await self.app(scope, receive, EventResponse(scope, receive, send).send)

    async def _event(self, body: bytes, scope: Scope) -> bytes | Refusal:
        """Validate an event: it must be one of the page's that this role may send, and its files must be uploaded."""
        event = _parse_json(body)
        found = self._of_page(event)
        if found is None:
            return _INVALID_EVENT
        if (refusal := found.refusal(scope)) is not None:
            if found.permission.action and SINK in scope:
                await run_in_threadpool(partial(scope[SINK], found.permission.action, outcome=refusal.status))
            return refusal
        if not self._is_uploaded(event["data"], scope):
            return _NOT_UPLOADED
        kept = {key: event[key] for key in _EVENT_KEYS if key in event}
        return json.dumps({**kept, "session_hash": _own_session(event["session_hash"], scope)}).encode()

    def _of_page(self, event: Any) -> PageEvent | None:
        """Return the page's event that a request means; None for any other request."""
        if not isinstance(event, dict) or not isinstance(event.get("data"), list):
            return None
        session, number = event.get("session_hash"), event.get("fn_index")
        if not isinstance(session, str) or not _SESSION.fullmatch(session) or type(number) is not int:
            return None
        found = self.events.get(number)
        return found if found is not None and found.inputs == len(event["data"]) else None

    def _is_uploaded(self, data: list[Any], scope: Scope) -> bool:
        """Return whether every file is given by a valid handle."""
        rest: list[Any] = [data]
        while rest:
            value = rest.pop()
            if isinstance(value, list):
                rest.extend(value)
            elif isinstance(value, dict):
                rest.extend(value.values())
                if "path" in value and not self.received_of(scope).holds(value["path"]):
                    return False
        return True

    def _until_idle(self, scope: Scope, receive: Receive) -> Receive:
        """Return a `receive` that reports a disconnect to Gradio once the stream is idle; Gradio calls it often."""
        session = QueryParams(scope["query_string"]).get("session_hash", "")
        busy = time.monotonic()

        async def receiving() -> Message:
            nonlocal busy
            if self.is_pending(session):
                busy = time.monotonic()
            elif time.monotonic() >= busy + IDLE_SECONDS:
                return {"type": "http.disconnect"}
            return await receive()

        return receiving


class EventResponse:
    """Passes Gradio's response on as a stream, but replaces an error with our problem document."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._refused = 0

    async def send(self, message: Message) -> None:
        """Handle the next part of the response."""
        if message["type"] == "http.response.start" and message["status"] >= 400:
            self._refused = message["status"]
        elif not self._refused:
            await self._send(message)
        elif message.get("more_body"):
            return
        elif self._refused >= 500 and local_path(self._scope) == _CANCEL:  # the event has ended, as the page wanted
            await JSONResponse({"success": True})(self._scope, self._receive, self._send)
        else:
            refusal = _REFUSED.get(self._refused, _FAILED if self._refused >= 500 else _other_refusal(self._refused))
            await problems.refuse(refusal, self._scope, self._receive, self._send)


def _other_refusal(status: int) -> Refusal:
    return Refusal(status, "The request was refused.")


def _without_dropped_parameters(scope: Scope) -> Scope:
    """Remove query parameters that name pages or states: we have none, and Gradio fails on unknown ones."""
    asked = QueryParams(scope["query_string"]).multi_items()
    kept = [(name, value) for name, value in asked if name not in _DROPPED_PARAMETERS]
    return {**scope, "query_string": urlencode(kept).encode()} if len(kept) < len(asked) else scope


def _is_json(scope: Scope) -> bool:
    return Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower() == _JSON


def _parse_json(body: bytes) -> Any:
    """Parse JSON, or return None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _cancel_request(body: bytes, scope: Scope) -> bytes | Refusal:
    """Validate a request to cancel or reset an event: Gradio expects names and numbers, and fails on other values."""
    wanted = _parse_json(body)
    if isinstance(wanted, dict) and wanted.get("event_id") is None:  # ended before the page knew its name
        wanted["event_id"] = _NOT_BEGUN
    values = wanted.values() if isinstance(wanted, dict) else [None]
    if not all(type(value) is int or (isinstance(value, str) and _SESSION.fullmatch(value)) for value in values):
        return _REFUSED[422]
    if isinstance(wanted.get("session_hash"), str):
        wanted["session_hash"] = _own_session(wanted["session_hash"], scope)
    return json.dumps(wanted).encode()


def _own_session(session: str, scope: Scope) -> str:
    """Return the name of a session as Gradio sees it.

    The page chooses the name, and Gradio lets everybody who knows it read and cancel its events. Where people differ,
    the name includes a hash of who sends the request, so that it names only this person's sessions.
    """
    owner = owner_of(scope)
    return hashlib.sha256(f"{owner} {session}".encode()).hexdigest() if owner else session


def _with_own_session(scope: Scope) -> Scope:
    query = QueryParams(scope["query_string"])
    if not owner_of(scope) or "session_hash" not in query:
        return scope
    pairs = {**query, "session_hash": _own_session(query["session_hash"], scope)}
    return {**scope, "query_string": urlencode(pairs).encode()}


async def _read_body(receive: Receive) -> bytes | None:
    """Read the whole body, whose size the guard limits; return None if the client has disconnected."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Return a `receive` that returns the body once, then the following messages."""
    rest = [body]

    async def receiving() -> Message:
        return {"type": "http.request", "body": rest.pop(), "more_body": False} if rest else await receive()

    return receiving


def _with_length(scope: Scope, body: bytes) -> Scope:
    """Return the scope with the length of the new body."""
    kept = [pair for pair in scope["headers"] if pair[0].lower() not in (b"content-length", b"transfer-encoding")]
    return {**scope, "headers": [*kept, (b"content-length", str(len(body)).encode())]}
