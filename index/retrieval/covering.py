"""Searches every document for a question, and finds those that say nothing about it."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from index.retrieval.scoring import in_order, weigh_by_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.records import Hit
    from index.retrieval.evidence import PassageEvidence
    from index.retrieval.reading import HitBuilder
    from index.retrieval.sides import SideScores
    from index.storage.protocol import Store

CONSIDERED = 10_000
"""The number of candidate passages from each index. In a larger library, a document counts as silent if none of its
passages is among the candidates of either index."""
PASSAGES_PER_DOCUMENT = 3
"""The number of a document's best passages that are weighed by their sentences."""
LEAST_STRENGTH = 0.4
"""The least strength of a sentence that speaks to the question. On SQuAD, COVID-QA, ClapNQ and SciFact, at least 95 %
of the documents with the answer have such a sentence, 3 % of unrelated documents, and 42 % of papers on one topic."""
LEAST_OVERLAP = 0.5
"""The least share of the question's rare words in a sentence that speaks to it, whatever its strength."""


def best_hits(builder: HitBuilder, store: Store) -> Iterator[Hit]:
    """Yield the best hit of each document that speaks to the question, best first."""
    sides = builder.sides
    evidence = builder.weigh(_best_passages(sides, store))
    scores = weigh_by_evidence(
        sides.dense, sides.lexical, {passage_id: sides.fused[passage_id] for passage_id in evidence}, evidence
    )
    best: dict[int, int] = {}
    for passage_id in scores:
        best.setdefault(evidence[passage_id].row.number, passage_id)
    speaking = [passage_id for passage_id in best.values() if _is_relevant(evidence[passage_id])]
    infos = store.infos([evidence[passage_id].row.number for passage_id in speaking])
    yield from (
        builder.hit(passage_id, scores[passage_id], infos)
        for passage_id in speaking
        if evidence[passage_id].row.number in infos
    )


def _best_passages(sides: SideScores, store: Store) -> Iterable[int]:
    """Return the best passages of each document, by the fused score."""
    numbers = store.numbers(list(sides.fused))
    found: dict[int, list[int]] = defaultdict(list)
    for passage_id in in_order(sides.fused):
        if passage_id in numbers:
            found[numbers[passage_id]].append(passage_id)
    return [passage_id for ids in found.values() for passage_id in islice(ids, PASSAGES_PER_DOCUMENT)]


def _is_relevant(evidence: PassageEvidence) -> bool:
    return evidence.best >= LEAST_STRENGTH or evidence.overlap >= LEAST_OVERLAP
