"""Scores: what each is made of, that all lie in [0, 1], and that no passage is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.records import Passage, Span
from index.search import fusion
from index.search.evidence import OVERLAP_SHARE, PassageEvidence
from index.search.fusion import (
    DENSE_SHARE,
    EVIDENCE_SHARE,
    PLACE_SHARE,
    apply_reranker,
    fuse,
    lift_verbatim,
    reorder_within_documents,
    weigh_by_evidence,
)
from index.storage.catalog.passage_queries import PassageRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST = 1 + EVIDENCE_SHARE * (1 + OVERLAP_SHARE)
"""The largest sum of fused score and evidence."""
IDS = st.integers(1, 30)
DENSE = st.dictionaries(IDS, st.floats(-1, 1, width=32), max_size=20)
LEXICAL = st.dictionaries(IDS, st.floats(0, 50, width=32), max_size=20)
SCORES = st.dictionaries(IDS, st.floats(0.0625, 1), max_size=20).map(fusion.sort_scores)
SENTENCES = st.lists(st.tuples(st.floats(-1, 0.875, width=32), st.floats(0, 1, width=32)), min_size=1, max_size=4)


def an_evidence(
    sentences: Sequence[tuple[float, float]], *, number: int = 1, claims: Sequence[float] | None = None
) -> PassageEvidence:
    """Return the evidence of a passage whose sentences have these cosines and shares of the question's idf."""
    cosines, shared = np.asarray(sentences, dtype=np.float32).T
    strengths = cosines + OVERLAP_SHARE * shared
    spans = tuple(Span(2 * place, 2 * place + 1) for place in range(len(sentences)))
    passage = Passage(1, "f" * 64, 0, 0, 2 * len(spans), "x " * len(spans), spans)
    return PassageEvidence(
        row=PassageRow(passage, number, b"", b"", frozenset()),
        terms=(frozenset(),) * len(sentences),
        cosines=cosines,
        overlaps=shared,
        strengths=strengths,
        claims=strengths if claims is None else np.asarray(claims, dtype=np.float32),
        pinnable=tuple(range(len(sentences))),
    )


def in_bounds(scores: Iterable[float]) -> bool:
    """Whether every score is in [0, 1]."""
    return all(0 <= score <= 1 for score in scores)


def is_best_first(scores: dict[int, float]) -> bool:
    """Whether the scores are sorted, best first."""
    return list(scores.values()) == sorted(scores.values(), reverse=True)


# Fusion of both sides


@given(DENSE, LEXICAL)
@example({}, {})
def test_fused_scores_are_between_zero_and_one(dense: dict[int, float], lexical: dict[int, float]) -> None:
    """Whatever both sides return, scores are in [0, 1], best first, and no passage is lost or invented.

    A passage that leads on both sides leads the fusion.
    """
    fused = fuse(dense, lexical)
    assert fused.keys() == dense.keys() | lexical.keys()
    assert in_bounds(fused.values())
    assert is_best_first(fused)
    best = 99
    fused = fuse({**dense, best: 1.5}, {**lexical, best: 60.0})
    assert next(iter(fused)) == best
    assert fused[best] == pytest.approx(1.0)


@given(DENSE.map(fusion.sort_scores), LEXICAL.map(fusion.sort_scores))
def test_one_side_alone_keeps_its_order(dense: dict[int, float], lexical: dict[int, float]) -> None:
    """If only one side found something, its order stays and its best gets that side's full share."""
    assert list(fuse(dense, {})) == list(dense)
    assert list(fuse({}, lexical)) == list(lexical)
    if max(dense.values(), default=0) > 1e-6:
        assert next(iter(fuse(dense, {}).values())) == pytest.approx(DENSE_SHARE)
    if max(lexical.values(), default=0) > 1e-6:
        assert next(iter(fuse({}, lexical).values())) == pytest.approx(1 - DENSE_SHARE)


@given(DENSE, LEXICAL, st.floats(0.5, 100))
def test_scale_of_a_side_does_not_change_scores(
    dense: dict[int, float], lexical: dict[int, float], factor: float
) -> None:
    """Scores count as shares of a side's best, so doubling all BM25 scores changes nothing."""
    lexical = {passage: score for passage, score in lexical.items() if score > 0.01}
    larger = {passage: factor * score for passage, score in lexical.items()}
    assert fuse(dense, larger) == pytest.approx(fuse(dense, lexical))


@given(DENSE, LEXICAL)
def test_worst_candidate_changes_no_other_score(dense: dict[int, float], lexical: dict[int, float]) -> None:
    """Another candidate below all others changes no score, so the number of candidates does not matter."""
    fused = fuse(dense, lexical)
    more = fuse({**dense, 99: -1.0}, {**lexical, 99: 0.0})
    assert {passage: score for passage, score in more.items() if passage != 99} == fused


