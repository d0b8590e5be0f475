"""The command line: `pincite COMMAND`. It parses, calls the library and prints; nothing else."""

from __future__ import annotations

import logging
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.cli import adding, asking, evaluating, living, operating, searching
from index.cli.completion import document_names
from index.cli.options import Command, JsonOption, LibraryOption, QuietOption, VerboseOption
from index.cli.state import ERROR, INTERRUPTED, State

if TYPE_CHECKING:
    from index.errors import PinciteError
    from index.records import Verification

app = typer.Typer(
    name="pincite",
    help="Ask your own documents; see the exact words each answer rests on.",
    epilog="Begin with: pincite add papers/   then: pincite search 'Who signed the treaty?'",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; what Pincite raises on purpose becomes one line on standard error and exit code 1."""
    from index.errors import PinciteError

    try:
        app()
    except PinciteError as error:
        _complain(error)
        sys.exit(ERROR)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            typer.echo("Stopped. What was stored stays; the same command goes on from there.", err=True)
        raise


def _show_version(wanted: bool) -> None:
    if wanted:
        from index import __version__

        typer.echo(f"pincite {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    library: LibraryOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    json: JsonOption = False,
    version: Annotated[  # noqa: ARG001 - its callback does the work, before a command is asked for
        bool, typer.Option("--version", help="Print the version and stop.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Ask your own documents; see the exact words each answer rests on."""
    logging.basicConfig(level=logging.ERROR)
    context.obj = State().including(library=library, quiet=quiet, verbose=verbose, json=json)


app.command(cls=Command, epilog=adding.ADD_EXAMPLE)(adding.add)
app.command(cls=Command, epilog=adding.QUEUE_EXAMPLE)(adding.queue)
app.command(cls=Command, epilog=living.SYNC_EXAMPLE)(living.sync)
app.command(cls=Command, epilog=living.WATCH_EXAMPLE)(living.watch)
app.command(cls=searching.Asking, epilog=asking.ASK_EXAMPLE)(asking.ask)
app.command(cls=Command, epilog=asking.CHECK_EXAMPLE)(asking.check)
app.command(cls=searching.Asking, epilog=searching.SEARCH_EXAMPLE)(searching.search)
app.command(cls=searching.Asking, epilog=searching.COVERAGE_EXAMPLE)(searching.coverage)


@app.command(name="list", cls=Command, epilog="Example: pincite list --json")
def list_documents(context: typer.Context) -> None:
    """List the documents of the library."""
    from index.cli import printing, tables

    with context.obj.open() as library:
        documents = library.documents()
    if context.obj.json:
        from index.schema.documents import Document

        printing.as_json([Document.model_validate(each).model_dump() for each in documents])
    else:
        tables.documents(documents)


@app.command(cls=Command, epilog="Example: pincite show treaty.pdf --span 120:480")
def show(
    context: typer.Context,
    document: Annotated[str, typer.Argument(help="Its id, source or title.", autocompletion=document_names)],
    span: Annotated[str, typer.Option(help="Only START:END, in code points.", show_default=False)] = "",
) -> None:
    """Show a document's text, the one that all offsets refer to."""
    from index.cli import printing

    wanted = printing.parse_span(span) if span else None
    with context.obj.open() as library:
        info = library.find(document)
        full = library.document(info.id)
        location = library.locate(full.id, wanted) if wanted else None
    if context.obj.json:
        from index.schema.base import plain
        from index.schema.documents import Location

        cut = {"span": {"start": wanted[0], "end": wanted[1], "text": wanted.of(full.text)}} if wanted else {}
        place = {"location": Location.model_validate(location).model_dump()} if location else {}
        printing.as_json({**plain(full), "claimed": info.claimed, **cut, **place})
    else:
        printing.document(full, wanted, location, claimed=info.claimed)


@app.command(cls=Command, epilog="Example: pincite remove treaty.pdf 'Old notes'")
def remove(
    context: typer.Context,
    documents: Annotated[list[str], typer.Argument(help="Each by id, source or title.", autocompletion=document_names)],
) -> None:
    """Remove documents from the library, at once and completely. The files themselves stay."""
    from index.cli import printing

    with context.obj.open() as library:
        receipt = library.remove(*documents)
    if context.obj.json:
        from index.schema.receipts import Receipt

        printing.as_json(Receipt.model_validate(receipt).model_dump())
    else:
        printing.receipt(receipt, quiet=context.obj.quiet, verbose=context.obj.verbose)


@app.command(cls=Command, epilog="Example: pincite stats --json")
def stats(
    context: typer.Context,
    recall: Annotated[
        bool, typer.Option("--recall", help="Measure how much of what is nearest in meaning a search finds.")
    ] = False,
) -> None:
    """Show the library in numbers.

    With --recall, the index of a large library is tested: questions made of its own sentences are compared with every
    passage, and it is counted how many of the ten nearest a search finds. A small library is searched exactly.
    """
    from index.cli import printing, progress, tables
    from index.schema.base import plain

    state: State = context.obj
    with state.open() as library, progress.work("measuring recall", shown=recall and not state.quiet):
        numbers = plain(library.stats())
        measured = library.recall() if recall else None
    if state.json:
        printing.as_json({**numbers, "recall": plain(measured, decimals=4)} if measured else numbers)
        return
    printing.table(numbers)
    if measured:
        tables.recall(measured)


@app.command(cls=Command, epilog="Example: pincite verify")
def verify(
    context: typer.Context,
    pack: Annotated[Path | None, typer.Option(help="Check this evidence pack instead.", show_default=False)] = None,
) -> None:
    """Read every source that is still on disk again, and prove that every passage and sentence is its text.

    With --pack, prove that every quote of an evidence pack is in this library's documents. Exit code 1 says that
    something does not match.
    """
    from index.cli import printing, progress

    if pack is not None:
        with context.obj.open() as library, progress.work("checking the pack", shown=not context.obj.quiet):
            findings = library.verify_pack(pack)
        if context.obj.json:
            printing.as_json([asdict(finding) for finding in findings])
        else:
            printing.findings(findings)
        if findings:
            raise typer.Exit(ERROR)
        return
    with context.obj.open() as library, progress.files(shown=not context.obj.quiet) as report:
        result: Verification = library.verify(progress=report)
    if context.obj.json:
        from index.schema.base import plain

        printing.as_json(plain(result))
    else:
        printing.verification(result)
    if result.mismatches:
        raise typer.Exit(ERROR)


@app.command(cls=Command, epilog="Example: pincite doctor")
def doctor(context: typer.Context) -> None:
    """Look at versions, processor, encoder, library and settings, and say how to mend what is wrong.

    Exit code 1 says that something is. Settings are shown with the place that they come from: those that are not the
    defaults, with --verbose all of them.
    """
    from index.cli import printing, progress
    from index.diagnosis import diagnose

    settings = context.obj.settings()
    with progress.work("examining the library", shown=not context.obj.quiet):
        diagnosis = diagnose(context.obj.folder(settings), settings)
    if context.obj.json:
        printing.as_json(asdict(diagnosis))
    else:
        printing.table(diagnosis.findings)
        printing.settings(diagnosis.settings, verbose=context.obj.verbose)
        printing.problems(diagnosis.problems)
    if diagnosis.problems:
        raise typer.Exit(ERROR)


@app.command(cls=Command, epilog="Example: pincite serve --port 8080   then: curl http://127.0.0.1:8080/healthz")
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 7860,
    api_only: Annotated[
        bool, typer.Option("--api-only", help="Serve no page: less to load, for programs and assistants alone.")
    ] = False,
) -> None:
    """Serve the library: a page in the browser, and a service for programs and assistants.

    The page is at /, the description of the service at /docs, what assistants speak to (MCP) at /mcp. The log on
    standard error is JSON, one object a line.
    """
    from index import api, web

    settings = context.obj.settings()
    serving = api.serve if api_only else web.serve
    serving(context.obj.folder(settings), settings, host=host, port=port)


app.command(name="eval", cls=Command, epilog=evaluating.EXAMPLE)(evaluating.evaluate)
app.command(cls=Command, epilog=operating.BACKUP_EXAMPLE)(operating.backup)
app.command(cls=Command, epilog=operating.RESTORE_EXAMPLE)(operating.restore)
app.command(cls=Command, epilog=operating.COMPACT_EXAMPLE)(operating.compact)
app.command(cls=Command, epilog=operating.REBUILD_EXAMPLE)(operating.rebuild)
app.command(name="export-library", cls=Command, epilog=operating.EXPORT_EXAMPLE)(operating.export_library)
app.command(name="import-library", cls=Command, epilog=operating.IMPORT_EXAMPLE)(operating.import_library)


def _complain(error: PinciteError) -> None:
    from index.cli.printing import printable

    typer.secho(printable(f"Error: {error.message}"), fg=typer.colors.RED, err=True)
    if error.hint:
        typer.echo(printable(error.hint), err=True)
