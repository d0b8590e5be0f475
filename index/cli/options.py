"""The options that stand before a command or after it, and the class of all commands, which accepts them."""

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
    typer.Option("--library", help="Folder of the library. Default: $PINCITE_LIBRARY, else your data folder."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only, no progress.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Print more details.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def _shared(
    library: LibraryOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    json: JsonOption = False,
) -> None:
    """Only the signature counts: typer makes options of it."""


@cache
def shared_options() -> tuple[Any, ...]:
    """The options that every command accepts."""
    app = typer.Typer(add_completion=False)
    app.command()(_shared)
    return tuple(typer.main.get_command(app).params)


class Command(TyperCommand):
    """A command that accepts the shared options after its name, too, and lists them in a section of their own."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its own parameters and the shared ones."""
        return [*super().get_params(ctx), *shared_options()]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What is given here is added to what was given before the command."""
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:  # else it is completed, not run
            state: State = ctx.obj
            ctx.obj = state.including(**{option.name: ctx.params.pop(option.name) for option in shared_options()})
        return rest

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, options, shared options."""
        own = super().get_params(ctx)
        sections = {
            "Arguments": [each for each in own if each.param_type_name == "argument"],
            "Options": [each for each in own if each.param_type_name == "option"],
            "Options of every command": shared_options(),
        }
        for title, parameters in sections.items():
            if rows := [row for each in parameters if (row := each.get_help_record(ctx))]:
                with formatter.section(title):
                    formatter.write_dl(rows)
