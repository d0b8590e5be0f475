"""`pincite ask`: a question, and an answer made of the documents' own words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path  # noqa: TC003
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from index.cli.searching import Documents  # noqa: TC001 - typer reads them when it runs
from index.cli.state import ERROR, SOME_FAILED
from index.records import ExportForm, Writer  # noqa: TC001 - so it does these

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.batching import Row
    from index.cli.state import State
    from index.library import Library
    from index.records import Answer

    Put = Callable[[Library, str], Answer]
    """Puts a question to a library."""

ASK_EXAMPLE = "Example: pincite ask 'What did the treaty cost?' --in treaty.pdf"


_WITHOUT_NOTES = (None, "bibtex", "ris", "csl")
"""Forms that have no place for what the reader should know beside the answer: it goes to standard error."""


def ask(
    context: typer.Context,
    question: Annotated[
        str, typer.Argument(help="In your own words, with or without operators.", show_default=False)
    ] = "",
    documents: Documents = None,
    batch: Annotated[
        Path | None,
        typer.Option(help="Ask all questions of this .txt, .csv or .jsonl file.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Write the table of --batch to this .csv, .jsonl or .md file.", show_default=False
        ),
    ] = None,
    writer: Annotated[Writer, typer.Option(help="Quote, or let the model of PINCITE_LLM_URL write.")] = "quote",
    strict: Annotated[bool, typer.Option("--strict", help="Leave out what the documents do not support.")] = False,
    form: Annotated[
        ExportForm | None, typer.Option("--format", help="Print the answer in this form.", show_default=False)
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option(help="Write an evidence pack to this .zip or .md file as well.", show_default=False),
    ] = None,
) -> None:
    """Answer a question in the documents' own words, each with its source; or say that they hold no answer.

    Between the two, what came nearest is shown as what may be the answer. The exit code is 0 in all three cases.

    With --writer model a language model writes, and each of its sentences is checked against its source.

    With --batch each question of a file becomes a row of a table, which is printed as CSV: with --json as JSON Lines,
    with --format markdown as Markdown. With --output it goes to a file; run again, what is answered is not asked a
    second time.
    """
    state: State = context.obj
    put = _put(state, documents, writer, strict=strict)
    if batch is not None or output is not None:
        batch = _alone(batch, question, pack)
        if output is None:
            _print_table(state, batch, _table_form(form, json=state.json), put)
        elif form is not None:
            raise typer.BadParameter("the ending of --output says the form of the table.", param_hint="--format")
        else:
            _write_table(state, batch, output, put)
        return
    if not question.strip():
        raise typer.BadParameter("write a question, or name a file with --batch.", param_hint="QUESTION")
    from index.cli import answers, printing, progress
    from index.remarks import plain

    with state.open() as library, progress.work("asking", shown=writer == "model" and not state.quiet):
        answer = put(library, question)
        if pack is not None:
            _write_pack(pack, *library.pack(answer))
    if state.json:
        from index.schema.answers import Answer

        printing.as_json(Answer.model_validate(answer).model_dump())
        return
    for note in answer.notes if form in _WITHOUT_NOTES else ():
        typer.secho(printing.printable(f"note: {plain(note)}"), dim=True, err=True)
    if form is not None:
        from index.exporting import export

        typer.echo(printing.printable(export(answer, form)), nl=False)
        return
    answers.show(answer)


def _alone(batch: Path | None, question: str, pack: Path | None) -> Path:
    """The file of questions, beside which there is no single one."""
    if batch is None:
        raise typer.BadParameter("it goes with --batch FILE.", param_hint="--output")
    if question:
        raise typer.BadParameter("the questions are those of the file: write none beside it.", param_hint="--batch")
    if pack is not None:
        raise typer.BadParameter("it goes with one question, not with --batch.", param_hint="--pack")
    return batch


def _put(state: State, documents: Documents, writer: Writer, *, strict: bool) -> Put:
    """Raises WriterNotSet here, before a file of questions is read or a table begun."""
    if writer == "model":
        state.settings().require_writer()
    return lambda library, question: library.ask(question, documents=documents or None, writer=writer, strict=strict)


def _table_form(form: ExportForm | None, *, json: bool) -> str:
    """The form of a printed table, as the ending of a file."""
    if form not in (None, "markdown") or (form and json):
        raise typer.BadParameter("a table is CSV, with --json JSON Lines, or markdown.", param_hint="--format")
    return ".md" if form else ".jsonl" if json else ".csv"


def _print_table(state: State, batch: Path, form: str, put: Put) -> None:
    """Rows on standard output as they are answered, what they add up to on standard error."""
    from index import batching
    from index.cli.printing import TableStream

    with TableStream(json=form == ".jsonl") as stream:
        rows = _answered(state, batch, put, lambda questions, *asked: batching.stream(questions, stream, form, *asked))
    if not state.quiet:
        typer.echo(rows.told, err=True)
    rows.finish()


def _write_table(state: State, batch: Path, output: Path, put: Put) -> None:
    from index import batching
    from index.cli import printing

    rows = _answered(state, batch, put, lambda questions, *asked: batching.run(questions, output, *asked))
    if state.json:
        printing.as_json({"output": str(output), **rows.counts})
    else:
        typer.echo(printing.printable(f"{output}: {rows.told}"))
    rows.finish()


@dataclass(frozen=True, slots=True)
class _Rows:
    """What became of the questions of a batch."""

    counts: Counter[str]
    seconds: float

    @property
    def told(self) -> str:
        """In words."""
        said = ", ".join(f"{number} {status}" for status, number in self.counts.items())
        return f"{said}; {self.counts.total() / max(self.seconds, 0.001):.1f} questions a second"

    def finish(self) -> None:
        """Exit with a code of its own where a question failed."""
        if self.counts["failed"]:
            raise typer.Exit(SOME_FAILED)


def _answered(
    state: State,
    batch: Path,
    put: Put,
    tabulate: Callable[[list[str], Callable[[str], Answer], Callable[[int, int], None]], list[Row]],
) -> _Rows:
    from index import batching
    from index.cli import progress

    questions = batching.read_questions(batch)
    began = monotonic()
    with state.open() as library, progress.questions(shown=not state.quiet) as (_, asked):
        rows = tabulate(questions, partial(put, library), lambda n, of: asked("", n, of) if asked else None)
    return _Rows(Counter(row.status for row in rows), monotonic() - began)


def _write_pack(path: Path, archive: bytes, text: str) -> None:
    if path.suffix not in (".zip", ".md"):
        raise typer.BadParameter("name a file that ends in .zip or .md.", param_hint="--pack")
    try:
        path.write_bytes(archive if path.suffix == ".zip" else text.encode())
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}.", param_hint="--pack") from error


CHECK_EXAMPLE = "Example: pincite check draft.md   or: pbpaste | pincite check -"


def check(
    context: typer.Context,
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(help="A text file, or - for standard input.", show_default=False)
    ],
    documents: Documents = None,
) -> None:
    """Compare each sentence of a text with the documents: word for word, supported, contradicted, or not verified.

    "Word for word" and "supported" say that the documents say the same, "contradicted" that they say otherwise, "not
    verified" that none of these could be proven: then the nearest words are shown. Exit code 1 says that not every
    sentence that states something is supported. What needs knowledge of the world to be seen is not seen.
    """
    from index.cli import answers, hits, printing, progress

    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        hint = "Save it as plain text in UTF-8, or copy its words: pbpaste | pincite check -"
        raise typer.BadParameter(f"{file.name} is not UTF-8 text. {hint}", param_hint="FILE") from error
    with context.obj.open() as library, progress.work("checking", shown=not context.obj.quiet):
        checked = library.check(text, documents=documents or None)
    if context.obj.json:
        from index.schema.answers import Checked

        printing.as_json(Checked.model_validate(checked).model_dump())
    else:
        hits.notes(checked)
        answers.show_check(checked)
    if checked.supported < checked.claims:
        raise typer.Exit(ERROR)
