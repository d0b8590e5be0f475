"""The vectors of a library at one moment, and the background work that makes the next state."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.errors import LibraryNotWritable
from index.storage.dense.vectors import IdSet, extended, positions_of
from index.storage.files import NOT_WRITABLE_HINT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.storage.catalog.document_queries import DocumentRange
    from index.storage.dense.base import Base
    from index.storage.dense.vectors import Scored, VectorBlock
    from index.storage.protocol import Scope

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
_NONE: np.ndarray[Any, np.dtype[np.int64]] = np.empty(0, dtype=np.int64)


class BackgroundJob:
    """Runs `work` once in a daemon thread. Every thread that waits for it gets its error."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._error: BaseException | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True, name="pincite-dense")
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether the work has ended, successfully or not."""
        return not self._thread.is_alive()

    def wait(self, seconds: float | None, *, raising: bool = True) -> None:
        """Wait until the work has ended, at most `seconds`; raise its error unless `raising` is false."""
        self._thread.join(seconds)
        if raising and self.ended and self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # the waiting threads raise it
            self._error = error


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
        return sum(len(block.ids) for block in self.blocks)

    def wants_base(self) -> bool:
        """Return whether a base has to be built, or built anew."""
        in_base = self.in_base if self.base is not None else None
        return is_due(len(self), in_base, len(self.gone) + self.in_blocks)

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
        """Return the state with these passages added; their ids must be above all others."""
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
