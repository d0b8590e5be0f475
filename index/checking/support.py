"""Whether a sentence of the source speaks of what a claim does, numbers, negations and names aside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.checking.names import has, lore, names
from index.checking.pairing import longest_run, pair
from index.checking.quantity import same

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from index.checking.facts import Reading
    from index.checking.names import Name
    from index.checking.pairing import Pair

CLOSENESS, GAP, PATCH, BIAS = 6.6, -1.6, -5.4, -0.1
"""Weights of a logistic regression and its intercept, which is moved such that half is what it takes.

Fitted by `python -m benchmarks.mutations --fit` on five sets together; hardly others when one of them is left out.
"""
GAP_SHARE = 0.1
"""What a missing word weighs where sentences are ranked."""
BARE_GAP = 3
"""What a claim without any word that says what it is about is taken to miss."""


@dataclass(frozen=True, slots=True)
class Support:
    """What speaks for a sentence of the source, and what against it."""

    pair: Pair
    closeness: float
    """Cosine of the claim and the sentence."""
    coverage: float
    """The share of the claim's weighty words, names and numbers that the sentence has."""
    gap: int
    """How many weighty words in a row it does not have."""
    patch: float
    """How many words in a row after the first another sentence has together, and this one has not: where there are
    any, the claim is patched up from two sentences."""

    @property
    def score(self) -> float:
        """In [0, 1]; from one half on the sentence speaks of what the claim does."""
        odds = CLOSENESS * self.closeness + GAP * self.gap + PATCH * self.patch + BIAS
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))

    @property
    def rank(self) -> float:
        """By what the sentence is chosen that a claim rests on: its score does not count names and numbers."""
        return self.closeness + self.coverage - GAP_SHARE * self.gap


def supports(
    claim: Reading, sources: Sequence[Reading], contexts: Sequence[str], closeness: Sequence[float]
) -> list[Support]:
    """How well each of the sources supports a claim, if it rests on that one only.

    A name that the sentence lacks is not held against it: the passage may lend it, and names are checked by themselves.
    """
    pairs = [pair(claim, source) for source in sources]
    found = []
    for each, context, near in zip(pairs, contexts, closeness, strict=True):
        mentioned = names(claim, lore(context))
        named = {i for name in mentioned for i in range(name.first, name.last)}
        absent = [None if i in named else not held for i, held in zip(claim.weighty, each.held, strict=True)]
        elsewhere = max((_patch(each, other, named) for other in pairs if other is not each), default=0)
        held, missed = _shared(each, mentioned), sum(gone is True for gone in absent)
        held += sum(gone is False for gone in absent)
        gap = longest_run(absent) if held + missed else BARE_GAP
        coverage = held / (held + missed) if held + missed else 0.0
        found.append(Support(each, near, coverage, gap, max(0, elsewhere - 1)))
    return found


def _patch(one: Pair, other: Pair, named: Collection[int]) -> float:
    """How many weighty words in a row have their place in the other sentence only; a whole name counts for half."""
    longest = run = 0.0
    for i, here, there in zip(one.claim.weighty, one.placed, other.placed, strict=True):
        if there and not here:
            goes_on = i in named and i - 1 in named and _adjoin(one.claim, i)
            run += 0 if goes_on else 0.5 if i in named else 1
        elif i not in named:
            run = 0
        longest = max(longest, run)
    return longest


def _adjoin(claim: Reading, i: int) -> bool:
    """Whether nothing but a blank stands between a word and the one before."""
    return claim.words[i].start == claim.words[i - 1].end + 1


def _shared(each: Pair, named: Sequence[Name]) -> int:
    """How many names and numbers of the claim the sentence has."""
    numbers = sum(any(same(ours, theirs) for theirs in each.source.quantities) for ours in each.claim.quantities)
    return numbers + sum(has(each.source, name, each.claim) for name in named)
