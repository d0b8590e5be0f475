"""Builds the base of a large library: `python -m index.storage.dense.building FOLDER [--wait]`.

It holds none of the library's locks but its own, reads what is committed, and puts one file in place. Kill it at any
instant: nothing is left but a file that the next one removes.
"""

from __future__ import annotations

import math
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from index.errors import LibraryNotFound, PinciteError
from index.storage.catalog import Catalog
from index.storage.dense import exact
from index.storage.dense.base import FORMAT, NAME, Base, changed_since, follows
from index.storage.dense.judging import Truth, sampled, stand_ins
from index.storage.dense.sealing import Seal, write_sealed
from index.storage.dense.starting import is_due, is_small
from index.storage.files import Stamp, sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.storage.catalog import DocumentRange

LOCK = "dense.lock"
LISTS = 4.0
"""Lists for the root of the number of passages. With twice as many as the usual 2, a question compares 10,000 of
100,000 passages, not 20,000, to find 98 % of the ten nearest."""
POINTS = 32
"""Vectors for each centroid that these are learnt from."""
ROUNDS = 8
"""Of k-means: with 20 as many were found as with 10."""
DRIFT = 2.0
"""By which factor a library may grow or shrink before its centroids are learnt anew."""
QUESTIONS = 600
RECALL = 0.99
"""Of the ten nearest, so many are to be found on average."""
LEAST_COMPARED = 16_000
"""Vectors that a question is compared with at least: that takes half a millisecond, and questions are of more kinds
than their stand-ins."""


def main() -> int:
    """Build where that is due. Exit code 1 where that failed, 3 where another builder is at work."""
    folder, wait = Path(sys.argv[1]), "--wait" in sys.argv[2:]
    if not wait:
        _yield_to_others()
    try:
        return 0 if build(folder, wait=wait) else 3
    except (PinciteError, OSError):
        return 1


def _yield_to_others() -> None:
    """Run when nothing else wants to. Where Linux shares the processor between sessions, `nice` counts within one."""
    with suppress(OSError, AttributeError):  # not every system knows of it
        os.nice(19)
        if os.getsid(0) == os.getpid():
            Path("/proc/self/autogroup").write_text("19")


def build(folder: Path, *, wait: bool = False) -> bool:
    """Build the base of the library in a folder where that is due, and remove one that is no longer of use.

    Whether it was seen to: another builder may be at work. With `wait`, its end is waited for, and any change is
    reason enough to build. Raises LibraryNotFound, LibraryNotWritable, LibraryDamaged.
    """
    import faiss

    faiss.omp_set_num_threads(1)
    if not (folder / "catalog.db").exists():
        raise LibraryNotFound(str(folder))
    catalog = Catalog(folder)
    try:
        with FileLock(folder / LOCK, timeout=-1 if wait else 0):
            sweep(folder / NAME)
            _build(catalog, folder / NAME, anyhow=wait)
    except Timeout:
        return False
    finally:
        catalog.close()
    return True


def _build(catalog: Catalog, path: Path, *, anyhow: bool) -> None:
    # Read first: where the library is restored or rebuilt meanwhile, the file is of one that is no longer there.
    library, generation = catalog.library_id, catalog.generation()
    ranges = catalog.added_since(-1, until=generation)
    passages = sum(each.passages for each in ranges)
    old = _opened(path, catalog)
    if is_small(passages, with_base=old is not None):
        path.unlink(missing_ok=True)  # exact search is quick
        return
    in_base, changed = (None, 0) if old is None else changed_since(catalog, old.seal)
    if is_due(passages, in_base, changed) or (anyhow and changed):
        index, truth = _filled(catalog, ranges, passages, old)
        figures = {"passages": float(index.ntotal), **_calibrated(index, truth)}
        seal = Seal(Stamp(library, FORMAT, generation), figures)
        write_sealed(path, seal, lambda write: _written(index, write))
        path.with_name(exact.NAME).unlink(missing_ok=True)  # of no use beside it


def _opened(path: Path, catalog: Catalog) -> Base | None:
    """The base on disk, where it is sound and can be caught up."""
    try:
        base = Base.open(path)
    except (OSError, ValueError):
        return None
    return base if follows(catalog, base.seal.stamp) else None


