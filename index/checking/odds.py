"""How likely a claim is supported whose words are nearly all accounted for, where a verifier has read it, too.

A logistic regression; `python -m benchmarks.claims --fit` prints its weights.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.checking.proof import Proof

CORE = ("agent", "patient", "subject", "recipient")
LOOSE = ("mod", "of", "same")
FEATURES = ("missing", "core", "loose", "clauses", "grammar", "closeness", "share", "verifier")
WEIGHTS = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
BIAS = 0.0
_FEWEST, _CERTAIN = 3, 0.999


def features(proof: Proof, closeness: float, probability: float) -> list[float]:
    """What the odds are made of, in the order of FEATURES.

    The shares of the claim's words that are missing, that have another role as what acts or is acted on, as what
    describes, or in a clause or behind a preposition; whether it has no verb; the cosine of claim and sentence; the
    share of words that are there; the verifier's log-odds.
    """
    words = max(_FEWEST, proof.words)

    def share(kind: str, *parts: str) -> float:
        return sum(each.kind == kind and (not parts or each.part in parts) for each in proof.problems) / words

    certain = min(max(probability, 1 - _CERTAIN), _CERTAIN)
    return [
        share("missing"),
        share("role", *CORE),
        share("role", *LOOSE),
        share("role", "prep", "clause"),
        float(any(each.kind == "grammar" for each in proof.problems)),
        closeness,
        proof.share,
        math.log(certain / (1 - certain)),
    ]


def odds(proof: Proof, closeness: float, probability: float) -> float:
    """The log-odds; above 0 it is more likely supported than not."""
    return BIAS + sum(a * b for a, b in zip(WEIGHTS, features(proof, closeness, probability), strict=True))
