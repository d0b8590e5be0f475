"""How good an approximate search is: stand-ins for questions, made of the library's own sentences, and the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from index.storage.schema import unpack_sentence_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from index.storage.catalog import Catalog, DocumentRange

JUDGED = 10
"""Of how many nearest passages it is counted how many were found."""
MIXED = 4
"""Sentences, each of another passage, whose mean stands in for a question. One sentence is too easy: its own passage
is next to it. Of questions of seven public sets 98 % of the nearest passages are found in 80 of 4,000 lists (a million
passages) and in 160 of 1,264 (100,000); of means of four sentences in 160 and in 100, of single ones in fewer than 80.
"""
_EQUAL = 1e-5
"""Cosines that differ by less are equal: the order of additions makes such a difference."""
_RESAMPLES = 2000

Vectors = np.ndarray[Any, np.dtype[np.float32]]


def stand_ins(catalog: Catalog, ranges: Sequence[DocumentRange], number: int, seed: int) -> Vectors:
    """So many vectors of length one, shape (number, dimension); fewer where passages went meanwhile."""
    chance = np.random.default_rng(seed)
    ids = chance.permutation(sampled(ranges, MIXED * number, chance)).tolist()
    rows = catalog.passages(ids)
    found = []
    for identity in ids:
        if (row := rows.get(identity)) is not None:
            whole = np.frombuffer(row.vector, dtype="<f2").astype(np.float32)
            sentences = unpack_sentence_vectors(row.sentence_vectors, len(whole))
            found.append(sentences[chance.integers(len(sentences))] if len(sentences) else whole)
    mixed = np.stack(found[: len(found) - len(found) % MIXED]).reshape(-1, MIXED, len(found[0])).sum(axis=1)
    return np.asarray(mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def sampled(ranges: Sequence[DocumentRange], number: int, chance: np.random.Generator) -> np.ndarray[Any, Any]:
    """Ids of so many passages, ascending, each at most once; of all, where these are fewer."""
    sizes = np.asarray([each.passages for each in ranges], dtype=np.int64)
    firsts = np.asarray([each.first for each in ranges], dtype=np.int64)
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    places = np.arange(total) if number >= total else np.sort(chance.choice(total, number, replace=False))
    documents = np.searchsorted(ends, places, side="right")
    return np.asarray(firsts[documents] + places - (ends - sizes)[documents])


class Truth:
    """How near the nearest passages of some questions are, found by comparing each question with every passage."""

    def __init__(self, questions: Vectors, k: int = JUDGED) -> None:
        self.questions = questions
        self._scores = np.full((len(questions), k), -np.inf, dtype=np.float32)

    def see(self, vectors: Vectors) -> None:
        """Compare with some more."""
        k = self._scores.shape[1]
        scores = np.concatenate([self._scores, self.questions @ vectors.T], axis=1)
        self._scores = -np.partition(-scores, k - 1, axis=1)[:, :k]

    def recall(self, search: Callable[[Vectors, int], Mapping[int, float]]) -> np.ndarray[Any, Any]:
        """For each question, the share of its nearest that a search finds; equally near ones stand for each other."""
        k = self._scores.shape[1]
        shares = []
        for question, scores in zip(self.questions, self._scores, strict=True):
            there = scores[np.isfinite(scores)]
            good = sum(score >= there.min() - _EQUAL for score in search(question, k).values())
            shares.append(min(good / len(there), 1.0) if len(there) else 1.0)
        return np.asarray(shares, dtype=np.float64)


def interval(shares: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Where their mean lies in 95 of 100 samples, by the percentile bootstrap."""
    chance = np.random.default_rng(0)
    means = chance.choice(shares, (_RESAMPLES, len(shares))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975]).tolist()
    return low, high
