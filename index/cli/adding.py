"""`pincite add`, and the queue of what it has still to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.cli.state import SOME_FAILED

if TYPE_CHECKING:
    from index.cli.state import State
    from index.library import Library
    from index.records import ProgressCallback, Receipt

ADD_EXAMPLE = "Example: pincite add papers/ notes.md"
QUEUE_EXAMPLE = "Example: pincite queue   then: pincite add --resume"


def add(
    context: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders.", show_default=False)] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what an `add` that was stopped left waiting.")
    ] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try the files again that could not be read.")] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that read files meanwhile. Default: one on two cores.", show_default=False),
    ] = None,
) -> None:
    """Add files and folders to the library, or bring it up to date with them.

    Stop it when you like: what was stored stays, and --resume goes on. Exit code 3 says that some files could not be
    read; the receipt names them.
    """
    from index.cli import printing, progress

    state: State = context.obj
    if not paths and not (resume or retry):
        raise typer.BadParameter("Name files or folders, or say --resume.", param_hint="PATHS")
    if paths and (resume or retry):
        raise typer.BadParameter("--resume and --retry know their files: name none.", param_hint="PATHS")
    with state.open(create=bool(paths)) as library:
        with progress.files(shown=not state.quiet) as report:
            receipt = _add(library, paths, resume=resume, retry=retry, workers=workers, report=report)
        if not state.quiet:
            _tell_of_others(library)
    if context.obj.json:
        from index.schema.receipts import Receipt

        printing.as_json(Receipt.model_validate(receipt).model_dump())
    else:
        printing.receipt(receipt, quiet=state.quiet, verbose=state.verbose)
    if receipt.failed:
        raise typer.Exit(SOME_FAILED)


def queue(
    context: typer.Context,
    clear: Annotated[bool, typer.Option("--clear", help="Forget it: wait for nothing, remember no failure.")] = False,
) -> None:
    """Show the files that an `add` left waiting, and those that could not be read.

    `pincite add --resume` goes on with the first, `pincite add --retry` tries the others again.
    """
    from index.cli import printing

    with context.obj.open() as library:
        if clear:
            library.forget_queue()
        found = library.queue()
    if context.obj.json:
        from index.schema.base import plain

        printing.as_json(plain(found))
    else:
        printing.queue(found, verbose=context.obj.verbose)


def _add(
    library: Library,
    paths: list[Path] | None,
    *,
    resume: bool,
    retry: bool,
    workers: int | None,
    report: ProgressCallback | None,
) -> Receipt:
    if paths:
        return library.add(paths, progress=report, workers=workers)
    return library.resume(waiting=resume, failed=retry, progress=report, workers=workers)


def _tell_of_others(library: Library) -> None:
    """What an earlier `add` left is nobody's to guess."""
    waiting = len(library.queue().waiting)
    if waiting:
        files = "1 file" if waiting == 1 else f"{waiting:,} files"
        typer.echo(f"Of an earlier add, {files} still wait: pincite add --resume", err=True)
