"""Builds the base of a large library: `python -m index.storage.dense.builder FOLDER [--wait]`.

It takes only its own lock, reads committed data, and writes one file atomically. If it is killed, only a temporary file
is left, which the next builder removes.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from index.errors import LibraryNotFound, LibraryNotWritable, PinciteError
from index.storage.catalog.catalog import Catalog
from index.storage.dense.base import EXACT_NAME, FORMAT, NAME, Base, Seal, can_catch_up, changed_since, write_sealed
from index.storage.files import NOT_WRITABLE_HINT, Stamp, remove_unfinished
from index.storage.tables import unpack_sentence_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from index.storage.catalog.document_queries import DocumentRange

APPROXIMATE_FROM = 50_000
"""From this many passages on, exact search is too slow: it takes 3 ms on one core."""
SHRUNK_SHARE = 0.5
"""A library that has shrunk below this share of APPROXIMATE_FROM is searched exactly again."""
MIN_CHANGED_PASSAGES = 8192
CHANGED_SHARE = 0.05
"""The base is rebuilt after more than MIN_CHANGED_PASSAGES changed passages and more than this share of its
passages. Until then, new passages are searched exactly."""
RESTART_SECONDS = 60.0
"""Minimum seconds between the starts of two builders: a builder may fail repeatedly, for example on a full disk."""
_ROOT = Path(__file__).parents[3]
RECALL_PASSAGES = 10
"""The number k of nearest passages for which the recall is measured."""
SENTENCES_PER_QUESTION = 4
"""A synthetic question is the mean of this many sentences from different passages. A single sentence is too easy: its
own passage is next to it. For questions of seven public sets, 98 % of the nearest passages are in 80 of 4,000 lists
(a million passages) and in 160 of 1,264 (100,000). For means of four sentences, they are in 160 and in 100 lists; for
single sentences, in fewer than 80.
"""
_EQUAL = 1e-5
"""Cosines that differ by less count as equal: the order of additions causes such differences."""
_RESAMPLES = 2000

Vectors = np.ndarray[Any, np.dtype[np.float32]]
LOCK = "dense.lock"
LISTS = 4.0
"""Number of lists, divided by the square root of the number of passages. With 4 instead of the usual 2, a
question is compared with 10,000 of 100,000 passages, not 20,000, to find 98 % of the ten nearest."""
VECTORS_PER_CENTROID = 32
"""Training vectors per centroid."""
KMEANS_ITERATIONS = 8
"""Iterations of k-means: 20 found as many neighbours as 10."""
SIZE_FACTOR = 2.0
"""The centroids are trained again when the library has grown or shrunk by this factor."""
QUESTIONS = 600
"""Synthetic questions that the recall is calibrated with."""
RECALL = 0.99
"""The mean share of the ten nearest passages that a search must find."""
MIN_COMPARED_VECTORS = 16_000
"""A question is compared with at least this many vectors: that takes half a millisecond, and real questions vary more
than synthetic ones."""


def is_due(passages: int, in_base: int | None, changed: int) -> bool:
    """Return whether a base has to be built; `in_base` is None if there is no base."""
    if in_base is None:
        return passages >= APPROXIMATE_FROM
    return changed > max(MIN_CHANGED_PASSAGES, CHANGED_SHARE * in_base)


def is_small(passages: int, *, with_base: bool) -> bool:
    """Return whether this many passages are searched exactly; a library with a base must shrink further for that."""
    return passages < APPROXIMATE_FROM * (SHRUNK_SHARE if with_base else 1)


def may_be_large(ids: int) -> bool:
    """Return whether a library that has used this many ids may have or need a base."""
    return ids >= APPROXIMATE_FROM * SHRUNK_SHARE


class BuilderLauncher:
    """Starts the builder of a library, at most one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0

    def start(self) -> None:
        """Start a builder unless one that was started here is running. A second builder ends at once."""
        with self._lock:
            if time.monotonic() < self._not_before or (self._process is not None and self._process.poll() is None):
                return
            self._not_before = time.monotonic() + RESTART_SECONDS
            with suppress(OSError):  # no process can be started now: the search works as before
                self._process = _spawn(self._folder)
                # A daemon thread reaps the builder; this process may end before it.
                threading.Thread(target=self._process.wait, daemon=True, name="pincite-builder").start()

    def settle(self) -> None:
        """Build if anything has changed, and wait for the end. Raises LibraryNotWritable if that fails."""
        if _spawn(self._folder, "--wait").wait():
            raise LibraryNotWritable(f"The dense index of {self._folder} could not be built.", NOT_WRITABLE_HINT)


