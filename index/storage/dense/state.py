"""All vectors of a library at one moment. What questions see changes from one such moment to the next, never within."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from index.storage.dense.admitting import Admitted
from index.storage.dense.chunks import extended, of_documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.storage.catalog import DocumentRange
    from index.storage.dense.base import Base
    from index.storage.dense.chunks import Chunk, Scored
    from index.storage.scope import Scope

_NONE: np.ndarray[Any, np.dtype[np.int64]] = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class State:
    """A base, where there is one; what came since, in chunks; what of the base has gone since."""

    generation: int = 0
    base: Base | None = None
    gone: np.ndarray[Any, np.dtype[np.int64]] = field(default_factory=lambda: _NONE)
    """Ids in the base whose passages are no longer there."""
    chunks: tuple[Chunk, ...] = ()
    hidden: Admitted | None = None
    """What is left without them, made once; None where nothing has gone."""

    def __len__(self) -> int:
        return self.in_base - len(self.gone) + self.in_chunks

    @property
    def in_base(self) -> int:
        """Vectors in the base, there or gone."""
        return len(self.base.ids) if self.base is not None else 0

    @property
    def in_chunks(self) -> int:
        """Vectors in memory."""
        return sum(map(len, self.chunks))

    @property
    def ids(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Of all passages, ascending."""
        base = _NONE if self.base is None else np.setdiff1d(self.base.ids, self.gone, assume_unique=True)
        return np.concatenate([base, *(each.ids for each in self.chunks)])

    def without(self, gone: Sequence[DocumentRange]) -> State:
        """As it is once the passages of these documents have gone."""
        if not gone:
            return self
        chunks = tuple(left for each in self.chunks if len(left := each.without(gone)))
        if self.base is None:
            return replace(self, chunks=chunks)
        more = self.base.ids[of_documents(self.base.ids, gone)]
        if not len(more):
            return replace(self, chunks=chunks)
        hidden = np.union1d(self.gone, more)
        return replace(self, chunks=chunks, gone=hidden, hidden=Admitted.of(None, self._top(chunks), hidden))

    def with_more(self, ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any]) -> State:
        """As it is with these passages, whose ids are above all others."""
        return replace(self, chunks=extended(self.chunks, ids, vectors))

    def nearest(self, vector: np.ndarray[Any, Any], k: int, scope: Scope | None = None) -> dict[int, float]:
        """The `k` nearest passages, nearest first, of equal ones the older first: id to cosine."""
        if not len(self) or (scope is not None and scope.empty):
            return {}
        admitted = self.hidden if scope is None else Admitted.of(scope, self._top(self.chunks), self.gone)
        with _one_thread():
            parts = list(self._found(vector, k, admitted, scoped=scope is not None))
        scores, ids = (np.concatenate(each) for each in zip(*parts, strict=True))
        best = np.lexsort((ids, -scores))
        best = best[ids[best] >= 0][:k]
        return dict(zip(ids[best].tolist(), np.minimum(scores[best], 1.0).tolist(), strict=True))

    def _found(
        self, vector: np.ndarray[Any, Any], k: int, admitted: Admitted | None, *, scoped: bool
    ) -> Iterator[Scored]:
        if self.base is not None:
            yield self.base.search(vector, k, admitted, scoped=scoped)
        for each in self.chunks:
            yield each.search(vector, k, admitted if scoped else None)

    def _top(self, chunks: Sequence[Chunk]) -> int:
        """The highest id."""
        lasts = [each.ids[-1] for each in chunks]
        if self.base is not None and self.in_base:
            lasts.append(self.base.ids[-1])
        return int(max(lasts, default=0))


@contextmanager
def _one_thread() -> Iterator[None]:
    """FAISS computes on the calling thread alone: one question gains nothing by a team, and waits for its last member.

    The number is a setting of the calling thread, which may be a caller's: it is put back.
    """
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
