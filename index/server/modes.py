"""Whom a server serves besides its owner, by plug-ins: a team with accounts, or the visitors of a public demo.

A plug-in names a `ServerMode` by an entry point of `pincite.servers`. One mode attaches itself to the application of a
library; another serves several applications of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from index.errors import SettingsError
from index.records.file_kinds import plugged_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from fastapi import FastAPI

    from index.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """Where the documents are, and where the server listens."""

    folder: Path
    """The folder of the only library, or of all libraries."""
    host: str
    port: int
    has_several: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMode:
    """A mode of the server. Its functions are named as `package.module:function`, and imported when they are needed."""

    name: str
    is_wanted: Callable[[Settings], bool] = lambda _: False
    """Whether the settings ask for it, for a mode that attaches itself to the application of a library."""
    attach: str = ""
    """Adds routes and middleware to an application whose own routes are there. It is called with the application,
    whose `state.service` has the library, and returns a context that is open while the application runs."""
    serve: str = ""
    """Serves until interrupted. It is called with a place, the settings, and a function that returns the application
    of a library with a page, or None for servers without pages."""
    head: str = ""
    """Returns markup for the head of the page, and is called with the settings."""
    notice: str = ""
    """Returns markup that stands below the tabs of the page, and is called with the settings."""
    assets: tuple[Path, ...] = ()
    """Style sheets and scripts of the page, after those of the page itself. Every page has those of all modes."""


def modes() -> tuple[ServerMode, ...]:
    """Return the modes that are installed. Raises SettingsError if one is broken: it may protect the server."""

    def refuse(broken: str) -> None:
        raise SettingsError(broken, "The server does not start without it, because it may be what protects it.")

    return tuple(plugged_in("pincite.servers", ServerMode, on_broken=refuse))


def wanted(settings: Settings) -> list[ServerMode]:
    """Return the modes that the settings ask for. Raises SettingsError for a demo whose plug-in is left out.

    Without its limits, a demo would let every stranger change the library.
    """
    if settings.demo:
        mode("demo")
    return [each for each in modes() if each.is_wanted(settings)]


def mode(name: str) -> ServerMode:
    """Return a mode by its name. Raises SettingsError if its plug-in is left out."""
    for each in modes():
        if each.name == name:
            return each
    raise SettingsError(
        f"This server has no mode {name!r}: its plug-in is left out.",
        "Unset PINCITE_PLUGINS, or install Pincite again, and start the server again.",
    )


def attach(app: FastAPI, settings: Settings) -> list[AbstractAsyncContextManager[Any]]:
    """Attach the wanted modes to an application. Returns the contexts that must be open while it runs."""
    return [resolve_name(each.attach)(app, settings) for each in wanted(settings)]
