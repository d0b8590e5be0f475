"""Assembles an answer from quotations: each gets the context that it needs, a number and a location."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from index.answers.extractive import Context
from index.encoders.answer_reader import UNREAD
from index.records import Answer, Citation, Span, Statement
from index.records.remarks import AS_RECOGNISED, LOW_CONFIDENCE
from index.text.words import NUMBER_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from index.answers.extractive import Quote
    from index.records import Found, Hit, Location, Status
    from index.storage.catalog.passage_queries import PassageRow
    from index.text.questions import Kind

    Locate = Callable[[Hit, Span], Location]

REACH = (700, 1300)
"""The number of characters before and after a passage that belong to its context."""
NOTHING_TO_QUOTE = "The search found only data, markup or headings, and no sentence to quote."
COUNT_NOTE = "No sentence found gives the number, but the documents list {items}."
DISAGREE = "Your documents disagree: compare [1] and [2]."
HEADING_CONFIDENCE = 0.5
"""The highest confidence in an answer that is a heading, a caption or a by-line, since it states nothing."""
_AMOUNT = re.compile(rf"\d|\b(?:{'|'.join(list(NUMBER_WORDS)[1:13])}|dozens?|hundreds?|no|none|several)\b", re.I)


def context_span(hit: Hit) -> Span:
    """Return the span of the document that serves as the context of a hit."""
    return Span(max(0, hit.passage.start - REACH[0]), hit.passage.end + REACH[1])


def widen(hit: Hit, rows: Sequence[tuple[PassageRow, str]]) -> Context:
    """Return the context of a hit: one passage made of its own and those around it.

    `rows` are these passages in order, each with the white space after it. If the hit's passage is not among them, the
    context is the hit alone. The other sentences were not scored: their claims are 0, those of headings minus infinity.
    """
    passages = [row.passage for row, _ in rows]
    if hit.passage not in passages:
        return Context(hit)
    headings = frozenset[int]().union(*(row.headings for row, _ in rows))
    logits = hit.logits or (UNREAD,) * len(hit.claims)
    scores = zip(hit.claims, hit.cosines or hit.claims, logits, strict=True)
    own = dict(zip(hit.passage.sentences, scores, strict=True))
    spans = tuple(span for passage in passages for span in passage.sentences)
    known = [own.get(span, (float("-inf") if span.start in headings else 0.0, 0.0, UNREAD)) for span in spans]
    text = "".join(row.passage.text + gap for row, gap in rows)
    start = passages[0].start
    wide = replace(
        hit.passage, start=start, end=passages[-1].end, text=text[: passages[-1].end - start], sentences=spans
    )
    claims, cosines, logits = zip(*known, strict=True)
    return Context(replace(hit, passage=wide, claims=claims, cosines=cosines, logits=logits), headings)


def narrow(hit: Hit, wide: Hit, span: Span) -> Hit:
    """Return the hit, its passage extended to contain `span`; the text comes from the wide hit."""
    start, end = min(hit.passage.start, span.start), max(hit.passage.end, span.end)
    if (start, end) == (hit.passage.start, hit.passage.end):
        return hit
    kept = [n for n, sentence in enumerate(wide.passage.sentences) if start <= sentence.start and sentence.end <= end]
    spans = tuple(wide.passage.sentences[n] for n in kept)
    passage = replace(hit.passage, start=start, end=end, text=wide.words(Span(start, end)), sentences=spans)
    claims, cosines = (tuple(values[n] for n in kept) for values in (wide.claims, wide.cosines))
    return replace(hit, passage=passage, claims=claims, cosines=cosines, logits=())


def answer_from_quotes(
    found: Found,
    quotes: Sequence[Quote],
    *,
    confidence: float,
    bar: float,
    unsure_bar: float,
    searched: tuple[int, int],
    locate: Locate,
    kind: Kind = "fact",
) -> Answer:
    """Return an answer that consists of quotations.

    Its status is `answered` if the confidence is at least `bar`, `unsure` if it is at least `unsure_bar`, and otherwise
    `abstained`, without quotations.
    """
    if quotes and not quotes[0].states:
        confidence = min(confidence, HEADING_CONFIDENCE)
    status: Status = "abstained"
    if quotes and confidence >= bar:
        status = "answered"
    elif quotes and confidence >= unsure_bar:
        status = "unsure"
    shown = () if status == "abstained" else quotes
    unquotable = bool(found.hits) and not quotes and confidence >= min(bar, unsure_bar)
    notes = (*found.notes, NOTHING_TO_QUOTE) if unquotable else (*found.notes, *notes_on(kind, shown))
    citations = tuple(_citation(marker, quote, locate) for marker, quote in enumerate(shown, 1))
    return Answer(
        question=found.question,
        status=status,
        confidence=confidence,
        bar=bar,
        statements=tuple(
            Statement(citation.location.quoted(quote.text), (citation.marker,), "verbatim")
            for quote, citation in zip(shown, citations, strict=True)
        ),
        citations=citations,
        hits=_hits_with_quotes(found.hits, shown),
        searched=searched,
        writer="quote",
        timings_ms=found.timings_ms,
        notes=(*notes, *recognition_notes(citations)),
    )


def answer_to_fragment(question: str, note: str, *, bar: float) -> Answer:
    """Return the answer to an incomplete question. Nothing was searched; the note says what to ask."""
    return Answer(question, "abstained", 0.0, bar, (), (), (), (0, 0), "quote", {}, (note,))


def notes_on(kind: Kind, quotes: Sequence[Quote]) -> tuple[str, ...]:
    """Return notes on how the quotations answer a question of this kind."""
    first = next(iter(quotes), None)
    if any(quote.disagrees for quote in quotes):
        return (DISAGREE,)
    if first is None or not first.items or kind != "count":
        return ()
    lead = first.words.split("\n", 1)[0]
    return () if _AMOUNT.search(lead) else (COUNT_NOTE.format(items=first.items),)


def recognition_notes(citations: Iterable[Citation]) -> tuple[str, ...]:
    """Return the note on an answer of which some cited words were recognised in pictures; empty for other answers."""
    recognised = [c for c in citations if c.location.recognised is not None]
    if not recognised:
        return ()
    names = ", ".join(f"[{citation.marker}]" for citation in recognised)
    doubtful = [citation for citation in recognised if (citation.location.recognised or 0.0) < LOW_CONFIDENCE]
    caution = f"; some of them with low confidence: {', '.join(f'[{c.marker}]' for c in doubtful)}" if doubtful else ""
    return (f"The words of {names} are {AS_RECOGNISED} in pictures of pages{caution}. Compare them with the pictures.",)


def _hits_with_quotes(hits: Sequence[Hit], quotes: Sequence[Quote]) -> tuple[Hit, ...]:
    """Return the hits, extended to hold their quotations, and the hits that only a part of the question found."""
    hit_by_id = {hit.passage.id: hit for hit in hits}
    for quote in quotes:
        own = hit_by_id.get(quote.hit.passage.id, quote.hit)
        hit_by_id[own.passage.id] = narrow(own, quote.hit, quote.span)
    return tuple(hit_by_id.values())


def _citation(marker: int, quote: Quote, locate: Locate) -> Citation:
    start, end = quote.span
    return Citation(marker, quote.hit.document, locate(quote.hit, quote.span), start, end, quote.words)
