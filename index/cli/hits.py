"""What was found, on a terminal: passages with their reasons, and what each document has to say."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from index.cli.printing import console, printable
from index.records import CANDIDATES
from index.remarks import plain
from index.spreadsheets import guarded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import Check, Coverage, CoverageReport, Found, Hit, Why

COLUMNS = ("document", "source", "id", "date", "score", "location", "start", "end", "quote", "mention")
"""Of the CSV; `start` and `end` are the quote's."""
_NO_WORD = "no word in common"
_COPIES = 3
"""How many copies of a passage are named; --verbose names all."""
_NAMED = 26
"""How wide a document's name is in the table, at most: of 80 columns, most are the quote's."""
_QUOTED = 160
"""How many characters of a quote stand in the table; JSON and CSV have all."""


def found(result: Found, *, limit: int, explain: bool, verbose: bool) -> None:
    """Hits, best first; on a terminal the pin stands out in bold, elsewhere between two pairs of asterisks."""
    out = console()
    beyond = f"beyond the first {_candidates(limit)}"
    if not result.hits:
        out.print("Nothing found.")
    for n, hit in enumerate(result.hits, 1):
        out.print(_headline(n, hit))
        out.print(_passage(hit, marked=not out.is_terminal))
        if hit.also:
            out.print(_copies(hit.also, verbose=verbose))
        out.print(_reasons(hit.why, beyond) if explain else _reason(hit.why, beyond), style="dim")
        out.print()
    if verbose:
        out.print(", ".join(f"{stage} {ms:.1f} ms" for stage, ms in result.timings_ms.items()), style="dim")


def notes(result: Found | CoverageReport | Check) -> None:
    """What the reader should know beside the result, on standard error: what is piped on is the result."""
    for note in result.notes:
        typer.secho(printable(f"note: {plain(note)}"), dim=True, err=True)


def coverage(rows: Sequence[Coverage]) -> None:
    """One row a document, those that speak to the question first."""
    out = console()
    if not rows:
        out.print(_text("No document was searched."))
        return
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Document", overflow="fold", max_width=_NAMED if out.is_terminal else None)
    table.add_column("Score", justify="right", no_wrap=True)
    table.add_column("Location, quote", overflow="fold")
    for each in rows:
        score = f"{each.hit.score:.2f}" if each.hit else ""
        table.add_row(_text(each.document.name), score, _said(each.hit, cut=out.is_terminal))
    out.print(table)
    speaking = sum(each.hit is not None for each in rows)
    out.print(f"{speaking} of {len(rows)} documents speak to the question.", style="dim")


def as_csv(rows: Sequence[Coverage]) -> None:
    """RFC 4180 in UTF-8 on standard output; no cell of it is a formula to a spreadsheet, or steers a terminal."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(COLUMNS)
    writer.writerows(_cells(each) for each in rows)
    # As bytes, or some systems would end its lines in two carriage returns.
    stream = typer.get_binary_stream("stdout")
    stream.write(lines.getvalue().encode())
    stream.flush()


def _cells(each: Coverage) -> Iterator[str | float | int]:
    info, hit = each.document, each.hit
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
    return guarded(printable(words))


def _said(hit: Hit | None, *, cut: bool) -> Text:
    if hit is None:
        return _text("no mention", style="dim")
    place = _text(f"{hit.location.label}\n" if hit.location.label else "", style="cyan")
    return Text.assemble(place, _text(_cut(hit.quote) if cut else " ".join(hit.quote.split())))


def _headline(n: int, hit: Hit) -> Text:
    line = Text(f"[{n}] ", style="bold")
    line.append(printable(hit.document.name), style="bold")
    stated = " · ".join(part for part in (hit.document.author, hit.document.date, hit.location.label) if part)
    line.append(printable(f"  {stated}"), style="cyan")
    line.append(f"  {hit.score:.2f}", style="dim")
    return line


def _passage(hit: Hit, *, marked: bool) -> Text:
    start, end = hit.pin.start - hit.passage.start, hit.pin.end - hit.passage.start
    mark = "**" if marked else ""
    text = Text(printable(hit.passage.text[:start]) + mark)
    text.append(printable(hit.quote), style="bold yellow")
    text.append(mark + printable(hit.passage.text[end:]))
    return text


def _copies(also: Sequence[Hit], *, verbose: bool) -> Text:
    named = also if verbose else also[:_COPIES]
    places = [", ".join(filter(None, (copy.document.name, copy.location.label))) for copy in named]
    if len(also) > len(named):
        places.append(f"and {len(also) - len(named)} more")
    return _text("also in: " + "; ".join(places))


def _reason(why: Why, beyond: str) -> Text:
    """In one line."""
    parts = []
    if why.dense is not None:
        parts.append(f"meaning {why.dense:.2f} ({_rank(why.dense_rank, beyond)})")
    if why.lexical is not None:
        parts.append(f"words {why.lexical:.1f} ({_rank(why.lexical_rank, beyond)})" if why.lexical else _NO_WORD)
    if why.verbatim:
        parts.append("word for word")
    if why.matched_terms:
        parts.append("matched " + ", ".join(why.matched_terms))
    return _text("why: " + "; ".join(parts))


def _reasons(why: Why, beyond: str) -> Table:
    """All of it, one line each."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(min_width=12)  # so that blocks align with each other
    grid.add_column(overflow="fold")
    for name, value in _told(why, beyond):
        grid.add_row(f"  {name}", _text(value))
    return grid


def _told(why: Why, beyond: str) -> Iterator[tuple[str, str]]:
    if why.dense is not None:
        yield "meaning", f"cosine {why.dense:.2f}, {_rank(why.dense_rank, beyond)}"
    if why.lexical is not None:
        yield "words", f"BM25 {why.lexical:.1f}, {_rank(why.lexical_rank, beyond)}" if why.lexical else _NO_WORD
    yield "fused", f"{why.fused:.2f}"
    yield "evidence", f"{why.evidence:.2f}" + (", word for word" if why.verbatim else "")
    if why.reranked is not None:
        yield "reranked", f"{why.reranked:.2f}"
    if why.matched_terms or why.lexical:
        # Words count a little where only the passages beside this one have them.
        yield "in common", ", ".join(why.matched_terms) or "none in the passage, some beside it"
    if why.pin_terms:
        yield "in the pin", ", ".join(why.pin_terms)
    if why.nearest_words:
        yield "nearest", ", ".join(why.nearest_words)


def _rank(rank: int | None, beyond: str) -> str:
    return f"rank {rank}" if rank else beyond


def _candidates(limit: int) -> int:
    """How many passages each side proposed."""
    return max(CANDIDATES, limit)


def _text(words: str, style: str = "") -> Text:
    return Text(printable(words), style=style)


def _cut(words: str) -> str:
    line = " ".join(words.split())
    if len(line) <= _QUOTED:
        return line
    word = line.rfind(" ", _QUOTED // 2, _QUOTED)
    return line[: word if word > 0 else _QUOTED - 1] + "…"
