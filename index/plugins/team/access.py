"""Decides each request in one place: who sends it, which library it addresses, and whether the role suffices.

An answer to somebody without rights does not depend on whether a library or a document exists: the decision comes
before the library's application, and an unknown library is answered like one that may not be read.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse

from index.citations.readable import environment
from index.errors import AccountsError, PinciteError
from index.plugins.team.accounts import ApiKeys, shared_secret
from index.plugins.team.audit_log import AuditLog, sender
from index.plugins.team.proxy_identity import NAMED
from index.plugins.team.sessions import SESSION, Pending, Provider, Sessions, cookie
from index.server.guard.origins import Refusal
from index.server.http import problems
from index.server.limits import client_of
from index.server.permissions import Permission, Permissions, lacking
from index.server.principals import LIBRARY, MAX_RECORDED_NAMES, PRINCIPAL, ROLE, SINK, Grants, Principal, Role, role_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from index.plugins.team.collection import Collection, Served
    from index.settings import Settings


SIGN_IN = "/sign-in"
NOT_FOUND = Refusal(404, "There is nothing at this address.", "Check the address, or ask for access to it.")
SIGN_IN_FIRST = Refusal(401, "This server answers only to people who have signed in, and to programs with a key.")
BAD_KEY = Refusal(
    401, "The key is unknown, expired or revoked.", "Ask the operator of this server for a new one: pincite key create"
)
NO_ROLE = Refusal(
    403, "You have no access to this library.", "Ask the operator of this server to name you in its settings."
)
UNUSABLE = Refusal(503, "This library cannot be opened.", "The operator of this server can find the reason in its log.")
CLOSED = Refusal(
    503, "Nobody can be identified at the moment.", "The operator of this server can find the reason in its log."
)
_POLICY_VIOLATION = 1008
_SEE_OTHER, _UNAUTHORIZED, _FORBIDDEN = 303, 401, 403
_JOB_HEADERS = ("x-job", "location")
_DOCUMENT = re.compile(r"/(?:v1|page)/documents/([^/]+)")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Accounts:
    """What a server knows of people and programs."""

    settings: Settings
    grants: Grants
    keys: ApiKeys
    sessions: Sessions
    pending: Pending
    audit: AuditLog
    provider: Provider | None

    @classmethod
    def opened(cls, settings: Settings) -> Self:
        """Open the accounts' folder. Raises AccountFileDamaged or AccountsNotWritable."""
        folder = settings.accounts.expanduser()
        return cls(
            settings,
            Grants.everywhere(settings),
            ApiKeys(folder),
            Sessions(folder, settings.session_hours),
            Pending(shared_secret(folder)),
            AuditLog(folder, settings.audit_megabytes),
            Provider(settings) if settings.oidc_issuer else None,
        )

    def role(self, principal: Principal, library: str | None, collection: Collection) -> Role:
        """Return the role of a principal in a library, or on the server."""
        here = collection.rules(library).grants if library else Grants()
        return role_in(principal, self.grants, here, library)

    def readable(self, principal: Principal, collection: Collection) -> list[str]:
        """Return the libraries that a principal may read."""
        return [name for name in collection.names if self.role(principal, name, collection) >= Role.READER]

    async def principal(self, scope: Scope) -> Principal | Refusal | None:
        """Return who sends a request; a refusal for an invalid key; None for somebody unknown.

        A request with a key is judged by its key alone, whatever cookie the browser has added.
        """
        lines = Headers(scope=scope).getlist("authorization")
        if lines:
            return await self._program(lines)
        if (named := scope.get(NAMED)) is not None:
            person: Principal = named
            return person
        return self.sessions.find(cookie(SESSION, scope))

    async def _program(self, lines: list[str]) -> Principal | Refusal:
        scheme, _, key = lines[0].strip().partition(" ")
        found = self.keys.find(key.strip()) if len(lines) == 1 and scheme.lower() == "bearer" else None
        if found is None:
            return BAD_KEY
        if self.keys.is_use_due(key.strip()):
            try:
                await run_in_threadpool(self.keys.note_use, key.strip())
            except AccountsError as error:
                _log.error("The last use of a key cannot be written: %s", error)
        return found.principal


