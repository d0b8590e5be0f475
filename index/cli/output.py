"""Answers, checks and tables on a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from index.cli.printing import console, printable
from index.records import CLAIMED, texts
from index.records.remarks import plain, reason, recognition, remark, verdict_name
from index.records.texts import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

    from index.records import Answer, Check, Citation, DocumentInfo, Recall, Statement, Verdict

_STYLES: dict[Verdict, str] = {
    "verbatim": "green",
    "supported": "green",
    "perhaps": "cyan",
    "contradicted": "red",
    "unverified": "yellow",
}
_SOURCE_COLUMN_WIDTH = 140
"""With this many columns or more, the source of a document gets its own column."""
_ID = 12
"""Characters of a document's id that are shown; commands accept this prefix as well as the whole id."""
_CLAIMED = "(claimed)"
_COLUMNS = ("Id", "Title and source", "Date", "Pages", "Passages")
_ALL_COLUMNS = ("Id", "Title", "Author", "Date", "Pages", "Passages", "Source")
_NUMBERS = ("Pages", "Passages")


def print_answer(answer: Answer) -> None:
    """Print an answer with its numbered sources; for an abstention, the nearest passage."""
    out = console()
    if answer.asked:
        out.print(Text(printable(f"{texts.UNDERSTOOD_AS}: {answer.question}\n"), style="dim"))
    if answer.status == "abstained":
        _show_abstention(out, answer)
        return
    if answer.status == "unsure":
        out.print(f"{texts.MAY_BE}. {texts.UNCLEAR}.\n", style="bold")
    for statement in answer.statements:
        out.print(_statement(statement, answer.citations))
    out.print()
    for citation in answer.citations:
        out.print(_source(citation))
    out.print(f"{answer.match}: confidence {_confidence(answer)}", style="dim")


def _show_abstention(out: Console, answer: Answer) -> None:
    passages, documents = answer.searched
    if not passages:
        out.print(f"{texts.NOTHING_SEARCHED}.", style="bold")
        return
    out.print("Your documents do not answer this question.", style="bold")
    out.print(
        f"Searched {count(passages, 'passage')} in {count(documents, 'document')}; confidence {_confidence(answer)}."
    )
    if answer.hits:
        nearest = answer.hits[0]
        place = ", ".join(filter(None, (nearest.document.name, nearest.location.label, recognition(nearest.location))))
        out.print(Text(printable(f"\nThe nearest passage, which is not an answer: {place}"), style="dim"))
        out.print(Text(printable(nearest.location.quoted(nearest.quote)), style="dim"))


def _confidence(answer: Answer) -> str:
    """Return the confidence and, if it is too low, the threshold; with a third decimal if both would look equal."""
    if answer.confidence >= answer.bar:
        return f"{answer.confidence:.2f} of 1"
    shown, bar = f"{answer.confidence:.2f}", f"{answer.bar:.2f}"
    shown = shown if shown != bar else f"{math.floor(answer.confidence * 1000) / 1000:.3f}"
    return f"{shown} of 1; an answer needs {bar} (PINCITE_BAR)"


def _statement(statement: Statement, citations: Sequence[Citation]) -> Text:
    """Return a statement with its source numbers, and a remark if its words were recognised, or nothing supports it."""
    line = Text(printable(statement.text))
    said = remark(statement, citations)
    if statement.is_supported:
        line.append(_markers(statement.markers), style="bold cyan")
        return line.append(f"  ({said})" if said else "", style="dim")
    return line.append(printable(f"  ({said})"), style=_STYLES[statement.verdict])


def _markers(markers: Iterable[int]) -> str:
    return "".join(f" [{marker}]" for marker in markers)


def _source(citation: Citation) -> Text:
    info = citation.document
    place = citation.location.label, recognition(citation.location)
    details = " · ".join(filter(None, (info.name, info.author, info.date, *place)))
    line = Text(f"[{citation.marker}] ", style="bold cyan")
    line.append(printable(f"{details}  {citation.start}:{citation.end}"))
    return line


