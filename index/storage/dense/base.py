"""The large part of a large library: vectors in lists around centroids, in a file that is mapped, never changed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from index.storage.dense.sealing import check_sealed

if TYPE_CHECKING:
    from pathlib import Path

    from index.storage.catalog import Catalog
    from index.storage.dense.admitting import Admitted
    from index.storage.dense.chunks import Scored
    from index.storage.dense.sealing import Seal
    from index.storage.files import Stamp

FORMAT = 1
NAME = "dense.ivf"
CALIBRATED = 50
"""Passages for which the calibrated number of lists is taken to be enough: at a million, .987 of the 50 nearest were
found with as many as find .994 of ten."""


@dataclass(frozen=True, slots=True)
class Base:
    """An inverted file of float16 vectors: each is in the list of the centroid that it is nearest to."""

    index: Any
    seal: Seal
    centroids: np.ndarray[Any, np.dtype[np.float32]]
    ids: np.ndarray[Any, np.dtype[np.int64]]
    """Ascending."""
    lists: np.ndarray[Any, np.dtype[np.int32]]
    """The list that each of them is in."""

    @classmethod
    def open(cls, path: Path) -> Base:
        """Map a file that is sound. Raises OSError or ValueError where it is not."""
        import faiss

        seal, _ = check_sealed(path)
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise ValueError(f"not an index: {error}") from error
        return cls.over(index, seal)

    @classmethod
    def over(cls, index: Any, seal: Seal) -> Base:
        """What a search needs to know of an inverted file."""
        import faiss

        held = [
            np.array(faiss.rev_swig_ptr(index.invlists.get_ids(n), size), dtype=np.int64)
            for n, size in enumerate(map(index.invlists.list_size, range(index.nlist)))
        ]
        ids = np.concatenate(held)
        order = np.argsort(ids, kind="stable")
        lists = np.repeat(np.arange(len(held), dtype=np.int32), [len(each) for each in held])
        return cls(index, seal, index.quantizer.reconstruct_n(0, index.nlist), ids[order], lists[order])

    @property
    def probed(self) -> int:
        """Lists that are looked through for a question."""
        return int(self.seal.figures["probed"])

    def search(self, vector: np.ndarray[Any, Any], k: int, admitted: Admitted | None, *, scoped: bool) -> Scored:
        """The nearest of what is admitted; with `scoped`, few may be, and they may be in other lists than most."""
        probed = self._probed(k)
        if admitted is None or not scoped:
            found = self._unscoped(vector, k, admitted, min(probed, self.index.nlist))
            if len(found[1]) >= min(k, len(self.ids)) or probed >= self.index.nlist:
                return found
        return self._scoped(vector, k, admitted, probed)

    def _probed(self, k: int) -> int:
        """The farther down the ranking, the more lists it is spread over."""
        return math.ceil(self.probed * math.sqrt(max(1.0, k / CALIBRATED)))

    def _unscoped(self, vector: np.ndarray[Any, Any], k: int, admitted: Admitted | None, probed: int) -> Scored:
        parameters = _parameters(probed, admitted)
        return _there(*self.index.search(vector.reshape(1, -1), min(k, len(self.ids)), params=parameters))

    def _scoped(self, vector: np.ndarray[Any, Any], k: int, admitted: Admitted | None, probed: int) -> Scored:
        """Look through lists, the nearest first, until as many that are admitted were compared as are where all are.

        Where fewer are admitted, all of them are compared.
        """
        members = self.lists if admitted is None else self.lists[admitted.of_ids(self.ids)]
        counts = np.bincount(members, minlength=self.index.nlist)
        due = max(probed * len(self.ids) // self.index.nlist, 4 * k)
        near = self.centroids @ vector
        order = np.argsort(-near)
        order = order[counts[order] > 0]
        if not len(order):
            return np.empty(0, np.float32), np.empty(0, np.int64)
        chosen = order[: int(np.searchsorted(np.cumsum(counts[order]), due)) + 1]
        return self._among(vector, min(k, len(members)), admitted, chosen.astype(np.int64), near[chosen])

    def _among(
        self,
        vector: np.ndarray[Any, Any],
        k: int,
        admitted: Admitted | None,
        lists: np.ndarray[Any, Any],
        nearness: np.ndarray[Any, Any],
    ) -> Scored:
        """Look through these lists alone. FAISS's wrapper takes no selector here; what it wraps does."""
        import faiss

        parameters = _parameters(len(lists), admitted)
        scores, ids = np.empty((1, k), dtype=np.float32), np.empty((1, k), dtype=np.int64)
        arrays = np.ascontiguousarray(vector, dtype=np.float32), lists, nearness, scores, ids
        question, *found = map(faiss.swig_ptr, arrays)
        self.index.search_preassigned_c(1, question, k, *found, False, parameters)
        return _there(scores, ids)


def _parameters(probed: int, admitted: Admitted | None) -> Any:
    import faiss

    parameters: Any = faiss.SearchParametersIVF
    return parameters(nprobe=probed, **({} if admitted is None else {"sel": admitted.selector}))


def _there(scores: np.ndarray[Any, Any], ids: np.ndarray[Any, Any]) -> Scored:
    found = ids[0] >= 0
    return scores[0][found], ids[0][found]


def follows(catalog: Catalog, stamp: Stamp) -> bool:
    """Whether what has this stamp can be caught up with the catalog."""
    fits = stamp.fits(catalog.library_id, FORMAT, catalog.generation())
    return fits and catalog.removed_since(stamp.generation) is not None


def changed_since(catalog: Catalog, seal: Seal) -> tuple[int | None, int]:
    """How many passages are in the base with this seal, None where it is of no use; how many came and went since.

    Costs as much as there are changes.
    """
    stamp = seal.stamp
    fits = stamp.fits(catalog.library_id, FORMAT, catalog.generation())
    gone = catalog.removed_since(stamp.generation) if fits else None
    if gone is None:
        return None, 0
    changed = sum(each.passages for each in (*gone, *catalog.added_since(stamp.generation)))
    return int(seal.figures["passages"]), changed
