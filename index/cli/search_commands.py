"""`pincite search`, which finds passages, and `pincite coverage`, which finds the best sentence of each document."""

from __future__ import annotations

import gc
import io
from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.cli.options import Command, document_names
from index.cli.printing import as_text, console, printable
from index.records import texts
from index.records.document import CANDIDATES
from index.records.remarks import plain, recognition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table
    from rich.text import Text

    from index.cli.options import State
    from index.records import Check, Coverage, CoverageReport, Found, Hit, Why

COVERAGE_COLUMNS = ("document", "source", "id", "date", "score", "location", "start", "end", "quote", "mention")
"""Columns of the CSV; `start` and `end` are the offsets of the quote."""
COLLECT_EVERY = 20_000
"""New objects after which Python looks for garbage, instead of 700: importing torch makes 160,000 that stay."""
_NO_WORD = "no word in common"
_MAX_COPIES = 3
"""Copies of a passage that are named without --verbose."""
_NAME_WIDTH = 26
"""Maximum width of a document's name in the table, in columns: most of the 80 columns are for the quote."""
_QUOTE_LENGTH = 160
"""Characters of a quote in the table; JSON and CSV have the whole quote."""
Question = Annotated[
    str, typer.Argument(help="Your question, in plain words; operators are optional.", show_default=False)
]
Documents = Annotated[
    list[str] | None,
    typer.Option(
        "--in", help="Search only this document (id, source or title); repeatable.", autocompletion=document_names
    ),
]
SEARCH_EXAMPLE = "Example: pincite search 'Who signed the \"peace treaty\"?' -k 3 --explain"
COVERAGE_EXAMPLE = "Example: pincite coverage 'Who pays for it? type:pdf' --csv > pays.csv"


def print_hits(result: Found, *, limit: int, explain: bool, verbose: bool) -> None:
    """Print hits, best first; the pinned sentence is bold on a terminal and between `**` elsewhere."""
    out = console()
    beyond = f"beyond the first {_candidates(limit)}"
    if not result.hits:
        out.print(f"{texts.NOTHING_FOUND}.")
    for n, hit in enumerate(result.hits, 1):
        out.print(_headline(n, hit))
        out.print(_passage(hit, marked=not out.is_terminal))
        if hit.also:
            out.print(_copies(hit.also, verbose=verbose))
        out.print(_reasons(hit.why, beyond) if explain else _reason(hit.why, beyond), style="dim")
        out.print()
    if verbose:
        out.print(", ".join(f"{stage} {ms:.1f} ms" for stage, ms in result.timings_ms.items()), style="dim")


def print_notes(result: Found | CoverageReport | Check) -> None:
    """Print the notes of a result to standard error, so that a pipe gets only the result."""
    for note in result.notes:
        typer.secho(printable(f"note: {plain(note)}"), dim=True, err=True)


def print_coverage(rows: Sequence[Coverage]) -> None:
    """Print one row per document; documents that mention the subject of the question come first."""
    from rich import box
    from rich.table import Table

    out = console()
    if not rows:
        out.print(as_text(f"{texts.NO_DOCUMENT_SEARCHED}."))
        return
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Document", overflow="fold", max_width=_NAME_WIDTH if out.is_terminal else None)
    table.add_column("Score, of 1", justify="right", no_wrap=True)
    table.add_column("Location, quote", overflow="fold")
    for row in rows:
        score = f"{row.hit.score:.2f}" if row.hit else ""
        table.add_row(as_text(row.document.name), score, _evidence(row.hit, cut=out.is_terminal))
    out.print(table)
    mentions = sum(row.hit is not None for row in rows)
    out.print(f"{mentions} of {len(rows)} documents mention the subject of the question.", style="dim")


def print_coverage_csv(rows: Sequence[Coverage]) -> None:
    """Print CSV (RFC 4180, UTF-8) whose cells are safe for spreadsheets (no formulas) and terminals (no controls)."""
    import csv

    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(COVERAGE_COLUMNS)
    writer.writerows(_cells(row) for row in rows)
    # Written as bytes, because Windows would add a second carriage return to each line.
    stream = typer.get_binary_stream("stdout")
    stream.write(lines.getvalue().encode())
    stream.flush()


def _cells(row: Coverage) -> Iterator[str | float | int]:
    info, hit = row.document, row.hit
    yield from map(_guarded, (info.name, info.source, info.id, info.date))
    if hit is None:
        yield from ("", "", "", "", "", "no")
    else:
        yield round(hit.score, 6)
        yield _guarded(hit.location.label)
        yield from hit.pin
        yield _guarded(hit.quote)
        yield "yes"


def _guarded(words: str) -> str:
    from index.library.answer_files import escape_formula

    return escape_formula(printable(words))


def _evidence(hit: Hit | None, *, cut: bool) -> Text:
    if hit is None:
        return as_text(texts.NO_MENTION, style="dim")
    place = as_text(f"{hit.location.label}\n" if hit.location.label else "", style="cyan")
    words = hit.location.quoted(hit.quote)
    return as_text("").append_text(place).append_text(as_text(_cut(words) if cut else " ".join(words.split())))


def _headline(n: int, hit: Hit) -> Text:
    line = as_text(f"[{n}] ", style="bold")
    line.append(printable(hit.document.name), style="bold")
    headed = (" · ".join(hit.location.headers), recognition(hit.location))
    details = " · ".join(part for part in (hit.document.author, hit.document.date, hit.location.label, *headed) if part)
    line.append(printable(f"  {details}"), style="cyan")
    line.append(f"  score {hit.score:.2f} of 1", style="dim")
    return line


