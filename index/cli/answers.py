"""An answer, or a text that was checked, on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from index.cli.printing import console, printable

if TYPE_CHECKING:
    from index.records import Answer, Check, Citation


def show(answer: Answer) -> None:
    """The answer with its numbers and below it the sources; or what is nearest, and that it is none."""
    out = console()
    passages, documents = answer.searched
    if answer.status == "abstained":
        out.print("Your documents hold no answer to this.", style="bold")
        below = f", below the bar of {answer.bar:.2f} (PINCITE_BAR)" if answer.confidence < answer.bar else ""
        out.print(
            f"Searched {_count(passages, 'passage')} in {_count(documents, 'document')}; "
            f"confidence {answer.confidence:.2f}{below}."
        )
        if answer.hits:
            nearest = answer.hits[0]
            place = ", ".join(part for part in (nearest.document.name, nearest.location.label) if part)
            out.print(Text(printable(f"\nThe nearest passage, which is no answer: {place}"), style="dim"))
            out.print(Text(printable(nearest.quote), style="dim"))
        return
    for statement in answer.statements:
        line = Text(printable(statement.text))
        line.append("".join(f" [{marker}]" for marker in statement.markers), style="bold cyan")
        if statement.verdict not in ("quoted", "supported"):
            line.append(f"  ({statement.verdict}: not supported by the documents)", style="red")
        out.print(line)
    out.print()
    for citation in answer.citations:
        out.print(_source(citation))
    out.print(f"confidence {answer.confidence:.2f}", style="dim")


def _source(citation: Citation) -> Text:
    info = citation.document
    stated = " · ".join(part for part in (info.name, info.author, info.date, citation.location.label) if part)
    line = Text(f"[{citation.marker}] ", style="bold cyan")
    line.append(printable(f"{stated}  {citation.start}:{citation.end}"))
    return line


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def show_check(checked: Check) -> None:
    """Each sentence under its verdict, then the sources, then how many are supported."""
    out = console()
    for statement in checked.statements:
        line = Text(f"{statement.verdict}: ", style="green" if statement.verdict == "supported" else "red")
        line.append(printable(statement.text), style="default")
        line.append("".join(f" [{marker}]" for marker in statement.markers), style="bold cyan")
        out.print(line)
        if statement.detail:
            out.print(Text(printable(f"  {statement.detail}"), style="dim"))
    out.print()
    for citation in checked.citations:
        out.print(_source(citation))
        out.print(Text(printable(f"  {citation.quote}"), style="dim"))
    out.print(f"{checked.summary}.")
