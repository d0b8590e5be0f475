"""`pincite ask`: a question, and an answer made of the documents' own words."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from functools import partial
from pathlib import Path  # noqa: TC003
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from index.cli.printing import printable
from index.cli.searching import Documents  # noqa: TC001 - typer reads them when it runs
from index.cli.state import ERROR, SOME_FAILED, JsonOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.cli.state import State
    from index.library import Library
    from index.records import Answer, Check, Citation

ASK_EXAMPLE = "Example: pincite ask 'What did the treaty cost?' --in treaty.pdf"


class Form(StrEnum):
    """In which form an answer is printed."""

    text = "text"
    markdown = "markdown"
    html = "html"
    bibtex = "bibtex"
    ris = "ris"
    csl = "csl"
    apa = "apa"
    mla = "mla"
    chicago = "chicago"


class Writer(StrEnum):
    """Who writes an answer."""

    quote = "quote"
    model = "model"


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
        typer.Option("-o", "--output", help="The table for --batch: .csv, .jsonl or .md.", show_default=False),
    ] = None,
    writer: Annotated[Writer, typer.Option(help="Quote, or let the model of PINCITE_LLM_URL write.")] = Writer.quote,
    strict: Annotated[bool, typer.Option("--strict", help="Leave out what the documents do not support.")] = False,
    form: Annotated[
        Form | None, typer.Option("--format", help="Print the answer in this form.", show_default=False)
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option(help="Write an evidence pack to this .zip or .md file as well.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Answer a question in the documents' own words, each with its source; or say that they hold no answer.

    With --writer model a language model writes, and each of its sentences is checked against its source. With --batch
    each question of a file becomes a row of a table; run again, what is answered is not asked a second time.
    """
    if batch is not None or output is not None:
        _ask_all(context.obj, batch, output, partial(_ask, documents=documents, writer=writer, strict=strict))
        return
    if not question.strip():
        raise typer.BadParameter("write a question, or name a file with --batch.", param_hint="QUESTION")
    from index import wire
    from index.cli import printing

    with context.obj.open() as library:
        answer = _ask(library, question, documents=documents, writer=writer, strict=strict)
        if pack is not None:
            _write_pack(pack, *library.pack(answer))
    if json:
        printing.as_json(wire.answer(answer))
        return
    if form is not None:
        from index.exporting import export

        typer.echo(printable(export(answer, form.value)), nl=False)
        return
    for note in answer.notes:
        typer.secho(printable(f"note: {note}"), dim=True, err=True)
    show(answer)


def _ask(library: Library, question: str, *, documents: Documents, writer: Writer, strict: bool) -> Answer:
    return library.ask(question, documents=documents or None, writer=writer.value, strict=strict)


def _ask_all(state: State, batch: Path | None, output: Path | None, ask: Callable[[Library, str], Answer]) -> None:
    from index import batching
    from index.cli.tables import evaluating

    if batch is None or output is None:
        raise typer.BadParameter("--batch FILE and --output FILE belong together.", param_hint="--batch, --output")
    questions = batching.read_questions(batch)
    began = monotonic()
    with state.open() as library, evaluating(shown=not state.quiet) as (_, asked):
        rows = batching.run(
            questions, output, partial(ask, library), lambda n, of: asked("questions", n, of) if asked else None
        )
    counts = Counter(row.status for row in rows)
    told = ", ".join(f"{number} {status}" for status, number in counts.items())
    rate = len(rows) / max(monotonic() - began, 0.001)
    Console(highlight=False).print(Text(printable(f"{output}: {told}; {rate:.1f} questions a second")))
    if counts["failed"]:
        raise typer.Exit(SOME_FAILED)


def _write_pack(path: Path, archive: bytes, text: str) -> None:
    if path.suffix not in (".zip", ".md"):
        raise typer.BadParameter("name a file that ends in .zip or .md.", param_hint="--pack")
    try:
        path.write_bytes(archive if path.suffix == ".zip" else text.encode())
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}.", param_hint="--pack") from error


def show(answer: Answer) -> None:
    """The answer with its numbers and below it the sources; or what is nearest, and that it is none."""
    console = Console(highlight=False)
    passages, documents = answer.searched
    if answer.status == "abstained":
        console.print("Your documents hold no answer to this.", style="bold")
        console.print(
            f"Searched {_count(passages, 'passage')} in {_count(documents, 'document')}; "
            f"confidence {answer.confidence:.2f}, "
            f"below the bar of {answer.bar:.2f} (PINCITE_BAR)."
        )
        if answer.hits:
            nearest = answer.hits[0]
            place = ", ".join(part for part in (nearest.document.name, nearest.location.label) if part)
            console.print(Text(printable(f"\nThe nearest passage, which is no answer: {place}"), style="dim"))
            console.print(Text(printable(nearest.quote), style="dim"))
        return
    for statement in answer.statements:
        line = Text(printable(statement.text))
        line.append("".join(f" [{marker}]" for marker in statement.markers), style="bold cyan")
        if statement.verdict not in ("quoted", "supported"):
            line.append(f"  ({statement.verdict}: not supported by the documents)", style="red")
        console.print(line)
    console.print()
    for citation in answer.citations:
        console.print(_source(citation))
    console.print(f"confidence {answer.confidence:.2f}", style="dim")


def _source(citation: Citation) -> Text:
    info = citation.document
    stated = " · ".join(part for part in (info.name, info.author, info.date, citation.location.label) if part)
    line = Text(f"[{citation.marker}] ", style="bold cyan")
    line.append(printable(f"{stated}  {citation.start}:{citation.end}"))
    return line


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


CHECK_EXAMPLE = "Example: pincite check draft.md   or: pbpaste | pincite check -"


def check(
    context: typer.Context,
    file: Annotated[typer.FileText, typer.Argument(help="A text file, or - for standard input.", show_default=False)],
    documents: Documents = None,
    json: JsonOption = False,
) -> None:
    """Compare each sentence of a text with the documents: supported, at odds with them, or not found.

    Exit code 1 says that not all are supported. What needs knowledge of the world to be seen is not seen.
    """
    from index import wire
    from index.cli import printing

    with context.obj.open() as library:
        checked = library.check(file.read(), documents=documents or None)
    if json:
        printing.as_json(wire.check(checked))
    else:
        for note in checked.notes:
            typer.secho(printable(f"note: {note}"), dim=True, err=True)
        show_check(checked)
    if checked.supported < len(checked.statements):
        raise typer.Exit(ERROR)


def show_check(checked: Check) -> None:
    """Each sentence under its verdict, then the sources, then how many are supported."""
    console = Console(highlight=False)
    for statement in checked.statements:
        line = Text(f"{statement.verdict}: ", style="green" if statement.verdict == "supported" else "red")
        line.append(printable(statement.text), style="default")
        line.append("".join(f" [{marker}]" for marker in statement.markers), style="bold cyan")
        console.print(line)
        if statement.detail:
            console.print(Text(printable(f"  {statement.detail}"), style="dim"))
    console.print()
    for citation in checked.citations:
        console.print(_source(citation))
        console.print(Text(printable(f"  {citation.quote}"), style="dim"))
    console.print(f"{checked.summary}.")
