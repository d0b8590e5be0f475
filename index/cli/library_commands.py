"""`pincite backup`, `restore`, `compact`, `rebuild`, `export-library` and `import-library`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.cli.options import State
    from index.settings import Settings

Force = Annotated[bool, typer.Option("--force", help="Replace an existing file or library.")]
Target = Annotated[Path, typer.Argument(help="The file to write.", show_default=False)]

BACKUP_EXAMPLE = "Example: pincite backup library-monday.zip"
RESTORE_EXAMPLE = "Example: pincite restore library-monday.zip --library notes/"
COMPACT_EXAMPLE = "Example: pincite compact"
REBUILD_EXAMPLE = "Example: pincite rebuild --passage-tokens 120"
EXPORT_EXAMPLE = "Example: pincite export-library papers.zip --no-vectors"
IMPORT_EXAMPLE = "Example: pincite import-library papers.zip"


def backup(context: typer.Context, file: Target, force: Force = False) -> None:
    """Back up the whole library to one file, while it is in use.

    The file holds documents, passages, vectors, and the files that were uploaded through the page or the service. It
    is verified before it gets its final name.
    """
    from index.cli.progress import step_progress

    state: State = context.obj
    with state.open() as library, step_progress(shown=not state.quiet) as watch:
        result = library.backup(file, force=force, progress=watch)
    _print_result(state, result, text=f"{_contents(result)}, {_megabytes(result.bytes)} in {result.path}")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `pincite backup` wrote.", show_default=False)],
    force: Force = False,
) -> None:
    """Restore a library from a backup into a new or empty folder.

    With --force it replaces the library in that folder in one step, even while that library is in use. The whole file
    is verified first: if it is damaged, nothing is changed.
    """
    from index.cli.progress import step_progress
    from index.library.library import Library

    state: State = context.obj
    with step_progress(shown=not state.quiet) as watch:
        result = Library.restore(file, state.folder(state.settings()), force=force, progress=watch)
    _print_result(
        state, result, text=f"{_contents(result)}, from a backup made at {result.made_at}, are in {result.folder}"
    )


def compact(context: typer.Context) -> None:
    """Free the disk space of removed documents, while the library is in use."""
    from index.cli.progress import step_progress

    state: State = context.obj
    with state.open() as library, step_progress(shown=not state.quiet) as watch:
        result = library.compact(progress=watch)
    _print_result(state, result, text=f"{_megabytes(result.bytes_before)} before, {_megabytes(result.bytes_after)} now")


def rebuild(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Option(
            help='A model or its folder, "" for the built-in one. Default: $PINCITE_MODEL, else unchanged.',
            show_default=False,
        ),
    ] = None,
    passage_tokens: Annotated[
        int | None,
        typer.Option(
            min=32, max=2000, help="Target size of a passage, in tokens. Default: the setting, else unchanged."
        ),
    ] = None,
) -> None:
    """Chunk and encode all documents again with another model or passage size, from their texts in the library.

    The library stays in use, and switches over in one step. You can stop at any time: the same command continues. The
    library remembers its model and passage size, so they need not be set afterwards.
    """
    from index.cli.progress import step_progress

    state: State = context.obj
    with state.open() as library, step_progress(shown=not state.quiet) as watch:
        result = library.rebuild(model=model, passage_tokens=passage_tokens, progress=watch)
    notes = list(_contradictions(state.settings(), {"model": model, "passage_tokens": passage_tokens}))
    _print_result(
        state,
        result,
        text=f"{_contents(result)}, {result.encoded} of them encoded in {result.seconds:.1f} s",
        notes=notes,
    )


def export_library(
    context: typer.Context,
    file: Target,
    no_vectors: Annotated[
        bool,
        typer.Option("--no-vectors", help="Leave vectors out: the file is smaller, but importing it takes longer."),
    ] = False,
    force: Force = False,
) -> None:
    """Write all documents to one file that another machine, or another version of Pincite, imports."""
    from index.cli.progress import step_progress

    state: State = context.obj
    with state.open() as library, step_progress(shown=not state.quiet) as watch:
        result = library.export_library(file, vectors=not no_vectors, force=force, progress=watch)
    _print_result(state, result, text=f"{_contents(result)}, {_megabytes(result.bytes)} in {result.path}")


def import_library(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `pincite export-library` wrote.", show_default=False)],
    trust: Annotated[
        bool,
        typer.Option("--trust", help="Trust the file as your own export: its documents count as read here."),
    ] = False,
) -> None:
    """Add the documents of an exported library; existing documents stay unchanged.

    The file may come from anybody, so its documents are marked as claims until you `add` or `sync` the files
    themselves: then their texts are compared, and differing documents are replaced. A claim never replaces a document
    that was read here, and every answer that uses one says so. Claims in the exporting library stay claims, even with
    --trust.
    """
    from index.cli import printing
    from index.cli.progress import step_progress

    state: State = context.obj
    with state.open(create=True) as library, step_progress(shown=not state.quiet) as watch:
        receipt = library.import_library(file, trust=trust, progress=watch)
    if state.json:
        from index.wire import Receipt

        printing.print_json(Receipt.model_validate(receipt).model_dump())
    else:
        printing.print_receipt(receipt, quiet=state.quiet, verbose=state.verbose)


def _print_result(state: State, result: Any, *, text: str, notes: list[str] | None = None) -> None:
    from index.cli import printing

    if state.json:
        printing.print_json(asdict(result))
        return
    typer.echo(printing.printable(f"{text}."))
    for note in [*getattr(result, "notes", ()), *(notes or [])]:
        typer.echo(printing.printable(note))


def _contents(result: Any) -> str:
    return f"{result.documents:,} documents, {result.passages:,} passages"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _contradictions(settings: Settings, chosen: dict[str, object]) -> Iterator[str]:
    """Yield a message for each setting that contradicts the rebuilt library: later commands would fail."""
    for name, value in chosen.items():
        configured = getattr(settings, name)
        if value is not None and name in settings.model_fields_set and configured != value:
            setting = settings.display_name(name)
            yield f"{setting} is set to {str(configured)!r}: remove it; the library remembers {str(value)!r}."