class AccessControl:
    """ASGI middleware inside the guard, and outside of all applications."""

    def __init__(
        self, app: ASGIApp, *, accounts: Accounts, collection: Collection, server: Permissions, library: Permissions
    ) -> None:
        """`server` has the routes of the server itself, `library` those below the address of a library."""
        self._app = app
        self._of_server = server
        self._of_library = library
        self._accounts = accounts
        self._collection = collection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            await self._decide(scope, receive, send)

    async def _decide(self, scope: Scope, receive: Receive, send: Send) -> None:
        table = self._of_server if scope[LIBRARY] is None else self._of_library
        permission = table.find(scope["method"], scope["path"])
        try:
            principal = await self._accounts.principal(scope)
        except AccountsError as error:
            _log.error("Nobody can be identified: %s %s", error.message, error.hint)
            principal = CLOSED
        if permission is not None and not permission.needs_sign_in and not scope[LIBRARY]:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope, principal, permission)
        if refusal is not None:
            await self._refuse(refusal, scope, receive, send, principal, permission)
            return
        assert isinstance(principal, Principal)
        assert permission is not None
        await self._pass_on(scope, receive, send, principal, permission)

    def _refusal(
        self, scope: Scope, principal: Principal | Refusal | None, permission: Permission | None
    ) -> Refusal | None:
        """Return why a request is refused, or None. The order matters: no step may tell what a later one protects."""
        if not isinstance(principal, Principal):
            return principal or SIGN_IN_FIRST
        name = scope[LIBRARY]
        role = self._accounts.role(principal, name, self._collection)
        scope[PRINCIPAL], scope[ROLE] = principal, role.word
        if name is not None and role < Role.READER:
            return NOT_FOUND if name else NO_ROLE
        served = self._collection.find(name) if name is not None else None
        if name is not None and served is None:
            return NOT_FOUND
        unusable = UNUSABLE if served is not None and served.app is None else None
        if permission is None:
            return unusable or NOT_FOUND
        return lacking(permission.role, role.word) if role < permission.role else unusable

    async def _refuse(
        self,
        refusal: Refusal,
        scope: Scope,
        receive: Receive,
        send: Send,
        principal: Principal | Refusal | None,
        permission: Permission | None,
    ) -> None:
        if refusal.status == _FORBIDDEN and permission is not None and permission.action:
            assert isinstance(principal, Principal)
            facts = self._facts(scope, principal)
            what = {"what": _named_in(scope["path"]), "outcome": refusal.status}
            await run_in_threadpool(self._accounts.audit.record, permission.action, **facts, **what)
        await self._answer(refusal, scope)(scope, receive, send)

    def _answer(self, refusal: Refusal, scope: Scope) -> Response:
        """Return a refusal as a page for people and as a problem document for programs."""
        is_page = _wants_page(scope)
        if refusal is SIGN_IN_FIRST and is_page:
            return RedirectResponse(f"{SIGN_IN}?next={quote(_address(scope), safe='/')}", _SEE_OTHER)
        if is_page:
            return problems.problem_page(refusal, "/")
        response = refusal.response(scope["state"]["request_id"])
        if refusal.status == _UNAUTHORIZED:
            error = ', error="invalid_token"' if refusal is BAD_KEY else ""
            response.headers["WWW-Authenticate"] = f'Bearer realm="Pincite"{error}'
        return response

    async def _pass_on(
        self, scope: Scope, receive: Receive, send: Send, principal: Principal, permission: Permission
    ) -> None:
        served = self._collection.find(scope[LIBRARY]) if scope[LIBRARY] is not None else None
        record = partial(self._accounts.audit.record, **self._facts(scope, principal))
        scope[SINK] = record
        if not permission.action or served is None:
            await self._app(scope, receive, _private(send))
            return
        what = await run_in_threadpool(_documents, served, scope["path"])
        start: dict[str, Any] = {"status": 500, "headers": []}
        try:
            await self._app(scope, receive, _private(send, start.update))
        finally:
            added = await run_in_threadpool(_added, served, Headers(raw=start["headers"]))
            facts = {"what": what, "outcome": start["status"], **added}
            await run_in_threadpool(partial(record, permission.action, **facts))

    def _facts(self, scope: Scope, principal: Principal) -> dict[str, str]:
        """Return who sends a request, from where, and to which library."""
        library = {"library": scope[LIBRARY]} if scope[LIBRARY] else {}
        identity = scope["state"]["request_id"]
        return {**sender(principal), "address": client_of(scope), **library, "request_id": identity}


