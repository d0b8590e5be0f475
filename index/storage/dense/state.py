"""The state of the dense index: all vectors of a library at one moment, immutable."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from index.storage.dense.admitting import IdSet
from index.storage.dense.chunks import extended, positions_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.storage.catalog import DocumentRange
    from index.storage.dense.base import Base
    from index.storage.dense.chunks import Scored, VectorBlock
    from index.storage.scope import Scope

_NONE: np.ndarray[Any, np.dtype[np.int64]] = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class IndexState:
    """An optional base, blocks of the vectors that were added since, and the ids that were removed since."""

    generation: int = 0
    base: Base | None = None
    gone: np.ndarray[Any, np.dtype[np.int64]] = field(default_factory=lambda: _NONE)
    """Ids in the base whose passages were removed."""
    blocks: tuple[VectorBlock, ...] = ()
    hidden: IdSet | None = None
    """The ids without the removed ones, computed once; None if nothing was removed."""

    def __len__(self) -> int:
        return self.in_base - len(self.gone) + self.in_blocks

    @property
    def in_base(self) -> int:
        """Number of vectors in the base, including removed ones."""
        return len(self.base.ids) if self.base is not None else 0

    @property
    def in_blocks(self) -> int:
        """Number of vectors in the blocks."""
        return sum(map(len, self.blocks))

    @property
    def ids(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The ids of all passages, ascending."""
        base = _NONE if self.base is None else np.setdiff1d(self.base.ids, self.gone, assume_unique=True)
        return np.concatenate([base, *(block.ids for block in self.blocks)])

    def without(self, removed: Sequence[DocumentRange]) -> IndexState:
        """Return the state without the passages of these documents."""
        if not removed:
            return self
        blocks = tuple(rest for block in self.blocks if len(rest := block.without(removed)))
        if self.base is None:
            return replace(self, blocks=blocks)
        ids = self.base.ids[positions_of(self.base.ids, removed)]
        if not len(ids):
            return replace(self, blocks=blocks)
        gone = np.union1d(self.gone, ids)
        return replace(self, blocks=blocks, gone=gone, hidden=IdSet.of(None, self._top(blocks), gone))

    def with_more(self, ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any]) -> IndexState:
        """Return the state with these passages, whose ids must be above all others."""
        return replace(self, blocks=extended(self.blocks, ids, vectors))

    def nearest(self, vector: np.ndarray[Any, Any], k: int, scope: Scope | None = None) -> dict[int, float]:
        """Return the `k` nearest passages, nearest first, older first among equals: id to cosine."""
        if not len(self) or (scope is not None and scope.empty):
            return {}
        admitted = self.hidden if scope is None else IdSet.of(scope, self._top(self.blocks), self.gone)
        with _one_thread():
            parts = list(self._found(vector, k, admitted, scoped=scope is not None))
        scores, ids = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        best = np.lexsort((ids, -scores))
        best = best[ids[best] >= 0][:k]
        return dict(zip(ids[best].tolist(), np.minimum(scores[best], 1.0).tolist(), strict=True))

    def _found(self, vector: np.ndarray[Any, Any], k: int, admitted: IdSet | None, *, scoped: bool) -> Iterator[Scored]:
        if self.base is not None:
            yield self.base.search(vector, k, admitted, scoped=scoped)
        for block in self.blocks:
            yield block.search(vector, k, admitted if scoped else None)

    def _top(self, blocks: Sequence[VectorBlock]) -> int:
        """Return the highest id."""
        lasts = [block.ids[-1] for block in blocks]
        if self.base is not None and self.in_base:
            lasts.append(self.base.ids[-1])
        return int(max(lasts, default=0))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let FAISS use the calling thread only: one question gains nothing from more threads, and waits for the slowest.

    The number is a setting of the calling thread, which may belong to a caller, so it is restored.
    """
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
