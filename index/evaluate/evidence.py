"""Whether what was found holds the answer: passages and pins against gold answers and gold spans."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.answering.quotation import Quote
    from index.records import Hit

ANSWER_DEPTHS = (1, 5, 10)
"""Among how many passages an answer is looked for."""
CHARACTER_DEPTH = 5
"""Of how many passages the characters are counted."""
RATIONALE_SHARE = 0.5
"""How much of a pin has to be gold for it to be a gold sentence: borders of sentences differ a little between tools."""


@dataclass(frozen=True, slots=True)
class Gold:
    """What is known of the answer to a question."""

    id: str
    document: str
    """Source of the document that holds it."""
    wordings: tuple[str, ...]
    alternatives: tuple[tuple[Span, ...], ...]
    """Where it stands, in the document's text: any one of these sets of spans, each without overlap and in order;
    empty where that is not known for sure."""


@dataclass(frozen=True, slots=True)
class Rationale:
    """The sentences of a document that speak for or against a claim."""

    id: str
    """The claim's."""
    document: str
    spans: tuple[Span, ...]


class Agreement(NamedTuple):
    """How far the characters that were found are those that are gold; each in [0, 1]."""

    iou: float
    recall: float
    precision: float


def any_of(wordings: Iterable[str]) -> re.Pattern[str]:
    """Finds any of these wordings as whole words; case and the kind of white space do not matter."""
    return re.compile("|".join(map(_wording, filter(str.strip, wordings))) or r"(?!)", re.IGNORECASE)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same characters as spans in order, none of which touch."""
    result: list[Span] = []
    for span in sorted(spans):
        if result and span.start <= result[-1].end:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        elif span.end > span.start:
            result.append(span)
    return tuple(result)


def agreement(found: Sequence[Span], gold: Sequence[Span], *, elsewhere: int = 0) -> Agreement:
    """Compare characters; both sides are `merged`, `elsewhere` counts characters that were found in other documents."""
    shared = sum(_overlap(each, other) for each in found for other in gold)
    of_found, of_gold = _characters(found) + elsewhere, _characters(gold)
    return Agreement(
        iou=shared / ((of_found + of_gold - shared) or 1),
        recall=shared / (of_gold or 1),
        precision=shared / (of_found or 1),
    )


def evidence(gold: Gold, top: Sequence[Hit], deep: Sequence[Hit]) -> Iterator[tuple[str, float]]:
    """Each measure with its value: of `top`, what a reader sees, and of the right document's hits in `deep`.

    A right document that was not found at all counts as 0.
    """
    words = any_of(gold.wordings)
    passages = [words.search(hit.passage.text) or _covers(gold, hit, _passage(hit)) for hit in top]
    right = [hit.document.source == gold.document for hit in top]
    for k in ANSWER_DEPTHS:
        yield f"Answer@{k}", float(any(passages[:k]))
        yield f"Answer@{k}, right document", float(any(p and r for p, r in zip(passages[:k], right[:k], strict=True)))
    of_document = [hit for hit in deep if hit.document.source == gold.document]
    pins = [_holds(gold, words, hit, span) for hit, span in _pins(of_document)]
    yield "Pin", float(any(_holds(gold, words, hit, hit.pin) for hit in top[:1]))
    yield "Pin, right document", float(any(pins[:1]))
    yield "Two pins, right document", float(any(pins))
    if gold.alternatives:
        yield from _characters_measured(gold, top, of_document)


def quoted_answers(gold: Gold, quotes: Sequence[Quote]) -> Iterator[tuple[str, float]]:
    """Each measure with its value, of the quotations that would be the answer."""
    words = any_of(gold.wordings)
    holds = [_holds(gold, words, quote.hit, quote.span) for quote in quotes]
    yield "First quotation", float(any(holds[:1]))
    yield "Quotations", float(any(holds))
    yield "Quoted gold", float(any(_covers(gold, quote.hit, quote.span) for quote in quotes))


def rationale_pins(rationales: Sequence[Rationale], top: Sequence[Hit]) -> Iterator[float]:
    """For each rationale whose document is in `top`: 1 where the pin of the document's best hit is a gold sentence."""
    for each in rationales:
        pin = next((hit.pin for hit in top if hit.document.source == each.document), None)
        if pin is not None:
            yield float(agreement([pin], each.spans).precision >= RATIONALE_SHARE)


def _characters_measured(gold: Gold, top: Sequence[Hit], of_document: Sequence[Hit]) -> Iterator[tuple[str, float]]:
    first = _best(gold, [(hit, hit.pin) for hit in top[:1]])
    inside = _best(gold, [(hit, hit.pin) for hit in of_document[:1]])
    for suffix, each in (("", first), (", right document", inside)):
        yield f"Pin precision{suffix}", each.precision
        yield f"Pin recall{suffix}", each.recall
        yield f"Pin IoU{suffix}", each.iou
    several = _best(gold, [(hit, _passage(hit)) for hit in top[:CHARACTER_DEPTH]])
    yield f"Top {CHARACTER_DEPTH} precision", several.precision
    yield f"Top {CHARACTER_DEPTH} recall", several.recall


def _best(gold: Gold, found: Sequence[tuple[Hit, Span]]) -> Agreement:
    """Agreement with the alternative that is met best."""
    inside = merged(span for hit, span in found if hit.document.source == gold.document)
    elsewhere = _characters([span for hit, span in found if hit.document.source != gold.document])
    return max(agreement(inside, spans, elsewhere=elsewhere) for spans in gold.alternatives)


def _pins(hits: Sequence[Hit]) -> list[tuple[Hit, Span]]:
    """The first hit's pin, and the best other sentence of all these hits."""
    sentences = [
        (claim, place, span)
        for place, hit in enumerate(hits)
        for claim, span in zip(hit.claims, hit.passage.sentences, strict=True)
        if (place, span) != (0, hits[0].pin)
    ]
    return [(hit, hit.pin) for hit in hits[:1]] + [(hits[place], span) for _, place, span in sorted(sentences)[-1:]]


def _holds(gold: Gold, words: re.Pattern[str], hit: Hit, span: Span) -> bool:
    return bool(words.search(hit.words(span))) or _covers(gold, hit, span)


def _covers(gold: Gold, hit: Hit, span: Span) -> bool:
    """Whether a span of a hit's document holds a gold span whole: an annotated span may begin or end inside a word."""
    if hit.document.source != gold.document:
        return False
    return any(span.start <= each.start and each.end <= span.end for spans in gold.alternatives for each in spans)


def _wording(text: str) -> str:
    words = text.split()
    before = r"(?<!\w)" if re.match(r"\w", words[0]) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", words[-1]) else ""
    return before + r"\s+".join(map(re.escape, words)) + after


def _passage(hit: Hit) -> Span:
    return Span(hit.passage.start, hit.passage.end)


def _characters(spans: Iterable[Span]) -> int:
    return sum(span.end - span.start for span in spans)


def _overlap(one: Span, other: Span) -> int:
    return max(0, min(one.end, other.end) - max(one.start, other.start))
