"""Prints answers and checked texts on a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.text import Text

from index.cli.printing import console, printable
from index.remarks import name, plain, reason, remark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    from index.records import Answer, Check, Citation, Statement, Verdict


_STYLES: dict[Verdict, str] = {
    "verbatim": "green",
    "supported": "green",
    "contradicted": "red",
    "unverified": "yellow",
}


def print_answer(answer: Answer) -> None:
    """Print an answer with its numbered sources; for an abstention, the nearest passage."""
    out = console()
    if answer.status == "abstained":
        _show_abstention(out, answer)
        return
    if answer.status == "unsure":
        out.print("This may be it. Your documents do not clearly answer the question.\n", style="bold")
    for statement in answer.statements:
        out.print(_statement(statement))
    out.print()
    for citation in answer.citations:
        out.print(_source(citation))
    out.print(f"{answer.match}: confidence {_confidence(answer)}", style="dim")


def _show_abstention(out: Console, answer: Answer) -> None:
    passages, documents = answer.searched
    if not passages:
        out.print("Nothing was searched.", style="bold")
        return
    out.print("Your documents do not answer this question.", style="bold")
    out.print(
        f"Searched {_count(passages, 'passage')} in {_count(documents, 'document')}; confidence {_confidence(answer)}."
    )
    if answer.hits:
        nearest = answer.hits[0]
        place = ", ".join(part for part in (nearest.document.name, nearest.location.label) if part)
        out.print(Text(printable(f"\nThe nearest passage, which is not an answer: {place}"), style="dim"))
        out.print(Text(printable(nearest.quote), style="dim"))


def _confidence(answer: Answer) -> str:
    """Return the confidence and, if it is below the bar, the bar; with a third decimal if both would look equal."""
    if answer.confidence >= answer.bar:
        return f"{answer.confidence:.2f}"
    shown, bar = f"{answer.confidence:.2f}", f"{answer.bar:.2f}"
    shown = shown if shown != bar else f"{math.floor(answer.confidence * 1000) / 1000:.3f}"
    return f"{shown}, below the bar of {bar} (PINCITE_BAR)"


def _statement(statement: Statement) -> Text:
    """Return a statement with its source numbers, or with a remark if the sources do not support it."""
    line = Text(printable(statement.text))
    if statement.is_supported:
        return line.append(_markers(statement.markers), style="bold cyan")
    return line.append(printable(f"  ({remark(statement)})"), style=_STYLES[statement.verdict])


def _markers(markers: Iterable[int]) -> str:
    return "".join(f" [{marker}]" for marker in markers)


def _source(citation: Citation) -> Text:
    info = citation.document
    details = " · ".join(part for part in (info.name, info.author, info.date, citation.location.label) if part)
    line = Text(f"[{citation.marker}] ", style="bold cyan")
    line.append(printable(f"{details}  {citation.start}:{citation.end}"))
    return line


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def print_check(checked: Check) -> None:
    """Print each sentence with its verdict, then the sources, then a summary."""
    out = console()
    for statement in checked.statements:
        style = _STYLES[statement.verdict] if statement.is_claim else "dim"
        line = Text(f"{name(statement)}: ", style=style)
        line.append(printable(statement.text), style="default")
        line.append(_markers(statement.markers), style="bold cyan")
        out.print(line)
        for explanation in _reasons(statement):
            out.print(Text(printable(f"  {explanation}"), style="dim"))
    out.print()
    for citation in checked.citations:
        out.print(_source(citation))
        out.print(Text(printable(f"  {citation.quote}"), style="dim"))
    out.print(f"{checked.summary}.")


def _reasons(statement: Statement) -> Iterator[str]:
    if detail := plain(reason(statement)):
        yield detail[:1].upper() + detail[1:]
    if statement.nearest is not None:
        yield f"Nearest words: [{statement.nearest}]"
