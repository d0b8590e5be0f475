"""The person whom a trusted proxy names in a header. The header is removed from every request, whoever sent it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from index.server.guard.origins import Proxies
from index.server.principals import Principal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from index.settings import Settings


NAMED = "pincite.proxy_user"
"""The key of the person in the scope of a request."""
_MOST_CHARACTERS = 320
_log = logging.getLogger(__name__)


class ProxyIdentity:
    """ASGI middleware outside of the guard, which replaces the proxy's address by the visitor's."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._proxies = Proxies(settings.trusted_proxies)
        self._user, self._email, self._groups = (
            name.strip().lower() for name in (settings.proxy_user, settings.proxy_email, settings.proxy_groups)
        )
        self._removed = frozenset(name.encode() for name in (self._user, self._email, self._groups) if name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Move the headers of a trusted proxy into the scope; remove those of anybody else."""
        if scope["type"] in ("http", "websocket") and self._removed:
            peer = scope["client"][0] if scope.get("client") else ""
            named = self._named(Headers(scope=scope)) if self._proxies.trusts(peer) else None
            scope["headers"] = [pair for pair in scope["headers"] if pair[0].lower() not in self._removed]
            scope[NAMED] = named
        await self._app(scope, receive, send)

    def _named(self, headers: Headers) -> Principal | None:
        """Return the person. A header that occurs twice names nobody: the proxy has added its own to a visitor's."""
        values = {name: headers.getlist(name) for name in (self._user, self._email, self._groups) if name}
        if any(len(lines) > 1 for lines in values.values()):
            _log.warning("A trusted proxy passes on a visitor's own %s; it must replace it.", self._user)
            return None
        user, email, groups = ("".join(values.get(name, ())) for name in (self._user, self._email, self._groups))
        user = user.strip()
        if not user or len(user) > _MOST_CHARACTERS:
            return None
        email = email.strip() or (user if "@" in user else "")
        named = frozenset(group for part in groups.split(",") if (group := part.strip()))
        return Principal("proxy", user, user, email, named)
