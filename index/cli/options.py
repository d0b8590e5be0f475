"""The options that all commands share, the state that they set, and the completion of document names."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from index.records.file_kinds import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.library.library import Library
    from index.records import DocumentInfo
    from index.settings import Settings

ERROR = 1
SOME_FAILED = 3
INTERRUPTED = 130  # typer's exit code for Ctrl-C, which shells expect
FILES = f"Files and folders: {FORMATS}."
"""The help of an argument that names files."""
LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library", help="Folder of the library. Default: $PINCITE_LIBRARY, else a folder in your data folder."
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only results, no progress.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Print more details.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        help="A file with one password per line; each is tried on files that are locked. None is stored.",
        show_default=False,
    ),
]
_PLAIN = re.compile(r"[^\s\"'\\$`&|;<>()*?!#\[\]{}~\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
"""Names without characters that are special to a shell. Shells quote differently, so other names are not offered."""


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
        from index.library.library import Library

        settings = self.settings()
        return Library.open(self.folder(settings), settings, create=create)


def _shared(
    library: LibraryOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    json: JsonOption = False,
) -> None:
    """Declare the shared options: typer reads them from this signature."""


@cache
def shared_options() -> tuple[Any, ...]:
    """Return the options that every command accepts."""
    app = typer.Typer(add_completion=False)
    app.command()(_shared)
    return tuple(typer.main.get_command(app).params)


class Command(TyperCommand):
    """A command that accepts the shared options after its name and lists them in a separate help section."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the command's own parameters and the shared ones."""
        return [*super().get_params(ctx), *shared_options()]

    def get_short_help_str(self, limit: int = 0) -> str:  # noqa: ARG002 - the list of commands would cut sentences there
        """Return the first sentence of the help for the list of commands."""
        return super().get_short_help_str(limit=200)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; shared options are merged with those given before the command."""
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:  # else the shell is completing, and nothing runs
            state: State = ctx.obj
            ctx.obj = state.merged(**{option.name: ctx.params.pop(option.name) for option in shared_options()})
        return rest

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the help sections: arguments, options, shared options."""
        own = super().get_params(ctx)
        sections = {
            "Arguments": [parameter for parameter in own if parameter.param_type_name == "argument"],
            "Options": [parameter for parameter in own if parameter.param_type_name == "option"],
            "Options of every command": shared_options(),
        }
        for title, parameters in sections.items():
            if rows := [row for parameter in parameters if (row := parameter.get_help_record(ctx))]:
                with formatter.section(title):
                    formatter.write_dl(rows)


def document_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return titles and file names that start with `incomplete`, or none if the library cannot be read: a completion
    must not print errors.
    """
    from index.errors import PinciteError

    library = context.params.get("library") or context.find_root().params.get("library")
    with suppress(PinciteError, OSError), State(library).open() as opened:
        names = dict.fromkeys(name for info in opened.documents() for name in _names(info))
        return [name for name in names if name.startswith(incomplete)]
    return []


def _names(info: DocumentInfo) -> Iterator[str]:
    for name in (info.name, PurePath(info.source).name):
        if _PLAIN.fullmatch(name):
            yield name


def passwords_in(file: Path | None) -> tuple[str, ...]:
    """Return the passwords in a file, one per line; none without a file. Line breaks are not part of a password."""
    if file is None:
        return ()
    try:
        lines = file.read_bytes().decode("utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeError) else error.strerror
        raise typer.BadParameter(f"{file} cannot be read: {reason}.", param_hint="--password-file") from error
    return tuple(dict.fromkeys(line for line in lines if line))