def _filled(catalog: Catalog, ranges: Sequence[DocumentRange], passages: int, old: Base | None) -> tuple[Any, Truth]:
    """An inverted file of all vectors, and the truth that it is to be judged by."""
    import faiss

    lists = max(int(LISTS * math.sqrt(passages)), 1)
    if old is not None and not 1 / DRIFT <= (lists / old.index.nlist) ** 2 <= DRIFT:
        old = None
    centroids = old.centroids if old is not None else _centroids(catalog, ranges, lists)
    quantizer = faiss.IndexFlatIP(centroids.shape[1])
    quantizer.add(centroids)
    half = faiss.ScalarQuantizer.QT_fp16
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, centroids.shape[1], len(centroids), half, faiss.METRIC_INNER_PRODUCT, False
    )
    index.is_trained = True  # there is nothing to learn for float16
    truth = Truth(stand_ins(catalog, ranges, QUESTIONS, seed=passages))
    for ids, vectors in catalog.vectors(ranges):
        lists = _assigned(ids, vectors, quantizer, old)
        index.add_core(len(ids), *map(faiss.swig_ptr, (vectors, ids, lists)))
        truth.see(vectors)
    return index, truth


def _centroids(catalog: Catalog, ranges: Sequence[DocumentRange], lists: int) -> np.ndarray[Any, Any]:
    """Learnt from a sample."""
    import faiss

    ids = sampled(ranges, POINTS * lists, np.random.default_rng(lists))
    blocks = [catalog.vectors_of(ids[n : n + 8192].tolist())[1] for n in range(0, len(ids), 8192)]
    sample = np.concatenate([block for block in blocks if len(block)])
    lists = min(lists, len(sample))
    plan = faiss.ClusteringParameters()
    plan.niter, plan.spherical, plan.seed = ROUNDS, True, 1
    plan.min_points_per_centroid, plan.max_points_per_centroid = 1, POINTS
    clustering = faiss.Clustering(sample.shape[1], lists, plan)
    clustering.train(sample, faiss.IndexFlatIP(sample.shape[1]))
    return np.asarray(faiss.vector_to_array(clustering.centroids).reshape(lists, -1))


def _assigned(ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any], quantizer: Any, old: Base | None) -> Any:
    """The list of each vector; what was in the old base stays where it was."""
    lists = np.full(len(ids), -1, dtype=np.int64)
    if old is not None and len(old.ids):
        places = np.minimum(np.searchsorted(old.ids, ids), len(old.ids) - 1)
        known = old.ids[places] == ids
        lists[known] = old.lists[places[known]]
    new = lists < 0
    if new.any():
        lists[new] = quantizer.search(vectors[new], 1)[1][:, 0]
    return lists


def _calibrated(index: Any, truth: Truth) -> dict[str, float]:
    """How many lists have to be looked through, and the recall that was measured with so many."""
    every = int(index.nlist)
    low, high = 0, max(min(math.ceil(LEAST_COMPARED * every / index.ntotal), every), 1)
    while (recall := _recall(index, truth, high)) < RECALL and high < every:
        low, high = high, min(2 * high, every)
    while high - low > 0.1 * high and low:
        middle = (low + high) // 2
        measured = _recall(index, truth, middle)
        low, high, recall = (low, middle, measured) if measured >= RECALL else (middle, high, recall)
    return {"probed": float(high), "recall": recall}


def _recall(index: Any, truth: Truth, probed: int) -> float:
    def search(question: np.ndarray[Any, Any], k: int) -> dict[int, float]:
        scores, ids = index.search(question.reshape(1, -1), k)
        return dict(zip(ids[0].tolist(), scores[0].tolist(), strict=True))

    index.nprobe = probed
    return float(truth.recall(search).mean())


def _written(index: Any, write: Callable[[bytes], int]) -> None:
    import faiss

    door: Any = faiss  # whose stubs know nothing of writers in Python
    door.write_index(index, door.PyCallbackIOWriter(write, 1 << 20))


if __name__ == "__main__":
    sys.exit(main())
