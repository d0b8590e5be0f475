"""Searches every document for a question, and finds those that say nothing about it."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from index.retrieval.scoring import in_order, weigh_by_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.records import Hit
    from index.retrieval.evidence import Evidence
    from index.retrieval.reading import HitBuilder
    from index.retrieval.sides import SideScores
    from index.storage.protocol import Store

CONSIDERED = 10_000
"""The number of candidate passages from each index. In a larger library, a document counts as silent if none of its
passages is among the candidates of either index."""
PASSAGES = 3
"""How many of a document's best passages are weighed by their sentences."""
STRENGTH = 0.4
"""The least strength of a sentence that speaks to the question. On SQuAD, COVID-QA, ClapNQ and SciFact, at least 95 %
of the documents with the answer have such a sentence, 3 % of unrelated documents, and 42 % of papers on one topic."""
OVERLAP = 0.5
"""The least share of the question's rare words in a sentence that speaks to it, whatever its strength."""


def best_hits(builder: HitBuilder, store: Store) -> Iterator[Hit]:
    """Yield the best hit of each document that speaks to the question, best first."""
    sides = builder.sides
    evidence = builder.weigh(_best_passages(sides, store))
    scores = weigh_by_evidence(
        sides.dense, sides.lexical, {identity: sides.fused[identity] for identity in evidence}, evidence
    )
    best: dict[int, int] = {}
    for identity in scores:
        best.setdefault(evidence[identity].row.number, identity)
    speaking = [identity for identity in best.values() if _is_relevant(evidence[identity])]
    infos = store.infos([evidence[identity].row.number for identity in speaking])
    yield from (
        builder.hit(identity, scores[identity], infos)
        for identity in speaking
        if evidence[identity].row.number in infos
    )


def _best_passages(sides: SideScores, store: Store) -> Iterable[int]:
    """Return the best passages of each document, by the fused score."""
    numbers = store.numbers(list(sides.fused))
    found: dict[int, list[int]] = defaultdict(list)
    for identity in in_order(sides.fused):
        if identity in numbers:
            found[numbers[identity]].append(identity)
    return [identity for ids in found.values() for identity in islice(ids, PASSAGES)]


def _is_relevant(evidence: Evidence) -> bool:
    return evidence.best >= STRENGTH or evidence.overlap >= OVERLAP
