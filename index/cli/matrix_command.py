"""`pincite matrix`, which asks each document each question of a list and writes what they say as a table."""

from __future__ import annotations

from collections import Counter
from pathlib import Path  # noqa: TC003 - typer reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated

import typer

from index.cli.options import SOME_FAILED
from index.cli.search_commands import Documents  # noqa: TC001 - typer reads this one, too

if TYPE_CHECKING:
    from index.cli.options import State
    from index.records import Matrix

EXAMPLE = "Example: pincite matrix questions.txt --out treaties.xlsx --in peace.pdf --in trade.pdf"
_NAMES = {"answered": "answered", "unsure": "not sure", "abstained": "no mention", "failed": "failed"}


def matrix(
    context: typer.Context,
    questions: Annotated[
        Path, typer.Argument(help="A .txt, .csv, .xlsx or .jsonl file of questions.", show_default=False)
    ],
    documents: Documents = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Write the matrix to this .xlsx, .csv, .md or .jsonl file.", show_default=False
        ),
    ] = None,
    page: Annotated[
        str,
        typer.Option(
            help="Link each quotation to its source on this Pincite page, such as http://127.0.0.1:7860.",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Ask each document each question of a file: a row for each document, and a column for each question.

    Each cell is the best sentence of that document, or "no mention"; "not sure" precedes a sentence that may be an
    answer. It agrees with `pincite ask QUESTION --in DOCUMENT`. Without --out, the matrix is printed as CSV, with
    --json as JSON Lines. Documents times questions are limited by PINCITE_MAX_MATRIX_CELLS.
    """
    from index.citations.entries import deep_link
    from index.library.answer_files import DOWNLOADS, matrix_table, page_link
    from index.library.question_files import read_questions

    state: State = context.obj
    form = output.suffix.lower() if output else ".jsonl" if state.json else ".csv"
    if form not in DOWNLOADS:
        raise typer.BadParameter(f"name a file that ends in {', '.join(DOWNLOADS)}.", param_hint="--out")
    made = _made(state, read_questions(questions).questions, documents)
    data = matrix_table(made, form, page_link(page) if page else deep_link)
    if output is None:
        _print(data, json=state.json)
    else:
        _write(output, data)
    counts: Counter[str] = Counter(cell.status for row in made for cell in row.cells)
    _report(state, output, counts)
    if counts["failed"]:
        raise typer.Exit(SOME_FAILED)


def _made(state: State, questions: tuple[str, ...], documents: Documents) -> Matrix:
    """Return the matrix, and show the progress cell by cell."""
    from index.cli import progress
    from index.library.batches import matrix_questions
    from index.records import Matrix

    asked = matrix_questions(questions)
    with state.open() as library, progress.question_progress(shown=not state.quiet) as (_, show):
        total = len(asked) * len(library.matrix_documents(documents or None))
        begun = 0

        def before_cell() -> None:
            nonlocal begun
            if show:
                show("", begun, total)
            begun += 1

        rows = tuple(library.matrix_rows(asked, documents=documents or None, before_cell=before_cell))
        if show:
            show("", total, total)
    return Matrix(asked, rows)


def _print(data: bytes, *, json: bool) -> None:
    """Print a table to standard output, without control characters."""
    from index.cli.printing import TableStream

    end = "\n" if json else "\r\n"
    with TableStream(json=json) as stream:
        for line in data.decode().split(end)[:-1]:
            stream.write(line + end)
        stream.flush()


def _write(output: Path, data: bytes) -> None:
    try:
        output.write_bytes(data)
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written: {error.strerror}.", param_hint="--out") from error


def _report(state: State, output: Path | None, counts: Counter[str]) -> None:
    """Say how many cells have which status: after a file on standard output, after a printed table beside it."""
    from index.cli import printing

    words = ", ".join(f"{counts[status]} {name}" for status, name in _NAMES.items() if counts[status]) or "no cells"
    if output is not None and state.json:
        printing.print_json({"output": str(output), **counts})
    elif output is not None:
        typer.echo(printing.printable(f"{output}: {words}"))
    elif not state.quiet:
        typer.echo(words, err=True)
