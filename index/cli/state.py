"""What the options before the command say, the option that most commands have, and the exit codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from index.library import Library
    from index.settings import Settings

ERROR = 1
SOME_FAILED = 3
INTERRUPTED = 130  # as typer ends on Ctrl-C, and as shells expect it

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@dataclass(frozen=True, slots=True)
class State:
    """The global options."""

    library: Path | None
    quiet: bool
    verbose: bool

    def settings(self) -> Settings:
        """The settings, from the environment."""
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
