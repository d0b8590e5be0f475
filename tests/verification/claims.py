"""Claims compared with one sentence, or with a passage, as the tests need it."""

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
"""What the default encoder says of a sentence and the same in other words."""


def judged(claim: str, passage: str, closeness: float | Sequence[float] = NEAR) -> Judgement:
    """Compare a claim with the sentences of a passage, all of them as close where one number is given."""
    sources = [Source(span.of(passage), passage) for span in split_sentences(passage)]
    return compare(claim, sources, [closeness] * len(sources) if isinstance(closeness, float) else closeness)


def verdict(claim: str, passage: str, closeness: float | Sequence[float] = NEAR) -> Verdict:
    """The same, but for the explanation."""
    return judged(claim, passage, closeness).verdict


def one_number(claim: str, source: str) -> bool:
    """Whether two texts state the same numbers, each of one text being one of the other."""
    ours, theirs = extract_facts(claim).quantities, extract_facts(source).quantities
    forth = all(any(equal_quantities(one, other) for other in theirs) for one in ours)
    return bool(ours) and forth and all(any(equal_quantities(one, other) for other in ours) for one in theirs)
