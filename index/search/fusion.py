"""Queries both indexes of the store, and fuses their scores, each as a share of its index's best score.

Every constant was chosen on seven public sets together; `benchmarks/ablation.py` prints the effect of each.
"""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.search.evidence import OVERLAP_SHARE
from index.text.words import other_forms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from index.records import Mode
    from index.search.evidence import EncodedQuestion, PassageEvidence
    from index.storage.protocol import Scope, Store

DENSE_SHARE = 0.6
"""The weight of the dense index in the fused score; the rest is the lexical index's."""
SENTENCE_SHARE = 0.5
"""The weight of the best sentence's cosine next to the passage's own, if sentences are weighed."""
EVIDENCE_SHARE = 0.3
"""The weight of the best sentence's strength next to the fused score."""
PLACE_SHARE = 0.5
"""The weight of a passage's best pin score when passages of one document are ordered."""
_MOST = 1 + EVIDENCE_SHARE * (1 + OVERLAP_SHARE)


class StageTimer:
    """The milliseconds of each stage. A parallel stage counts only the time that it takes longer than the others."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time spent in this context to a stage."""
        start = time.perf_counter()
        yield
        spent = (time.perf_counter() - start) * 1000
        self.milliseconds[stage] = round(self.milliseconds.get(stage, 0.0) + spent, 3)


def fuse(dense: Mapping[int, float], lexical: Mapping[int, float]) -> dict[int, float]:
    """Return a convex combination of both indexes' scores, each divided by the best; in [0, 1], best first.

    Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (2023), found that convex combinations
    beat reciprocal rank fusion, and that normalising by the least possible score, which is 0 in both indexes, is as
    good as by the least score found. The fused score then does not depend on the number of candidates. A missing score
    counts as 0.
    """
    best_dense = max([*dense.values(), 1e-6])
    best_lexical = max([*lexical.values(), 1e-6])
    fused = {
        passage_id: DENSE_SHARE * max(dense.get(passage_id, 0.0), 0.0) / best_dense
        + (1 - DENSE_SHARE) * lexical.get(passage_id, 0.0) / best_lexical
        for passage_id in dict.fromkeys([*dense, *lexical])
    }
    return sort_scores(fused)


def weigh_by_evidence(
    dense: Mapping[int, float],
    lexical: Mapping[int, float],
    fused: Mapping[int, float],
    evidence: Mapping[int, PassageEvidence],
) -> dict[int, float]:
    """Return all scores in [0, 1], best first: passages with evidence are scored by it, all others come after them.

    The dense score of a passage with evidence is the mean of its own cosine and its best sentence's cosine.
    """
    near = {
        passage_id: (1 - SENTENCE_SHARE) * dense.get(passage_id, 0.0) + SENTENCE_SHARE * float(passage.cosines.max())
        for passage_id, passage in evidence.items()
    }
    fused_again = fuse(near, {passage_id: score for passage_id, score in lexical.items() if passage_id in near})
    first = sort_scores(
        {
            passage_id: min((fused_again[passage_id] + EVIDENCE_SHARE * passage.best) / _MOST, 1.0)
            for passage_id, passage in evidence.items()
        }
    )
    least = min(first.values(), default=1.0)
    return {
        **first,
        **{passage_id: min(score / _MOST, least) for passage_id, score in fused.items() if passage_id not in first},
    }


def reorder_within_documents(scores: Mapping[int, float], evidence: Mapping[int, PassageEvidence]) -> dict[int, float]:
    """Let the passages of one document exchange scores, so that those with the best pins come first.

    All scores help to find the right document. Within a document, the scores of sentences are the better guide.
    """
    documents: dict[int, list[int]] = defaultdict(list)
    for passage_id in scores:
        if passage_id in evidence:
            documents[evidence[passage_id].row.number].append(passage_id)
    exchanged = dict(scores)
    for ids in documents.values():
        best_first = sorted(
            ids, key=lambda passage_id: -scores[passage_id] * _MOST - PLACE_SHARE * evidence[passage_id].claim
        )
        exchanged |= zip(best_first, [scores[passage_id] for passage_id in ids], strict=True)
    return sort_scores(exchanged)


