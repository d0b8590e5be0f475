"""What of a search tells whether the documents hold an answer at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.retrieval.evidence import Asked, Evidence

NAMES = ("sentence", "passage", "drop", "overlap", "coverage", "together", "claim")
"""What there is to know, in the order in which coefficients are kept."""


def signals(asked: Asked, found: Sequence[Evidence], cosines: Sequence[float]) -> dict[str, float]:
    """Numbers on the passages found, best first, and on the cosines of all candidates; empty where nothing was found.

    `sentence` and `passage`: the best cosines. `drop`: how far the best passage stands above the tenth. `overlap`: the
    largest share of the question's rare words in one sentence; `coverage`: in one passage; `together`: in all of them.
    `claim`: that of the best pin.
    """
    if not found or not cosines:
        return {}
    ordered = sorted(cosines, reverse=True)
    total = sum(asked.idf.values()) or 1.0
    held = [each.held for each in found]  # put together at each look
    known = sum(idf for term, idf in asked.idf.items() if any(term in terms for terms in held))
    return {
        "sentence": max(each.cosine for each in found),
        "passage": ordered[0],
        "drop": ordered[0] - ordered[min(9, len(ordered) - 1)],
        "overlap": max(each.overlap for each in found),
        "coverage": max(sum(asked.idf[term] for term in asked.idf.keys() & terms) for terms in held) / total,
        "together": known / total,
        "claim": max(each.claim for each in found),
    }
