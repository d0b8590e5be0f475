"""`pincite sync` and `pincite watch`: a library that follows folders."""

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

Folders = Annotated[list[Path], typer.Argument(metavar="FOLDER", help="Folders to follow.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Also remove where most of a folder's files are gone.")]


def sync(
    context: typer.Context,
    folders: Folders,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read what is new, say what would be done, and do nothing.")
    ] = False,
    checksum: Annotated[
        bool, typer.Option("--checksum", help="Read every file, also those that look as they did when last read.")
    ] = False,
    force: Force = False,
) -> None:
    """Make the library have what is in these folders: add, replace, rename and remove until they agree.

    What the library has from elsewhere is left alone. A folder that is missing is an error, and so are removals of most
    of its files: that may be a disk that is not mounted. Exit code 3 says that some files could not be read.
    """
    from index.cli import printing, progress

    state: State = context.obj
    opened = _library_or_an_empty_one(state) if dry_run else state.open(create=True)
    with opened as library, progress.files(shown=not state.quiet) as report:
        receipt = library.sync(folders, dry_run=dry_run, checksum=checksum, force=force, progress=report)
    if dry_run and not state.quiet:
        typer.echo("Nothing was changed: this is what the same command without --dry-run does.", err=True)
    if context.obj.json:
        from index.schema.receipts import Receipt

        printing.as_json(Receipt.model_validate(receipt).model_dump())
    else:
        printing.receipt(receipt, quiet=state.quiet, verbose=state.verbose or dry_run)
    if receipt.failed:
        raise typer.Exit(SOME_FAILED)


def watch(
    context: typer.Context,
    folders: Folders,
    every: Annotated[
        float, typer.Option(min=0.1, help="Seconds after which everything is looked at, whatever was told of changes.")
    ] = 60.0,
    poll: Annotated[
        bool, typer.Option("--poll", help="Do not ask the system for changes, only look: for network disks.")
    ] = False,
    settle: Annotated[
        float, typer.Option(min=0.05, help="Seconds for which a file must rest before it is read.")
    ] = 1.0,
    force: Force = False,
) -> None:
    """Follow these folders until Ctrl-C: each change in them becomes one in the library, and a line here.

    A folder that goes is waited for, and so is another program that changes the library. With --json each change is
    one JSON object on a line of its own: a receipt, or a problem and its remedy.
    """
    from index.cli import progress
    from index.cli.watched import Watched
    from index.watching import Pace

    state: State = context.obj
    told = Watched(quiet=state.quiet, json=state.json)
    shown = progress.watching(shown=not state.quiet)
    with state.open(create=True) as library, _ending_well() as stop, shown as report:
        told.begin(folders)
        pace = Pace(every, settle, events=not poll)
        library.watch(folders, told, stop=stop, pace=pace, force=force, progress=report)
    told.end()


@contextmanager
def _library_or_an_empty_one(state: State) -> Iterator[Library]:
    """The library; where there is none, an empty one for the moment: none is made."""
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
def _ending_well() -> Iterator[threading.Event]:
    """Ctrl-C, and a system that asks to end, are the ways in which this ends: then the event is set.

    An exception could come where it is swallowed, as in a callback of a library, and the watching would go on. Only a
    second signal raises one.
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
