"""Sets of passage ids, and blocks of vectors in memory, which are searched exactly and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.storage.catalog.document_queries import DocumentRange
    from index.storage.protocol import Scope

BLOCK_SIZE = 8192
"""Vectors in one block: few enough to copy a block in milliseconds, enough to keep the number of blocks small."""
Scored = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
"""Scores and ids, each of shape (n,)."""


class IdSet:
    """A set of ids as a bit mask over all ids ever used, because a search tests it up to a million times."""

    def __init__(self, mask: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
        self._mask = mask

    @classmethod
    def of(cls, scope: Scope | None, top: int, gone: np.ndarray[Any, Any]) -> IdSet | None:
        """Build the set of a scope's ids up to `top`, without the removed ones; None if it holds all ids."""
        if not len(gone) and (scope is None or not _restricts(scope)):
            return None
        mask = np.ones(top + 1, dtype=bool)
        if scope is not None:
            mask = _scoped(scope, mask)
        mask[gone[gone <= top]] = False
        return cls(mask)

    @cached_property
    def selector(self) -> Any:
        """The set as a FAISS selector."""
        import faiss

        selector: Any = faiss.IDSelectorBitmap
        return selector(np.packbits(self._mask, bitorder="little"))

    def mask(self, ids: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return a mask of the given ids that are in the set; no id may be above `top`."""
        return np.asarray(self._mask[ids])

    def contains_any(self, ids: np.ndarray[Any, Any]) -> bool:
        """Return whether any of these ids is in the set."""
        return bool(self._mask[ids].any())


def _restricts(scope: Scope) -> bool:
    return scope.documents is not None or scope.holding is not None or len(scope.banned) > 0


def _scoped(scope: Scope, all_ids: np.ndarray[Any, np.dtype[np.bool_]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return the part of the mask `all_ids` that a scope allows."""
    mask = all_ids
    if scope.documents is not None:
        mask = np.zeros_like(all_ids)
        for document in scope.documents:
            mask[document.first : document.first + document.passages] = True
    if scope.holding is not None:
        holding = np.zeros_like(all_ids)
        holding[_known(scope.holding, len(all_ids))] = True
        mask &= holding
    if len(scope.banned):
        mask[_known(scope.banned, len(all_ids))] = False
    return mask


def _known(ids: Any, end: int) -> np.ndarray[Any, Any]:
    """Return the ids as an array, without those that are newer than the index."""
    array = np.asarray(ids, dtype=np.int64)
    return array[(array >= 0) & (array < end)]


@dataclass(frozen=True, slots=True)
class VectorBlock:
    """At most `BLOCK_SIZE` vectors in float16, as in the catalog, with ascending ids."""

    index: Any
    ids: np.ndarray[Any, np.dtype[np.int64]]

    @classmethod
    def of(cls, ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any]) -> VectorBlock:
        """Build a block from ids and vectors."""
        import faiss

        half = faiss.ScalarQuantizer.QT_fp16
        dimension = vectors.shape[1]
        index = faiss.IndexIDMap(faiss.IndexScalarQuantizer(dimension, half, faiss.METRIC_INNER_PRODUCT))
        index.add_with_ids(vectors, ids)
        return cls(index, ids)

    def __len__(self) -> int:
        return len(self.ids)

    def extended(self, ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any]) -> VectorBlock:
        """Return a block with these vectors appended."""
        import faiss

        index = faiss.clone_index(self.index)
        index.add_with_ids(vectors, ids)
        return VectorBlock(index, np.concatenate([self.ids, ids]))

    def without(self, removed: Sequence[DocumentRange]) -> VectorBlock:
        """Return a block without the passages of these documents."""
        import faiss

        positions = positions_of(self.ids, removed)
        if not len(positions):
            return self
        index = faiss.clone_index(self.index)
        index.remove_ids(faiss.IDSelectorBatch(self.ids[positions]))
        return VectorBlock(index, np.delete(self.ids, positions))

    def search(self, vector: np.ndarray[Any, Any], k: int, admitted: IdSet | None) -> Scored:
        """Return scores and ids of the nearest admitted vectors."""
        import faiss

        parameters: Any = faiss.SearchParameters
        if admitted is not None and not admitted.contains_any(self.ids):
            return np.empty(0, np.float32), np.empty(0, np.int64)
        chosen = None if admitted is None else parameters(sel=admitted.selector)
        scores, ids = self.index.search(vector.reshape(1, -1), min(k, len(self.ids)), params=chosen)
        return scores[0], ids[0]

    def vectors(self) -> np.ndarray[Any, Any]:
        """Return all vectors in the order of the ids, as float32 of shape (n, dimension)."""
        import faiss

        inner = faiss.downcast_index(self.index.index)
        return cast("np.ndarray[Any, Any]", inner.reconstruct_n(0, len(self.ids)))


def positions_of(ids: np.ndarray[Any, Any], ranges: Sequence[DocumentRange]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the positions, among ascending ids, of the passages of these documents."""
    firsts = np.asarray([document.first for document in ranges], dtype=np.int64)
    ends = firsts + np.asarray([document.passages for document in ranges], dtype=np.int64)
    borders = zip(np.searchsorted(ids, firsts).tolist(), np.searchsorted(ids, ends).tolist(), strict=True)
    return np.concatenate([np.empty(0, dtype=np.int64), *(np.arange(begin, end) for begin, end in borders)])


def extended(
    blocks: tuple[VectorBlock, ...], ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any]
) -> tuple[VectorBlock, ...]:
    """Append vectors with ids above all others to blocks: the last block is filled before a new one begins."""
    result, start = list(blocks), 0
    if result and len(result[-1]) < BLOCK_SIZE:
        start = min(BLOCK_SIZE - len(result[-1]), len(ids))
        result[-1] = result[-1].extended(ids[:start], vectors[:start])
    starts = range(start, len(ids), BLOCK_SIZE)
    return (*result, *(VectorBlock.of(ids[n : n + BLOCK_SIZE], vectors[n : n + BLOCK_SIZE]) for n in starts))
