"""Nearest passages by vector, whatever the library's size, caught up from the catalog."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.records import Recall
from index.storage.dense import base as bases
from index.storage.dense import exact, starting
from index.storage.dense.base import Base, changed_since, follows
from index.storage.dense.judging import JUDGED, Truth, interval, stand_ins
from index.storage.dense.sealing import read_seal
from index.storage.dense.starting import Starter, is_due
from index.storage.dense.state import State
from index.storage.files import Stamp, sweep

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from index.storage.catalog import Catalog
    from index.storage.dense.sealing import Seal
    from index.storage.scope import Scope

PATIENCE = 0.15
"""Seconds that a question waits for what others have committed to be taken in; then the state before it answers."""
_SAVE_SHARE = 0.05
_SAVE_LEAST = 256
_SAVE_ALWAYS = 1 << 62
_OTHER_SEED = 1


class DenseIndex:
    """Inner product over the passages' vectors, in float16 as the catalog has them.

    A small library is compared with in full. A large one has a base on disk, an inverted file that a program of its own
    builds; what changed since is kept in memory and compared with in full. Scores are the same in both.

    Questions read one state, which never changes. A newer one is made beside it, by one thread at a time, and put in
    its place when it agrees with the catalog.
    """

    def __init__(self, folder: Path, catalog: Catalog, *, read_only: bool = False) -> None:
        self._folder = folder
        self._read_only = read_only
        self._catalog = catalog
        self._library = catalog.library_id
        self._state: State | None = None
        self._changing = threading.Lock()
        self._starting = threading.Lock()
        self._job: _Job | None = None
        self._adoption: _Job | None = None
        self._seen: tuple[int, int] = (0, 0)
        self._unsaved = 0
        self._closed = False
        self._builder = Starter(folder)

    def close(self) -> None:
        """Let go of the catalog; a builder that is at work goes on."""
        self._closed = True
        for job in (self._job, self._adoption):
            if job is not None:
                job.wait(None, raising=False)

    # Searching

    def catch_up(self, *, patience: float | None = None) -> None:
        """Make the index agree with the catalog as it is now; wait no longer than `patience` seconds for that.

        The first time there is no state to answer from, and the wait is for as long as it takes.
        """
        due, until = self._catalog.generation(), time.monotonic() + (patience or 0.0)
        while (state := self._state) is None or state.generation != due:
            if self._closed:
                return
            job = self._working()
            left = None if state is None or patience is None else until - time.monotonic()
            if left is not None and left <= 0:
                break
            job.wait(left)
            if self._state is not None and self._state.generation > due:
                break
        self._look_around()

    def search(self, vector: np.ndarray[Any, Any], k: int, scope: Scope | None = None) -> dict[int, float]:
        """The `k` nearest passages, nearest first: id to cosine; `scope` restricts them before they are ranked."""
        return self._state.nearest(vector, k, scope) if self._state is not None else {}

    def __len__(self) -> int:
        """How many vectors are in the index."""
        return len(self._state) if self._state is not None else 0

    def ids(self) -> set[int]:
        """The ids of all passages in the index."""
        return set(self._state.ids.tolist()) if self._state is not None else set()

    @property
    def generation(self) -> int | None:
        """The generation of what is searched; None where there is nothing to search."""
        state = self._state
        return state.generation if state is not None else None

    @property
    def base(self) -> Seal | None:
        """What is known of the base that is searched; None where the search is exact."""
        state = self._state
        return state.base.seal if state is not None and state.base is not None else None

    def recall(self, questions: int) -> Recall:
        """How much of what is nearest is found, by other stand-ins for questions than the base was calibrated with."""
        state = self._state or State()
        if state.base is None or len(state) < JUDGED:  # of so few, all are found
            return Recall(True, 1.0, 1.0, 1.0, 0, JUDGED, len(state))
        ranges = self._catalog.added_since(-1, until=state.generation)
        truth = Truth(stand_ins(self._catalog, ranges, questions, seed=_OTHER_SEED))
        for _, vectors in self._catalog.vectors(ranges):
            truth.see(vectors)
        shares = truth.recall(state.nearest)
        low, high = interval(shares)
        index = state.base.index
        figures = int(index.nlist), state.base.probed
        return Recall(False, float(shares.mean()), low, high, len(shares), JUDGED, len(state), *figures)

    # Keeping

    def keep(self) -> None:
        """Leave on disk what spares the next one work. Costs as much as has changed. Needs the right to write."""
        if self._state is not None:
            self.catch_up()
        if starting.may_be_large(self._catalog.highest()) and (counted := self._counted()) is not None:
            if is_due(*counted):
                self._builder.start()
            return
        self.catch_up()
        self._save()

    def settle(self) -> None:
        """Have a large library's base built anew where anything has changed, and take it up where this is in use."""
        if starting.may_be_large(self._catalog.highest()):
            self._builder.settle()
        if self._state is not None:
            self._adopt()
            self.catch_up()

    @property
    def saved_generation(self) -> int | None:
        """The oldest generation that a file on disk has to be caught up from; None where there is none."""
        found = []
        for name in (exact.NAME, bases.NAME):
            try:
                found.append(read_seal(self._folder / name).stamp.generation)
            except (OSError, ValueError):
                continue
        return min(found, default=None)

    def _counted(self) -> tuple[int, int | None, int] | None:
        """Passages, those in the base, and how many changed since; None for a library that is searched exactly."""
        try:
            in_base, changed = changed_since(self._catalog, read_seal(self._folder / bases.NAME))
        except (OSError, ValueError, KeyError):
            in_base, changed = None, 0
        if in_base is not None:
            return in_base, in_base, changed
        passages = self._catalog.totals()["passages"]
        return (passages, None, 0) if is_due(passages, None, 0) else None

    def _save(self) -> None:
        """Write the file of a small library where enough has changed since it was last written."""
        with self._changing:
            state = self._state
            if state is None or state.base is not None:
                return
            if self._unsaved < max(_SAVE_LEAST, _SAVE_SHARE * len(state)):
                return
            path = self._folder / exact.NAME
            sweep(path)
            exact.write_exact(path, Stamp(self._library, exact.FORMAT, state.generation), state.chunks)
            self._unsaved = 0

    # Changing

    def _working(self) -> _Job:
        """The job that makes the next state: the one at work, or a new one."""
        with self._starting:
            if self._job is None or self._job.ended:
                self._job = _Job(self._agree)
            return self._job

    def _agree(self) -> None:
        with self._changing:
            state = self._state
            if state is None or self._catalog.generation() < state.generation:
                state = self._opened()
            self._state = self._advanced(state)

    def _advanced(self, state: State) -> State:
        """The same, in agreement with the catalog."""
        generation = self._catalog.generation()
        if generation == state.generation:
            return state
        added = self._catalog.added_since(state.generation, until=generation)
        gone = self._catalog.removed_since(state.generation)
        if gone is None:  # it is no longer known what went
            self._unsaved = _SAVE_ALWAYS
            return self._advanced(State())
        state = state.without(gone)
        for ids, vectors in self._catalog.vectors(added):
            if self._closed:
                return state
            state = state.with_more(ids, vectors)
        self._unsaved += sum(each.passages for each in (*added, *gone))
        return replace(state, generation=generation)

    def _opened(self) -> State:
        """What the files give; one that is absent, damaged or not of this library counts for nothing."""
        base = self._base()
        if base is not None:
            return State(base.seal.stamp.generation, base)
        try:
            stamp, chunks = exact.read_exact(self._folder / exact.NAME)
        except FileNotFoundError:
            return State()
        except (OSError, ValueError):
            self._unsaved = _SAVE_ALWAYS
            return State()
        if stamp.fits(self._library, exact.FORMAT, self._catalog.generation()):
            return State(stamp.generation, chunks=chunks)
        self._unsaved = _SAVE_ALWAYS  # of another history: it must not be there when this one has come as far
        return State()

    def _base(self) -> Base | None:
        path = self._folder / bases.NAME
        self._seen = _identity(path)
        try:
            base = Base.open(path)
        except (OSError, ValueError, KeyError):
            return None
        return base if follows(self._catalog, base.seal.stamp) else None

    def _look_around(self) -> None:
        """Take up a new base in the background, and have one built where that is due."""
        state = self._state
        if state is None or self._closed:
            return
        if _identity(self._folder / bases.NAME) != self._seen:
            with self._starting:
                if self._adoption is None or self._adoption.ended:
                    self._adoption = _Job(self._adopt)
            return
        in_base = state.in_base if state.base is not None else None
        if not self._read_only and is_due(len(state), in_base, len(state.gone) + state.in_chunks):
            self._builder.start()

    def _adopt(self) -> None:
        """Change over to the base on disk, while questions go on with the last state."""
        base = self._base()
        if base is None:
            return
        state = self._advanced(State(base.seal.stamp.generation, base))
        with self._changing:
            if not self._closed:
                self._state = self._advanced(state)


class _Job:
    """Work in a thread of its own, for which any number of others can wait, and whose error they get."""

    def __init__(self, work: Any) -> None:
        self._error: BaseException | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True, name="pincite-dense")
        self._thread.start()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def wait(self, seconds: float | None, *, raising: bool = True) -> None:
        """Until it has ended, or so long."""
        self._thread.join(seconds)
        if raising and self.ended and self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # whoever waits raises it
            self._error = error


def _identity(path: Path) -> tuple[int, int]:
    """What tells one version of a file from the next."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_ino, status.st_mtime_ns)
