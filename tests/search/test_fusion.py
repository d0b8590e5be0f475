"""Scores: what each is made of, that all lie in [0, 1], and that nobody is lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import Passage, Span
from index.search import fusion
from index.search.evidence import OVERLAP_SHARE, PassageEvidence
from index.search.fusion import (
    DENSE_SHARE,
    EVIDENCE_SHARE,
    PLACE_SHARE,
    SENTENCE_SHARE,
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
"""What fused score and evidence can be together."""
IDS = st.integers(1, 30)
DENSE = st.dictionaries(IDS, st.floats(-1, 1, width=32), max_size=20)
LEXICAL = st.dictionaries(IDS, st.floats(0, 50, width=32), max_size=20)
SCORES = st.dictionaries(IDS, st.floats(0.0625, 1), max_size=20).map(fusion.sort_scores)
SENTENCES = st.lists(st.tuples(st.floats(-1, 0.875, width=32), st.floats(0, 1, width=32)), min_size=1, max_size=4)


def an_evidence(
    sentences: Sequence[tuple[float, float]], *, number: int = 1, claims: Sequence[float] | None = None
) -> PassageEvidence:
    """A passage of a document, whose sentences have these cosines and share these parts of the question's idf."""
    cosines, shared = np.asarray(sentences, dtype=np.float32).T
    strengths = cosines + OVERLAP_SHARE * shared
    spans = tuple(Span(2 * n, 2 * n + 1) for n in range(len(sentences)))
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
    """Whether each is in [0, 1]."""
    return all(0 <= score <= 1 for score in scores)


def falling(scores: dict[int, float]) -> bool:
    """Whether they come best first."""
    return list(scores.values()) == sorted(scores.values(), reverse=True)


# Both sides fused


@given(DENSE, LEXICAL)
def test_fused_scores_are_shares_of_one(dense: dict[int, float], lexical: dict[int, float]) -> None:
    """Whatever both sides say, scores lie between 0 and 1, best first, and nobody is lost or invented."""
    fused = fuse(dense, lexical)
    assert fused.keys() == dense.keys() | lexical.keys()
    assert in_bounds(fused.values())
    assert falling(fused)


@given(DENSE, LEXICAL)
def test_the_best_of_both_sides_is_the_best(dense: dict[int, float], lexical: dict[int, float]) -> None:
    """Who leads on both sides leads the fusion, with the full score."""
    best = 99
    fused = fuse({**dense, best: 1.5}, {**lexical, best: 60.0})
    assert next(iter(fused)) == best
    assert fused[best] == pytest.approx(1.0)


@given(DENSE.map(fusion.sort_scores), LEXICAL.map(fusion.sort_scores))
def test_one_side_alone_keeps_its_order(dense: dict[int, float], lexical: dict[int, float]) -> None:
    """Where only one side found something, its order is the order, and its best has all that this side can give."""
    assert list(fuse(dense, {})) == list(dense)
    assert list(fuse({}, lexical)) == list(lexical)
    if max(dense.values(), default=0) > 1e-6:
        assert next(iter(fuse(dense, {}).values())) == pytest.approx(DENSE_SHARE)
    if max(lexical.values(), default=0) > 1e-6:
        assert next(iter(fuse({}, lexical).values())) == pytest.approx(1 - DENSE_SHARE)


@given(DENSE, LEXICAL, st.floats(0.5, 100))
def test_the_scale_of_a_side_does_not_matter(dense: dict[int, float], lexical: dict[int, float], factor: float) -> None:
    """Each side's scores count as shares of its best: BM25 twice as high everywhere changes nothing."""
    lexical = {each: score for each, score in lexical.items() if score > 0.01}
    larger = {each: factor * score for each, score in lexical.items()}
    assert fuse(dense, larger) == pytest.approx(fuse(dense, lexical))


