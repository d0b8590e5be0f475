"""The settings of a team's server (`pincite serve --users`): sign-in, roles, sessions and the audit log."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

_LOCAL = ("localhost", "127.0.0.1", "::1")
_GRANT = re.compile(r"\*|group:.+|user:.+|[^\s@:]*@[^\s@:]+")


def require_grant(grant: str) -> None:
    """Raise ValueError unless a text names a person, a domain, a group, or everyone."""
    if not _GRANT.fullmatch(grant):
        forms = "ada@example.org, @example.org, group:NAME, user:NAME or *"
        raise ValueError(f"{grant!r} names nobody; use {forms}")


class TeamSettings(BaseSettings):
    """The part of the settings that only a server with accounts reads."""

    accounts: Path = Field(default_factory=lambda: user_data_path("pincite") / "accounts")
    """Folder of the keys, sessions and audit log of `serve --users`. Only its owner can read it."""
    oidc_issuer: str = ""
    """The OpenID Connect provider at which people sign in, such as `https://accounts.example.org`; empty for none."""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_scopes: str = "openid email profile"
    oidc_groups: str = "groups"
    """The claim that lists a person's groups."""
    oidc_trust_email: bool = False
    """Whether an e-mail address counts although the provider does not say that it is verified."""
    public_url: str = ""
    """The address of a server as people see it, which sign-ins and the footnotes of exports name; empty to take it from
    each request."""
    proxy_user: str = ""
    """The header in which a trusted proxy names the person, such as `X-Forwarded-User`; empty for none."""
    proxy_email: str = ""
    """The header with the person's e-mail address."""
    proxy_groups: str = ""
    """The header with the person's groups, separated by commas."""
    admins: Annotated[tuple[str, ...], NoDecode] = ()
    """Who may do everything: `ada@example.org`, `@example.org`, `group:staff`, `user:NAME`, or `*` for everyone who has
    signed in."""
    curators: Annotated[tuple[str, ...], NoDecode] = ()
    """Who may add and remove documents of all libraries, in the same form."""
    readers: Annotated[tuple[str, ...], NoDecode] = ()
    """Who may ask questions of all libraries, in the same form."""
    session_hours: float = Field(default=12.0, gt=0, le=24 * 365)
    """Hours after which a person has to sign in again."""
    audit_megabytes: int = Field(default=10, ge=1)
    """Size at which the audit log is continued in a new file; nine old files are kept."""

    @field_validator("admins", "curators", "readers", mode="before")
    @classmethod
    def _split_grants(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("admins", "curators", "readers")
    @classmethod
    def _check_grants(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for grant in value:
            require_grant(grant)
        return value

    @field_validator("oidc_issuer", "public_url")
    @classmethod
    def _check_address(cls, value: str) -> str:
        split = urlsplit(value)
        if value and not (split.hostname and (split.scheme == "https" or split.hostname in _LOCAL)):
            raise ValueError("it must begin with https://, unless it is on this machine")
        return value
