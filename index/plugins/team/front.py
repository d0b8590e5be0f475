"""The application of a server with accounts: sign-in, the list of libraries, the libraries behind the guard."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi.concurrency import run_in_threadpool
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from index.errors import AccountsError, SettingsError, SignInFailed
from index.plugins.team import access, collection
from index.plugins.team.access import SIGN_IN, AccessControl, Accounts, Link
from index.plugins.team.audit_log import sender
from index.plugins.team.proxy_identity import ProxyIdentity
from index.plugins.team.sessions import SESSION, SIGN_IN_SECONDS, cookie, own_path, set_cookie
from index.plugins.team.sessions import SIGN_IN as SIGN_IN_COOKIE
from index.server.guard.middleware import Guard
from index.server.http import application, service
from index.server.http.responses import preferred_type
from index.server.http.service import HeadMiddleware, Metrics, RequestMiddleware
from index.server.job_queue import Jobs
from index.server.limits import client_of
from index.server.permissions import ADMIN, ANYONE, READER, Permission, Permissions
from index.server.principals import LIBRARY, PRINCIPAL, ROLE, Principal
from index.server.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from index.library.library import Library
    from index.plugins.team.collection import Collection, MakeApplication
    from index.server.modes import Place
    from index.settings import Settings


START, CALLBACK, SIGN_OUT = "/sign-in/start", "/sign-in/callback", "/sign-out"
SIGN_PATHS = frozenset({SIGN_IN, START, CALLBACK, SIGN_OUT})
ACCOUNT = "/page/account"
"""The part of the page's header that says who is signed in. The server answers it, not the library's application."""
_PREFIX = "/l/"
_SEE_OTHER = 303
_SHARED = (Guard, HeadMiddleware, RequestMiddleware)
"""Middleware that the server runs once for all its libraries."""
_NO_STORE = {"Cache-Control": "no-store"}
_open = Permission(ANYONE, counts_as="request", needs_sign_in=False)
_log = logging.getLogger(__name__)


def require_usable(settings: Settings) -> None:
    """Raise SettingsError unless somebody could get in."""
    if settings.proxy_user and not settings.trusted_proxies:
        raise SettingsError(
            "PINCITE_PROXY_USER is set, but no proxy is trusted.",
            "Set PINCITE_TRUSTED_PROXIES to the addresses of the proxy that signs people in.",
        )
    if settings.oidc_issuer and not settings.oidc_client_id:
        raise SettingsError("PINCITE_OIDC_ISSUER is set without PINCITE_OIDC_CLIENT_ID.", "Set both.")
    if not settings.oidc_issuer and not settings.proxy_user and not Accounts.opened(settings).keys.exist:
        raise SettingsError(
            "Nobody could use a server with accounts: there is no way to sign in, and no key.",
            "Set PINCITE_OIDC_ISSUER and PINCITE_OIDC_CLIENT_ID, or PINCITE_PROXY_USER and PINCITE_TRUSTED_PROXIES; "
            "or create a key: pincite key create NAME --role reader",
        )


def build(collection: Collection, accounts: Accounts, settings: Settings) -> ASGIApp:
    """Return the application. It closes the libraries when it stops."""
    served = [found.app for name in collection.names if (found := collection.find(name)) and found.app]
    for library in served:
        kept = [one for one in library.user_middleware if one.cls not in _SHARED]  # type: ignore[comparison-overlap]
        library.user_middleware[:] = [*kept, Middleware(MountedPath)]
    metrics = served[0].state.service.metrics if collection.is_single else Metrics()
    lobby = Lobby(collection, accounts, metrics)
    of_server = Permissions.of(lobby.routes)
    # All libraries have the same routes. One that cannot be opened, or does not exist, must not differ from the others.
    of_library = Permissions.of([lobby.menu_route, *(served[0].routes if served else ())])
    app: ASGIApp = Libraries(lobby.application(), collection)
    app = AccessControl(app, accounts=accounts, collection=collection, server=of_server, library=of_library)
    app = Guard(app, settings=settings)
    app = ProxyIdentity(app, settings=settings)
    app = RequestMiddleware(HeadMiddleware(app), metrics=metrics)
    return Addresses(app, collection)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The outermost ASGI middleware: it splits an address into the library and the path there.

    It does so for every name, known or not, so that the limits of a route do not tell which libraries exist.
    """

    app: ASGIApp
    collection: Collection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put the library's name and the path below its address into the scope."""
        if scope["type"] in ("http", "websocket"):
            name, path = self._split(scope["path"])
            root = scope.get("root_path", "") + (f"{_PREFIX}{name}" if name else "")
            scope = {**scope, "path": path, "root_path": root, LIBRARY: name}
        await self.app(scope, receive, send)

    def _split(self, path: str) -> tuple[str | None, str]:
        if self.collection.is_single:
            return (None if path in SIGN_PATHS else ""), path
        if not path.startswith(_PREFIX):
            return None, path
        name, slash, rest = path[len(_PREFIX) :].partition("/")
        return (name, slash + rest) if name else (None, path)


