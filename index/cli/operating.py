"""`pincite backup`, `restore`, `compact`, `rebuild`, `export-library`, `import-library`: a library as a whole."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.cli.state import State
    from index.settings import Settings

Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
Target = Annotated[Path, typer.Argument(help="The file to write.", show_default=False)]

BACKUP_EXAMPLE = "Example: pincite backup library-monday.zip"
RESTORE_EXAMPLE = "Example: pincite restore library-monday.zip --library notes/"
COMPACT_EXAMPLE = "Example: pincite compact"
REBUILD_EXAMPLE = "Example: pincite rebuild --passage-tokens 120"
EXPORT_EXAMPLE = "Example: pincite export-library papers.zip --no-vectors"
IMPORT_EXAMPLE = "Example: pincite import-library papers.zip"


def backup(context: typer.Context, file: Target, force: Force = False) -> None:
    """Copy the whole library to one file, while it is in use.

    The file has everything that cannot be made again: documents, passages, vectors, and the files that arrived through
    the page or the service. It is checked before it takes its name.
    """
    from index.cli.progress import steps

    state: State = context.obj
    with state.open() as library, steps(shown=not state.quiet) as watch:
        done = library.backup(file, force=force, progress=watch)
    _tell(state, done, text=f"{_held(done)}, {_megabytes(done.bytes)} in {done.path}")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `pincite backup` wrote.", show_default=False)],
    force: Force = False,
) -> None:
    """Make a library from a backup, in a folder that is new or empty.

    With --force it takes the place of the library there, in one step, even while that is in use. All of the file is
    checked first: where anything is wrong with it, nothing is changed.
    """
    from index.cli.progress import steps
    from index.library import Library

    state: State = context.obj
    with steps(shown=not state.quiet) as watch:
        done = Library.restore(file, state.folder(state.settings()), force=force, progress=watch)
    _tell(state, done, text=f"{_held(done)}, as they were at {done.made_at}, are in {done.folder}")


def compact(context: typer.Context) -> None:
    """Give back the room that removed documents took, while the library is in use."""
    from index.cli.progress import steps

    state: State = context.obj
    with state.open() as library, steps(shown=not state.quiet) as watch:
        done = library.compact(progress=watch)
    _tell(state, done, text=f"{_megabytes(done.bytes_before)} before, {_megabytes(done.bytes_after)} now")


def rebuild(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Option(
            help='A model or its folder, "" for the built-in one. Default: $PINCITE_MODEL, else as before.',
            show_default=False,
        ),
    ] = None,
    passage_tokens: Annotated[
        int | None,
        typer.Option(min=32, max=2000, help="What a passage aims at. Default: as it was set, else as before."),
    ] = None,
) -> None:
    """Cut and encode all documents again, from their texts in the library: by another model, or in other passages.

    The library is in use meanwhile, and changes over in one step. Stop it at any moment: the same command goes on. The
    library remembers what it was made with: nothing has to be set for it from then on.
    """
    from index.cli.progress import steps

    state: State = context.obj
    with state.open() as library, steps(shown=not state.quiet) as watch:
        done = library.rebuild(model=model, passage_tokens=passage_tokens, progress=watch)
    notes = list(_contradictions(state.settings(), {"model": model, "passage_tokens": passage_tokens}))
    _tell(state, done, text=f"{_held(done)}, {done.encoded} of them encoded in {done.seconds:.1f} s", notes=notes)


def export_library(
    context: typer.Context,
    file: Target,
    no_vectors: Annotated[
        bool, typer.Option("--no-vectors", help="Smaller; whoever imports it encodes all of it.")
    ] = False,
    force: Force = False,
) -> None:
    """Write all documents to one file that another machine, or another version of Pincite, imports."""
    from index.cli.progress import steps

    state: State = context.obj
    with state.open() as library, steps(shown=not state.quiet) as watch:
        done = library.export_library(file, vectors=not no_vectors, force=force, progress=watch)
    _tell(state, done, text=f"{_held(done)}, {_megabytes(done.bytes)} in {done.path}")


def import_library(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `pincite export-library` wrote.", show_default=False)],
    trust: Annotated[
        bool,
        typer.Option("--trust", help="The file is your own export: what was read there counts as read here."),
    ] = False,
) -> None:
    """Add the documents of such a file to the library; what is there already stays as it is.

    The file may come from anybody, so its documents are claims until you `add` or `sync` the files themselves: then
    their words are compared, and what differs is replaced. A claim never takes the place of what was read here, and
    whatever rests on one says so. What was a claim where the file was made stays one, with --trust too.
    """
    from index.cli import printing
    from index.cli.progress import steps

    state: State = context.obj
    with state.open(create=True) as library, steps(shown=not state.quiet) as watch:
        receipt = library.import_library(file, trust=trust, progress=watch)
    if state.json:
        from index.schema.receipts import Receipt

        printing.as_json(Receipt.model_validate(receipt).model_dump())
    else:
        printing.receipt(receipt, quiet=state.quiet, verbose=state.verbose)


def _tell(state: State, done: Any, *, text: str, notes: list[str] | None = None) -> None:
    from index.cli import printing

    if state.json:
        printing.as_json(asdict(done))
        return
    typer.echo(printing.printable(f"{text}."))
    for note in [*getattr(done, "notes", ()), *(notes or [])]:
        typer.echo(printing.printable(note))


def _held(done: Any) -> str:
    return f"{done.documents:,} documents, {done.passages:,} passages"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _contradictions(settings: Settings, now: dict[str, object]) -> Iterator[str]:
    """What is set otherwise than the library now is: every later command would be refused."""
    for name, value in now.items():
        stated = getattr(settings, name)
        if value is not None and name in settings.model_fields_set and stated != value:
            setting = settings.written(name)
            yield f"{setting} is set to {str(stated)!r}: take it out, for the library remembers {str(value)!r}."