def _spawn(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "index.storage.dense.builder", str(folder), *options]
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.Popen(  # noqa: S603 - runs this program on a folder
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


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

    def __init__(self, questions: Vectors, k: int = RECALL_PASSAGES) -> None:
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


def main() -> int:
    """Build the base if that is due. Return exit code 0, or 1 after a failure, or 3 if another builder is running."""
    folder, wait = Path(sys.argv[1]), "--wait" in sys.argv[2:]
    if not wait:
        _lower_priority()
    try:
        return 0 if build(folder, wait=wait) else 3
    except (PinciteError, OSError):
        return 1


def _lower_priority() -> None:
    """Run at the lowest priority. With Linux's autogroups, `nice` counts within a session only, so set both."""
    with suppress(OSError, AttributeError):  # not every system supports this
        os.nice(19)
        if os.getsid(0) == os.getpid():
            Path("/proc/self/autogroup").write_text("19")


def build(folder: Path, *, wait: bool = False) -> bool:
    """Build the base of the library in a folder if that is due, or remove a base that is no longer useful.

    Return False if another builder is running. With `wait`, wait for its end, and build after any change. Raises
    LibraryNotFound, LibraryNotWritable, LibraryDamaged.
    """
    import faiss

    faiss.omp_set_num_threads(1)
    if not (folder / "catalog.db").exists():
        raise LibraryNotFound(str(folder))
    catalog = Catalog(folder)
    try:
        with FileLock(folder / LOCK, timeout=-1 if wait else 0):
            remove_unfinished(folder / NAME)
            _build(catalog, folder / NAME, after_any_change=wait)
    except Timeout:
        return False
    finally:
        catalog.close()
    return True


def _build(catalog: Catalog, path: Path, *, after_any_change: bool) -> None:
    # The id is read first: if the library is restored or rebuilt meanwhile, the new base must not fit the new library.
    library, generation = catalog.library_id, catalog.generation()
    ranges = catalog.added_since(-1, until=generation)
    passages = sum(document.passages for document in ranges)
    old = _open(path, catalog)
    if is_small(passages, with_base=old is not None):
        path.unlink(missing_ok=True)  # exact search is fast enough
        return
    in_base, changed = (None, 0) if old is None else changed_since(catalog, old.seal)
    if is_due(passages, in_base, changed) or (after_any_change and changed):
        index, truth = _fill(catalog, ranges, passages, old)
        figures = {"passages": float(index.ntotal), **_calibrate(index, truth)}
        seal = Seal(Stamp(library, FORMAT, generation), figures)
        write_sealed(path, seal, lambda write: _write(index, write))
        path.with_name(EXACT_NAME).unlink(missing_ok=True)  # the base replaces it


def _open(path: Path, catalog: Catalog) -> Base | None:
    """Return the base on disk if it is undamaged and can be updated."""
    try:
        base = Base.open(path)
    except (OSError, ValueError):
        return None
    return base if can_catch_up(catalog, base.seal.stamp) else None


def _fill(
    catalog: Catalog, ranges: Sequence[DocumentRange], passages: int, old: Base | None
) -> tuple[Any, GroundTruth]:
    """Return an inverted file of all vectors, and the ground truth to measure its recall."""
    import faiss

    lists = max(int(LISTS * math.sqrt(passages)), 1)
    if old is not None and not 1 / SIZE_FACTOR <= (lists / old.index.nlist) ** 2 <= SIZE_FACTOR:
        old = None
    centroids = old.centroids if old is not None else _train_centroids(catalog, ranges, lists)
    quantizer = faiss.IndexFlatIP(centroids.shape[1])
    quantizer.add(centroids)
    half = faiss.ScalarQuantizer.QT_fp16
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, centroids.shape[1], len(centroids), half, faiss.METRIC_INNER_PRODUCT, False
    )
    index.is_trained = True  # float16 needs no training
    truth = GroundTruth(synthetic_questions(catalog, ranges, QUESTIONS, seed=passages))
    for ids, vectors in catalog.vectors(ranges):
        lists = _assign_lists(ids, vectors, quantizer, old)
        index.add_core(len(ids), *map(faiss.swig_ptr, (vectors, ids, lists)))
        truth.add(vectors)
    return index, truth


