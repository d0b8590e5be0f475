"""`pincite add`, which adds files, and `pincite queue`, which shows the files still to be read."""

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
        bool, typer.Option("--resume", help="Continue an `add` that was stopped, with the files still waiting.")
    ] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Retry the files that could not be read.")] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Number of processes that read files. Default: one for every two cores.", show_default=False
        ),
    ] = None,
) -> None:
    """Add files and folders to the library. Unchanged files are skipped; changed files are replaced.

    You can stop it at any time: what is stored is kept, and --resume continues. Exit code 3 means that some files
    could not be read; the receipt names them.
    """
    from index.cli import printing, progress

    state: State = context.obj
    if not paths and not (resume or retry):
        raise typer.BadParameter("Name files or folders, or use --resume.", param_hint="PATHS")
    if paths and (resume or retry):
        raise typer.BadParameter(
            "--resume and --retry take their files from the queue; do not name any.", param_hint="PATHS"
        )
    with state.open(create=bool(paths)) as library:
        with progress.file_progress(shown=not state.quiet) as report:
            receipt = _add(library, paths, resume=resume, retry=retry, workers=workers, report=report)
        if not state.quiet:
            _print_waiting(library)
    if context.obj.json:
        from index.schema.receipts import Receipt

        printing.print_json(Receipt.model_validate(receipt).model_dump())
    else:
        printing.print_receipt(receipt, quiet=state.quiet, verbose=state.verbose)
    if receipt.failed:
        raise typer.Exit(SOME_FAILED)


def queue(
    context: typer.Context,
    clear: Annotated[
        bool, typer.Option("--clear", help="Empty the queue: forget the waiting files and the failures.")
    ] = False,
) -> None:
    """Show the files that an `add` left waiting and the files that could not be read.

    `pincite add --resume` continues with the waiting files; `pincite add --retry` retries the others.
    """
    from index.cli import printing

    with context.obj.open() as library:
        if clear:
            library.forget_queue()
        contents = library.queue()
    if context.obj.json:
        from index.schema.base import plain

        printing.print_json(plain(contents))
    else:
        printing.print_queue(contents, verbose=context.obj.verbose)


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


def _print_waiting(library: Library) -> None:
    """Tell the user about files that an earlier `add` left in the queue."""
    waiting = len(library.queue().waiting)
    if waiting:
        files = "1 file" if waiting == 1 else f"{waiting:,} files"
        typer.echo(f"An earlier add left {files} waiting. To continue: pincite add --resume", err=True)
