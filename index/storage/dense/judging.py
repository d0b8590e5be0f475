"""Measures the recall of an approximate search: synthetic questions from the library's sentences, and ground truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from index.storage.schema import unpack_sentence_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from index.storage.catalog import Catalog, DocumentRange

NEAREST = 10
"""The number k of nearest passages for which the recall is measured."""
SENTENCES_PER_QUESTION = 4
"""Sentences, each from another passage, whose mean is a synthetic question. One sentence is too easy: its own passage
is next to it. For questions of seven public sets, 98 % of the nearest passages are in 80 of 4,000 lists (a million
passages) and in 160 of 1,264 (100,000); for means of four sentences in 160 and in 100, for single sentences in fewer
than 80.
"""
_EQUAL = 1e-5
"""Cosines that differ by less count as equal: the order of additions causes such differences."""
_RESAMPLES = 2000

Vectors = np.ndarray[Any, np.dtype[np.float32]]


def synthetic_questions(catalog: Catalog, ranges: Sequence[DocumentRange], number: int, seed: int) -> Vectors:
    """Return synthetic questions: unit vectors of shape (number, dimension); fewer if passages were just removed."""
    generator = np.random.default_rng(seed)
    ids = generator.permutation(sample_ids(ranges, SENTENCES_PER_QUESTION * number, generator)).tolist()
    rows = catalog.passages(ids)
    found = []
    for identity in ids:
        if (row := rows.get(identity)) is not None:
            whole = np.frombuffer(row.vector, dtype="<f2").astype(np.float32)
            sentences = unpack_sentence_vectors(row.sentence_vectors, len(whole))
            found.append(sentences[generator.integers(len(sentences))] if len(sentences) else whole)
    whole_groups = np.stack(found[: len(found) - len(found) % SENTENCES_PER_QUESTION])
    mixed = whole_groups.reshape(-1, SENTENCES_PER_QUESTION, len(found[0])).sum(axis=1)
    return np.asarray(mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def sample_ids(ranges: Sequence[DocumentRange], number: int, generator: np.random.Generator) -> np.ndarray[Any, Any]:
    """Return the ascending ids of `number` distinct random passages; all ids if there are fewer."""
    sizes = np.asarray([document.passages for document in ranges], dtype=np.int64)
    firsts = np.asarray([document.first for document in ranges], dtype=np.int64)
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    positions = np.arange(total) if number >= total else np.sort(generator.choice(total, number, replace=False))
    documents = np.searchsorted(ends, positions, side="right")
    return np.asarray(firsts[documents] + positions - (ends - sizes)[documents])


class GroundTruth:
    """The cosines of the nearest passages of some questions, from comparing each question with every passage."""

    def __init__(self, questions: Vectors, k: int = NEAREST) -> None:
        self.questions = questions
        self._scores = np.full((len(questions), k), -np.inf, dtype=np.float32)

    def add(self, vectors: Vectors) -> None:
        """Compare the questions with more vectors."""
        k = self._scores.shape[1]
        scores = np.concatenate([self._scores, self.questions @ vectors.T], axis=1)
        self._scores = -np.partition(-scores, k - 1, axis=1)[:, :k]

    def recall(self, search: Callable[[Vectors, int], Mapping[int, float]]) -> np.ndarray[Any, Any]:
        """Return, for each question, the share of its nearest passages that a search finds.

        Equally near passages count as the same.
        """
        k = self._scores.shape[1]
        shares = []
        for question, all_scores in zip(self.questions, self._scores, strict=True):
            scores = all_scores[np.isfinite(all_scores)]
            found = sum(score >= scores.min() - _EQUAL for score in search(question, k).values())
            shares.append(min(found / len(scores), 1.0) if len(scores) else 1.0)
        return np.asarray(shares, dtype=np.float64)


def interval(shares: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Return the 95 % confidence interval of the mean, by the percentile bootstrap."""
    generator = np.random.default_rng(0)
    means = generator.choice(shares, (_RESAMPLES, len(shares))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975]).tolist()
    return low, high
