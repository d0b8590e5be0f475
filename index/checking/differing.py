"""What a claim states otherwise than the sentence it rests on; each function says it in words, or gives None."""

from __future__ import annotations

import re
from itertools import pairwise, product
from typing import TYPE_CHECKING

from index.checking.names import akin, has, names, stands_for
from index.checking.quantity import hedged, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.checking.facts import Reading
    from index.checking.names import Lore, Name
    from index.checking.pairing import Exchange, Pair
    from index.checking.quantity import Quantity

_FROM, _TO = re.compile(r"\bfrom $", re.IGNORECASE), re.compile(" to ", re.IGNORECASE)
_OF = re.compile(r" (?:out )?of (?:the )?", re.IGNORECASE)
_PRONOUNS = frozenset("he she it they his her its their him them this that these those who which".split())


def number(pair: Pair, nearby: Sequence[Reading]) -> str | None:
    """A number that the source does not have, or has another in its place; what it leaves out may stand beside it."""
    claim, source = pair.claim, pair.source
    for ours, theirs in _exchanged_numbers(pair):
        return f"{_number(claim, ours)} here, {_number(source, theirs)} in the source"
    for (one, other), (first, second) in product(_ordered(claim), _ordered(source)):
        if same(one, second) and same(other, first) and not same(one, other):
            here, there = claim.text[one.start : other.end], source.text[first.start : second.end]
            return f"{here} here, {there} in the source"
    for ours in claim.quantities:
        if not ours.firm or any(_stated(claim, ours, each) for each in (source, *nearby)):
            continue
        spare = (theirs for theirs in source.quantities if theirs.firm and not _stated(source, theirs, claim))
        instead = next((theirs for theirs in spare if theirs.unit == ours.unit), None)
        there = f"{_number(source, instead)} in the source" if instead else "not in the source"
        return f"{_number(claim, ours)} here, {there}"
    return None


def _ordered(reading: Reading) -> list[tuple[Quantity, Quantity]]:
    """Pairs of numbers whose order matters: `from 5000 to 5050`, `12 of 37`."""
    text, found = reading.text, []
    for one, other in pairwise(reading.quantities):
        from_to = _TO.fullmatch(text, one.end, other.start) and _FROM.search(text[max(0, one.start - 6) : one.start])
        if from_to or _OF.fullmatch(text, one.end, other.start):
            found.append((one, other))
    return found


def _stated(claim: Reading, ours: Quantity, source: Reading) -> bool:
    about = hedged(claim.text, ours)
    return any(same(ours, theirs, about=about) for theirs in source.quantities)


def _exchanged_numbers(pair: Pair) -> Iterator[tuple[Quantity, Quantity]]:
    """Numbers of the claim that stand where the source has others, each with the other."""
    found = []
    for claim_words, source_words in pair.exchanges:
        ours, theirs = pair.claim.among(claim_words), pair.source.among(source_words)
        for one in ours:
            about = hedged(pair.claim.text, one)
            others = [other for other in theirs if not any(same(each, other) for each in ours)]
            if others and (one.firm or others[0].firm) and not any(same(one, other, about=about) for other in theirs):
                found.append((one, others[0]))
    for one, other in found:
        swapped = any(same(one, theirs) and same(other, ours) for ours, theirs in found)
        moved = _count(pair.claim, one) <= _count(pair.source, one) and _count(pair.claim, other)
        if swapped or not moved:
            yield one, other


def _count(reading: Reading, quantity: Quantity) -> int:
    return sum(same(quantity, each) for each in reading.quantities)


def _number(reading: Reading, quantity: Quantity) -> str:
    return reading.text[quantity.start : quantity.end]


def name(pair: Pair, passage: Lore) -> str | None:
    """A name that neither the source nor its passage has, or that stands where the source has another.

    A passage may lend its names to a sentence that says "she" or "the company".
    """
    claim, source = pair.claim, pair.source
    ours, theirs = names(claim, passage), names(source, passage)
    for one, other in _exchanged_names(pair, ours, theirs):
        return f"{_name(claim, one)} here, {_name(source, other)} in the source"
    for exchange in pair.exchanges:
        if found := _name_for_number(pair, exchange, ours, theirs) or _number_for_name(pair, exchange, theirs):
            return f"{found[0]} here, {found[1]} in the source"
    for each in ours:
        lent = not each.own and passage.words & {each.plain, claim.words[each.first].stem}
        if not lent and not has(source, each, claim):
            return f"{_name(claim, each)} here, not in the source"
    return None


def _exchanged_names(pair: Pair, ours: Sequence[Name], theirs: Sequence[Name]) -> Iterator[tuple[Name, Name]]:
    """Names of the claim that stand where the source has others, unless they only moved; each with the other."""
    found: list[tuple[Name, Name]] = []
    for here, there in pair.exchanges:
        new = [one for one in ours if one.within(here)]
        old = [other for other in theirs if other.within(there)]
        strange = [one for one in new if not _count_names(one, old)]
        lost = [other for other in old if not _count_names(other, new)]
        if not _may_be_one(pair, here, there):
            found += [(one, other) for one in strange for other in lost]
    for one, other in found:
        swapped = any(akin(one.plain, b.plain) and akin(other.plain, a.plain) for a, b in found)
        moved = _count_names(one, ours) <= _count_names(one, theirs) and _count_names(other, ours)
        if swapped or not moved:
            yield one, other


def _may_be_one(pair: Pair, here: range, there: range) -> bool:
    """Whether names that stand for each other may name the same: by a pronoun, or as an acronym."""
    ours, theirs = pair.claim.words[here.start : here.stop], pair.source.words[there.start : there.stop]
    if any(word.plain in _PRONOUNS or stands_for(word, ours) for word in theirs):
        return True
    return any(stands_for(word, theirs) for word in ours)


def _name_for_number(
    pair: Pair, exchange: Exchange, ours: Sequence[Name], theirs: Sequence[Name]
) -> tuple[str, str] | None:
    """A name of the claim, not in the source as often, that stands where the source has nothing but a number."""
    claim, source = pair.claim, pair.source
    if claim.among(exchange.claim) or not source.counted.issuperset(exchange.source):
        return None
    for one in ours:
        if one.within(exchange.claim) and _count_names(one, ours) > _count_names(one, theirs):
            return _name(claim, one), _number(source, source.among(exchange.source)[0])
    return None


def _number_for_name(pair: Pair, exchange: Exchange, theirs: Sequence[Name]) -> tuple[str, str] | None:
    """A number of the claim, nowhere in the source, that stands where the source has nothing but a name."""
    claim, source = pair.claim, pair.source
    there = [each for each in theirs if each.within(exchange.source)]
    if not {i for each in there for i in range(each.first, each.last)}.issuperset(exchange.source):
        return None
    strange = (ours for ours in claim.among(exchange.claim) if not _stated(claim, ours, source))
    return next(((_number(claim, ours), _name(source, there[0])) for ours in strange), None)


def _count_names(name: Name, others: Sequence[Name]) -> int:
    return sum(akin(name.plain, other.plain) for other in others)


def _name(reading: Reading, name: Name) -> str:
    return reading.text[reading.words[name.first].start : reading.words[name.last - 1].end]