class MountedPath:
    """The innermost ASGI middleware of a library's application: routers expect the whole path, and `root_path`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put the address of the library before the path."""
        if scope["type"] != "http" or not scope.get("root_path"):
            await self._app(scope, receive, send)
            return
        path = scope["root_path"] + scope["path"]
        inner = {**scope, "path": path, "raw_path": quote(path).encode()}
        try:
            await self._app(inner, receive, send)
        finally:
            scope["route"] = inner.get("route")


@dataclass(frozen=True, slots=True)
class Libraries:
    """Passes a request on to its library, or to the lobby."""

    lobby: ASGIApp
    collection: Collection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a permitted request on."""
        name = scope.get(LIBRARY)
        served = self.collection.find(name) if name is not None else None
        if served is None or served.app is None or scope["path"] == ACCOUNT:
            await self.lobby(scope, receive, send)
        elif not scope["path"]:
            await RedirectResponse(f"{scope['root_path']}/", _SEE_OTHER)(scope, receive, send)
        else:
            await served.app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Lobby:
    """The routes that belong to no library."""

    collection: Collection
    accounts: Accounts
    metrics: Metrics

    def application(self) -> Starlette:
        """Return all routes as an application, whose lifespan is that of all libraries."""
        return Starlette(routes=[*self.routes, self.menu_route], lifespan=self._lifespan)

    @property
    def routes(self) -> list[Route]:
        """The routes of the server."""
        return [
            Route("/", self.libraries),
            Route(SIGN_IN, self.sign_in),
            Route(START, self.start),
            _without_head(Route(CALLBACK, self.end)),
            Route(SIGN_OUT, self.sign_out, methods=["POST"]),
            Route("/healthz", _alive),
            Route("/readyz", _alive),
            Route("/metrics", self.metric_text),
        ]

    @property
    def menu_route(self) -> Route:
        """The one route below the address of a library."""
        return _without_head(Route(ACCOUNT, self.menu))

    @asynccontextmanager
    async def _lifespan(self, _: Any) -> AsyncIterator[None]:
        try:
            async with AsyncExitStack() as stack:
                await self.collection.start(stack)
                yield
        finally:
            await self.collection.close()

    @Permission(ANYONE, counts_as="request")
    async def libraries(self, request: Request) -> Response:
        """List the libraries that the visitor may read."""
        principal: Principal = request.scope[PRINCIPAL]
        links = self._links(principal, "")
        if preferred_type(request.headers.get("accept"), ("application/json", "text/html")) == "text/html":
            return access.libraries(links, principal.name, can_sign_out=principal.kind == "user")
        listed = [{"name": link.name, "title": link.title, "address": f"l/{link.name}/"} for link in links]
        return JSONResponse({"libraries": listed}, headers=_NO_STORE)

    @Permission(READER, counts_as="request")
    async def menu(self, request: Request) -> Response:
        """Return the menu of the page's header."""
        principal: Principal = request.scope[PRINCIPAL]
        name, role = request.scope[LIBRARY], request.scope[ROLE]
        links, root = self._links(principal, name), "../../" if name else ""
        return access.menu(links, principal.name, role, root, can_sign_out=principal.kind == "user")

    def _links(self, principal: Principal, current: str) -> list[Link]:
        names = self.accounts.readable(principal, self.collection)
        return [Link(name, self.collection.title(name), name == current) for name in names]

    @_open
    async def sign_in(self, request: Request) -> Response:
        """Show the sign-in page; whoever has signed in goes on to where they wanted."""
        wanted = own_path(request.query_params.get("next", "/"))
        if await self._is_known(request):
            return RedirectResponse(wanted, _SEE_OTHER)
        return self._page(wanted, signed_out="out" in request.query_params)

    async def _is_known(self, request: Request) -> bool:
        try:
            return isinstance(await self.accounts.principal(request.scope), Principal)
        except AccountsError:
            return False

    def _page(self, wanted: str, *, signed_out: bool = False, problem: str = "", status: int = 200) -> Response:
        provider = self.accounts.provider.host if self.accounts.provider else ""
        start = f"{START}?next={quote(wanted, safe='/')}"
        return access.sign_in(start, provider, signed_out=signed_out, problem=problem, status=status)

    @_open
    async def start(self, request: Request) -> Response:
        """Send the browser to the provider."""
        wanted = own_path(request.query_params.get("next", "/"))
        if self.accounts.provider is None:
            return self._page(wanted, status=404)
        try:
            address, pending = await self.accounts.provider.begin(self._public(request) + CALLBACK)
        except SignInFailed as failed:
            return self._failed(request, failed, wanted, 502)
        response = RedirectResponse(address, _SEE_OTHER, _NO_STORE)
        sealed = self.accounts.pending.sealed({**pending, "next": wanted})
        response.headers.append("Set-Cookie", set_cookie(SIGN_IN_COOKIE, sealed, SIGN_IN_SECONDS, request.scope))
        return response

    @_open
    async def end(self, request: Request) -> Response:
        """Begin a session for the person whom the provider has sent back."""
        pending = self.accounts.pending.opened(cookie(SIGN_IN_COOKIE, request.scope)) or {}
        wanted = own_path(str(pending.get("next", "/")))
        if self.accounts.provider is None:
            return self._page(wanted, status=404)
        try:
            person, token = await self._began(request, pending)
        except SignInFailed as failed:
            return self._failed(request, failed, wanted, 403)
        except AccountsError as error:
            return self._failed(request, SignInFailed("Nobody can sign in at the moment.", str(error)), wanted, 503)
        await self._record(request, "sign-in", person)
        response = RedirectResponse(wanted, _SEE_OTHER, _NO_STORE)
        lifetime = self.accounts.sessions.seconds
        response.headers.append("Set-Cookie", set_cookie(SESSION, token, lifetime, request.scope))
        response.headers.append("Set-Cookie", set_cookie(SIGN_IN_COOKIE, "", 0, request.scope))
        return response

    async def _began(self, request: Request, pending: dict[str, Any]) -> tuple[Principal, str]:
        """Return the person and the token of a new session. Raises SignInFailed, or errors of the accounts' files."""
        assert self.accounts.provider is not None
        state = request.query_params.get("state")
        if pending and state == pending["state"] and not self.accounts.pending.end(pending["state"]):
            raise SignInFailed("This sign-in has ended already.", "its address was opened again")
        person = await self.accounts.provider.end(request, pending)
        old = cookie(SESSION, request.scope)
        return person, await run_in_threadpool(self.accounts.sessions.begin, person, old)

    @_open
    async def sign_out(self, request: Request) -> Response:
        """End the session, for every copy of its cookie."""
        token = cookie(SESSION, request.scope)
        person = self.accounts.sessions.find(token)
        if person is not None:
            await run_in_threadpool(self.accounts.sessions.end, token)
            await self._record(request, "sign-out", person)
        # The browser keeps the last questions for its reader; the next one is somebody else.
        response = RedirectResponse(f"{SIGN_IN}?out", _SEE_OTHER, {**_NO_STORE, "Clear-Site-Data": '"storage"'})
        response.headers.append("Set-Cookie", set_cookie(SESSION, "", 0, request.scope))
        return response

    @Permission(ADMIN, counts_as="request")
    async def metric_text(self, _: Request) -> Response:
        """Return the metrics of the server."""
        text = await run_in_threadpool(self.metrics.text)
        return Response(text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    def _failed(self, request: Request, failed: SignInFailed, wanted: str, status: int) -> Response:
        """Return the sign-in page. The reason goes to the log: strangers could fill the audit log with failures."""
        _log.warning("A sign-in from %s failed: %s", client_of(request.scope), failed.reason)
        return self._page(wanted, problem=f"{failed.message} {failed.hint}", status=status)

    async def _record(self, request: Request, action: str, person: Principal) -> None:
        facts = {**sender(person), "address": client_of(request.scope), "outcome": 200}
        await run_in_threadpool(lambda: self.accounts.audit.record(action, **facts))

    def _public(self, request: Request) -> str:
        """Return the address of the server as people see it."""
        return self.accounts.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")


@_open
async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "ok"}, headers=_NO_STORE)


