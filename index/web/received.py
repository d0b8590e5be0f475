"""Which browser has uploaded which file: an event may only name files that its own browser has just uploaded.

Gradio answers an upload with the paths of its files, and whatever path an event names it takes for one of these. An
upload says nothing of the session that it belongs to; so each browser gets a cookie with its first upload, and shows it
when it sends the event.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST = 20_000
"""Files that are remembered; the oldest are forgotten first."""
KEPT_SECONDS = 3600.0
"""How long: as long as Gradio keeps what nobody has taken."""
COOKIE = "pincite_browser"
_VALUE = re.compile(r"[\w-]{20,64}", re.ASCII)
_UPLOAD = "/gradio_api/upload"


class Received:
    """Uploaded files, each with the browser that sent it. For one event loop."""

    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._files: dict[tuple[str, str], tuple[int, float]] = {}
        """By browser and path: how many times it was sent and not taken yet, and when it was sent last."""

    def add(self, browser: str, paths: Iterable[str]) -> None:
        """Note what a browser has uploaded."""
        now = self._clock()
        for path in paths:
            times, _ = self._files.pop((browser, path), (0, now))
            self._files[browser, path] = times + 1, now
        while self._files and (len(self._files) > self._most or self._is_old(next(iter(self._files.values()))[1])):
            del self._files[next(iter(self._files))]

    def take(self, browser: str, paths: Sequence[str]) -> bool:
        """Whether this browser has uploaded all of these files; then none of them can be taken a second time."""
        wanted = [(browser, path) for path in paths]
        if not browser or not all(self._is_there(key, wanted.count(key)) for key in set(wanted)):
            return False
        for key in wanted:
            times, since = self._files.pop(key)
            if times > 1:  # sent several times, by several pages of this browser
                self._files[key] = times - 1, since
        return True

    def _is_there(self, key: tuple[str, str], wanted: int) -> bool:
        times, since = self._files.get(key, (0, 0.0))
        return times >= wanted and not self._is_old(since)

    def _is_old(self, since: float) -> bool:
        return since <= self._clock() - KEPT_SECONDS


def browser_of(scope: Scope) -> str:
    """The browser that sent a request; empty where it has uploaded nothing."""
    given = HTTPConnection(scope).cookies.get(COOKIE, "")
    return given if _VALUE.fullmatch(given) else ""


@dataclass(frozen=True, slots=True)
class Receiving:
    """ASGI middleware around Gradio's application: notes who has uploaded what."""

    app: ASGIApp
    received: Received

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; the answer to an upload is read on its way."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith(_UPLOAD):
            headers = [pair for pair in scope["headers"] if pair[0].lower() != b"accept-encoding"]
            plain = {**scope, "headers": headers}
            await self.app(plain, receive, _Answer(plain, self.received, send).send)
        else:
            await self.app(scope, receive, send)


class _Answer:
    """The answer to an upload, held back until it is complete."""

    def __init__(self, scope: Scope, received: Received, send: Send) -> None:
        self._scope = scope
        self._received = received
        self._send = send
        self._start: Message = {}
        self._body = b""

    async def send(self, message: Message) -> None:
        """Take the next part."""
        if message["type"] == "http.response.start" and message["status"] == 200:
            self._start = message
        elif not self._start:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                self._note()
                await self._send(self._start)
                await self._send({"type": "http.response.body", "body": self._body})

    def _note(self) -> None:
        browser = browser_of(self._scope)
        if not browser:
            browser = secrets.token_urlsafe(24)
            MutableHeaders(scope=self._start).append("Set-Cookie", _cookie(browser, Headers(scope=self._scope)))
        self._received.add(browser, json.loads(self._body))


def _cookie(browser: str, headers: Mapping[str, str]) -> str:
    """A cookie that no script reads, and that comes with requests of this server's own pages alone.

    A page over https may stand in a frame of another site, as hosted demos do. There, browsers keep it apart for that
    site (`Partitioned`), and send it with nothing else.
    """
    is_secure = headers.get("origin", "").startswith("https://")
    sent_with = "SameSite=None; Secure; Partitioned" if is_secure else "SameSite=Strict"
    return f"{COOKIE}={browser}; Path=/; HttpOnly; {sent_with}"
