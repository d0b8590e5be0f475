"""The cookie that identifies a browser: an event may use only files that its own browser has uploaded.

An upload does not identify its page. So each browser gets a cookie with its first upload, and sends it with the event.
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
    """Return the browser of a request; empty if it has uploaded nothing."""
    given = HTTPConnection(scope).cookies.get(COOKIE, "")
    return given if _VALUE.fullmatch(given) else ""


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
