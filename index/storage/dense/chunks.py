"""A run of vectors in memory, searched exactly. It never changes: what differs from it is made beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.storage.catalog import DocumentRange
    from index.storage.dense.admitting import Admitted

CHUNK = 8192
"""Vectors in one chunk: so few that a copy of it takes milliseconds, so many that a search is not slowed by their
number."""
Scored = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
"""Scores and ids."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """At most `CHUNK` vectors in float16, as the catalog has them, with ascending ids."""

    index: Any
    ids: np.ndarray[Any, np.dtype[np.int64]]

    @classmethod
    def of(cls, ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any]) -> Chunk:
        """A chunk of these."""
        import faiss

        half = faiss.ScalarQuantizer.QT_fp16
        dimension = vectors.shape[1]
        index = faiss.IndexIDMap(faiss.IndexScalarQuantizer(dimension, half, faiss.METRIC_INNER_PRODUCT))
        index.add_with_ids(vectors, ids)
        return cls(index, ids)

    def __len__(self) -> int:
        return len(self.ids)

    def extended(self, ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any]) -> Chunk:
        """With these behind the others."""
        import faiss

        index = faiss.clone_index(self.index)
        index.add_with_ids(vectors, ids)
        return Chunk(index, np.concatenate([self.ids, ids]))

    def without(self, gone: Sequence[DocumentRange]) -> Chunk:
        """Without the passages of these documents."""
        import faiss

        lost = of_documents(self.ids, gone)
        if not len(lost):
            return self
        index = faiss.clone_index(self.index)
        index.remove_ids(faiss.IDSelectorBatch(self.ids[lost]))
        return Chunk(index, np.delete(self.ids, lost))

    def search(self, vector: np.ndarray[Any, Any], k: int, admitted: Admitted | None) -> Scored:
        """The nearest of what is admitted."""
        import faiss

        parameters: Any = faiss.SearchParameters
        if admitted is not None and not admitted.any_of(self.ids):
            return np.empty(0, np.float32), np.empty(0, np.int64)
        chosen = None if admitted is None else parameters(sel=admitted.selector)
        scores, ids = self.index.search(vector.reshape(1, -1), min(k, len(self.ids)), params=chosen)
        return scores[0], ids[0]

    def vectors(self) -> np.ndarray[Any, Any]:
        """As they were given, in the order of the ids; float32."""
        import faiss

        inner = faiss.downcast_index(self.index.index)
        return cast("np.ndarray[Any, Any]", inner.reconstruct_n(0, len(self.ids)))


def of_documents(ids: np.ndarray[Any, Any], ranges: Sequence[DocumentRange]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Where among these ascending ids those of these documents are."""
    firsts = np.asarray([each.first for each in ranges], dtype=np.int64)
    ends = firsts + np.asarray([each.passages for each in ranges], dtype=np.int64)
    borders = zip(np.searchsorted(ids, firsts).tolist(), np.searchsorted(ids, ends).tolist(), strict=True)
    return np.concatenate([np.empty(0, dtype=np.int64), *(np.arange(begin, end) for begin, end in borders)])


def extended(chunks: tuple[Chunk, ...], ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any]) -> tuple[Chunk, ...]:
    """These chunks and more vectors, whose ids are above all others: the last chunk is filled up before a new one."""
    result, start = list(chunks), 0
    if result and len(result[-1]) < CHUNK:
        start = min(CHUNK - len(result[-1]), len(ids))
        result[-1] = result[-1].extended(ids[:start], vectors[:start])
    begins = range(start, len(ids), CHUNK)
    return (*result, *(Chunk.of(ids[n : n + CHUNK], vectors[n : n + CHUNK]) for n in begins))
