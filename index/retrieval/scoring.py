"""Scores: what both sides say of a passage, fused, and its best sentence's say beside them.

Every constant was chosen on seven public sets together, and `benchmarks/ablation.py` prints what each is worth.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from index.retrieval.evidence import OVERLAP_SHARE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from index.retrieval.evidence import Evidence

DENSE_SHARE = 0.6
"""Weight of the dense side in the fused score; the rest is the lexical side's."""
SENTENCE_SHARE = 0.5
"""Weight of the best sentence's cosine beside the passage's own, where sentences are weighed."""
EVIDENCE_SHARE = 0.3
"""Weight of the best sentence's strength beside the fused score."""
PLACE_SHARE = 0.5
"""Weight of a passage's best pin beside all else, where passages of one document are ordered."""
_MOST = 1 + EVIDENCE_SHARE * (1 + OVERLAP_SHARE)


def fuse(dense: Mapping[int, float], lexical: Mapping[int, float]) -> dict[int, float]:
    """A convex combination of both sides' scores, each as a share of the side's best; in [0, 1], best first.

    Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (2023), found convex combinations to
    beat reciprocal rank fusion, and normalising by the least possible score, which is 0 on both sides, to be as good as
    by the least one found; ours then does not depend on how many were found. Whom a side does not know has 0 there.
    """
    best_dense = max([*dense.values(), 1e-6])
    best_lexical = max([*lexical.values(), 1e-6])
    fused = {
        identity: DENSE_SHARE * max(dense.get(identity, 0.0), 0.0) / best_dense
        + (1 - DENSE_SHARE) * lexical.get(identity, 0.0) / best_lexical
        for identity in dict.fromkeys([*dense, *lexical])
    }
    return in_order(fused)


def weigh_by_evidence(
    dense: Mapping[int, float],
    lexical: Mapping[int, float],
    fused: Mapping[int, float],
    evidence: Mapping[int, Evidence],
) -> dict[int, float]:
    """The scores of all that is fused, best first, in [0, 1]: those with evidence by it, the others behind them.

    The dense side of a passage with evidence is the mean of its own cosine and its best sentence's.
    """
    near = {
        identity: (1 - SENTENCE_SHARE) * dense.get(identity, 0.0) + SENTENCE_SHARE * float(passage.cosines.max())
        for identity, passage in evidence.items()
    }
    fused_again = fuse(near, {identity: score for identity, score in lexical.items() if identity in near})
    first = in_order(
        {
            identity: min((fused_again[identity] + EVIDENCE_SHARE * passage.best) / _MOST, 1.0)
            for identity, passage in evidence.items()
        }
    )
    least = min(first.values(), default=1.0)
    return {
        **first,
        **{identity: min(score / _MOST, least) for identity, score in fused.items() if identity not in first},
    }


def reorder_within_documents(scores: Mapping[int, float], evidence: Mapping[int, Evidence]) -> dict[int, float]:
    """The same scores; but the passages of one document exchange theirs, so that those with the best pins come first.

    Which document is meant is a question for all that is known of it; which place in it, more for the sentences there.
    """
    documents: dict[int, list[int]] = defaultdict(list)
    for identity in scores:
        if identity in evidence:
            documents[evidence[identity].row.number].append(identity)
    exchanged = dict(scores)
    for ids in documents.values():
        best_first = sorted(
            ids, key=lambda identity: -scores[identity] * _MOST - PLACE_SHARE * evidence[identity].claim
        )
        exchanged |= zip(best_first, [scores[identity] for identity in ids], strict=True)
    return in_order(exchanged)


def apply_reranker(scores: Mapping[int, float], rerank_scores: Mapping[int, float]) -> dict[int, float]:
    """The scores that a reranker gave to some, best first; the others behind them, in their order."""
    least = min(rerank_scores.values(), default=1.0)
    first = in_order({identity: rerank_scores[identity] for identity in scores if identity in rerank_scores})
    return {
        **first,
        **{identity: min(score, least) for identity, score in scores.items() if identity not in rerank_scores},
    }


def append_rest(scores: Mapping[int, float], fused: Mapping[int, float]) -> dict[int, float]:
    """The same scores, and behind them what else is fused."""
    least = min(scores.values(), default=1.0)
    return {
        **scores,
        **{identity: min(score / _MOST, least) for identity, score in fused.items() if identity not in scores},
    }


def lift_verbatim(scores: Mapping[int, float], above: Collection[int]) -> dict[int, float]:
    """These above all others, in the upper half of [0, 1], all others in the lower; within both the order stays."""
    if not above:
        return dict(scores)
    halved = [(identity in above, (score + (identity in above)) / 2, identity) for identity, score in scores.items()]
    return {identity: score for _, score, identity in sorted(halved, key=lambda entry: entry[:2], reverse=True)}


def in_order(scores: Mapping[int, float]) -> dict[int, float]:
    """Best first; equal scores keep their order."""
    return dict(sorted(scores.items(), key=lambda item: -item[1]))
