"""`pincite search` and `pincite coverage`: a question, and what the documents say to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.cli.completion import document_names
from index.cli.options import Command

if TYPE_CHECKING:
    from index.cli.state import State

Question = Annotated[str, typer.Argument(help="In your own words, with or without operators.", show_default=False)]
Documents = Annotated[
    list[str] | None,
    typer.Option(
        "--in", help="Only in this document (id, source or title); repeatable.", autocompletion=document_names
    ),
]


class Asking(Command):
    """A command whose argument is a question: its help lists the operators that a question may have."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Operators below options."""
        from index.querying import SYNTAX

        super().format_options(ctx, formatter)
        with formatter.section("Operators in the question"):
            formatter.write_dl(SYNTAX)
        with formatter.indentation():
            formatter.write_paragraph()
            formatter.write_text("Before a question that begins with a dash, write -- and a space.")


SEARCH_EXAMPLE = "Example: pincite search 'Who signed the \"peace treaty\"?' -k 3 --explain"


def search(
    context: typer.Context,
    question: Question,
    limit: Annotated[int, typer.Option("-k", "--limit", min=1, max=1000, help="How many passages.")] = 5,
    documents: Documents = None,
    explain: Annotated[bool, typer.Option("--explain", help="Tell in full why each passage was found.")] = False,
) -> None:
    """Show the passages that answer a question, each with the sentence that carries the evidence."""
    from index.cli import hits, printing

    state: State = context.obj
    with state.open() as library:
        found = library.search(question, limit=limit, documents=documents or None, explain=explain)
    if context.obj.json:
        from index.schema.hits import Found

        printing.as_json(Found.model_validate(found).model_dump())
        return
    if not state.quiet:
        hits.notes(found)
    hits.found(found, limit=limit, explain=explain, verbose=state.verbose)


COVERAGE_EXAMPLE = "Example: pincite coverage 'Who pays for it? type:pdf' --csv > pays.csv"


def coverage(
    context: typer.Context,
    question: Question,
    documents: Documents = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Show what each document has to say to a question: its best sentence, or that it has none.

    In the CSV a cell of a document's words that a spreadsheet would take for a formula, because it begins with one of
    = + - @ or a tab or carriage return, begins with an apostrophe; characters that steer a terminal are left out.
    """
    from index.cli import hits, printing, progress

    if csv and context.obj.json:
        raise typer.BadParameter("choose one of the two.", param_hint="--csv, --json")
    with context.obj.open() as library, progress.work("comparing", shown=not context.obj.quiet):
        report = library.coverage(question, documents=documents or None)
    if context.obj.json:
        from index.schema.hits import Coverage

        printing.as_json(Coverage.of(question, report).model_dump())
        return
    if not context.obj.quiet:
        hits.notes(report)
    if csv:
        hits.as_csv(report.rows)
    else:
        hits.coverage(report.rows)
