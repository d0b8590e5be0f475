"""`pincite ask`, which answers questions, and `pincite check`, which checks a text against the documents."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path  # noqa: TC003
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from index.cli.options import ERROR, SOME_FAILED
from index.cli.search_commands import Documents  # noqa: TC001 - typer reads the annotations when it runs
from index.errors import PinciteError
from index.records import texts
from index.records.document import ExportForm, Writer  # noqa: TC001 - typer reads this one, too

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.cli.options import State
    from index.library.library import Library
    from index.library.question_files import QuestionTable
    from index.records import Answer, Row

    AskFunction = Callable[[Library, str], Answer]
    """Asks a library one question."""
    from index.records import Matrix


ASK_EXAMPLE = "Example: pincite ask 'What did the treaty cost?' --in treaty.pdf"


_FORMATS_WITHOUT_NOTES = (None, "bibtex", "ris", "csl")
"""Formats without room for the answer's notes; the notes go to standard error."""
CHECK_EXAMPLE = "Example: pincite check draft.md   or: pbpaste | pincite check -"


def ask(
    context: typer.Context,
    question: Annotated[
        str, typer.Argument(help="Your question, in plain words; operators are optional.", show_default=False)
    ] = "",
    documents: Documents = None,
    batch: Annotated[
        Path | None,
        typer.Option(help="Ask every question in this .txt, .csv, .xlsx or .jsonl file.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Write the table of --batch to this .csv, .jsonl or .md file.", show_default=False
        ),
    ] = None,
    writer: Annotated[
        Writer, typer.Option(help="Who writes the answer: quotations, or the model at PINCITE_LLM_URL.")
    ] = "quote",
    strict: Annotated[
        bool, typer.Option("--strict", help="Leave out statements that the documents do not support.")
    ] = False,
    form: Annotated[
        ExportForm | None, typer.Option("--format", help="Print the answer in this format.", show_default=False)
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option(help="Also write an evidence pack to this .zip or .md file.", show_default=False),
    ] = None,
    after: Annotated[
        list[str] | None,
        typer.Option(
            help="An earlier question, which this one continues; several: the oldest first.", show_default=False
        ),
    ] = None,
) -> None:
    """Answer a question with quotations from the documents and their sources, or say that there is no answer.

    With --after, a question that continues another one is completed first: `pincite ask 'and in 2019?' --after 'What
    was the share of trade in 2013?'`. On a terminal, `pincite ask` without a question asks for one after the other.

    If Pincite is unsure, it shows the nearest sentences as a possible answer. The exit code is 0 in all three cases.

    With --writer model, a language model writes the answer, and each of its sentences is checked against its source.

    With --batch, each question of a file becomes a row of a table, after the other columns of that file. The table is
    printed as CSV, with --json as JSON Lines, with --format markdown as Markdown. With --output it is written to a
    file; a second run asks only the questions that have no answer there yet.
    """
    state: State = context.obj
    ask_library = _ask_function(state, documents, writer, after or [], strict=strict)
    if batch is not None or output is not None:
        batch = _required_batch(batch, question, pack)
        if output is None:
            _print_table(state, batch, _table_form(form, json=state.json), ask_library)
        elif form is not None:
            raise typer.BadParameter(
                "the file extension of --output sets the format of the table; leave --format out.",
                param_hint="--format",
            )
        else:
            _write_table(state, batch, output, ask_library)
        return
    if not question.strip() and _is_conversation(state, form, pack):
        _converse(state, documents, writer, after or [], strict=strict)
        return
    if not question.strip():
        raise typer.BadParameter("write a question, or name a file with --batch.", param_hint="QUESTION")
    from index.cli import printing, progress
    from index.cli.output import print_answer
    from index.records.remarks import plain

    with state.open() as library, progress.work_progress("asking", shown=writer == "model" and not state.quiet):
        answer = ask_library(library, question)
        if pack is not None:
            _write_pack(pack, *library.pack(answer))
    if state.json:
        from index.wire import Answer

        printing.print_json(Answer.model_validate(answer).model_dump())
        return
    for note in answer.notes if form in _FORMATS_WITHOUT_NOTES else ():
        typer.secho(printing.printable(f"note: {plain(note)}"), dim=True, err=True)
    if form is not None:
        from index.citations.export import export

        typer.echo(printing.printable(export(answer, form)), nl=False)
        return
    print_answer(answer)


def _required_batch(batch: Path | None, question: str, pack: Path | None) -> Path:
    """Return the file of questions. Raises a usage error if it is missing or given with --pack or a question."""
    if batch is None:
        raise typer.BadParameter("it needs --batch FILE.", param_hint="--output")
    if question:
        raise typer.BadParameter("it takes its questions from the file; leave QUESTION out.", param_hint="--batch")
    if pack is not None:
        raise typer.BadParameter("it needs a single question; leave --batch out.", param_hint="--pack")
    return batch


def _ask_function(
    state: State, documents: Documents, writer: Writer, after: Sequence[str], *, strict: bool
) -> AskFunction:
    """Return the function that asks one question. Raises WriterNotSet early, before a file is read or written."""
    if writer == "model":
        state.settings().require_writer()
    return lambda library, question: library.ask(
        question, documents=documents or None, writer=writer, strict=strict, after=after
    )


