"""The one table of roles: which role each route and each event of the page needs, and what the audit log records.

A route without an entry is refused, and a page with an event without one is not built. A test compares the table with
all routes of the application and of Gradio.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.server.accounts.principals import Role
from index.server.guard.origins import Refusal

ANYONE, READER, CURATOR, ADMIN = Role.NONE, Role.READER, Role.CURATOR, Role.ADMIN
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
START, CALLBACK = "/sign-in/start", "/sign-in/callback"
ACCOUNT = "/page/account"
"""The part of the page's header that says who is signed in. The server answers it, not the library's application."""


@dataclass(frozen=True, slots=True)
class Permission:
    """An entry of the table."""

    methods: tuple[str, ...]
    path: re.Pattern[str]
    role: Role
    """The role that it needs in the library; for routes of the server, the role everywhere."""
    action: str = ""
    """The action that the audit log records; nothing for routes that only read."""
    needs_sign_in: bool = True
    """Whether it is refused to people who have not signed in."""


@dataclass(frozen=True, slots=True)
class EventPermission:
    """What an event of the page needs in its library, and what the audit log calls it if it is refused."""

    role: Role
    action: str = ""


def _entry(line: str, role: Role, action: str = "", *, needs_sign_in: bool = True) -> Permission:
    methods, _, path = line.partition(" ")
    return Permission(tuple(methods.split("|")), re.compile(path), role, action, needs_sign_in)


SIGN = (
    _entry(f"GET|HEAD {SIGN_IN}", ANYONE, needs_sign_in=False),
    _entry(f"GET|HEAD {START}", ANYONE, needs_sign_in=False),
    _entry(f"GET {CALLBACK}", ANYONE, needs_sign_in=False),
    _entry(f"POST {SIGN_OUT}", ANYONE, needs_sign_in=False),
)
"""Sign-in and sign-out."""
PROBES = (_entry("GET|HEAD /(?:healthz|readyz)", ANYONE, needs_sign_in=False),)
"""Routes for monitoring that say nothing about documents."""
SERVER = (*SIGN, *PROBES, _entry("GET|HEAD /", ANYONE), _entry("GET|HEAD /metrics", ADMIN))
"""The routes of a server of several libraries: `/` lists them."""
LIBRARY = (
    # The page, and what it loads
    _entry("GET|HEAD /?", READER),
    _entry(r"GET|HEAD /config/?", READER),
    _entry(r"GET|HEAD /(?:theme\.css|favicon\.ico|robots\.txt)", READER),
    _entry(r"GET|HEAD /(?:assets|static|ui|static-offline-docs)/.+", READER),
    _entry(r"GET|HEAD /d/[^/]+(?:/[^/]+)?", READER),
    # Gradio's events, whose roles are in EVENTS. The page's own gate (`page.gradio_routes`) validates them, and closes
    # all other routes of Gradio.
    _entry(r"GET|HEAD /gradio_api/(?:info|queue/data|app_id)", READER),
    _entry(r"POST /gradio_api/(?:queue/join|cancel|reset)", READER),
    _entry(r"POST /gradio_api/upload", CURATOR, "upload"),
    _entry(r"GET /gradio_api/upload_progress", CURATOR),
    # Fragments and forms of the page
    _entry(f"GET {ACCOUNT}", READER),
    _entry(r"GET /page/(?:state|jobs|documents|coverage|map|choices|suggestions|batches)", READER),
    _entry(r"GET /page/export", READER, "export"),
    _entry(r"GET /page/batches/[^/]+/rows", READER),
    _entry(r"GET /page/batches/[^/]+/answers\.[^/]+", READER, "export"),
    _entry(r"POST /page/(?:check|batches|questions)", READER),
    _entry(r"GET|POST /page/kept", READER),  # the reader's own, whoever else may read the library
    _entry(r"POST /page/kept/(?:check|forget)", READER),
    _entry(r"POST /page/kept/export", READER, "export"),
    _entry(r"POST /page/(?:links|folders)", CURATOR, "add"),
    _entry(r"POST /page/jobs/[^/]+/cancel", CURATOR, "cancel"),
    _entry(r"DELETE /page/documents/[^/]+", CURATOR, "remove"),
    # The REST API, its documentation, and the tools for assistants
    _entry(r"GET|HEAD /docs(?:/oauth2-redirect)?", READER),
    _entry(r"GET|HEAD /openapi\.json", READER),
    _entry(r"POST /v1/(?:search|ask|check|coverage|batch|matrix)", READER),
    _entry(r"GET|HEAD /v1/(?:documents|stats)", READER),
    _entry(r"GET|HEAD /v1/documents/[^/]+(?:/text|/view|/pages/[^/]+\.png)?", READER),
    _entry(r"GET|HEAD /v1/documents/[^/]+/original", READER, "export"),
    _entry(r"POST /v1/documents", CURATOR, "add"),
    _entry(r"DELETE /v1/documents/[^/]+", CURATOR, "remove"),
    _entry(r"GET|HEAD /v1/jobs/[^/]+(?:/events)?", READER),
    _entry(r"GET|HEAD /v1/jobs/[^/]+/table\.(?:csv|xlsx)", READER, "export"),
    _entry(r"POST /v1/jobs/[^/]+/cancel", CURATOR, "cancel"),
    _entry(r"POST /mcp", READER),
    # Monitoring
    _entry(r"GET|HEAD /(?:healthz|readyz)", READER),
    _entry(r"GET|HEAD /metrics", ADMIN),
)
"""The routes of a library."""
SINGLE = (*PROBES, *LIBRARY)
"""The routes of the only library of a server, which is at its root."""
EVENTS = {
    "ask": EventPermission(READER),
    "question": EventPermission(READER),
    "load": EventPermission(READER),
    "stop": EventPermission(READER),
    "refresh": EventPermission(READER),
    "upload": EventPermission(CURATOR, "add"),
}
"""The events of the page, by name."""
SIGN_PATHS = frozenset({SIGN_IN, START, CALLBACK, SIGN_OUT})


def needed(table: tuple[Permission, ...], method: str, path: str) -> Permission | None:
    """Return the entry of a route, or None if there is none."""
    return next((entry for entry in table if method in entry.methods and entry.path.fullmatch(path)), None)


def lacking(role: Role, word: str) -> Refusal:
    """Return the refusal of somebody with another role; `word` is the name of theirs."""
    return Refusal(403, f"This needs the role {role.word}; yours is {word}.")