def _documents(served: Served, path: str) -> list[str]:
    """Return the name of the document that an address names, or else its id; empty for other addresses."""
    identities = _named_in(path)
    if not identities or served.app is None:
        return []
    try:
        return [served.app.state.service.library.find(identities[0]).name]
    except PinciteError:
        return identities


def _named_in(path: str) -> list[str]:
    found = _DOCUMENT.match(path)
    return [found[1]] if found else []


def _added(served: Served, headers: Headers) -> dict[str, Any]:
    """Return the job that a response names, and its files."""
    address = next((headers[name] for name in _JOB_HEADERS if name in headers), "")
    if not address or served.app is None:
        return {}
    identity = address.rpartition("/")[2]
    try:
        files = served.app.state.service.jobs.find(identity).files
    except PinciteError:
        return {}
    return {"what": [file.name for file in files[:MAX_RECORDED_NAMES]], "files": len(files), "job": identity}


def _private(send: Send, on_start: Callable[[Message], None] = lambda _: None) -> Send:
    """Return a `send` that keeps answers out of caches that people share."""

    async def send_private(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            kept = headers.get("cache-control", "no-cache").removeprefix("public, ").removeprefix("private, ")
            headers["Cache-Control"] = kept if "no-store" in kept else f"private, {kept}"
            on_start(message)
        await send(message)

    return send_private


def _wants_page(scope: Scope) -> bool:
    """Return whether a person looks at the answer: a browser opens the address, and no program sends a key."""
    return problems.wants_page(scope) and "authorization" not in Headers(scope=scope)


def _address(scope: Scope) -> str:
    """Return the address of a request below the server's, with its query."""
    query = scope["query_string"].decode("latin-1")
    return f"{quote(scope.get('root_path', '') + scope['path'])}{'?' if query else ''}{query}"


# The pages outside of a library: sign-in, the list of libraries, and the account's menu in the header.

_environment = environment(Path(__file__).parent / "templates", Path(problems.__file__).parent / "templates")


@dataclass(frozen=True, slots=True)
class Link:
    """A library in a list."""

    name: str
    title: str
    is_current: bool = False


def sign_in(
    start: str, provider: str, *, signed_out: bool = False, problem: str = "", status: int = 200
) -> HTMLResponse:
    """Return the sign-in page; without a provider it says how else to get in."""
    values = {"start": start, "provider": provider, "signed_out": signed_out, "problem": problem}
    return _page("sign_in.html", status, **values)


def libraries(links: Sequence[Link], name: str, *, can_sign_out: bool) -> HTMLResponse:
    """Return the list of the libraries that a person may read."""
    return _page("libraries.html", 200, links=links, name=name, can_sign_out=can_sign_out)


def menu(links: Sequence[Link], name: str, role: str, root: str, *, can_sign_out: bool) -> HTMLResponse:
    """Return the account's menu for the header of a library's page; `root` is the way from there to the server's root.

    A visitor with one library gets no list: there is nothing to switch to.
    """
    values = {"links": links, "name": name, "role": role, "root": root, "can_sign_out": can_sign_out}
    return HTMLResponse(_environment.get_template("menu.html").render(**values), headers={"Cache-Control": "no-store"})


def _page(template: str, status: int, **values: Any) -> HTMLResponse:
    return HTMLResponse(_environment.get_template(template).render(**values), status, problems.PAGE_HEADERS)
