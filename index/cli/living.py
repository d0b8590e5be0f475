"""`pincite sync` and `pincite watch`, which keep a library in step with folders."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from index.cli.state import SOME_FAILED, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.library import Library

SYNC_EXAMPLE = "Example: pincite sync papers/ --dry-run"
WATCH_EXAMPLE = "Example: pincite watch papers/ notes/"

Folders = Annotated[list[Path], typer.Argument(metavar="FOLDER", help="Folders to mirror.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Remove documents even if most files of a folder are gone.")]


def sync(
    context: typer.Context,
    folders: Folders,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would change, without changing anything. New files are still read."),
    ] = False,
    checksum: Annotated[
        bool, typer.Option("--checksum", help="Read every file, even if its size and time are unchanged.")
    ] = False,
    force: Force = False,
) -> None:
    """Mirror these folders into the library: add, replace, rename and remove documents until both agree.

    Documents from other places are not touched. A missing folder is an error. So is a folder whose files are mostly
    gone: its disk may not be mounted. Exit code 3 means that some files could not be read.
    """
    from index.cli import printing, progress

    state: State = context.obj
    opened = _library_or_empty(state) if dry_run else state.open(create=True)
    with opened as library, progress.file_progress(shown=not state.quiet) as report:
        receipt = library.sync(folders, dry_run=dry_run, checksum=checksum, force=force, progress=report)
    if dry_run and not state.quiet:
        typer.echo("Dry run: nothing was changed. Without --dry-run, the command makes these changes.", err=True)
    if context.obj.json:
        from index.schema.receipts import Receipt

        printing.print_json(Receipt.model_validate(receipt).model_dump())
    else:
        printing.print_receipt(receipt, quiet=state.quiet, verbose=state.verbose or dry_run)
    if receipt.failed:
        raise typer.Exit(SOME_FAILED)


def watch(
    context: typer.Context,
    folders: Folders,
    every: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two full scans, whatever changes the system reported.")
    ] = 60.0,
    poll: Annotated[
        bool, typer.Option("--poll", help="Only scan, without change events from the system: for network disks.")
    ] = False,
    settle: Annotated[
        float, typer.Option(min=0.05, help="Seconds that a file must be unchanged before it is read.")
    ] = 1.0,
    force: Force = False,
) -> None:
    """Mirror these folders into the library until Ctrl-C, and print a line for each change.

    If a folder disappears, or another program is changing the library, the command waits. With --json, each change is
    one JSON object per line: a receipt, or a problem with its remedy.
    """
    from index.cli import progress
    from index.cli.watched import ChangePrinter
    from index.watching import Pace

    state: State = context.obj
    printer = ChangePrinter(quiet=state.quiet, json=state.json)
    display = progress.watch_progress(shown=not state.quiet)
    with state.open(create=True) as library, _stop_event_on_signal() as stop, display as report:
        printer.begin(folders)
        pace = Pace(every, settle, events=not poll)
        library.watch(folders, printer, stop=stop, pace=pace, force=force, progress=report)
    printer.end()


@contextmanager
def _library_or_empty(state: State) -> Iterator[Library]:
    """Yield the library or, if there is none, a temporary empty one, so that a dry run creates nothing."""
    from index.errors import LibraryNotFound
    from index.library import Library

    with ExitStack() as stack:
        try:
            library = stack.enter_context(state.open())
        except LibraryNotFound:
            folder = stack.enter_context(TemporaryDirectory(prefix="pincite-"))
            library = stack.enter_context(Library.open(folder, state.settings()))
        yield library


@contextmanager
def _stop_event_on_signal() -> Iterator[threading.Event]:
    """Yield an event that SIGINT (Ctrl-C) and SIGTERM set.

    The first signal raises no exception: a library's callback could swallow it, and watching would go on. A second
    signal raises KeyboardInterrupt.
    """
    stop = threading.Event()

    def end(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with suppress(KeyboardInterrupt):
            yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
