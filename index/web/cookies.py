"""The cookie by which a browser is known again: an event may only take files that its own browser has uploaded.

An upload says nothing of the page that it belongs to. So each browser gets a cookie with its first upload, and shows it
when it sends the event.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

COOKIE = "pincite_browser"
_VALUE = re.compile(r"[\w-]{20,64}", re.ASCII)


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
