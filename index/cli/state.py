"""What the shared options say, and the exit codes."""

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
INTERRUPTED = 130  # as typer ends on Ctrl-C, and as shells expect it


@dataclass(frozen=True, slots=True)
class State:
    """The shared options."""

    library: Path | None = None
    quiet: bool = False
    verbose: bool = False
    json: bool = False

    def including(self, *, library: Path | None, quiet: bool, verbose: bool, json: bool) -> State:
        """With what was given in a second place: a flag counts wherever it stands, the last folder prevails."""
        both = State(library or self.library, self.quiet or quiet, self.verbose or verbose, self.json or json)
        if both.verbose:
            logging.getLogger().setLevel(logging.INFO)
        return both

    def settings(self) -> Settings:
        """The settings, from the environment and the configuration file."""
        from index.settings import Settings

        return Settings()

    def folder(self, settings: Settings) -> Path:
        """The library's folder: the option's, else the settings'."""
        return (self.library or settings.library).expanduser().absolute()

    def open(self, *, create: bool = False) -> Library:
        """The library; only `add` makes one where there is none."""
        from index.library import Library

        settings = self.settings()
        return Library.open(self.folder(settings), settings, create=create)
