"""The set of passages that a search may return, as a bitmap."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from index.storage.scope import Scope


class IdSet:
    """A set of ids with one bit per id that was ever used: a search tests it up to a million times."""

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