def print_check(checked: Check) -> None:
    """Print each sentence with its verdict, then the sources, then a summary."""
    out = console()
    for statement in checked.statements:
        style = _STYLES[statement.verdict] if statement.is_claim else "dim"
        line = Text(f"{verdict_name(statement, checked.citations)}: ", style=style)
        line.append(printable(statement.text), style="default")
        line.append(_markers(statement.markers), style="bold cyan")
        out.print(line)
        for explanation in _reasons(statement):
            out.print(Text(printable(f"  {explanation}"), style="dim"))
    out.print()
    for citation in checked.citations:
        out.print(_source(citation))
        out.print(Text(printable(f"  {citation.location.quoted(citation.quote)}"), style="dim"))
    out.print(f"{checked.summary}.")


def _reasons(statement: Statement) -> Iterator[str]:
    if detail := plain(reason(statement)):
        yield detail[:1].upper() + detail[1:]
    if statement.nearest is not None:
        yield f"Nearest words: [{statement.nearest}]"


def print_documents(infos: Sequence[DocumentInfo]) -> None:
    """Print one row per document; on a narrow terminal the source is below the title."""
    out = console()
    if not infos:
        out.print("The library is empty. Add files to it: pincite add PATH")
        return
    out.print(_full(infos) if out.width >= _SOURCE_COLUMN_WIDTH else _narrow(infos, out))
    if any(info.claimed for info in infos):
        out.print(f"{_CLAIMED} {CLAIMED}", style="dim")


def _full(infos: Sequence[DocumentInfo]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for name in _ALL_COLUMNS:
        table.add_column(name, overflow="fold", justify="right" if name in _NUMBERS else "left")
    for info in infos:
        cells = (info.author, info.date, *_sizes(info), info.source)
        table.add_row(info.id[:_ID], _name_cell(info), *(Text(printable(cell)) for cell in cells))
    return table


def _narrow(infos: Sequence[DocumentInfo], out: Console) -> Table:
    dates = max(len("Date"), *(cell_len(printable(info.date)) for info in infos))
    # Columns are two spaces apart; the title gets the remaining width.
    title = max(out.width - _ID - dates - sum(map(len, _NUMBERS)) - 2 * (len(_COLUMNS) - 1), 10)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in _COLUMNS:
        width = title if name == _COLUMNS[1] else None
        table.add_column(name, no_wrap=True, width=width, justify="right" if name in _NUMBERS else "left")
    for info in infos:
        cell = _name_cell(info, title)
        cell.append("\n" + _shortened(printable(info.source), title), style="dim")
        table.add_row(info.id[:_ID], cell, printable(info.date), *_sizes(info))
    return table


def _name_cell(info: DocumentInfo, width: int | None = None) -> Text:
    """Return a document's name, cut to a width, with a mark in front if the document is only a claim."""
    cell = Text.assemble((f"{_CLAIMED} ", "yellow") if info.claimed else "", printable(info.name))
    if width is not None:
        cell.truncate(width, overflow="ellipsis")
    return cell


def _sizes(info: DocumentInfo) -> tuple[str, str]:
    return str(info.pages or ""), str(info.passages)


def _shortened(source: str, width: int) -> str:
    """Return the end of a path, where the file's name is, cut to a width."""
    if cell_len(source) <= width:
        return source
    end = source[-width + 1 :]
    while cell_len(end) >= width:
        end = end[1:]
    return f"…{end}"


def print_recall(recall: Recall) -> None:
    """Print in a sentence what share of the nearest passages a search finds."""
    out = console()
    if recall.exact:
        out.print(f"Searches are exact: each compares the question with all {recall.passages:,} passages.")
        return
    out.print(
        f"A search finds {recall.recall:.1%} of the {recall.nearest} passages nearest in meaning "
        f"(95 % interval {recall.low:.1%} to {recall.high:.1%}), measured with {recall.questions:,} questions made "
        f"from the library's own sentences. It looks through {recall.probed:,} of {recall.lists:,} lists of the "
        f"{recall.passages:,} passages."
    )
