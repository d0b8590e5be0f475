"""Which browser has uploaded which file: an event may only name files that its own browser has just uploaded.

Gradio answers an upload with the paths of its files, and whatever path an event names it takes for one of these. An
upload says nothing of the session that it belongs to; so each browser gets a cookie with its first upload, and shows it
when it sends the event.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from starlette.types import Scope

MOST = 20_000
"""Files that are remembered; the oldest are forgotten first."""
KEPT_SECONDS = 3600.0
"""How long: as long as Gradio keeps what nobody has taken."""
COOKIE = "pincite_browser"
_VALUE = re.compile(r"[\w-]{20,64}", re.ASCII)


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


def new_browser() -> str:
    """A name that nobody guesses, for a browser that has none yet."""
    return secrets.token_urlsafe(24)


def cookie(browser: str, headers: Mapping[str, str]) -> str:
    """A cookie that no script reads, and that comes with requests of this server's own pages alone.

    A page over https may stand in a frame of another site, as hosted demos do. There, browsers keep it apart for that
    site (`Partitioned`), and send it with nothing else.
    """
    is_secure = headers.get("origin", "").startswith("https://")
    sent_with = "SameSite=None; Secure; Partitioned" if is_secure else "SameSite=Strict"
    return f"{COOKIE}={browser}; Path=/; HttpOnly; {sent_with}"