def _passage(hit: Hit, *, marked: bool) -> Text:
    start, end = hit.pin.start - hit.passage.start, hit.pin.end - hit.passage.start
    mark = "**" if marked else ""
    text = as_text(hit.passage.text[:start] + mark)
    text.append(printable(hit.quote), style="bold yellow")
    text.append(mark + printable(hit.passage.text[end:]))
    return text


def _copies(also: Sequence[Hit], *, verbose: bool) -> Text:
    named = also if verbose else also[:_MAX_COPIES]
    places = [", ".join(filter(None, (copy.document.name, copy.location.label))) for copy in named]
    if len(also) > len(named):
        places.append(f"and {len(also) - len(named)} more")
    return as_text("also in: " + "; ".join(places))


def _reason(why: Why, beyond: str) -> Text:
    """Return the reasons of a hit in one line."""
    parts = []
    if why.dense is not None:
        parts.append(f"meaning cosine {why.dense:.2f} ({_rank(why.dense_rank, beyond)})")
    if why.lexical is not None:
        parts.append(f"words BM25 {why.lexical:.1f} ({_rank(why.lexical_rank, beyond)})" if why.lexical else _NO_WORD)
    if why.verbatim:
        parts.append("word for word")
    if why.matched_terms:
        parts.append("matched " + ", ".join(why.matched_terms))
    return as_text("why: " + "; ".join(parts))


def _reasons(why: Why, beyond: str) -> Table:
    """Return all reasons of a hit, one per line."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(min_width=12)  # aligns the blocks of all hits
    grid.add_column(overflow="fold")
    for name, value in _explanation_rows(why, beyond):
        grid.add_row(f"  {name}", as_text(value))
    return grid


def _explanation_rows(why: Why, beyond: str) -> Iterator[tuple[str, str]]:
    if why.dense is not None:
        yield "meaning", f"cosine {why.dense:.2f}, {_rank(why.dense_rank, beyond)}"
    if why.lexical is not None:
        yield "words", f"BM25 {why.lexical:.1f}, {_rank(why.lexical_rank, beyond)}" if why.lexical else _NO_WORD
    yield "fused", f"{why.fused:.2f}"
    yield "evidence", f"{why.evidence:.2f}" + (", word for word" if why.verbatim else "")
    if why.reranked is not None:
        yield "reranked", f"{why.reranked:.2f}"
    if why.matched_terms or why.lexical:
        # Words of the neighbouring passages count a little, too.
        yield "in common", ", ".join(why.matched_terms) or "none in the passage, some beside it"
    if why.pin_terms:
        yield "in the pin", ", ".join(why.pin_terms)
    if why.nearest_words:
        yield "nearest", ", ".join(why.nearest_words)


def _rank(rank: int | None, beyond: str) -> str:
    return f"rank {rank}" if rank else beyond


def _candidates(limit: int) -> int:
    """Return how many candidates the dense and the lexical search returned, each."""
    return max(CANDIDATES, limit)


def _cut(words: str) -> str:
    line = " ".join(words.split())
    if len(line) <= _QUOTE_LENGTH:
        return line
    word = line.rfind(" ", _QUOTE_LENGTH // 2, _QUOTE_LENGTH)
    return line[: word if word > 0 else _QUOTE_LENGTH - 1] + "…"


class QuestionCommand(Command):
    """A command whose argument is a question; its help lists the query operators."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Not for a server: there, the garbage between two collections may be large."""
        gc.set_threshold(COLLECT_EVERY)
        return super().invoke(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, then the query operators."""
        from index.text.query import SYNTAX

        super().format_options(ctx, formatter)
        with formatter.section("Operators in the question"):
            formatter.write_dl(SYNTAX)
        with formatter.indentation():
            formatter.write_paragraph()
            formatter.write_text("If a question starts with a dash, put -- and a space before it.")


def search(
    context: typer.Context,
    question: Question,
    limit: Annotated[int, typer.Option("-k", "--limit", min=1, max=1000, help="Number of passages.")] = 5,
    documents: Documents = None,
    explain: Annotated[bool, typer.Option("--explain", help="Explain in full why each passage was found.")] = False,
) -> None:
    """Show the passages that best match a question, each with its key sentence."""
    from index.cli import printing

    state: State = context.obj
    with state.open() as library:
        found = library.search(question, limit=limit, documents=documents or None, explain=explain)
    if context.obj.json:
        from index.wire import Found

        printing.print_json(Found.model_validate(found).model_dump())
        return
    if not state.quiet:
        print_notes(found)
    print_hits(found, limit=limit, explain=explain, verbose=state.verbose)


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
    from index.cli import printing, progress

    if csv and context.obj.json:
        raise typer.BadParameter("choose one of the two.", param_hint="--csv, --json")
    with context.obj.open() as library, progress.work_progress("comparing", shown=not context.obj.quiet):
        report = library.coverage(question, documents=documents or None)
    if context.obj.json:
        from index.wire import Coverage

        printing.print_json(Coverage.of(question, report).model_dump())
        return
    if not context.obj.quiet:
        print_notes(report)
    if csv:
        print_coverage_csv(report.rows)
    else:
        print_coverage(report.rows)