def _is_conversation(state: State, form: ExportForm | None, pack: Path | None) -> bool:
    """Return whether a reader at a terminal gave no question and wants no file."""
    return sys.stdin.isatty() and sys.stdout.isatty() and not state.json and form is None and pack is None


def _converse(state: State, documents: Documents, writer: Writer, after: Sequence[str], *, strict: bool) -> None:
    """Ask for questions and answer each, until an empty line. Each may continue those before it."""
    from index.cli import printing
    from index.cli.output import print_answer

    thread = list(after)
    with state.open() as library:
        while question := typer.prompt(
            "?" if not thread else "…", default="", show_default=False, prompt_suffix=" "
        ).strip():
            try:
                answer = _ask_function(state, documents, writer, thread, strict=strict)(library, question)
            except PinciteError as error:
                typer.echo(printing.printable(f"{error.message} {error.hint}".rstrip()), err=True)
                continue
            print_answer(answer)
            thread += [answer.question] if answer.searched[0] else []


def _table_form(form: ExportForm | None, *, json: bool) -> str:
    """Return the format of a printed table as a file extension."""
    if form not in (None, "markdown") or (form and json):
        raise typer.BadParameter(
            "a table is printed as CSV, with --json as JSON Lines, or with --format markdown.", param_hint="--format"
        )
    return ".md" if form else ".jsonl" if json else ".csv"


def _print_table(state: State, batch: Path, form: str, ask_library: AskFunction) -> None:
    """Print each row to standard output when it is answered, and the totals to standard error."""
    from index.cli.printing import TableStream
    from index.library import batches

    with TableStream(json=form == ".jsonl") as stream:
        result = _run_batch(
            state,
            batch,
            ask_library,
            lambda questions, *callbacks: batches.stream(questions, stream, form, *callbacks),
        )
    if not state.quiet:
        typer.echo(result.summary, err=True)
    result.exit_on_failure()


def _write_table(state: State, batch: Path, output: Path, ask_library: AskFunction) -> None:
    from index.cli import printing
    from index.library import batches

    result = _run_batch(
        state, batch, ask_library, lambda questions, *callbacks: batches.run(questions, output, *callbacks)
    )
    if state.json:
        printing.print_json({"output": str(output), **result.counts})
    else:
        typer.echo(printing.printable(f"{output}: {result.summary}"))
    result.exit_on_failure()


@dataclass(frozen=True, slots=True)
class _BatchResult:
    """The results of a batch, counted by status, and its duration."""

    counts: Counter[str]
    seconds: float

    @property
    def summary(self) -> str:
        """The counts and the speed in words."""
        counts = ", ".join(f"{number} {status}" for status, number in self.counts.items())
        return f"{counts}; {self.counts.total() / max(self.seconds, 0.001):.1f} questions a second"

    def exit_on_failure(self) -> None:
        """Exit with code 3 if a question failed."""
        if self.counts["failed"]:
            raise typer.Exit(SOME_FAILED)


def _run_batch(
    state: State,
    batch: Path,
    ask_library: AskFunction,
    tabulate: Callable[[QuestionTable, Callable[[str], Answer], Callable[[int, int], None]], list[Row]],
) -> _BatchResult:
    from index.cli import progress
    from index.library.question_files import read_questions

    questions = read_questions(batch)
    began = monotonic()
    with state.open() as library, progress.question_progress(shown=not state.quiet) as (_, asked):
        rows = tabulate(questions, partial(ask_library, library), lambda n, of: asked("", n, of) if asked else None)
    return _BatchResult(Counter(row.status for row in rows), monotonic() - began)


def _write_pack(path: Path, archive: bytes, text: str) -> None:
    if path.suffix not in (".zip", ".md"):
        raise typer.BadParameter("name a file that ends in .zip or .md.", param_hint="--pack")
    try:
        path.write_bytes(archive if path.suffix == ".zip" else text.encode())
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}.", param_hint="--pack") from error


def check(
    context: typer.Context,
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(help="A text file, or - for standard input.", show_default=False)
    ],
    documents: Documents = None,
) -> None:
    """Compare each sentence of a text with the documents, and give it a verdict.

    "Word for word" and "supported" mean that the documents say the same; "perhaps" means that they may say the same,
    and you should compare; "contradicted" means that they say the opposite; "not verified" means that they do not seem
    to say it, and the nearest words are shown. Exit code 1
    means that at least one claim is not supported. Differences that need knowledge of the world are not detected.
    """
    from index.cli import printing, progress, search_commands
    from index.cli.output import print_check

    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        hint = "Save it as plain text in UTF-8, or copy and pipe its text: pbpaste | pincite check -"
        raise typer.BadParameter(f"{file.name} is not UTF-8 text. {hint}", param_hint="FILE") from error
    with context.obj.open() as library, progress.work_progress("checking", shown=not context.obj.quiet):
        checked = library.check(text, documents=documents or None)
    if context.obj.json:
        from index.wire import Checked

        printing.print_json(Checked.model_validate(checked).model_dump())
    else:
        search_commands.print_notes(checked)
        print_check(checked)
    if checked.supported < checked.claims:
        raise typer.Exit(ERROR)


# `pincite matrix`, which asks each document each question of a list and writes what they say as a table.

EXAMPLE = "Example: pincite matrix questions.txt --out treaties.xlsx --in peace.pdf --in trade.pdf"
_NAMES = {"answered": "answered", "unsure": texts.NOT_SURE, "abstained": texts.NO_MENTION, "failed": "failed"}


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
