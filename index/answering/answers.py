"""Quotations into an answer: numbered, located, each resolved to the exact words it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.records import Answer, Citation, Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.answering.quoting import Quote
    from index.records import Found, Hit, Location, Status

    Locate = Callable[[Hit, int], Location]

NOTHING_TO_QUOTE = "What was found is data, markup or headings: it holds no sentence that could be quoted."


def quoted(
    found: Found,
    quotes: Sequence[Quote],
    *,
    confidence: float,
    bar: float,
    unsure_bar: float,
    searched: tuple[int, int],
    locate: Locate,
) -> Answer:
    """An answer of quotations.

    From `bar` on it is given as one, between `unsure_bar` and `bar` as what may be one; below both there are none.
    """
    status: Status = "abstained"
    if quotes and confidence >= bar:
        status = "answered"
    elif quotes and confidence >= unsure_bar:
        status = "unsure"
    given = () if status == "abstained" else quotes
    unquotable = bool(found.hits) and not quotes and confidence >= min(bar, unsure_bar)
    return Answer(
        question=found.question,
        status=status,
        confidence=confidence,
        bar=bar,
        statements=tuple(Statement(quote.text, (marker,), "verbatim") for marker, quote in enumerate(given, 1)),
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
