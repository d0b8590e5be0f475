"""The base of a large library: an inverted file of vectors around centroids, memory-mapped and never changed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from index.storage.dense.sealing import check_sealed

if TYPE_CHECKING:
    from pathlib import Path

    from index.storage.catalog import Catalog
    from index.storage.dense.admitting import IdSet
    from index.storage.dense.chunks import Scored
    from index.storage.dense.sealing import Seal
    from index.storage.files import Stamp

FORMAT = 1
NAME = "dense.ivf"
CALIBRATED = 50
"""The calibrated number of probed lists serves this many nearest passages: at a million passages, the lists that find
.994 of the ten nearest find .987 of the 50 nearest."""


@dataclass(frozen=True, slots=True)
class Base:
    """An inverted file of float16 vectors: each vector is in the list of its nearest centroid."""

    index: Any
    seal: Seal
    centroids: np.ndarray[Any, np.dtype[np.float32]]
    ids: np.ndarray[Any, np.dtype[np.int64]]
    """The ids of all vectors, ascending."""
    lists: np.ndarray[Any, np.dtype[np.int32]]
    """The list of each id, in the same order."""

    @classmethod
    def open(cls, path: Path) -> Base:
        """Map a file. Raises OSError or ValueError if it is damaged or missing."""
        import faiss

        seal, _ = check_sealed(path)
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise ValueError(f"not an index: {error}") from error
        return cls.from_index(index, seal)

    @classmethod
    def from_index(cls, index: Any, seal: Seal) -> Base:
        """Build a base from an inverted file."""
        import faiss

        ids_by_list = [
            np.array(faiss.rev_swig_ptr(index.invlists.get_ids(n), size), dtype=np.int64)
            for n, size in enumerate(map(index.invlists.list_size, range(index.nlist)))
        ]
        ids = np.concatenate(ids_by_list)
        order = np.argsort(ids, kind="stable")
        lists = np.repeat(np.arange(len(ids_by_list), dtype=np.int32), list(map(len, ids_by_list)))
        return cls(index, seal, index.quantizer.reconstruct_n(0, index.nlist), ids[order], lists[order])

    @property
    def probed(self) -> int:
        """The calibrated number of lists to search for a question."""
        return int(self.seal.figures["probed"])

    def search(self, vector: np.ndarray[Any, Any], k: int, admitted: IdSet | None, *, scoped: bool) -> Scored:
        """Return scores and ids of the nearest admitted vectors.

        With `scoped`, few vectors may be admitted, and these may be in other lists than the nearest ones.
        """
        probed = self._probed(k)
        if admitted is None or not scoped:
            found = self._unscoped(vector, k, admitted, min(probed, self.index.nlist))
            if len(found[1]) >= min(k, len(self.ids)) or probed >= self.index.nlist:
                return found
        return self._scoped(vector, k, admitted, probed)

    def _probed(self, k: int) -> int:
        """Return how many lists to search: a longer ranking is spread over more lists."""
        return math.ceil(self.probed * math.sqrt(max(1.0, k / CALIBRATED)))

    def _unscoped(self, vector: np.ndarray[Any, Any], k: int, admitted: IdSet | None, probed: int) -> Scored:
        parameters = _parameters(probed, admitted)
        return _present(*self.index.search(vector.reshape(1, -1), min(k, len(self.ids)), params=parameters))

    def _scoped(self, vector: np.ndarray[Any, Any], k: int, admitted: IdSet | None, probed: int) -> Scored:
        """Search the nearest lists until as many admitted vectors are compared as in an unscoped search.

        If fewer vectors are admitted, all of them are compared.
        """
        members = self.lists if admitted is None else self.lists[admitted.mask(self.ids)]
        counts = np.bincount(members, minlength=self.index.nlist)
        compared = max(probed * len(self.ids) // self.index.nlist, 4 * k)
        cosines = self.centroids @ vector
        order = np.argsort(-cosines)
        order = order[counts[order] > 0]
        if not len(order):
            return np.empty(0, np.float32), np.empty(0, np.int64)
        chosen = order[: int(np.searchsorted(np.cumsum(counts[order]), compared)) + 1]
        return self._search_lists(vector, min(k, len(members)), admitted, chosen.astype(np.int64), cosines[chosen])

    def _search_lists(
        self,
        vector: np.ndarray[Any, Any],
        k: int,
        admitted: IdSet | None,
        lists: np.ndarray[Any, Any],
        cosines: np.ndarray[Any, Any],
    ) -> Scored:
        """Search these lists only. FAISS's Python wrapper takes no selector here; the C function that it wraps does."""
        import faiss

        parameters = _parameters(len(lists), admitted)
        scores, ids = np.empty((1, k), dtype=np.float32), np.empty((1, k), dtype=np.int64)
        arrays = np.ascontiguousarray(vector, dtype=np.float32), lists, cosines, scores, ids
        question, *found = map(faiss.swig_ptr, arrays)
        self.index.search_preassigned_c(1, question, k, *found, False, parameters)
        return _present(scores, ids)


def _parameters(probed: int, admitted: IdSet | None) -> Any:
    import faiss

    parameters: Any = faiss.SearchParametersIVF
    return parameters(nprobe=probed, **({} if admitted is None else {"sel": admitted.selector}))


def _present(scores: np.ndarray[Any, Any], ids: np.ndarray[Any, Any]) -> Scored:
    found = ids[0] >= 0
    return scores[0][found], ids[0][found]


def can_catch_up(catalog: Catalog, stamp: Stamp) -> bool:
    """Return whether a base with this stamp can be updated from the catalog."""
    fits = stamp.fits(catalog.library_id, FORMAT, catalog.generation())
    return fits and catalog.removed_since(stamp.generation) is not None


def changed_since(catalog: Catalog, seal: Seal) -> tuple[int | None, int]:
    """Return how many passages the base holds (None if it is useless), and how many changed since it was built.

    The cost depends on the number of changes only.
    """
    stamp = seal.stamp
    fits = stamp.fits(catalog.library_id, FORMAT, catalog.generation())
    removed = catalog.removed_since(stamp.generation) if fits else None
    if removed is None:
        return None, 0
    changed = sum(document.passages for document in (*removed, *catalog.added_since(stamp.generation)))
    return int(seal.figures["passages"]), changed
