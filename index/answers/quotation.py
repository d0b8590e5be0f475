"""Sentences that may be quoted, and the quotations made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from index.records import Span
from index.text.prose import ITEM
from index.text.words import question_terms, terms

if TYPE_CHECKING:
    from index.records import Hit

LONGEST = 400
"""Longer sentences, in characters, are cut, but only between clauses."""
ELLIPSIS = "…"
_BORDER = re.compile(
    r"(?<=[;:—–])\s+|(?<=,)\s+(?=(?:and|but|which|who|while|whereas|although|because|so|where|when)\b)"
)


@dataclass(frozen=True)
class Quote:
    """A quotation from a passage, and its worth as an answer."""

    hit: Hit
    """The hit. Its passage may be wider than the one that was found, and contains the span."""
    span: Span
    worth: float
    cut: tuple[bool, bool] = (False, False)
    """Whether words of the sentence are left out before and after the quotation."""
    items: int = 0
    """The number of list items that it quotes; 0 if it quotes no list."""
    disagrees: bool = False
    """Whether it says something else than the first quotation, which is from another document."""
    states: bool = True
    """Whether it states something; a heading or a by-line does not."""

    @cached_property
    def words(self) -> str:
        """The exact words."""
        return self.hit.words(self.span)

    @property
    def text(self) -> str:
        """The words for a reader: single spaces, an ellipsis for omissions, a line for each list item."""
        before, after = (ELLIPSIS if cut else "" for cut in self.cut)
        lines = [" ".join(line.split()) for line in self.words.split("\n")]
        text = ""
        for line in filter(None, lines):
            text += line if not text else f"\n{line}" if self.items and ITEM.match(line) else f" {line}"
        return " ".join(part for part in (before, text, after) if part)


def overlap(first: Quote, second: Quote) -> bool:
    """Whether two quotations share characters of one document."""
    same = first.hit.document.id == second.hit.document.id
    return same and first.span.start < second.span.end and second.span.start < first.span.end


def cut(quote: Quote, question: str) -> Quote:
    """Cut a long quotation to the run of clauses with most of the question's words, as long as the limit allows."""
    words = quote.words
    if len(words) <= LONGEST:
        return quote
    borders = [0, *(found.end() for found in _BORDER.finditer(words)), len(words)]
    wanted = question_terms(question).keys()
    runs = [
        (len(wanted & set(terms(words[a:b]))), b - a, -a, b)
        for n, a in enumerate(borders[:-1])
        for b in borders[n + 1 :]
        if b - a <= LONGEST
    ]
    if not runs:
        return quote
    _, _, start, end = max(runs)
    kept = words[-start:end]
    begin = quote.span.start - start + len(kept) - len(kept.lstrip())
    span = Span(begin, begin + len(kept.strip()))
    return replace(quote, span=span, cut=(span.start > quote.span.start, span.end < quote.span.end))
