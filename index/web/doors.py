"""The routes of Gradio that are open, and what goes through them.

The page and `gradio_client` need a dozen of Gradio's seventy routes. Others fetch any address, write files, run what
nobody has checked, or fail where a request is odd; they are not there. Requests through the open ones are checked
before Gradio sees them, and what it refuses becomes a problem document.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.datastructures import Headers, QueryParams

from index.errors import NotUploaded
from index.guard.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from index.web.received import Received

_READ = re.compile(
    r"/?|/config/?|/theme\.css|/favicon\.ico|/robots\.txt|/(?:assets|static)/.+"
    r"|/gradio_api/(?:info|queue/data|app_id)"
)
_SENT = re.compile(r"/gradio_api/(?:queue/join|cancel|reset)")
_JOIN = "/gradio_api/queue/join"
_STREAM = "/gradio_api/queue/data"
_JSON = "application/json"
_CHOICES = ("page", "deep_link")
IDLE_SECONDS = 30.0
"""For so long a stream may have no event to tell of; then it ends. Gradio would hold it for good."""
_SESSION = re.compile(r"[\w-]{1,64}", re.ASCII)
_EVENT_KEYS = ("data", "fn_index", "session_hash", "event_data", "trigger_id")
_NOTHING_HERE = Refusal(404, "There is nothing at this address.", "The service's addresses are described at /docs.")
_NO_EVENT = Refusal(422, "This is not an event of the page.", "Programs ask at /v1/ask, which /docs describes.")
_NO_JSON = Refusal(415, f"The body has to be {_JSON}.", "Programs ask at /v1/ask, which /docs describes.")
_NO_FILE = Refusal(422, NotUploaded().message, NotUploaded().hint)
_REFUSED = {
    400: Refusal(400, "The request cannot be read.", "Programs ask at /v1/ask, which /docs describes."),
    404: _NOTHING_HERE,
    422: Refusal(422, "The request does not fit its description.", "Programs ask at /v1/ask, which /docs describes."),
    503: Refusal(503, "Too many questions are waiting.", "Try again in a while.", 5),
}
"""How to tell what Gradio refuses."""
_FAILED = Refusal(500, "Something went wrong here.", "Whoever runs this server finds the details in its log.")


@dataclass(frozen=True, slots=True)
class Doors:
    """ASGI middleware around Gradio's application alone."""

    app: ASGIApp
    events: Mapping[int, int]
    """How many values each of the page's events takes, by its number."""
    received: Received
    is_pending: Callable[[str], bool]
    """Whether a session has events of which it has not been told the end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path, method = scope["path"], scope["method"]
        refusal = None if _is_open(method, path) else _NOTHING_HERE
        if refusal is None and method == "POST" and not _is_json(scope):
            refusal = _NO_JSON
        if refusal is None and method == "POST":
            body = await _whole(receive)
            if body is None:
                return
            checked = self._event(body) if path == _JOIN else _an_object(body)
            if isinstance(checked, Refusal):
                refusal = checked
            else:
                scope, receive = _measured(scope, checked), _replayed(checked, receive)
        if refusal is not None:
            await refusal.answer(scope, receive, send)
            return
        if path == _STREAM:
            receive = self._until_idle(scope, receive)
        elif method != "POST":
            scope = _without_choices(scope)
        await self.app(scope, receive, EventResponse(scope, receive, send).send)

    def _event(self, body: bytes) -> bytes | Refusal:
        """An event as Gradio may have it: one of the page's own, whose files were uploaded."""
        event = _parsed(body)
        session = event.get("session_hash") if isinstance(event, dict) else None
        if not isinstance(event, dict) or not isinstance(event.get("data"), list):
            return _NO_EVENT
        if not isinstance(session, str) or not _SESSION.fullmatch(session):
            return _NO_EVENT
        number = event.get("fn_index")
        if type(number) is not int or self.events.get(number) != len(event["data"]):
            return _NO_EVENT
        if not self._is_uploaded(event["data"]):
            return _NO_FILE
        return json.dumps({key: event[key] for key in _EVENT_KEYS if key in event}).encode()

    def _is_uploaded(self, data: list[Any]) -> bool:
        """Whether each file is named by a handle that stands for one."""
        rest: list[Any] = [data]
        while rest:
            value = rest.pop()
            if isinstance(value, list):
                rest.extend(value)
            elif isinstance(value, dict):
                rest.extend(value.values())
                if "path" in value and not self.received.holds(value["path"]):
                    return False
        return True

    def _until_idle(self, scope: Scope, receive: Receive) -> Receive:
        """Tells Gradio that the client has left, once there has been nothing to tell for a while; it asks often."""
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
    """A response of Gradio's on its way: it streams as it comes, unless it is a refusal, which is told anew."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._refused = 0

    async def send(self, message: Message) -> None:
        """Take the next part."""
        if message["type"] == "http.response.start" and message["status"] >= 400:
            self._refused = message["status"]
        elif not self._refused:
            await self._send(message)
        elif not message.get("more_body"):
            refusal = _REFUSED.get(self._refused, _FAILED if self._refused >= 500 else _told(self._refused))
            await refusal.answer(self._scope, self._receive, self._send)


def _told(status: int) -> Refusal:
    return Refusal(status, "The request is refused.")


def _is_open(method: str, path: str) -> bool:
    routes = _SENT if method == "POST" else _READ if method in ("GET", "HEAD") else None
    return routes is not None and routes.fullmatch(path) is not None


def _without_choices(scope: Scope) -> Scope:
    """Without the names of parts and states of the page that there are not: Gradio fails where it is asked for them."""
    asked = QueryParams(scope["query_string"]).multi_items()
    kept = [(name, value) for name, value in asked if name not in _CHOICES]
    return {**scope, "query_string": urlencode(kept).encode()} if len(kept) < len(asked) else scope


def _is_json(scope: Scope) -> bool:
    return Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower() == _JSON


def _parsed(body: bytes) -> Any:
    """None for what is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _an_object(body: bytes) -> bytes | Refusal:
    """A request to end an event, of which Gradio takes names and numbers; others it does not foresee."""
    wanted = _parsed(body)
    values = wanted.values() if isinstance(wanted, dict) else [None]
    if not all(type(value) is int or (isinstance(value, str) and _SESSION.fullmatch(value)) for value in values):
        return _REFUSED[422]
    return body


async def _whole(receive: Receive) -> bytes | None:
    """The body, which the guard keeps small; None where the client has left."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Gives the body once, and then whatever comes after it."""
    rest = [body]

    async def receiving() -> Message:
        return {"type": "http.request", "body": rest.pop(), "more_body": False} if rest else await receive()

    return receiving


def _measured(scope: Scope, body: bytes) -> Scope:
    """With the length of the body as it is now."""
    kept = [pair for pair in scope["headers"] if pair[0].lower() not in (b"content-length", b"transfer-encoding")]
    return {**scope, "headers": [*kept, (b"content-length", str(len(body)).encode())]}