def _without_head(route: Route) -> Route:
    """Return a route that does not answer HEAD, which Starlette adds: a program that looks would end a sign-in."""
    route.methods = {"GET"}
    return route


# Runs a server with accounts, with pages or for programs alone.


def serve(place: Place, settings: Settings, make: MakeApplication | None = None) -> None:
    """Serve until interrupted. `make` returns the application of a library; without it there are no pages.

    Raises SettingsError if nobody could get in, and the errors of `collection.several` and `Library.open`.
    """
    require_usable(settings)
    service.begin(settings, place.host, place.port)
    app = open_application(place.folder, settings, make or programs_only, has_several=place.has_several)
    application.listen(app, settings, host=place.host, port=place.port)


def open_application(folder: Path, settings: Settings, make: MakeApplication, *, has_several: bool) -> ASGIApp:
    """Return the application of a server with accounts."""
    opened = (collection.several if has_several else collection.single)(folder, settings, make)
    return build(opened, Accounts.opened(settings), settings)


def programs_only(library: Library, settings: Settings) -> FastAPI:
    """Return the REST API and the tools for assistants of a library, without pages."""
    jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
    app = application.build(library, settings, jobs)
    application.add_index_page(app)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[Any]:
        async with inner(running) as state:
            yield state
        await run_in_threadpool(jobs.close)

    app.router.lifespan_context = lifespan
    return app
