"""Records to the page's HTML. `index.markup` escapes every word from outside."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.markup import environment
from index.querying import SYNTAX
from index.retrieval.searching import CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.errors import PinciteError
    from index.records import DocumentInfo, Found, Hit, Receipt
    from index.web.jobs import Jobs

RAIL_LENGTH = 12
"""How many documents stand beside the answer before the rest becomes a number."""
COPIES = 3
"""How many copies of a passage are named before the rest becomes a number."""
_FORMATS = {
    "application/pdf": "PDF",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "text/html": "HTML",
    "text/markdown": "Markdown",
    "text/org": "Org",
    "text/plain": "Text",
}


def head(versions: Mapping[str, str]) -> str:
    """Into the page's head; `versions` of the static files, by name, so that browsers may keep them for good."""
    return _render("head.html", versions=versions)


def body() -> str:
    """To the beginning of the page's body."""
    return _render("noscript.html")


def header() -> str:
    """Mark and name, and the region through which screen readers hear what has happened."""
    return _render("header.html")


def removal_dialog() -> str:
    """The question before a document is removed."""
    return _render("removal.html")


def adding() -> str:
    """What can be added, above the drop zone."""
    return _render("adding.html")


def hero(documents: int, passages: int) -> str:
    """What this is, above the question."""
    return _render("hero.html", documents=documents, passages=passages)


def operators(syntax: Sequence[tuple[str, str]] = SYNTAX) -> str:
    """What a question may hold beside words, below it, for those who ask."""
    return _render("operators.html", syntax=syntax)


def idle(examples: Sequence[str], *, empty: bool, complaint: str = "") -> str:
    """Nothing has been asked yet: questions to begin with, or how to fill an empty library."""
    return _render("idle.html", examples=examples, empty=empty, complaint=complaint)


def searching() -> str:
    """The moment between question and answer."""
    return _render("searching.html")


def results(found: Found, milliseconds: float) -> str:
    """The passages found, each with its pin marked and its copies named; or that there are none."""
    cards = [_card(number, hit) for number, hit in enumerate(found, 1)]
    documents = len({hit.document.id for hit in found})
    return _render(
        "results.html",
        cards=cards,
        documents=documents,
        milliseconds=milliseconds,
        notes=found.notes,
        copies=COPIES,
    )


def problem(error: PinciteError | None) -> str:
    """What went wrong and what to do next; of an error that was not foreseen, only that it was logged."""
    return _render("problem.html", error=error)


def rail(documents: Sequence[DocumentInfo], found: Found | None = None) -> str:
    """The documents in brief, with a tick wherever a passage or a copy of it was found."""
    ticks: dict[str, list[dict[str, Any]]] = {}
    for number, best in enumerate(found or (), 1):
        for hit in (best, *best.also):
            place = 100 * hit.pin.start / max(1, hit.document.characters)
            tick = {"number": number, "percent": round(place, 1), "again": hit is not best}
            ticks.setdefault(hit.document.id, []).append(tick)
    rows = sorted(documents, key=lambda info: info.id not in ticks)[:RAIL_LENGTH]
    rows.sort(key=lambda info: info.source)
    return _render("rail.html", rows=rows, ticks=ticks, found=bool(ticks), more=len(documents) - len(rows))


def library(documents: Sequence[DocumentInfo]) -> str:
    """The table of documents."""
    return _render("library.html", documents=documents)


def jobs(jobs: Jobs) -> str:
    """Files on their way into the library."""
    return _render("jobs.html", jobs=jobs)


def receipt(receipt: Receipt, failure: PinciteError | None = None) -> str:
    """What was done, file by file."""
    groups = {
        "Added": receipt.added,
        "Replaced": receipt.replaced,
        "Already here": receipt.unchanged,
        "Removed": receipt.removed,
    }
    return _render("receipt.html", groups=groups, receipt=receipt, error=failure)


def reference(hit: Hit) -> str:
    """What to write below a quote: `John Snow, On the Mode of Communication of Cholera (1855), p. 39, ¶ 2`."""
    info = hit.document
    dated = f"{info.name} ({info.date})" if info.date else info.name
    return ", ".join(part for part in (info.author, dated, hit.location.label) if part)


def _card(number: int, hit: Hit) -> dict[str, Any]:
    """A hit as its template wants it: the passage cut at the pin, and at the sentences beside it."""
    passage, pin = hit.passage, hit.pin
    # A small screen shows no more than the pin's neighbours until it is asked for the rest.
    at = passage.sentences.index(pin)
    first, last = passage.sentences[max(0, at - 1)], passage.sentences[at : at + 2][-1]
    cuts = [passage.start, first.start, pin.start, pin.end, last.end, passage.end]
    parts = [passage.text[start - passage.start : end - passage.start] for start, end in pairwise(cuts)]
    return {
        "far_before": parts[0],
        "before": parts[1],
        "after": parts[3],
        "far_after": parts[4],
        "number": number,
        "hit": hit,
        "percent": round(hit.score * 100),
        "reference": reference(hit),
    }


def _format(media_type: str) -> str:
    """A format by the name that readers use."""
    return _FORMATS.get(media_type, media_type.rpartition("/")[2])


def _rank(rank: int | None) -> str:
    """A place among the candidates, or that it has none."""
    return f"rank {rank}" if rank else f"beyond the first {CANDIDATES}"


def _file_name(source: str) -> str:
    return Path(source).name or source


_environment = environment(Path(__file__).parent / "templates")
_environment.filters.update(file_name=_file_name, format_name=_format, rank=_rank)


def _render(template: str, **values: Any) -> str:
    return _environment.get_template(template).render(**values)
