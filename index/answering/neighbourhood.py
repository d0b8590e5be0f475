"""Widens a hit by the passages around it, and narrows it to what a quotation needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from index.answering.vicinity import Context
from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import Hit
    from index.storage.catalog import PassageRow

REACH = (700, 1300)
"""The number of characters before and after a passage that belong to its context."""


def reach(hit: Hit) -> Span:
    """Return the span of the document that is read as the context of a hit."""
    return Span(max(0, hit.passage.start - REACH[0]), hit.passage.end + REACH[1])


def widened(hit: Hit, rows: Sequence[tuple[PassageRow, str]]) -> Context:
    """Return a hit within the passages around it, each with the white space after it.

    A hit that is not among them is unchanged. The sentences around it were not scored: their claims are 0, those of
    headings minus infinity.
    """
    passages = [row.passage for row, _ in rows]
    if hit.passage not in passages:
        return Context(hit)
    headings = frozenset[int]().union(*(row.headings for row, _ in rows))
    own = dict(zip(hit.passage.sentences, zip(hit.claims, hit.cosines or hit.claims, strict=True), strict=True))
    spans = tuple(span for passage in passages for span in passage.sentences)
    known = [own.get(span, (float("-inf") if span.start in headings else 0.0, 0.0)) for span in spans]
    text = "".join(row.passage.text + gap for row, gap in rows)
    start = passages[0].start
    wide = replace(
        hit.passage, start=start, end=passages[-1].end, text=text[: passages[-1].end - start], sentences=spans
    )
    claims, cosines = zip(*known, strict=True)
    return Context(replace(hit, passage=wide, claims=claims, cosines=cosines), headings)


def narrow(hit: Hit, wide: Hit, span: Span) -> Hit:
    """Return a hit with as much of the wide hit as a span needs."""
    start, end = min(hit.passage.start, span.start), max(hit.passage.end, span.end)
    if (start, end) == (hit.passage.start, hit.passage.end):
        return hit
    kept = [n for n, sentence in enumerate(wide.passage.sentences) if start <= sentence.start and sentence.end <= end]
    spans = tuple(wide.passage.sentences[n] for n in kept)
    passage = replace(hit.passage, start=start, end=end, text=wide.words(Span(start, end)), sentences=spans)
    claims, cosines = (tuple(values[n] for n in kept) for values in (wide.claims, wide.cosines))
    return replace(hit, passage=passage, claims=claims, cosines=cosines)