def _train_centroids(catalog: Catalog, ranges: Sequence[DocumentRange], lists: int) -> np.ndarray[Any, Any]:
    """Train the centroids on a sample of the vectors."""
    import faiss

    ids = sample_ids(ranges, VECTORS_PER_CENTROID * lists, np.random.default_rng(lists))
    blocks = [catalog.vectors_of(ids[n : n + 8192].tolist())[1] for n in range(0, len(ids), 8192)]
    sample = np.concatenate([block for block in blocks if len(block)])
    lists = min(lists, len(sample))
    plan = faiss.ClusteringParameters()
    plan.niter, plan.spherical, plan.seed = KMEANS_ITERATIONS, True, 1
    plan.min_points_per_centroid, plan.max_points_per_centroid = 1, VECTORS_PER_CENTROID
    clustering = faiss.Clustering(sample.shape[1], lists, plan)
    clustering.train(sample, faiss.IndexFlatIP(sample.shape[1]))
    return np.asarray(faiss.vector_to_array(clustering.centroids).reshape(lists, -1))


def _assign_lists(ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any], quantizer: Any, old: Base | None) -> Any:
    """Return the list of each vector; vectors of the old base stay in their lists."""
    lists = np.full(len(ids), -1, dtype=np.int64)
    if old is not None and len(old.ids):
        positions = np.minimum(np.searchsorted(old.ids, ids), len(old.ids) - 1)
        known = old.ids[positions] == ids
        lists[known] = old.lists[positions[known]]
    new = lists < 0
    if new.any():
        lists[new] = quantizer.search(vectors[new], 1)[1][:, 0]
    return lists


def _calibrate(index: Any, truth: GroundTruth) -> dict[str, float]:
    """Return how many lists a question must probe, and the recall that was measured with this number."""
    total = int(index.nlist)
    low, high = 0, max(min(math.ceil(MIN_COMPARED_VECTORS * total / index.ntotal), total), 1)
    while (recall := _recall(index, truth, high)) < RECALL and high < total:
        low, high = high, min(2 * high, total)
    while high - low > 0.1 * high and low:
        middle = (low + high) // 2
        measured = _recall(index, truth, middle)
        low, high, recall = (low, middle, measured) if measured >= RECALL else (middle, high, recall)
    return {"probed": float(high), "recall": recall}


def _recall(index: Any, truth: GroundTruth, probed: int) -> float:
    def search(question: np.ndarray[Any, Any], k: int) -> dict[int, float]:
        scores, ids = index.search(question.reshape(1, -1), k)
        return dict(zip(ids[0].tolist(), scores[0].tolist(), strict=True))

    index.nprobe = probed
    return float(truth.recall(search).mean())


def _write(index: Any, write: Callable[[bytes], int]) -> None:
    import faiss

    module: Any = faiss  # its type stubs lack writers in Python
    module.write_index(index, module.PyCallbackIOWriter(write, 1 << 20))


if __name__ == "__main__":
    sys.exit(main())
