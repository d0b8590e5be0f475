"""Sign-in by OpenID Connect: the authorization code flow with PKCE, state and nonce, through Authlib."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError

from index.errors import SignInFailed
from index.server.principals import Principal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from index.settings import Settings

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
