"""Nearest passages by vector for libraries of any size, kept up to date with the catalog."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from index.records import Recall
from index.storage.dense.base import (
    EXACT_FORMAT,
    EXACT_NAME,
    NAME,
    Base,
    IdSet,
    can_catch_up,
    changed_since,
    extended,
    positions_of,
    read_exact,
    read_seal,
    write_exact,
)
from index.storage.dense.builder import (
    RECALL_PASSAGES,
    BuilderLauncher,
    GroundTruth,
    interval,
    is_due,
    may_be_large,
    synthetic_questions,
)
from index.storage.files import Stamp, remove_unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from index.storage.catalog.catalog import Catalog
    from index.storage.catalog.document_queries import DocumentRange
    from index.storage.dense.base import Scored, Seal, VectorBlock
    from index.storage.protocol import Scope

PATIENCE = 0.15
"""Seconds that a question waits for an update of the index; then it is answered from the older state."""
_SAVE_SHARE = 0.05
_MIN_CHANGES_TO_SAVE = 256
"""The file of a small library is written again after this many changes or this share of its passages, whichever is
more."""
_SAVE_ALWAYS = 1 << 62
_OTHER_SEED = 1
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


class DenseIndex:
    """Search by inner product over the passages' vectors, in float16 as in the catalog.

    A small library is searched exactly. A large one has a base on disk, an inverted file that a separate process
    builds; later changes are kept in memory and searched exactly. Scores are the same in both.

    A question reads one immutable state. One thread at a time makes a newer state, which replaces the old state when it
    agrees with the catalog.
    """

    def __init__(self, folder: Path, catalog: Catalog, *, read_only: bool = False) -> None:
        self._folder = folder
        self._read_only = read_only
        self._catalog = catalog
        self._library = catalog.library_id
        self._state: IndexState | None = None
        self._changing = threading.Lock()
        self._starting = threading.Lock()
        self._job: BackgroundJob | None = None
        self._adoption: BackgroundJob | None = None
        self._base_version: tuple[int, int] = (0, 0)
        self._unsaved = 0
        self._closed = False
        self._builder = BuilderLauncher(folder)

    def close(self) -> None:
        """Stop using the catalog; a running builder goes on."""
        self._closed = True
        for job in (self._job, self._adoption):
            if job is not None:
                job.wait(None, raising=False)

    # Searching

    def catch_up(self, *, patience: float | None = None) -> None:
        """Make the index agree with the catalog as it is now; wait at most `patience` seconds for that.

        The first call waits without a limit, because there is no older state to answer from.
        """
        wanted, deadline = self._catalog.generation(), time.monotonic() + (patience or 0.0)
        while (state := self._state) is None or state.generation != wanted:
            if self._closed:
                return
            job = self._update_job()
            left = None if state is None or patience is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                break
            job.wait(left)
            if self._state is not None and self._state.generation > wanted:
                break
        self._check_base()

    def search(self, vector: np.ndarray[Any, Any], k: int, scope: Scope | None = None) -> dict[int, float]:
        """Return the `k` nearest passages within `scope`, nearest first: id to cosine."""
        return self._state.nearest(vector, k, scope) if self._state is not None else {}

    def __len__(self) -> int:
        """Return the number of vectors in the index."""
        return len(self._state) if self._state is not None else 0

    def ids(self) -> set[int]:
        """Return the ids of all passages in the index."""
        return set(self._state.ids.tolist()) if self._state is not None else set()

    @property
    def generation(self) -> int | None:
        """The generation of the state that is searched; None if there is no state yet."""
        state = self._state
        return state.generation if state is not None else None

    @property
    def base(self) -> Seal | None:
        """The seal of the base that is searched; None if the search is exact."""
        state = self._state
        return state.base.seal if state is not None and state.base is not None else None

    def recall(self, questions: int) -> Recall:
        """Measure the recall with other synthetic questions than those that the base was calibrated with."""
        state = self._state or IndexState()
        if state.base is None or len(state) < RECALL_PASSAGES:  # the search is exact
            return Recall(True, 1.0, 1.0, 1.0, 0, RECALL_PASSAGES, len(state))
        ranges = self._catalog.added_since(-1, until=state.generation)
        truth = GroundTruth(synthetic_questions(self._catalog, ranges, questions, seed=_OTHER_SEED))
        for _, vectors in self._catalog.vectors(ranges):
            truth.add(vectors)
        shares = truth.recall(state.nearest)
        low, high = interval(shares)
        index = state.base.index
        figures = int(index.nlist), state.base.probed
        return Recall(False, float(shares.mean()), low, high, len(shares), RECALL_PASSAGES, len(state), *figures)

    # Keeping

    def keep(self) -> None:
        """Write the index to disk, or start its builder, if enough has changed. Call while holding the writer lock.

        The cost depends on the number of changes only.
        """
        if self._state is not None:
            self.catch_up()
        if may_be_large(self._catalog.highest()) and (counted := self._base_counts()) is not None:
            if is_due(*counted):
                self._builder.start()
            return
        self.catch_up()
        self._save()

    def settle(self) -> None:
        """Rebuild a large library's base if anything has changed, and use it if this index is loaded."""
        if may_be_large(self._catalog.highest()):
            self._builder.settle()
        if self._state is not None:
            self._adopt()
            self.catch_up()

    @property
    def saved_generation(self) -> int | None:
        """The oldest generation that an index file was written at; None without a file."""
        generations = []
        for name in (EXACT_NAME, NAME):
            try:
                generations.append(read_seal(self._folder / name).stamp.generation)
            except (OSError, ValueError):
                continue
        return min(generations, default=None)

    def _base_counts(self) -> tuple[int, int | None, int] | None:
        """Return passages, passages in the base, and changes since; None for a library that is searched exactly."""
        try:
            in_base, changed = changed_since(self._catalog, read_seal(self._folder / NAME))
        except (OSError, ValueError, KeyError):
            in_base, changed = None, 0
        if in_base is not None:
            return in_base, in_base, changed
        passages = self._catalog.totals()["passages"]
        return (passages, None, 0) if is_due(passages, None, 0) else None

    def _save(self) -> None:
        """Write the file of a small library if enough has changed since it was last written."""
        with self._changing:
            state = self._state
            if state is None or state.base is not None:
                return
            if self._unsaved < max(_MIN_CHANGES_TO_SAVE, _SAVE_SHARE * len(state)):
                return
            path = self._folder / EXACT_NAME
            remove_unfinished(path)
            write_exact(path, Stamp(self._library, EXACT_FORMAT, state.generation), state.blocks)
            self._unsaved = 0

    # Changing

    def _update_job(self) -> BackgroundJob:
        """Return the job that makes the next state: the running one, or a new one."""
        with self._starting:
            if self._job is None or self._job.ended:
                self._job = BackgroundJob(self._update)
            return self._job

    def _update(self) -> None:
        with self._changing:
            state = self._state
            if state is None or self._catalog.generation() < state.generation:
                state = self._open()
            self._state = self._advanced(state)

    def _advanced(self, state: IndexState) -> IndexState:
        """Return the state with all later changes of the catalog."""
        generation = self._catalog.generation()
        if generation == state.generation:
            return state
        added = self._catalog.added_since(state.generation, until=generation)
        removed = self._catalog.removed_since(state.generation)
        if removed is None:  # the catalog no longer has a record of the removals
            self._unsaved = _SAVE_ALWAYS
            return self._advanced(IndexState())
        state = state.without(removed)
        for ids, vectors in self._catalog.vectors(added):
            if self._closed:
                return state
            state = state.with_more(ids, vectors)
        self._unsaved += sum(document.passages for document in (*added, *removed))
        return replace(state, generation=generation)

    def _open(self) -> IndexState:
        """Return the state in the files; empty if they are absent, damaged or of another library."""
        base = self._base()
        if base is not None:
            return IndexState(base.seal.stamp.generation, base)
        try:
            stamp, blocks = read_exact(self._folder / EXACT_NAME)
        except FileNotFoundError:
            return IndexState()
        except (OSError, ValueError):
            self._unsaved = _SAVE_ALWAYS
            return IndexState()
        if stamp.fits(self._library, EXACT_FORMAT, self._catalog.generation()):
            return IndexState(stamp.generation, blocks=blocks)
        # The file belongs to another history. Replace it before this library reaches the same generation.
        self._unsaved = _SAVE_ALWAYS
        return IndexState()

    def _base(self) -> Base | None:
        path = self._folder / NAME
        self._base_version = _file_version(path)
        try:
            base = Base.open(path)
        except (OSError, ValueError, KeyError):
            return None
        return base if can_catch_up(self._catalog, base.seal.stamp) else None

    def _check_base(self) -> None:
        """Load a new base in the background, or start its builder if that is due."""
        state = self._state
        if state is None or self._closed:
            return
        if _file_version(self._folder / NAME) != self._base_version:
            with self._starting:
                if self._adoption is None or self._adoption.ended:
                    self._adoption = BackgroundJob(self._adopt)
            return
        if not self._read_only and state.wants_base():
            self._builder.start()

    def _adopt(self) -> None:
        """Switch to the base on disk, while questions use the old state."""
        base = self._base()
        if base is None:
            return
        state = self._advanced(IndexState(base.seal.stamp.generation, base))
        with self._changing:
            if not self._closed:
                self._state = self._advanced(state)


def _file_version(path: Path) -> tuple[int, int]:
    """Return values that distinguish two versions of a file: inode and time of the last change."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_ino, status.st_mtime_ns)
