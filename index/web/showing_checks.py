"""Renders a checked text: each sentence with its verdict and its evidence, or the nearest words."""

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
"""The label before the words of a citation."""


def form(settings: Settings) -> str:
    """Return the form, the meaning of the verdicts, and the element for the result."""
    verdicts = [(verdict, name, remarks.PROVEN[verdict]) for verdict, name in remarks.NAMES.items()]
    return render("check_form.html", most=settings.max_text_characters, verdicts=verdicts)


def check(checked: Check) -> str:
    """Return every sentence with its verdict, in order."""
    citations = {citation.marker: citation for citation in checked.citations}
    return render("checked.html", check=checked, rows=[_row(statement, citations) for statement in checked.statements])


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
    """Return the words of a source and their location; words equal to the claim are not repeated."""
    info = cited.document
    return {
        "citation": cited,
        "is_longer": " ".join(cited.quote.split()) != claim,
        "name": info.name,
        "stated": [part for part in (info.author, info.date, place(info, cited.location)) if part],
    }
