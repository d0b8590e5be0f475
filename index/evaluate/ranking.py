"""Scores ranked documents against judgements with ir-measures (the code of trec_eval). No other module imports it."""

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
"""The number of documents in a ranking."""
MEASURES = {"nDCG@10": nDCG @ 10, "Recall@10": R @ 10, "Recall@100": R @ 100, "MRR@10": RR @ 10}


def ranked(hits: Iterable[Hit]) -> Ranking:
    """Return the documents of hits, which are given best first, each with the rank and score of its best passage.

    Tools that read a ranking use only the scores, as 32-bit floats, and each breaks ties in its own way. So a score
    that is not below the one before it is lowered to the next float; every tool then sees the order of the hits.
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
    """Return each measure for each query that has a ranking."""
    names = {measure: name for name, measure in MEASURES.items()}
    values: dict[str, dict[str, float]] = {name: {} for name in MEASURES}
    judged = {query: dict(judgements[query]) for query in rankings}
    for metric in ir_measures.iter_calc(list(names), judged, dict(rankings)):
        values[names[metric.measure]][metric.query_id] = float(metric.value)
    return values


def begin_run(path: Path, ids: Iterable[str]) -> None:
    """Create an empty run file, to find errors before the long evaluation; an existing file is overwritten."""
    if spaced := next((identity for identity in ids if len(identity.split()) != 1), None):
        raise EvaluationError(f"A TREC run cannot hold the id {spaced!r}, which has a space.", "Leave out --run.")
    try:
        path.write_text("", encoding="utf-8")
    except OSError as error:
        raise EvaluationError(
            f"The run cannot be written to {path}: {error.strerror}.", "Name another file."
        ) from error


def write_run(path: Path, rankings: Mapping[str, Ranking], tag: str) -> None:
    """Write rankings as a TREC run: query, Q0, document, rank, score, tag."""
    lines = [
        f"{query} Q0 {document} {rank} {score:.9g} {tag}\n"
        for query, ranking in rankings.items()
        for rank, (document, score) in enumerate(ranking.items(), 1)
    ]
    path.write_text("".join(lines), encoding="utf-8")
