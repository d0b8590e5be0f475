"""Quotations into an answer: numbered, located, each resolved to the exact words it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.records import Answer, Citation, Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.answering.quoting import Quote
    from index.records import Found, Hit, Location

    Locate = Callable[[Hit, int], Location]

NOTHING_TO_QUOTE = "What was found is data, markup or headings: it holds no sentence that could be quoted."


def quoted(
    found: Found, quotes: Sequence[Quote], *, confidence: float, bar: float, searched: tuple[int, int], locate: Locate
) -> Answer:
    """An answer of quotations; none of them where the confidence is below the bar."""
    answered = bool(quotes) and confidence >= bar
    given = quotes if answered else ()
    unquotable = bool(found.hits) and not quotes and confidence >= bar
    return Answer(
        question=found.question,
        status="answered" if answered else "abstained",
        confidence=confidence,
        bar=bar,
        statements=tuple(Statement(quote.text, (marker,), "quoted") for marker, quote in enumerate(given, 1)),
        citations=tuple(_citation(marker, quote, locate) for marker, quote in enumerate(given, 1)),
        hits=found.hits,
        searched=searched,
        writer="quote",
        timings_ms=found.timings_ms,
        notes=(*found.notes, NOTHING_TO_QUOTE) if unquotable else found.notes,
    )


def _citation(marker: int, quote: Quote, locate: Locate) -> Citation:
    start, end = quote.span
    return Citation(marker, quote.hit.document, locate(quote.hit, start), start, end, quote.words)
