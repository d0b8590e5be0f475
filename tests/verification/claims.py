"""Helpers that compare a claim with one sentence or with a passage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.text.sentences import split_sentences
from index.verification.dependencies import extract_facts
from index.verification.judgement import Source, compare
from index.verification.quantities import equal_quantities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import Verdict
    from index.verification.judgement import Judgement

NEAR = 0.8
"""The default encoder's cosine of a sentence and its paraphrase."""


def judged(claim: str, passage: str, closeness: float | Sequence[float] = NEAR) -> Judgement:
    """Compare a claim with the sentences of a passage, all equally close if one number is given."""
    sources = [Source(span.of(passage), passage) for span in split_sentences(passage)]
    return compare(claim, sources, [closeness] * len(sources) if isinstance(closeness, float) else closeness)


def verdict(claim: str, passage: str, closeness: float | Sequence[float] = NEAR) -> Verdict:
    """Return only the verdict of that comparison."""
    return judged(claim, passage, closeness).verdict


def have_equal_numbers(claim: str, source: str) -> bool:
    """Whether two texts state the same numbers: each number of one text is in the other."""
    claimed, stated = extract_facts(claim).quantities, extract_facts(source).quantities
    all_stated = all(any(equal_quantities(number, counterpart) for counterpart in stated) for number in claimed)
    return (
        bool(claimed)
        and all_stated
        and all(any(equal_quantities(number, counterpart) for counterpart in claimed) for number in stated)
    )
