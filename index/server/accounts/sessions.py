"""Sessions of people who have signed in, and the cookies that carry them.

A session's cookie holds 256 random bits and nothing else; the server keeps their hash and what it knows of the person.
So a cookie cannot be forged or grow too large, a sign-out ends it for every copy, and no sign-in continues a cookie
that somebody else has put into the browser. The cookie of a sign-in that is under way holds signed values for minutes.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from itsdangerous import BadSignature, URLSafeTimedSerializer

from index.server.accounts.account_files import AccountFile
from index.server.principals import Principal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.types import Scope

_TOKEN_BYTES = 32
_MOST_SESSIONS = 10_000
_MOST_COOKIE_BYTES = 16_000
SIGN_IN_SECONDS = 600
"""Time in which a sign-in must end."""
SESSION, SIGN_IN = "pincite_session", "pincite_sign_in"


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Sessions:
    """The sessions in a folder, which several servers share."""

    def __init__(self, folder: Path, hours: float, clock: Callable[[], datetime] = now) -> None:
        self._file = AccountFile(folder / "sessions.json")
        self._life = timedelta(hours=hours)
        self._clock = clock

    @property
    def seconds(self) -> int:
        """The lifetime of a session."""
        return int(self._life.total_seconds())

    def begin(self, person: Principal, replaced: str = "") -> str:
        """Begin a session under a new token and return it; the one with the token `replaced` ends."""
        token, moment = secrets.token_urlsafe(_TOKEN_BYTES), self._clock()
        facts = {
            "subject": person.subject,
            "name": person.name,
            "email": person.email,
            "groups": sorted(person.groups),
            "expires": (moment + self._life).isoformat(),
        }

        def add(content: dict[str, Any]) -> None:
            content.pop(_hash(replaced), None)
            for digest in [known for known, old in content.items() if not _is_valid(old, moment)]:
                del content[digest]
            for digest in list(content)[: max(0, len(content) + 1 - _MOST_SESSIONS)]:
                del content[digest]  # the oldest: dictionaries and JSON keep the order
            content[_hash(token)] = facts

        self._file.change(add)
        return token

    def find(self, token: str) -> Principal | None:
        """Return the person whose session has this token, or None. Raises AccountFileDamaged."""
        facts = self._file.read().get(_hash(token)) if token else None
        if facts is None or not _is_valid(facts, self._clock()):
            return None
        groups = frozenset(map(str, facts.get("groups", ())))
        return Principal("user", str(facts["subject"]), str(facts["name"]), str(facts["email"]), groups)

    def end(self, token: str) -> None:
        """End a session, if there is one with this token."""
        if self.find(token) is not None:
            self._file.change(lambda content: content.pop(_hash(token), None))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _is_valid(facts: dict[str, Any], moment: datetime) -> bool:
    try:
        return moment < datetime.fromisoformat(facts["expires"])
    except (KeyError, TypeError, ValueError):
        return False


class Pending:
    """Sign-ins that are under way: their values travel in a signed cookie, and each one ends once."""

    def __init__(self, secret: bytes) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt="pincite sign-in")
        self._ended: dict[str, datetime] = {}

    def sealed(self, values: dict[str, Any]) -> str:
        """Return the values for a cookie."""
        return self._serializer.dumps(values)

    def opened(self, sealed: str) -> dict[str, Any] | None:
        """Return the values of a cookie, or None if it is forged, damaged or too old."""
        try:
            values = self._serializer.loads(sealed, max_age=SIGN_IN_SECONDS)
        except BadSignature:
            return None
        return values if isinstance(values, dict) else None

    def end(self, state: str) -> bool:
        """Return whether this sign-in had not ended before: a copy of cookie and address opens nothing again."""
        moment = now()
        limit = moment - timedelta(seconds=SIGN_IN_SECONDS)
        for old in [known for known, ended in self._ended.items() if ended < limit]:
            del self._ended[old]
        if state in self._ended:
            return False
        self._ended[state] = moment
        return True


def cookie(name: str, scope: Scope) -> str:
    """Return the value of one of our cookies; empty if there is none, or two, which only an attacker sends."""
    wanted, found = name_in(name, scope), []
    lines = [value for header, value in scope["headers"] if header.lower() == b"cookie"]
    if sum(map(len, lines)) > _MOST_COOKIE_BYTES:
        return ""
    for part in b";".join(lines).decode("latin-1").split(";"):
        key, _, value = part.strip().partition("=")
        if key == wanted:
            found.append(value)
    return found[0] if len(found) == 1 else ""


def set_cookie(name: str, value: str, seconds: int, scope: Scope) -> str:
    """Return a `Set-Cookie` header. With 0 seconds the browser deletes the cookie.

    `SameSite=Lax`: the provider's page leads back here by a link, with which browsers send such cookies.
    """
    jar: SimpleCookie = SimpleCookie()
    jar[name_in(name, scope)] = value
    morsel = jar[name_in(name, scope)]
    values: dict[str, Any] = {"path": "/", "httponly": True, "samesite": "Lax", "max-age": seconds}
    morsel.update({**values, "secure": True} if scope.get("scheme") == "https" else values)
    try:
        return morsel.OutputString()
    except CookieError as error:
        raise ValueError("the value does not fit into a cookie") from error


def name_in(name: str, scope: Scope) -> str:
    """Return the cookie's name. Over HTTPS, browsers let no other host and no insecure page set a `__Host-` cookie."""
    return f"__Host-{name}" if scope.get("scheme") == "https" else name
