"""Which passages a search may find, as bits."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from index.storage.scope import Scope


class Admitted:
    """A set of ids, asked a million times in a search: one bit for each id that was ever given."""

    def __init__(self, mask: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
        self._mask = mask

    @classmethod
    def of(cls, scope: Scope | None, top: int, gone: np.ndarray[Any, Any]) -> Admitted | None:
        """What a scope leaves of the ids up to `top`, without those that are gone; None where all are admitted."""
        if not len(gone) and (scope is None or not _restricts(scope)):
            return None
        mask = np.ones(top + 1, dtype=bool)
        if scope is not None:
            mask = _scoped(scope, mask)
        mask[gone[gone <= top]] = False
        return cls(mask)

    @cached_property
    def selector(self) -> Any:
        """As FAISS takes it."""
        import faiss

        selector: Any = faiss.IDSelectorBitmap
        return selector(np.packbits(self._mask, bitorder="little"))

    def of_ids(self, ids: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which of these, none above the top, are admitted."""
        return np.asarray(self._mask[ids])

    def any_of(self, ids: np.ndarray[Any, Any]) -> bool:
        """Whether any of these is admitted."""
        return bool(self._mask[ids].any())


def _restricts(scope: Scope) -> bool:
    return scope.documents is not None or scope.holding is not None or len(scope.banned) > 0


def _scoped(scope: Scope, every: np.ndarray[Any, np.dtype[np.bool_]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """What a scope leaves of `every`."""
    mask = every
    if scope.documents is not None:
        mask = np.zeros_like(every)
        for each in scope.documents:
            mask[each.first : each.first + each.passages] = True
    if scope.holding is not None:
        held = np.zeros_like(every)
        held[_known(scope.holding, len(every))] = True
        mask &= held
    if len(scope.banned):
        mask[_known(scope.banned, len(every))] = False
    return mask


def _known(ids: Any, end: int) -> np.ndarray[Any, Any]:
    """As an array, without what is newer than the index."""
    array = np.asarray(ids, dtype=np.int64)
    return array[(array >= 0) & (array < end)]
