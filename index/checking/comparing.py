"""A claim against the sentences it is said to rest on: verbatim, supported, contradicted, or unverified."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from index.checking.differing import name, number
from index.checking.facts import read
from index.checking.names import lore
from index.checking.pairing import LONGEST
from index.checking.polarity import negation
from index.checking.support import supports
from index.checking.wording import settled, verbatim

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.checking.support import Support

Verdict = Literal["verbatim", "supported", "contradicted", "unverified"]

FOUND = 0.5
"""The least score of a sentence that says what the claim does."""
WEIGHED = 12
"""How many of the sources are looked at closely."""
LEEWAY = 0.1
"""Sentences that speak of the claim nearly as well as the best one may prove it right, too."""
PARTS = 8
"""At how many places a claim is cut in two, at most, to see whether its parts rest on two sentences."""
_JOINT = re.compile(r"; |,? (?:and|but|while|whereas|although|though|which|who|so) ")
_LEAST = 3
"""A part of fewer telling words is none: it would be found anywhere."""


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence that a claim may rest on."""

    text: str
    context: str
    """The passage around it, which tells whom "she" means."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a claim."""

    verdict: Verdict
    source: int | None
    """Which of the sources it was decided by, or is the nearest where it is unverified; None where there is none."""
    detail: str
    """The same for a reader: `18 percent here, 10 percent in the source`."""
    score: float
    """How surely that source speaks of what the claim does, in [0, 1]: numbers, negations and names do not count."""


def compare(claim: str, sources: Sequence[Source], closeness: Sequence[float]) -> Judgement:
    """Judge a claim by its sources, given in the order of their text; `closeness` is the cosine of claim and source.

    What stands in a source or its passage word for word is verbatim. Otherwise the claim must speak of the same as one
    of the sentences, or its clauses as two neighbours, and have no number, negation or name that differs.
    """
    place = _verbatim(claim, sources)
    if place is not None:
        return Judgement("verbatim", place, "", 1.0)
    if not sources:
        return Judgement("unverified", None, "There is no source to compare with.", 0.0)
    length = len(read(claim).words)
    if not 0 < length <= LONGEST:
        return Judgement("unverified", None, "It is too long to compare." if length else "It has no words.", 0.0)
    whole = _judge(claim, sources, closeness)
    if whole.verdict != "unverified":
        return whole
    return next(_in_parts(claim, sources, closeness), whole)


def _verbatim(claim: str, sources: Sequence[Source]) -> int | None:
    """The source, or the first of the passage, in which the claim stands word for word."""
    part = verbatim(claim, whole=False)
    if not part:
        return None
    for place, source in enumerate(sources):
        if part in verbatim(source.text):
            return place
    return next((place for place, source in enumerate(sources) if part in verbatim(source.context)), None)


def _judge(claim: str, sources: Sequence[Source], closeness: Sequence[float]) -> Judgement:
    """Judge a claim as one that rests on a single sentence."""
    reading = read(claim)
    places = _nearest(claim, sources, closeness)
    near = [closeness[place] for place in places]
    found = supports(reading, [read(sources[p].text) for p in places], [sources[p].context for p in places], near)
    best = max(found, key=lambda support: support.rank)
    if best.score < FOUND:
        share = round(100 * best.coverage)
        detail = f"The nearest sentence has {share} % of its words."
        return Judgement("unverified", places[found.index(best)], detail, best.score)
    ranked = sorted(zip(places, found, strict=True), key=lambda each: -each[1].rank)
    equals = [(place, each) for place, each in ranked if each.score >= FOUND and each.rank >= best.rank - LEEWAY]
    judgements = [_checked(place, each, sources) for place, each in equals]
    return next((each for each in judgements if each.verdict == "supported"), judgements[0])


def _nearest(claim: str, sources: Sequence[Source], closeness: Sequence[float]) -> list[int]:
    """The sources that are worth a close look, in the order of their text."""
    if len(sources) <= WEIGHED:
        return list(range(len(sources)))
    telling = {read(claim).words[i].stem for i in read(claim).telling}
    shared = [len(telling & read(source.text).stems.keys()) / (len(telling) or 1) for source in sources]
    ranked = sorted(range(len(sources)), key=lambda place: -(closeness[place] + shared[place]))
    return sorted(ranked[:WEIGHED])


def _checked(place: int, support: Support, sources: Sequence[Source]) -> Judgement:
    """Judge a claim by a sentence that speaks of the same."""
    beside = [n for n in (place - 1, place + 1) if 0 <= n < len(sources)]
    nearby = [read(sources[n].text) for n in beside if sources[n].context == sources[place].context]
    if detail := number(support.pair, nearby):
        return Judgement("contradicted", place, detail, support.score)
    if detail := negation(support.pair):
        return Judgement("contradicted", place, detail, support.score)
    if detail := name(support.pair, lore(sources[place].context)):
        return Judgement("contradicted", place, detail, support.score)
    return Judgement("supported", place, "No number, negation or name differs from the source.", support.score)


def _in_parts(claim: str, sources: Sequence[Source], closeness: Sequence[float]) -> Iterator[Judgement]:
    """Judge a claim as two clauses that rest on a sentence each, the sentences being neighbours."""
    text = settled(claim)
    for joint in list(_JOINT.finditer(text))[:PARTS]:
        parts = text[: joint.start()], text[joint.end() :]
        if min(len(read(part).telling) for part in parts) < _LEAST:
            continue
        first, second = (_judge(part, sources, closeness) for part in parts)
        if "unverified" in (first.verdict, second.verdict) or not _neighbours(first, second, sources):
            continue
        if any(_runs_on(*parts, sources[place].text) for place in (first.source, second.source) if place is not None):
            continue
        worse = second if first.verdict == "supported" else first
        detail = (
            "Each of its two parts is in a sentence of the source." if worse.verdict == "supported" else worse.detail
        )
        yield replace(worse, detail=detail, score=min(first.score, second.score))


def _neighbours(first: Judgement, second: Judgement, sources: Sequence[Source]) -> bool:
    if first.source is None or second.source is None:
        return False
    together = sources[first.source].context == sources[second.source].context
    return not together or abs(first.source - second.source) <= 1


def _runs_on(left: str, right: str, sentence: str) -> bool:
    """Whether a sentence has the words on both sides of a cut beside each other: then it is not cut there."""
    ours, theirs = ([each.words[i].stem for i in each.telling] for each in (read(left), read(right)))
    source = [read(sentence).words[i].stem for i in read(sentence).telling]
    return any(two in {(a, b) for a in ours[-2:] for b in theirs[:2]} for two in pairwise(source))
