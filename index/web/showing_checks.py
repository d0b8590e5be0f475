"""A checked text as markup: each sentence with its verdict, and the words that it rests on or that come nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from index import remarks
from index.web.rendering import render
from index.web.showing_answers import place

if TYPE_CHECKING:
    from index.records import Check, Citation, Statement, Verdict
    from index.settings import Settings

_LEADS: dict[Verdict, str] = {
    "verbatim": "In the source",
    "supported": "In the source",
    "contradicted": "The source says",
    "unverified": "Nearest words",
}
"""What stands before the words of a citation."""


def form(settings: Settings) -> str:
    """What to check, what the verdicts mean, and below it the place for the outcome."""
    verdicts = [(verdict, name, remarks.PROVEN[verdict]) for verdict, name in remarks.NAMES.items()]
    return render("check_form.html", most=settings.max_text_characters, verdicts=verdicts)


def check(each: Check) -> str:
    """Every sentence in order; none is left out."""
    citations = {citation.marker: citation for citation in each.citations}
    return render("checked.html", check=each, rows=[_row(statement, citations) for statement in each.statements])


def _row(statement: Statement, citations: dict[int, Citation]) -> dict[str, Any]:
    markers = statement.markers if statement.nearest is None else (statement.nearest,)
    return {
        "mark": statement.verdict if statement.is_claim else "unchecked",
        "name": remarks.name(statement),
        "proven": remarks.PROVEN[statement.verdict] if statement.is_claim else "",
        "text": statement.text,
        "reason": remarks.reason(statement),
        "lead": _LEADS[statement.verdict],
        "words": [_words(citations[marker], statement.text) for marker in markers],
    }


def _words(cited: Citation, claim: str) -> dict[str, Any]:
    """The words of a source, which are not repeated where the claim is the same, and where they stand."""
    info = cited.document
    return {
        "citation": cited,
        "is_longer": " ".join(cited.quote.split()) != claim,
        "name": info.name,
        "stated": [part for part in (info.author, info.date, place(info, cited.location)) if part],
    }