def apply_reranker(scores: Mapping[int, float], rerank_scores: Mapping[int, float]) -> dict[int, float]:
    """Return the reranker's scores, best first; all other passages come after them and keep their order."""
    least = min(rerank_scores.values(), default=1.0)
    first = sort_scores({passage_id: rerank_scores[passage_id] for passage_id in scores if passage_id in rerank_scores})
    return {
        **first,
        **{passage_id: min(score, least) for passage_id, score in scores.items() if passage_id not in rerank_scores},
    }


def append_rest(scores: Mapping[int, float], fused: Mapping[int, float]) -> dict[int, float]:
    """Return the same scores, with all other fused passages after them."""
    least = min(scores.values(), default=1.0)
    return {
        **scores,
        **{passage_id: min(score / _MOST, least) for passage_id, score in fused.items() if passage_id not in scores},
    }


def lift_verbatim(scores: Mapping[int, float], above: Collection[int]) -> dict[int, float]:
    """Put these passages above all others, in the upper half of [0, 1]; the order within both halves stays."""
    if not above:
        return dict(scores)
    halved = [
        (passage_id in above, (score + (passage_id in above)) / 2, passage_id) for passage_id, score in scores.items()
    ]
    return {passage_id: score for _, score, passage_id in sorted(halved, key=lambda entry: entry[:2], reverse=True)}


def sort_scores(scores: Mapping[int, float]) -> dict[int, float]:
    """Sort scores, best first; equal scores keep their order."""
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


@dataclass(slots=True)
class SideScores:
    """The scores of all candidates: in each index, and fused; and the ranks of those that an index itself found."""

    mode: Mode
    dense: dict[int, float]
    lexical: dict[int, float]
    dense_ranks: dict[int, int]
    lexical_ranks: dict[int, int]
    fused: dict[int, float]

    def include(self, store: Store, question: EncodedQuestion, ids: Iterable[int]) -> None:
        """Add candidates that neither index found."""
        new = [passage_id for passage_id in ids if passage_id not in self.fused]
        if new:
            self.dense |= store.cosines(question.vector, new)
            self.lexical |= store.lexical_scores(_with_other_forms(question.text), new)
            self.fused = fuse(self.dense, self.lexical)

    def extend(self, deeper: SideScores) -> bool:
        """Add the candidates of a deeper search without changing the others; return whether there were any."""
        new = [passage_id for passage_id in deeper.fused if passage_id not in self.fused]
        self.dense = deeper.dense | self.dense
        self.lexical = deeper.lexical | self.lexical
        self.dense_ranks, self.lexical_ranks = deeper.dense_ranks, deeper.lexical_ranks
        self.fused |= {passage_id: deeper.fused[passage_id] for passage_id in new}
        return bool(new)


def search_lexical(
    store: Store, text: str, depth: int, scope: Scope | None, mode: Mode, timer: StageTimer
) -> dict[int, float]:
    """Return up to `depth` candidates of the lexical index, for the words of a text and their other forms."""
    with timer.measure("lexical"):
        return store.lexical(_with_other_forms(text), depth, scope) if mode != "dense" else {}


def _with_other_forms(text: str) -> str:
    return f"{text} {other_forms(text)}".rstrip()


def search_sides(
    store: Store,
    question: EncodedQuestion,
    lexical: dict[int, float],
    depth: int,
    scope: Scope | None,
    mode: Mode,
    timer: StageTimer,
) -> SideScores:
    """Query the dense index, too, and score in each index the candidates of the other."""
    with timer.measure("dense"):
        dense = store.dense(question.vector, depth, scope) if mode != "lexical" else {}
    with timer.measure("fusing"):
        ranks = [{passage_id: rank for rank, passage_id in enumerate(side, 1)} for side in (dense, lexical)]
        if mode == "hybrid":
            if unseen := [passage_id for passage_id in lexical if passage_id not in dense]:
                dense |= store.cosines(question.vector, unseen)
            if unseen := [passage_id for passage_id in dense if passage_id not in lexical]:
                lexical |= store.lexical_scores(_with_other_forms(question.text), unseen)
            fused = fuse(dense, lexical)
        elif mode == "dense":
            fused = {passage_id: max(score, 0.0) for passage_id, score in dense.items()}
        else:
            most = max([*lexical.values(), 1e-6])
            fused = {passage_id: score / most for passage_id, score in lexical.items()}
    return SideScores(mode, dense, lexical, ranks[0], ranks[1], fused)
