"""The library for assistants, over the Model Context Protocol: they can search, ask, check, read, and cite.

    endpoint = mcp.endpoint(library, settings)
    app.router.routes.append(endpoint.route)      # exactly /mcp; before anything that is mounted at "/"
    app.add_middleware(Guard, settings=settings)  # `index.server.guard.middleware`: refuses pages of other sites

    @asynccontextmanager
    async def lifespan(app):                      # the parent's: a route has no lifespan of its own
        async with endpoint.running():
            yield

Outside of the `running` context, the endpoint answers with 503. The context may be entered again.
A client in the same process needs no HTTP: `async with Client(build_server(library, settings))`.

All tools only read: none changes the library, and none reveals a path. Requests are independent (no sessions, no
streams), so any number of processes may serve one library. This package has no retrieval, SQL or model of its own: each
tool calls a method of `Library`. Importing it does not load the protocol's SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server import Server

    from index.library.library import Library
    from index.server.limits import Slots
    from index.server.mcp.server import Endpoint
    from index.settings import Settings

__all__ = ["build_server", "endpoint"]


def build_server(library: Library, settings: Settings) -> Server[Any]:
    """Return the server over an open library, for any transport."""
    from index.server.mcp.server import build

    return build(library, settings)


def endpoint(
    library: Library, settings: Settings, *, questions: Slots | None = None, checks: Slots | None = None
) -> Endpoint:
    """Return the server as a route for an HTTP application; `questions` and `checks` are slots that both share."""
    from index.server.mcp.server import Endpoint, build

    return Endpoint(build(library, settings, questions, checks), settings)
