"""The values of the shared options, and the exit codes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from index.library import Library
    from index.settings import Settings

ERROR = 1
SOME_FAILED = 3
INTERRUPTED = 130  # typer's exit code for Ctrl-C, which shells expect


@dataclass(frozen=True, slots=True)
class State:
    """The values of the shared options."""

    library: Path | None = None
    quiet: bool = False
    verbose: bool = False
    json: bool = False

    def merged(self, *, library: Path | None, quiet: bool, verbose: bool, json: bool) -> State:
        """Return the options merged with those given after the command: flags add up, the later folder wins."""
        both = State(library or self.library, self.quiet or quiet, self.verbose or verbose, self.json or json)
        if both.verbose:
            logging.getLogger().setLevel(logging.INFO)
        return both

    def settings(self) -> Settings:
        """Return the settings from the environment and the configuration file."""
        from index.settings import Settings

        return Settings()

    def folder(self, settings: Settings) -> Path:
        """Return the library's folder: from the option, otherwise from the settings."""
        return (self.library or settings.library).expanduser().absolute()

    def open(self, *, create: bool = False) -> Library:
        """Open the library; with `create`, make it if it does not exist."""
        from index.library import Library

        settings = self.settings()
        return Library.open(self.folder(settings), settings, create=create)
