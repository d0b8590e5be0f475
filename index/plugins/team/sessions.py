"""Sessions of people who have signed in, the cookies that carry them, and sign-in by OpenID Connect."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from datetime import UTC, datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import OAuth
from itsdangerous import BadSignature, URLSafeTimedSerializer
from joserfc.errors import JoseError

from index.errors import SignInFailed
from index.plugins.team.accounts import AccountFile
from index.server.principals import Principal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import Scope

    from index.settings import Settings


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


# Sign-in by OpenID Connect: the authorization code flow with PKCE, state and nonce, through Authlib.

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that only the provider can make. With HS256 everyone could who knows its public key; `none` is no
signature."""
_LEEWAY_SECONDS = 60
"""Difference of the clocks of provider and server that is tolerated."""
_REQUEST_SECONDS = 10.0
_MOST_GROUPS, _LONGEST_GROUP = 1_000, 300
_METADATA_SECONDS = 3600.0
_TRUE = (True, "true")
_UNREACHABLE = "The sign-in page of your organisation does not answer."
_REFUSED = "The sign-in was not valid."
_log = logging.getLogger(__name__)


class Provider:
    """The OpenID Connect provider of the settings. Its description and keys are fetched at first use."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._groups = settings.oidc_groups
        self._trusts_email = settings.oidc_trust_email
        self._settings = settings
        self._loaded = 0.0
        self._client = self._new_client()

    @property
    def host(self) -> str:
        """The provider's host name, for people."""
        return urlsplit(self._issuer).hostname or self._issuer

    async def begin(self, redirect_uri: str) -> tuple[str, dict[str, Any]]:
        """Return the provider's address to which the browser goes, and the values to keep until it comes back.

        Raises SignInFailed if the provider cannot be reached, or describes another one.
        """
        try:
            client, _ = await self._load()
            begun: dict[str, Any] = await client.create_authorization_url(redirect_uri)
        except (httpx2.HTTPError, OAuthError, RuntimeError, ValueError) as error:
            raise SignInFailed(_UNREACHABLE, f"{type(error).__name__}: {error}") from error
        return begun.pop("url"), {**begun, "redirect_uri": redirect_uri}

    async def end(self, request: Request, pending: Mapping[str, Any]) -> Principal:
        """Return the person whom the provider has sent back. Raises SignInFailed, whose reason belongs in the log.

        `pending` has the values from `begin`: state, nonce, code verifier and redirect address.
        """
        query = request.query_params
        if query.get("error"):
            raise SignInFailed(_REFUSED, f"the provider says {query['error'][:100]!r}")
        if not pending or query.get("state") != pending.get("state"):
            raise SignInFailed(_REFUSED, "the state is not that of this browser")
        try:
            client, issuer = await self._load()
            if query.get("iss", issuer) != issuer:  # RFC 9207: another provider's answer
                raise ValueError(f"the answer comes from {query['iss'][:100]!r}")
            claims = await self._claims(client, query.get("code", ""), pending, issuer)
        except httpx2.HTTPError as error:
            raise SignInFailed(_UNREACHABLE, f"{type(error).__name__}: {error}") from error
        except (OAuthError, JoseError, RuntimeError, ValueError, KeyError, TypeError) as error:
            raise SignInFailed(_REFUSED, f"{type(error).__name__}: {error}") from error
        return self._person(claims)

    async def _claims(self, client: Any, code: str, pending: Mapping[str, Any], issuer: str) -> Mapping[str, Any]:
        token = await client.fetch_access_token(
            code=code, redirect_uri=pending["redirect_uri"], code_verifier=pending["code_verifier"]
        )
        options = {
            "iss": {"essential": True, "values": [issuer]},
            "aud": {"essential": True, "values": [self._client_id]},
            "exp": {"essential": True},
            "sub": {"essential": True},
        }
        claims: Mapping[str, Any] | None = await client.parse_id_token(
            token, nonce=pending["nonce"], claims_options=options, leeway=_LEEWAY_SECONDS
        )
        if not claims:
            raise ValueError("the answer has no ID token")
        return claims

    def _person(self, claims: Mapping[str, Any]) -> Principal:
        subject, email = claims["sub"], claims.get("email")
        if not isinstance(subject, str) or not subject:
            raise SignInFailed(_REFUSED, "the ID token has no subject")
        is_trusted = self._trusts_email or claims.get("email_verified") in _TRUE
        address = email if isinstance(email, str) and is_trusted else ""
        names = (claims.get("name"), claims.get("preferred_username"), email)
        name = next((text for text in names if isinstance(text, str) and text.strip()), subject)
        return Principal("user", subject, name[:200], address, _texts(claims.get(self._groups)))

    async def _load(self) -> tuple[Any, str]:
        """Return the client with the provider's description, and the name that the provider gives itself.

        The description is fetched again after an hour, for a new client; a sign-in under way keeps its own. Raises
        ValueError if it is another provider's.
        """
        if time.monotonic() - self._loaded > _METADATA_SECONDS:
            self._client = self._new_client()
        client = self._client
        metadata = await client.load_server_metadata()
        issuer = str(metadata.get("issuer"))
        if issuer.rstrip("/") != self._issuer.rstrip("/"):
            raise ValueError(f"the provider calls itself {issuer!r} and not {self._issuer!r}")
        offered = metadata.get("id_token_signing_alg_values_supported") or ()
        metadata["id_token_signing_alg_values_supported"] = [name for name in offered if name in _ALGORITHMS] or [
            "RS256"
        ]
        self._loaded = self._loaded or time.monotonic()
        return client, issuer

    def _new_client(self) -> Any:
        self._loaded = 0.0
        secret = self._settings.oidc_client_secret.get_secret_value()
        return OAuth().register(
            "provider",
            client_id=self._client_id,
            client_secret=secret or None,
            server_metadata_url=f"{self._issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": self._settings.oidc_scopes,
                "code_challenge_method": "S256",
                "timeout": _REQUEST_SECONDS,
                "trust_env": False,
                **({} if secret else {"token_endpoint_auth_method": "none"}),
            },
        )


def _texts(value: object) -> frozenset[str]:
    """Return the texts of a claim that is a list or a single text."""
    values = value if isinstance(value, list) else [value]
    return frozenset([text for text in values if isinstance(text, str) and len(text) <= _LONGEST_GROUP][:_MOST_GROUPS])


def own_path(wanted: str) -> str:
    r"""Return the path to which a sign-in leads back: a path of this server, or `/`.

    Browsers read `//host`, `/\host` and control characters in ways that lead to other hosts.
    """
    is_own = wanted.startswith("/") and not wanted.startswith("//") and wanted.isascii() and wanted.isprintable()
    return wanted if is_own and "\\" not in wanted and len(wanted) <= 2_000 else "/"
