"""Ranked documents against judgements, by the measures of ir-measures (the code of trec_eval); the only door to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ir_measures
import numpy as np
from ir_measures import RR, R, nDCG

from index.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from index.records import Hit

Ranking = dict[str, float]
"""Documents with their scores, best first."""

DOCUMENTS = 100
"""How many documents a ranking keeps."""
MEASURES = {"nDCG@10": nDCG @ 10, "Recall@10": R @ 10, "Recall@100": R @ 100, "MRR@10": RR @ 10}


def ranked(hits: Iterable[Hit]) -> Ranking:
    """The documents of hits that come best first, each at the place and with the score of its best passage.

    Tools that read a ranking look at scores alone, as 32-bit floats, and break ties each in its own way; so a score
    that is not below the one before it is lowered to the next float. Every tool then sees the order of the hits.
    """
    ranking: Ranking = {}
    ceiling = np.float32(np.inf)
    for hit in hits:
        if hit.document.source not in ranking and len(ranking) < DOCUMENTS:
            ceiling = min(np.float32(hit.score), np.nextafter(ceiling, np.float32(-np.inf)))
            ranking[hit.document.source] = float(ceiling)
    return ranking


def measured(
    judgements: Mapping[str, Mapping[str, int]], rankings: Mapping[str, Ranking]
) -> dict[str, dict[str, float]]:
    """Each measure for each query that has a ranking."""
    names = {measure: name for name, measure in MEASURES.items()}
    values: dict[str, dict[str, float]] = {name: {} for name in MEASURES}
    judged = {query: dict(judgements[query]) for query in rankings}
    for metric in ir_measures.iter_calc(list(names), judged, dict(rankings)):
        values[names[metric.measure]][metric.query_id] = float(metric.value)
    return values


def begin_run(path: Path, ids: Iterable[str]) -> None:
    """See that a run with these ids can be written there, before the long work that fills it; an old one goes."""
    if spaced := next((identity for identity in ids if len(identity.split()) != 1), None):
        raise EvaluationError(
            f"A TREC run cannot hold the id {spaced!r}.", "Leave out --run: ids there have no spaces."
        )
    try:
        path.write_text("", encoding="utf-8")
    except OSError as error:
        raise EvaluationError(
            f"The run cannot be written to {path}: {error.strerror}.", "Name another file."
        ) from error


def write_run(path: Path, rankings: Mapping[str, Ranking], tag: str) -> None:
    """Rankings as a TREC run: query, Q0, document, rank, score, tag."""
    lines = [
        f"{query} Q0 {document} {rank} {score:.9g} {tag}\n"
        for query, ranking in rankings.items()
        for rank, (document, score) in enumerate(ranking.items(), 1)
    ]
    path.write_text("".join(lines), encoding="utf-8")
