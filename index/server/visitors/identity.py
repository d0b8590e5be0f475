"""Who a visitor is: an unguessable id in a signed cookie, or in a header where a frame gets no cookies.

The id says nothing about the person, and the key that signs it is made at the start of the server: private libraries
do not outlive the process either.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, TimestampSigner
from starlette.datastructures import Headers
from starlette.middleware.sessions import SessionMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "pincite_visitor"
HEADER = "X-Pincite-Visitor"
LIFETIME_SECONDS = 24 * 3600
"""Seconds for which a cookie or a token is accepted: longer than any private library exists."""
_KEY = "visitor"


class Identities:
    """Reads and issues the ids of visitors."""

    def __init__(self) -> None:
        self._secret = secrets.token_hex(32)
        self._signer = TimestampSigner(self._secret, salt="pincite.visitor.header")

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """Return the application with `scope["session"]`, which is kept in the cookie."""
        return _Sessions(app, self._secret)

    def known(self, scope: Scope) -> str:
        """Return the id that a request brings; empty if it brings none, or a forged or expired one."""
        token = Headers(scope=scope).get(HEADER, "")
        try:
            return self._signer.unsign(token, max_age=LIFETIME_SECONDS).decode() if token else _from_session(scope)
        except BadSignature:
            return ""

    def issue(self, scope: Scope) -> str:
        """Return a new id, which the response brings to the browser as a cookie."""
        identity = secrets.token_urlsafe(24)
        scope["session"][_KEY] = identity
        return identity

    def token(self, identity: str) -> str:
        """Return the value of the header that stands for this id."""
        return self._signer.sign(identity).decode()


def has_cookie(scope: Scope) -> bool:
    """Return whether the request brought its id in a cookie."""
    return bool(_from_session(scope))


def _from_session(scope: Scope) -> str:
    value = scope.get("session", {}).get(_KEY, "")
    return value if isinstance(value, str) else ""


class _Sessions:
    """Starlette's sessions, with a cookie that also works in a frame of another site if the browser allows one.

    Such a cookie must be `Secure`. Browsers send `Sec-Fetch-Site` only to servers that they reach by HTTPS or on
    localhost, where they accept it; this also holds behind a proxy that ends HTTPS.
    """

    def __init__(self, app: ASGIApp, secret: str) -> None:
        self._framed = SessionMiddleware(
            app,
            secret,
            session_cookie=f"__Host-{COOKIE}",  # which no other host of the same domain can set
            max_age=LIFETIME_SECONDS,
            same_site="none",
            https_only=True,
            partitioned=True,
        )
        self._plain = SessionMiddleware(app, secret, session_cookie=COOKIE, max_age=LIFETIME_SECONDS, same_site="lax")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._plain(scope, receive, send)
            return
        is_secure = scope["scheme"] == "https" or "sec-fetch-site" in Headers(scope=scope)
        await (self._framed if is_secure else self._plain)(scope, receive, send)
