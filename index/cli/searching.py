"""`pincite search`, which finds passages, and `pincite coverage`, which finds the best sentence of each document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.cli.completion import document_names
from index.cli.options import Command

if TYPE_CHECKING:
    from index.cli.state import State

Question = Annotated[
    str, typer.Argument(help="Your question, in plain words; operators are optional.", show_default=False)
]
Documents = Annotated[
    list[str] | None,
    typer.Option(
        "--in", help="Search only this document (id, source or title); repeatable.", autocompletion=document_names
    ),
]


class QuestionCommand(Command):
    """A command whose argument is a question; its help lists the query operators."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, then the query operators."""
        from index.querying import SYNTAX

        super().format_options(ctx, formatter)
        with formatter.section("Operators in the question"):
            formatter.write_dl(SYNTAX)
        with formatter.indentation():
            formatter.write_paragraph()
            formatter.write_text("If a question starts with a dash, put -- and a space before it.")


SEARCH_EXAMPLE = "Example: pincite search 'Who signed the \"peace treaty\"?' -k 3 --explain"


def search(
    context: typer.Context,
    question: Question,
    limit: Annotated[int, typer.Option("-k", "--limit", min=1, max=1000, help="Number of passages.")] = 5,
    documents: Documents = None,
    explain: Annotated[bool, typer.Option("--explain", help="Explain in full why each passage was found.")] = False,
) -> None:
    """Show the passages that best match a question, each with its key sentence."""
    from index.cli import hits, printing

    state: State = context.obj
    with state.open() as library:
        found = library.search(question, limit=limit, documents=documents or None, explain=explain)
    if context.obj.json:
        from index.schema.hits import Found

        printing.print_json(Found.model_validate(found).model_dump())
        return
    if not state.quiet:
        hits.print_notes(found)
    hits.print_hits(found, limit=limit, explain=explain, verbose=state.verbose)


COVERAGE_EXAMPLE = "Example: pincite coverage 'Who pays for it? type:pdf' --csv > pays.csv"


def coverage(
    context: typer.Context,
    question: Question,
    documents: Documents = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Show the best sentence of each document for a question, or that the document does not mention the subject.

    In the CSV, a text cell that starts with = + - @, a tab or a carriage return gets an apostrophe in front, so that
    a spreadsheet does not run it as a formula. Control characters are left out.
    """
    from index.cli import hits, printing, progress

    if csv and context.obj.json:
        raise typer.BadParameter("choose one of the two.", param_hint="--csv, --json")
    with context.obj.open() as library, progress.work_progress("comparing", shown=not context.obj.quiet):
        report = library.coverage(question, documents=documents or None)
    if context.obj.json:
        from index.schema.hits import Coverage

        printing.print_json(Coverage.of(question, report).model_dump())
        return
    if not context.obj.quiet:
        hits.print_notes(report)
    if csv:
        hits.print_coverage_csv(report.rows)
    else:
        hits.print_coverage(report.rows)
