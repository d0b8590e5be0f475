"""The library for assistants, by the Model Context Protocol: search, ask, check and read, so that they can cite.

    endpoint = mcp.endpoint(library, settings)
    app.router.routes.append(endpoint.route)      # exactly /mcp; before anything that is mounted at "/"
    app.add_middleware(Guard, settings=settings)  # of `index.guard.middleware`: no page of another site may ask

    @asynccontextmanager
    async def lifespan(app):                      # the parent's: nothing enters it for a route
        async with endpoint.running():
            yield

Until `running` has been entered, and after it has been left, a request is answered with 503; it may be entered again.
For a client in the same process there is `server`, without HTTP: `async with mcp.Client(server(library, settings))`.

Everything here reads: no tool changes the library, none tells of the file system. Each request stands alone (no
sessions, no streams), so any number of processes may serve one library. No retrieval, SQL or model is here; whatever a
tool does is a method of `Library`. Importing this package does not load the protocol's SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server import Server

    from index.library import Library
    from index.mcp.mounting import Endpoint
    from index.serving.slots import Slots
    from index.settings import Settings

__all__ = ["endpoint", "server"]


def server(library: Library, settings: Settings) -> Server[Any]:
    """The server over an open library, for whatever transport."""
    from index.mcp.building import build

    return build(library, settings)


def endpoint(
    library: Library, settings: Settings, *, questions: Slots | None = None, checks: Slots | None = None
) -> Endpoint:
    """The same over HTTP, as a route for an application that has others, with which it may share its slots."""
    from index.mcp.building import build
    from index.mcp.mounting import Endpoint

    return Endpoint(build(library, settings, questions, checks), settings)
