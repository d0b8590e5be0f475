"""A claim beside one sentence of a source: which of its words are there, and what stands in the place of others."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from index.checking.opposites import alike

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.checking.facts import Reading

LONGEST = 400
"""Sentences of more words are not aligned: it takes more than linear time."""
FACING = 3000
"""Nor are sentences with more pairs of equal words between them, for which it takes minutes. In 400 words of prose
beside 400 others there are at most 2,400; above that, the same few words come again and again."""
TIGHT = 6
"""At most so many words stand in the place of so many others; more of them are another sentence."""


class Exchange(NamedTuple):
    """Words of a claim that stand where its source has others, between words that both have."""

    claim: range
    source: range


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim and a sentence of its source, aligned."""

    claim: Reading
    source: Reading
    exchanges: tuple[Exchange, ...]
    held: tuple[bool, ...]
    """For each weighty word of the claim, whether the source has it, or one that says nearly the same."""
    placed: tuple[bool, ...]
    """The same, where it must stand in the same order or beside the same word: a word in common proves little."""


def pair(claim: Reading, source: Reading) -> Pair:
    """Lay a claim beside a sentence of its source, such that the longest runs of words face each other."""
    held = tuple(_holds(source, claim.words[i].stem) for i in claim.weighty)
    if max(len(claim.words), len(source.words)) > LONGEST:
        return Pair(claim, source, (), held, held)
    if sum(times * source.stems[stem] for stem, times in claim.stems.items()) > FACING:
        unknown = (False,) * len(held)  # what cannot be compared supports nothing
        return Pair(claim, source, (), unknown, unknown)
    ours, theirs = ([word.stem for word in each.words] for each in (claim, source))
    kept: set[int] = set()
    exchanges: list[Exchange] = []
    for kind, i, j, k, m in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind == "equal":
            kept.update(range(i, j))
        elif kind == "replace" and max(j - i, m - k) <= TIGHT:
            exchanges.append(Exchange(range(i, j), range(k, m)))
    beside = _beside_the_same(claim, source)
    placed = tuple(i in kept or n in beside for n, i in enumerate(claim.weighty))
    return Pair(claim, source, tuple(exchanges), held, placed)


def longest_run(missing: Iterable[bool | None]) -> int:
    """How many in a row are missing at most; what is None does not count either way."""
    longest = run = 0
    for each in missing:
        if each is not None:
            run = run + 1 if each else 0
            longest = max(longest, run)
    return longest


def _holds(source: Reading, stem: str) -> bool:
    return stem in source.stems or not source.stems.keys().isdisjoint(alike(stem))


def _beside_the_same(claim: Reading, source: Reading) -> set[int]:
    """Which weighty words of the claim stand beside one that they stand beside, or nearly so, in the source, too."""
    ours, theirs = ([each.words[i].stem for i in each.weighty] for each in (claim, source))
    pairs = {*pairwise(theirs), *zip(theirs, theirs[2:], strict=False)}
    return {n for first, two in enumerate(pairwise(ours)) if two in pairs for n in (first, first + 1)}
