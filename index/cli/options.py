"""The options of every command, accepted before or after its name, and the base class of all commands."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from index.cli.state import State

LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library", help="Folder of the library. Default: $PINCITE_LIBRARY, else a folder in your data folder."
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only results, no progress.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Print more details.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


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