def test_fusion_matches_a_hand_computed_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a dense share of 0.6: 1 has 0.6 x 0.9/0.9 + 0.4 x 3/12; 2 half of 0.6; 3 all of 0.4; 4 half of it.

    The negative cosine of 3 counts as 0.
    """
    monkeypatch.setattr(fusion, "DENSE_SHARE", 0.6)
    fused = fuse({1: 0.9, 2: 0.45, 3: -0.2}, {3: 12.0, 4: 6.0, 1: 3.0})
    assert fused == pytest.approx({1: 0.7, 3: 0.4, 2: 0.3, 4: 0.2})
    assert list(fused) == [1, 3, 2, 4]


# Weighing by the evidence of sentences


@given(DENSE, LEXICAL, st.dictionaries(IDS, SENTENCES, max_size=12))
def test_weighed_scores_are_between_zero_and_one(
    dense: dict[int, float], lexical: dict[int, float], sentences: dict[int, list[tuple[float, float]]]
) -> None:
    """Scores are in [0, 1], best first, none is lost, and passages with evidence come before those without.

    Passages that were not weighed keep their order.
    """
    fused = fuse(dense, lexical)
    evidence = {passage: an_evidence(values) for passage, values in sentences.items() if passage in fused}
    scores = weigh_by_evidence(dense, lexical, fused, evidence)
    assert scores.keys() == fused.keys()
    assert in_bounds(scores.values())
    assert is_best_first(scores)
    assert set(list(scores)[: len(evidence)]) == set(evidence)
    assert list(weigh_by_evidence(dense, lexical, fused, {})) == list(fused)


def test_passage_without_evidence_never_overtakes() -> None:
    """A passage that was not weighed stays behind one that was, even with a higher fused score.

    A passage that is the question word for word scores 1, and never more.
    """
    dense = {1: 0.9, 2: 0.8}
    scores = weigh_by_evidence(dense, {}, fuse(dense, {}), {2: an_evidence([(-0.9, 0.0)])})
    assert list(scores) == [2, 1]
    assert scores[1] == scores[2]
    scores = weigh_by_evidence({1: 1.0}, {1: 9.0}, {1: 1.0}, {1: an_evidence([(1.0, 1.0)])})
    assert scores[1] == pytest.approx(1)
    assert scores[1] <= 1


# Reordering within a document

PLACED = st.dictionaries(IDS, st.tuples(st.integers(1, 4), st.floats(-1, 2, width=32)), max_size=20)


@given(SCORES, PLACED)
def test_reordering_exchanges_scores_within_documents(
    scores: dict[int, float], places: dict[int, tuple[int, float]]
) -> None:
    """Each document keeps its scores, the best for the passage with most score and claim; others keep theirs."""
    places = {passage: place for passage, place in places.items() if passage in scores}
    evidence = {
        passage: an_evidence([(0.0, 0.0)], number=document, claims=[claim])
        for passage, (document, claim) in places.items()
    }
    reordered = reorder_within_documents(scores, evidence)
    assert reordered.keys() == scores.keys()
    assert is_best_first(reordered)
    assert {passage: reordered[passage] for passage in scores if passage not in places} == {
        passage: scores[passage] for passage in scores if passage not in places
    }
    for document in range(1, 5):
        ids = [passage for passage in scores if passage in places and places[passage][0] == document]
        old_scores = sorted((scores[passage] for passage in ids), reverse=True)
        expected = sorted(ids, key=lambda passage: -(scores[passage] * MOST + PLACE_SHARE * places[passage][1]))
        assert [reordered[passage] for passage in expected] == old_scores


# Verbatim passages


@given(SCORES, st.sets(IDS))
@example({1: 1.0, 2: 0.0}, {2})
def test_verbatim_passages_are_lifted_above_all_others(scores: dict[int, float], above: set[int]) -> None:
    """The order within both groups stays, scores are in [0, 1] and best first, and no passage is lost.

    Lifting does not depend on the score; without a verbatim passage nothing changes.
    """
    lifted = lift_verbatim(scores, above)
    assert list(lifted) == [passage for passage in scores if passage in above] + [
        passage for passage in scores if passage not in above
    ]
    assert in_bounds(lifted.values())
    assert is_best_first(lifted)
    assert lift_verbatim(scores, ()) == scores


# Reranking


@given(SCORES, st.dictionaries(IDS, st.floats(0, 1), max_size=12))
def test_reranked_passages_come_first_by_their_new_scores(
    scores: dict[int, float], new_scores: dict[int, float]
) -> None:
    """Passages that the reranker read are ordered by its scores; the others follow in their order."""
    new_scores = {passage: score for passage, score in new_scores.items() if passage in scores}
    reranked = apply_reranker(scores, new_scores)
    expected = sorted(
        (passage for passage in scores if passage in new_scores), key=lambda passage: -new_scores[passage]
    )
    assert list(reranked) == expected + [passage for passage in scores if passage not in new_scores]
    assert {passage: reranked[passage] for passage in new_scores} == new_scores
    assert in_bounds(reranked.values())
    assert is_best_first(reranked)