@given(DENSE, LEXICAL)
def test_the_worst_have_no_say(dense: dict[int, float], lexical: dict[int, float]) -> None:
    """A further candidate below all others changes nobody's score: it does not matter how many were found."""
    fused = fuse(dense, lexical)
    more = fuse({**dense, 99: -1.0}, {**lexical, 99: 0.0})
    assert {each: score for each, score in more.items() if each != 99} == fused


def test_fusion_worked_out_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 0.6 for the dense side: 1 has 0.6 x 0.9/0.9 + 0.4 x 3/12; 2 half of 0.6; 3 all of 0.4; 4 half of it.

    That 3 is turned away from the question counts as nothing, and not as less than that.
    """
    monkeypatch.setattr(fusion, "DENSE_SHARE", 0.6)
    fused = fuse({1: 0.9, 2: 0.45, 3: -0.2}, {3: 12.0, 4: 6.0, 1: 3.0})
    assert fused == pytest.approx({1: 0.7, 3: 0.4, 2: 0.3, 4: 0.2})
    assert list(fused) == [1, 3, 2, 4]


def test_nothing_fuses_to_nothing() -> None:
    """No candidates, no hits."""
    assert fuse({}, {}) == {}


# Sentences beside passages


@given(DENSE, LEXICAL, st.dictionaries(IDS, SENTENCES, max_size=12))
def test_weighed_scores_are_shares_of_one(
    dense: dict[int, float], lexical: dict[int, float], sentences: dict[int, list[tuple[float, float]]]
) -> None:
    """Best first, in [0, 1], nobody lost; whoever has evidence is before whoever has none."""
    fused = fuse(dense, lexical)
    evidence = {each: an_evidence(of) for each, of in sentences.items() if each in fused}
    scores = weigh_by_evidence(dense, lexical, fused, evidence)
    assert scores.keys() == fused.keys()
    assert in_bounds(scores.values())
    assert falling(scores)
    assert set(list(scores)[: len(evidence)]) == set(evidence)


@given(DENSE, LEXICAL)
def test_without_evidence_the_fused_order_stays(dense: dict[int, float], lexical: dict[int, float]) -> None:
    """Who was not weighed keeps his place among those that were not."""
    fused = fuse(dense, lexical)
    assert list(weigh_by_evidence(dense, lexical, fused, {})) == list(fused)


def test_the_best_that_can_be_scores_one() -> None:
    """A passage that is the question word for word has 1, and not a hair more."""
    scores = weigh_by_evidence({1: 1.0}, {1: 9.0}, {1: 1.0}, {1: an_evidence([(1.0, 1.0)])})
    assert scores[1] == pytest.approx(1)
    assert scores[1] <= 1


def test_weighing_worked_out_by_hand() -> None:
    """Passage and best sentence share the dense side; its strength is added; all is a share of the most there can be.

    Passage 2 is nearer than 1 as a whole, and has no sentence that speaks to the question: it falls behind.
    """
    dense, lexical = {1: 0.4, 2: 0.5, 3: 0.1}, {1: 8.0, 2: 8.0}
    evidence = {1: an_evidence([(0.1, 0.0), (0.8, 0.5)]), 2: an_evidence([(0.2, 0.0), (0.1, 0.25)])}
    scores = weigh_by_evidence(dense, lexical, fuse(dense, lexical), evidence)
    near = [(1 - SENTENCE_SHARE) * 0.4 + SENTENCE_SHARE * 0.8, (1 - SENTENCE_SHARE) * 0.5 + SENTENCE_SHARE * 0.2]
    best = [0.8 + OVERLAP_SHARE * 0.5, max(0.2, 0.1 + OVERLAP_SHARE * 0.25)]
    first = (1.0 + EVIDENCE_SHARE * best[0]) / MOST
    second = (DENSE_SHARE * near[1] / near[0] + (1 - DENSE_SHARE) + EVIDENCE_SHARE * best[1]) / MOST
    assert scores == pytest.approx({1: first, 2: second, 3: DENSE_SHARE * 0.1 / 0.5 / MOST})
    assert list(scores) == [1, 2, 3]


def test_no_evidence_is_no_advantage() -> None:
    """A passage that was not weighed never overtakes one that was, though its fused score be higher."""
    dense = {1: 0.9, 2: 0.8}
    scores = weigh_by_evidence(dense, {}, fuse(dense, {}), {2: an_evidence([(-0.9, 0.0)])})
    assert list(scores) == [2, 1]
    assert scores[1] == scores[2]


# Which place in a document

PLACED = st.dictionaries(IDS, st.tuples(st.integers(1, 4), st.floats(-1, 2, width=32)), max_size=20)


@given(SCORES, PLACED)
def test_placing_exchanges_within_documents(scores: dict[int, float], of: dict[int, tuple[int, float]]) -> None:
    """Each document keeps its scores, the best for the passage with most score and claim; others keep theirs."""
    of = {each: place for each, place in of.items() if each in scores}
    evidence = {each: an_evidence([(0.0, 0.0)], number=n, claims=[claim]) for each, (n, claim) in of.items()}
    again = reorder_within_documents(scores, evidence)
    assert again.keys() == scores.keys()
    assert falling(again)
    assert {each: again[each] for each in scores if each not in of} == {
        each: scores[each] for each in scores if each not in of
    }
    for number in range(1, 5):
        ids = [each for each in scores if each in of and of[each][0] == number]
        kept = sorted((scores[each] for each in ids), reverse=True)
        best_first = sorted(ids, key=lambda each: -(scores[each] * MOST + PLACE_SHARE * of[each][1]))
        assert [again[each] for each in best_first] == kept


def test_placing_worked_out_by_hand() -> None:
    """1 and 3 are of one document. Where the claim of 3 makes up for its score, they change places, and nobody else."""
    scores = {1: 0.9, 2: 0.8, 3: 0.5, 4: 0.2}
    enough = 0.4 * MOST / PLACE_SHARE

    def again(claim: float) -> dict[int, float]:
        evidence = {
            1: an_evidence([(0.2, 0.0)], number=7, claims=[0.1]),
            2: an_evidence([(0.2, 0.0)], number=8, claims=[-0.5]),
            3: an_evidence([(0.2, 0.0), (0.1, 0.0)], number=7, claims=[0.0, 0.1 + claim]),
        }
        return reorder_within_documents(scores, evidence)

    assert list(again(1.1 * enough).items()) == [(3, 0.9), (2, 0.8), (1, 0.5), (4, 0.2)]
    assert list(again(0.9 * enough).items()) == list(scores.items())


# What comes first whatever it scores


@given(SCORES, st.sets(IDS))
def test_the_lifted_are_above_all_others(scores: dict[int, float], above: set[int]) -> None:
    """In both groups the order stays, scores are in [0, 1] and best first, nobody is lost."""
    up = lift_verbatim(scores, above)
    assert list(up) == [each for each in scores if each in above] + [each for each in scores if each not in above]
    assert in_bounds(up.values())
    assert falling(up)


def test_even_nothing_is_lifted_above_everything() -> None:
    """A score of 0 that is lifted comes before a score of 1 that is not."""
    assert list(lift_verbatim({1: 1.0, 2: 0.0}, {2})) == [2, 1]


@given(SCORES)
def test_nobody_lifted_changes_nothing(scores: dict[int, float]) -> None:
    """Scores are told as they are where nothing has to come first."""
    assert lift_verbatim(scores, ()) == scores


# A reranker's word


@given(SCORES, st.dictionaries(IDS, st.floats(0, 1), max_size=12))
def test_the_reranked_come_first_by_their_new_scores(scores: dict[int, float], said: dict[int, float]) -> None:
    """Whom the reranker has read is ordered by what it says and scored so; the others follow in their order."""
    said = {each: score for each, score in said.items() if each in scores}
    again = apply_reranker(scores, said)
    expected = sorted((each for each in scores if each in said), key=lambda each: -said[each])
    assert list(again) == expected + [each for each in scores if each not in said]
    assert {each: again[each] for each in said} == said
    assert in_bounds(again.values())
    assert falling(again)
