"""`pincite add`, `queue`, `sync` and `watch`: the commands that fill a library."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.cli.options import FILES, SOME_FAILED, PasswordFile, State, passwords_in
from index.cli.printing import print_json, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.library.library import Library
    from index.records import Problem, Receipt

_WIDTH = 8
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
ADD_EXAMPLE = "Example: pincite add papers/ notes.md"
QUEUE_EXAMPLE = "Example: pincite queue   then: pincite add --resume"
SYNC_EXAMPLE = "Example: pincite sync papers/ --dry-run"
WATCH_EXAMPLE = "Example: pincite watch papers/ notes/"
Folders = Annotated[list[Path], typer.Argument(metavar="FOLDER", help="Folders to mirror.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Remove documents even if most files of a folder are gone.")]


class ChangePrinter:
    """Prints changes to standard output and problems to standard error."""

    def __init__(self, *, quiet: bool, json: bool = False) -> None:
        self._quiet = quiet
        self._json = json
        self._began = time.monotonic()
        self._counts: Counter[str] = Counter()

    def begin(self, folders: Sequence[Path]) -> None:
        """Print which folders are watched and how to stop."""
        if not self._quiet:
            typer.echo(f"Watching {printable(', '.join(map(str, folders)))}. Press Ctrl-C to stop.", err=True)

    def __call__(self, event: Receipt | Problem) -> None:
        """Print a line for each change of a receipt, or a problem with its remedy."""
        from index.records import Problem

        if self._json:
            self._print_as_json(event)
            return
        if isinstance(event, Problem):
            typer.secho(printable(f"{_now()} {event.what} {event.remedy}"), fg=typer.colors.YELLOW, err=True)
            return
        for name in ("added", "replaced", "removed"):
            for source in getattr(event, name):
                self._print_line(name, source)
        for rename in event.renamed:
            self._print_line("renamed", f"{rename.before} -> {rename.source}")
        for failure in event.failed:
            self._print_line("failed", f"{failure.source}: {failure.reason} {failure.hint}")

    def end(self) -> None:
        """Print the totals."""
        names = ("added", "replaced", "renamed", "removed", "failed")
        done = ", ".join(f"{self._counts[name]} {name}" for name in names if self._counts[name]) or "nothing changed"
        if not self._json:
            typer.echo(f"Stopped after {_span(time.monotonic() - self._began)}: {done}.")

    def _print_as_json(self, event: Receipt | Problem) -> None:
        from index.records import Problem

        if isinstance(event, Problem):
            print_json(asdict(event), indent=None)
        elif any((event.added, event.replaced, event.renamed, event.removed, event.failed)):
            from index.wire import Receipt as ReceiptModel

            print_json(ReceiptModel.model_validate(event).model_dump(), indent=None)

    def _print_line(self, name: str, text: str) -> None:
        self._counts[name] += 1
        if not self._quiet:
            typer.echo(printable(f"{_now()} {name:<{_WIDTH}} {text}"))


def _now() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")


def _span(seconds: float) -> str:
    """Return a time in its two largest units."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < _DAY:
        return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"
    return f"{seconds // _DAY:.0f} days {seconds % _DAY // _HOUR:.0f} h"


def add(
    context: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help=FILES, show_default=False)] = None,
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
    password_file: PasswordFile = None,
) -> None:
    """Add files and folders to the library. Unchanged files are skipped; changed files are replaced.

    The documents in archives, mailboxes and e-mail messages are added, too.

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
            options: dict[str, Any] = {"progress": report, "workers": workers, "passwords": passwords_in(password_file)}
            receipt = (
                library.add(paths, **options) if paths else library.resume(waiting=resume, failed=retry, **options)
            )
        if not state.quiet:
            _print_waiting(library)
    if context.obj.json:
        from index.wire import Receipt

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
        from index.wire import plain

        printing.print_json(plain(contents))
    else:
        printing.print_queue(contents, verbose=context.obj.verbose)


def _print_waiting(library: Library) -> None:
    """Tell the user about files that an earlier `add` left in the queue."""
    waiting = len(library.queue().waiting)
    if waiting:
        files = "1 file" if waiting == 1 else f"{waiting:,} files"
        typer.echo(f"An earlier add left {files} waiting. To continue: pincite add --resume", err=True)


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
        from index.wire import Receipt

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
    from index.ingest.watch import Pace

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
    from index.library.library import Library

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
