"""The writer that quotes: one to four sentences of the documents, word for word, that together answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from index.records import Span
from index.storage.analysis import asked, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import Hit

HITS = 6
"""Among how many hits sentences are chosen."""
STATEMENTS = 4
CLAIM_SHARE = 1.0
"""Weight of how good a pin a sentence is, beside how well its passage was found."""
LEAST_SHARE = 0.7
"""From which share of the first sentence's claim on another one is worth reading."""
NEWS = 0.5
"""Which share of its terms a sentence must have that the answer has not yet."""
LONGEST = 400
"""Characters above which a sentence is cut, at clause borders only."""
ELLIPSIS = "…"
_HANGS = re.compile(
    r"(?:he|she|it|they|this|these|those|such|his|her|its|their|both|the (?:former|latter|same)|then|thus|also|however"
    r"|but|and|or|nor|yet|so|therefore|moreover|furthermore|instead|otherwise|likewise|similarly|consequently|hence"
    r"|in (?:addition|contrast|turn)|as a result|for (?:example|instance)|on the other hand|by contrast|after that)\b",
    re.IGNORECASE,
)
_BORDER = re.compile(
    r"(?<=[;:—–])\s+|(?<=,)\s+(?=(?:and|but|which|who|while|whereas|although|because|so|where|when)\b)"
)


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a passage, and what they are worth as an answer."""

    hit: Hit
    span: Span
    worth: float
    claim: float
    cut: tuple[bool, bool] = (False, False)
    """Whether words of the sentence are left out before, and after."""

    @property
    def words(self) -> str:
        """The words themselves."""
        return self.hit.words(self.span)

    @property
    def text(self) -> str:
        """The words as they are read: white space as one space, an ellipsis for what is left out."""
        before, after = (ELLIPSIS if cut else "" for cut in self.cut)
        return " ".join(part for part in (before, *self.words.split(), after) if part)


def quotes(question: str, hits: Sequence[Hit]) -> list[Quote]:
    """The sentences that answer, the best first, the others as they stand in their documents; none of no hits."""
    chosen: list[Quote] = []
    known: frozenset[str] = frozenset()
    for quote in _candidates(hits):
        if len(chosen) == STATEMENTS:
            break
        if chosen and quote.claim < LEAST_SHARE * chosen[0].claim:
            continue
        standing = _standing(quote)
        if standing is None or any(_overlap(standing, other) for other in chosen):
            continue
        own = frozenset(terms(standing.words))
        if chosen and len(own - known) < NEWS * len(own):
            continue
        known |= own
        chosen.append(_cut(standing, question))
    places = {quote.hit.document.id: place for place, quote in reversed(list(enumerate(chosen)))}
    rest = sorted(chosen[1:], key=lambda quote: (places[quote.hit.document.id], quote.span))
    return chosen[:1] + rest


def _candidates(hits: Sequence[Hit]) -> list[Quote]:
    """All sentences that may be pinned, the most worth first."""
    found = [
        Quote(hit, span, hit.score + CLAIM_SHARE * claim, claim)
        for hit in islice(hits, HITS)
        for span, claim in zip(hit.passage.sentences, hit.claims, strict=True)
        if claim > float("-inf")
    ]
    return sorted(found, key=lambda quote: -quote.worth)


def _standing(quote: Quote) -> Quote | None:
    """The sentence with the one before it, where it hangs in the air alone; None where there is none before it."""
    if not _HANGS.match(quote.words):
        return quote
    sentences, claims = quote.hit.passage.sentences, quote.hit.claims
    at = sentences.index(quote.span)
    if not at or claims[at - 1] == float("-inf") or _HANGS.match(quote.hit.words(sentences[at - 1])):
        return None if at and claims[at - 1] > float("-inf") else quote
    return replace(quote, span=Span(sentences[at - 1].start, quote.span.end))


def _overlap(one: Quote, other: Quote) -> bool:
    same = one.hit.document.id == other.hit.document.id
    return same and one.span.start < other.span.end and other.span.start < one.span.end


def _cut(quote: Quote, question: str) -> Quote:
    """A long quotation down to the run of clauses that has most of the question's words, as long as may be."""
    words = quote.words
    if len(words) <= LONGEST:
        return quote
    borders = [0, *(found.end() for found in _BORDER.finditer(words)), len(words)]
    wanted = asked(question).keys()
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
