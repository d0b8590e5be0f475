"""Who sends a request, which role that person or program has in a library, and where their actions are recorded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.types import Scope

    from index.settings import Settings


LIBRARY, PRINCIPAL, ROLE = "pincite.library", "pincite.principal", "pincite.role"
"""Keys of a request's scope: the name of the addressed library (None for the server), who sends it, and their role."""
SINK = "pincite.audit"
"""The key under which the scope of a request holds the function that records an action in the audit log."""
MAX_RECORDED_NAMES = 100
"""Maximum names of files in a line of the audit log."""


class Role(IntEnum):
    """What somebody may do. Each role includes the ones before it."""

    NONE = 0
    READER = 1
    CURATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """The role as people write it."""
        return self.name.lower()


ROLES = {role.word: role for role in Role if role}
"""The roles that can be given, by name."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A person who has signed in, a person whom a trusted proxy names, or a program with a key."""

    kind: Literal["user", "proxy", "key"]
    subject: str
    """The provider's or the proxy's id of the person, or the name of the key."""
    name: str
    email: str = ""
    """A verified address, or nothing."""
    groups: frozenset[str] = frozenset()
    key_role: Role = Role.NONE
    libraries: frozenset[str] | None = None
    """The libraries that a key may use; None for all."""

    def fits(self, grant: str) -> bool:
        """Return whether a grant of the settings or of `libraries.toml` names this person."""
        if self.kind == "key":
            return False
        kind, _, rest = grant.partition(":")
        if kind in ("group", "user") and rest:
            return rest in self.groups if kind == "group" else rest == self.subject
        if grant == "*":
            return True
        address = self.email.casefold()
        compared = f"@{address.rpartition('@')[2]}" if grant.startswith("@") else address
        return bool(address) and compared == grant.casefold()


@dataclass(frozen=True, slots=True)
class Grants:
    """Who has which role: everywhere, or in one library."""

    readers: tuple[str, ...] = ()
    curators: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()

    @classmethod
    def everywhere(cls, settings: Settings) -> Grants:
        """Return the grants of the settings, which hold in every library."""
        return cls(settings.readers, settings.curators, settings.admins)

    def role(self, principal: Principal) -> Role:
        """Return the highest role that these grants give to a person."""
        given = ((Role.ADMIN, self.admins), (Role.CURATOR, self.curators), (Role.READER, self.readers))
        return next((role for role, grants in given if _any_fits(principal, grants)), Role.NONE)


def _any_fits(principal: Principal, grants: Iterable[str]) -> bool:
    return any(principal.fits(grant) for grant in grants)


def role_in(principal: Principal, everywhere: Grants, here: Grants, library: str | None) -> Role:
    """Return the role of a principal in a library; without a library, the role on the server as a whole."""
    if principal.kind != "key":
        return max(everywhere.role(principal), here.role(principal))
    if principal.libraries is None or library in principal.libraries:
        return principal.key_role
    return Role.NONE


def record_added(scope: Scope, names: Sequence[str], job: str) -> None:
    """Record an addition that a page's event has started; without accounts there is no log, and nothing is recorded."""
    sink = scope.get(SINK)
    if sink is not None:
        sink("add", what=list(names[:MAX_RECORDED_NAMES]), files=len(names), job=job)
