"""`pincite serve`: one library, a public demo, or the libraries of a team."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from index.cli.options import State
    from index.settings import Settings

EXAMPLE = "Example: pincite serve --port 8080   then: curl http://127.0.0.1:8080/healthz"


def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for all addresses of this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 7860,
    api_only: Annotated[
        bool, typer.Option("--api-only", help="Serve only programs and assistants: without the page, less is loaded.")
    ] = False,
    users: Annotated[
        bool, typer.Option("--users", help="Let in only people who sign in, and programs with a key.")
    ] = False,
    libraries: Annotated[
        Path | None,
        typer.Option(help="With --users: serve each folder in this one as a library at /l/NAME/.", show_default=False),
    ] = None,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            help="Serve a public demo: the library is read-only, and each visitor gets a private library for a while.",
        ),
    ] = False,
) -> None:
    """Serve the library: a web page for people, a REST API for programs and MCP for assistants.

    Without --demo or --users, anyone who can connect can change the library.

    The page is at /, the API's documentation at /docs, the MCP endpoint at /mcp. The log on standard error is text on a
    terminal, and JSON elsewhere, one object per line. docs/accounts.md explains --users and --libraries.
    """
    from index import page
    from index.server import http

    settings = context.obj.settings()
    if demo:
        settings = settings.model_copy(update={"demo": True})
    if users or libraries is not None:
        _serve_team(context.obj, settings, _Wish(host, port, libraries, users, api_only))
        return
    serving = http.serve if api_only else page.serve
    serving(context.obj.folder(settings), settings, host=host, port=port)


@dataclass(frozen=True, slots=True)
class _Wish:
    """The options of `pincite serve` that concern a server with accounts."""

    host: str
    port: int
    libraries: Path | None
    users: bool
    api_only: bool


def _serve_team(state: State, settings: Settings, wish: _Wish) -> None:
    """Serve one library or several to people who sign in. Raises SettingsError without `--users`, and for a demo."""
    from pkgutil import resolve_name

    from index import page
    from index.errors import SettingsError
    from index.server import modes

    if not wish.users:
        raise SettingsError("--libraries needs --users.", "Several libraries are served to people who sign in.")
    if settings.demo:
        raise SettingsError("A public demo has no accounts.", "Use either --demo (PINCITE_DEMO) or --users.")
    folder = wish.libraries.expanduser().absolute() if wish.libraries else state.folder(settings)
    place = modes.Place(folder, wish.host, wish.port, has_several=wish.libraries is not None)
    resolve_name(modes.mode("team").serve)(place, settings, None if wish.api_only else page.create_app)
