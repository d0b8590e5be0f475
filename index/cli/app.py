"""The command line, `pincite COMMAND`: its application, and the commands that list, show and serve."""

from __future__ import annotations

import atexit
import gc
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.cli import add_commands, ask_commands, library_commands, search_commands, serve_command
from index.cli.options import (
    ERROR,
    INTERRUPTED,
    Command,
    JsonOption,
    LibraryOption,
    PasswordFile,
    QuietOption,
    State,
    VerboseOption,
    document_names,
    passwords_in,
)
from index.records import texts
from index.records.file_kinds import plugged_in

if TYPE_CHECKING:
    from index.errors import PinciteError
    from index.records import Verification

app = typer.Typer(
    name="pincite",
    help=texts.PURPOSE,
    epilog="Start with: pincite add papers/   then: pincite search 'Who signed the treaty?'",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; a PinciteError becomes a message and a hint on standard error, with exit code 1."""
    from index.errors import PinciteError

    atexit.register(gc.freeze)  # the last search for garbage, at the end of the process, has nothing to free
    try:
        app()
    except PinciteError as error:
        _print_error(error)
        sys.exit(ERROR)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            typer.echo("Stopped. Everything stored so far is kept; run the same command to continue.", err=True)
        raise


def _show_version(requested: bool) -> None:
    if requested:
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
    version: Annotated[  # noqa: ARG001 - its callback does the work, before any command runs
        bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Set the options that stand before every command."""
    logging.basicConfig(level=logging.ERROR, format="Error: %(message)s")
    context.obj = State().merged(library=library, quiet=quiet, verbose=verbose, json=json)


app.command(cls=Command, epilog=add_commands.ADD_EXAMPLE)(add_commands.add)
app.command(cls=Command, epilog=add_commands.QUEUE_EXAMPLE)(add_commands.queue)
app.command(cls=Command, epilog=add_commands.SYNC_EXAMPLE)(add_commands.sync)
app.command(cls=Command, epilog=add_commands.WATCH_EXAMPLE)(add_commands.watch)
app.command(cls=search_commands.QuestionCommand, epilog=ask_commands.ASK_EXAMPLE)(ask_commands.ask)
app.command(cls=Command, epilog=ask_commands.CHECK_EXAMPLE)(ask_commands.check)
app.command(cls=search_commands.QuestionCommand, epilog=search_commands.SEARCH_EXAMPLE)(search_commands.search)
app.command(cls=search_commands.QuestionCommand, epilog=search_commands.COVERAGE_EXAMPLE)(search_commands.coverage)
app.command(cls=Command, epilog=ask_commands.EXAMPLE)(ask_commands.matrix)


@app.command(name="list", cls=Command, epilog="Example: pincite list --json")
def list_documents(context: typer.Context) -> None:
    """List the documents of the library."""
    from index.cli import output, printing

    with context.obj.open() as library:
        documents = library.documents()
    if context.obj.json:
        from index.wire import Document

        printing.print_json([Document.model_validate(document).model_dump() for document in documents])
    else:
        output.print_documents(documents)


@app.command(cls=Command, epilog="Example: pincite show treaty.pdf --span 120:480")
def show(
    context: typer.Context,
    document: Annotated[
        str, typer.Argument(help="Id, source or title of the document.", autocompletion=document_names)
    ],
    span: Annotated[
        str, typer.Option(help="Show only the characters START:END (Unicode code points).", show_default=False)
    ] = "",
) -> None:
    """Show the text of a document, to which all offsets refer."""
    from index.cli import printing

    selected = printing.parse_span(span) if span else None
    with context.obj.open() as library:
        info = library.find(document)
        full = library.document(info.id)
        location = library.locate(full.id, selected) if selected else None
    if context.obj.json:
        from index.wire import Location, plain

        cut = {"span": {"start": selected[0], "end": selected[1], "text": selected.of(full.text)}} if selected else {}
        place = {"location": Location.model_validate(location).model_dump()} if location else {}
        printing.print_json({**plain(full), "claimed": info.claimed, **cut, **place})
    else:
        printing.print_document(full, selected, location, claimed=info.claimed)


@app.command(cls=Command, epilog="Example: pincite remove treaty.pdf 'Old notes'")
def remove(
    context: typer.Context,
    documents: Annotated[
        list[str], typer.Argument(help="Id, source or title of each document.", autocompletion=document_names)
    ],
) -> None:
    """Remove documents from the library, immediately and completely. The files themselves are kept."""
    from index.cli import printing

    with context.obj.open() as library:
        receipt = library.remove(*documents)
    if context.obj.json:
        from index.wire import Receipt

        printing.print_json(Receipt.model_validate(receipt).model_dump())
    else:
        printing.print_receipt(receipt, quiet=context.obj.quiet, verbose=context.obj.verbose)


@app.command(cls=Command, epilog="Example: pincite stats --json")
def stats(
    context: typer.Context,
    recall: Annotated[
        bool, typer.Option("--recall", help="Measure the share of the nearest passages that a search finds.")
    ] = False,
) -> None:
    """Show statistics of the library.

    With --recall, Pincite tests the index of a large library: it compares questions made from the library's own
    sentences with every passage, and counts how many of the ten nearest a search finds. Searches of a small library
    are exact.
    """
    from index.cli import output, printing, progress
    from index.wire import plain

    state: State = context.obj
    with state.open() as library, progress.work_progress("measuring recall", shown=recall and not state.quiet):
        numbers = plain(library.stats())
        measured = library.recall() if recall else None
    if state.json:
        printing.print_json({**numbers, "recall": plain(measured, decimals=4)} if measured else numbers)
        return
    printing.print_table(numbers)
    if measured:
        output.print_recall(measured)


@app.command(cls=Command, epilog="Example: pincite verify")
def verify(
    context: typer.Context,
    pack: Annotated[
        Path | None, typer.Option(help="Check this evidence pack instead of the library.", show_default=False)
    ] = None,
    kept: Annotated[
        Path | None,
        typer.Option(help="Check the kept quotes in this file instead of the library.", show_default=False),
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Recognise the words in pictures again.")] = False,
    password_file: PasswordFile = None,
) -> None:
    """Read every source that is still on disk again, and check every passage and sentence against its text.

    Words in pictures are compared with the stored recognition of their pages; with --deep, the pages are recognised
    again, and passages that differ are named. With --pack, check that every quote of an evidence pack is in this
    library's documents. With --kept, do so for the quotes that you kept on the page and exported (Markdown, HTML, Word
    or JSON), and show the words that stand there now. Exit code 1 means that something does not match.
    """
    from index.cli import printing, progress

    if pack is not None and kept is not None:
        raise typer.BadParameter("give either --pack or --kept.", param_hint="--kept")
    if kept is not None:
        _verify_kept(context.obj, kept)
        return
    if pack is not None:
        with context.obj.open() as library, progress.work_progress("checking the pack", shown=not context.obj.quiet):
            findings = library.verify_pack(pack)
        if context.obj.json:
            printing.print_json([asdict(finding) for finding in findings])
        else:
            printing.print_findings(findings)
        if findings:
            raise typer.Exit(ERROR)
        return
    with context.obj.open() as library, progress.file_progress(shown=not context.obj.quiet) as report:
        passwords = passwords_in(password_file)
        result: Verification = library.verify(deep=deep, progress=report, passwords=passwords)
    if context.obj.json:
        from index.wire import plain

        printing.print_json(plain(result))
    else:
        printing.print_verification(result)
    if result.mismatches:
        raise typer.Exit(ERROR)


def _verify_kept(state: State, path: Path) -> None:
    """Check kept quotes, print what has become of them, and exit with 1 if the library no longer holds one."""
    from index.cli import printing, progress

    with state.open() as library, progress.work_progress("checking the quotes", shown=not state.quiet):
        findings = library.verify_kept(path)
    if state.json:
        printing.print_json([asdict(finding) for finding in findings])
    else:
        printing.print_kept_findings(findings)
    if any(finding.is_mismatch for finding in findings):
        raise typer.Exit(ERROR)


@app.command(cls=Command, epilog="Example: pincite doctor")
def doctor(context: typer.Context) -> None:
    """Check versions, processor, encoder, library and settings, and explain how to fix each problem.

    Exit code 1 means that there is a problem. Settings that differ from the defaults are shown with their origin;
    --verbose shows all settings.
    """
    from index.cli import printing, progress
    from index.library.diagnosis import diagnose

    settings = context.obj.settings()
    with progress.work_progress("examining the library", shown=not context.obj.quiet):
        diagnosis = diagnose(context.obj.folder(settings), settings)
    if context.obj.json:
        printing.print_json(asdict(diagnosis))
    else:
        printing.print_table(diagnosis.findings)
        printing.print_settings(diagnosis.settings, verbose=context.obj.verbose)
        printing.print_problems(diagnosis.problems)
    if diagnosis.problems:
        raise typer.Exit(ERROR)


app.command(cls=Command, epilog=serve_command.EXAMPLE)(serve_command.serve)
app.command(cls=Command, epilog=library_commands.BACKUP_EXAMPLE)(library_commands.backup)
app.command(cls=Command, epilog=library_commands.RESTORE_EXAMPLE)(library_commands.restore)
app.command(cls=Command, epilog=library_commands.COMPACT_EXAMPLE)(library_commands.compact)
app.command(cls=Command, epilog=library_commands.REBUILD_EXAMPLE)(library_commands.rebuild)
app.command(name="export-library", cls=Command, epilog=library_commands.EXPORT_EXAMPLE)(library_commands.export_library)
app.command(name="import-library", cls=Command, epilog=library_commands.IMPORT_EXAMPLE)(library_commands.import_library)
for commands in plugged_in("pincite.commands", typer.Typer):
    app.add_typer(commands)


def _print_error(error: PinciteError) -> None:
    from index.cli.printing import printable

    typer.secho(printable(f"Error: {error.message}"), fg=typer.colors.RED, err=True)
    if error.hint:
        typer.echo(printable(error.hint), err=True)
