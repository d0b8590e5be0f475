"""What a route needs and costs, said where it is declared; and the tables of it, read from an application's routes.

    @router.post("/ask")
    @Permission(READER, counts_as="question")
    async def ask(…): …

A server with accounts looks up the role and the action of its audit log, a demo looks up what a request counts as. An
application with a route that says neither does not start, and a page with such an event is not built.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from index.server.guard.origins import Refusal
from index.server.principals import Role

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Sequence

    from starlette.routing import BaseRoute

ANYONE, READER, CURATOR, ADMIN = Role.NONE, Role.READER, Role.CURATOR, Role.ADMIN
Limited = Literal["request", "question", "upload", "batch", "check", "kept"]
"""What a demo limits for each visitor. Every request counts as one; all others count twice, also as what they do."""
T = TypeVar("T")
_ATTRIBUTE = "pincite_permission"
_METHODS_OF_FILES = frozenset({"GET", "HEAD"})
_METHODS = _METHODS_OF_FILES | {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class Permission:
    """What a route, or an event of the page, needs and costs. It decorates the function, or a mounted application."""

    role: Role
    """The role that it needs in the library; for routes of the server, the role everywhere."""
    _: KW_ONLY
    counts_as: Limited | Literal["nothing"]
    """What it counts as in a demo; "nothing" if the response is the same for everybody."""
    action: str = ""
    """The action that the audit log records; nothing for routes that only read."""
    needs_sign_in: bool = True
    """Whether it is refused to people who have not signed in. Routes of one library among several always are."""
    is_polled: bool = False
    """Whether an open page repeats it by itself, so that it is no sign of a visitor."""

    def __call__(self, served: T) -> T:
        """Attach this permission to what serves the route, and return that."""
        setattr(served, _ATTRIBUTE, self)
        return served


@dataclass(frozen=True, slots=True)
class Rule:
    """The permission of all requests with one of these methods and a path of this form."""

    methods: frozenset[str]
    pattern: re.Pattern[str]
    permission: Permission


def permission_of(served: object, name: str) -> Permission:
    """Return what a function has declared. Raises TypeError if it has declared nothing; `name` says what it serves."""
    permission: Permission | None = getattr(served, _ATTRIBUTE, None)
    if permission is None:
        raise TypeError(
            f"{name} does not say who may use it and what it counts as. Decorate its function with "
            '@Permission(READER, counts_as="request") of index.server.permissions.'
        )
    return permission


def rule(line: str, permission: Permission) -> Rule:
    """Return a rule for routes of other packages: methods and Starlette's form of a path, `GET|HEAD /assets/{path}`."""
    methods, _, path = line.partition(" ")
    return Rule(frozenset(methods.split("|")), compile_path(path)[0], permission)


@dataclass(frozen=True, slots=True)
class Permissions:
    """The permissions of an application, in the order of its routes."""

    rules: Sequence[Rule]

    @classmethod
    def of(cls, routes: Iterable[BaseRoute]) -> Self:
        """Read the table from routes. Raises TypeError for a route without a permission."""
        return cls([rule for route in iter_route_contexts(list(routes)) for rule in _rules(route)])

    def find(self, method: str, path: str) -> Permission | None:
        """Return the permission of a request to a path below the application's root; None if no route answers it."""
        path = path or "/"
        found = (one.permission for one in self.rules if method in one.methods and one.pattern.fullmatch(path))
        return next(found, None)


def _rules(route: Any) -> Iterator[Rule]:
    """Yield the rules of a route: its function's, a mounted application's, or those that a mounted one lists itself."""
    served = route.endpoint or getattr(route, "app", route.original_route)
    listed: Permissions | None = getattr(served, "permissions", None)
    if listed is not None:
        assert not route.path, "A mounted application with a list of its own must be at the root."
        yield from listed.rules
        return
    permission = permission_of(served, f"{'|'.join(sorted(route.methods or ()))} {route.path or '/'}".strip())
    methods = route.methods or (_METHODS_OF_FILES if permission.counts_as == "nothing" else _METHODS)
    yield Rule(frozenset(methods), route.path_regex, permission)


def lacking(role: Role, word: str) -> Refusal:
    """Return the refusal of somebody with another role; `word` is the name of theirs."""
    return Refusal(403, f"This needs the role {role.word}; yours is {word}.")
