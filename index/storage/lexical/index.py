"""Passages by words: a tantivy index on disk, caught up from the catalog."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.errors import LibraryNotWritable
from index.storage.files import NOT_WRITABLE_HINT, Stamp
from index.storage.lexical.folder import Folder
from index.storage.lexical.pen import Pen
from index.storage.lexical.searching import EVERY, Searching, schema
from index.storage.lexical.soundness import Soundness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.storage.catalog import Catalog
    from index.storage.lexical.folder import State

FORMAT = 3
_SLICE = 50_000
"""Passages between two commits where there is much to catch up with: so much is done twice after a crash."""
_TRIES = 10
_PASSING = ("LockFailure", "os error 24", "os error 13", "os error 30")
"""What of tantivy's errors is no fault of the files: a lock that cannot be had, too many open files, no permission."""
_BROKEN = (OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class _View:
    """What questions are put to: one state of the folder, which stays as it is whatever is written."""

    searcher: Any
    generation: int
    certain: bool


class LexicalIndex(Searching):
    """BM25 over terms, and words in their order for what has to be there verbatim.

    A question is put to the last state that was opened; it never waits for a write, a commit or a merge. Only the
    holder of the library's lock catches the folder up; everybody else opens it again when it has changed. Whatever is
    not what was written is made anew from the catalog.
    """

    def __init__(self, folder: Path, library: str) -> None:
        self._folder = Folder(folder)
        self._library = library
        self._soundness = Soundness(folder)
        self._pen = Pen(self._folder)
        self._opening = threading.Lock()
        self._writing = threading.Lock()
        self._index: Any = None
        self._view: _View | None = None
        self._seen: tuple[int, ...] = ()
        self._refused: tuple[int, ...] = ()
        self._purged: tuple[tuple[int, ...], int] = ((), 0)
        self._suspect = False

    @property
    def usable(self) -> bool:
        """Whether there is something to search, of this generation or an earlier one."""
        return self._view is not None

    @property
    def generation(self) -> int | None:
        """The generation of what is searched; None where there is nothing to search."""
        view = self._view
        return view.generation if view is not None else None

    @property
    def saved_generation(self) -> int | None:
        """What the folder was made from; None where there is nothing to go on from."""
        try:
            stamp = self._folder.state().stamp
        except _BROKEN:
            return None
        return stamp.generation if stamp.fits(self._library, FORMAT, stamp.generation) else None

    @property
    def tombstones(self) -> float:
        """Which share of the passages in the folder was removed, and takes room until it is written anew."""
        try:
            state = self._folder.state()
        except _BROKEN:
            return 0.0
        return state.dead / max(state.dead + state.passages, 1)

    def reload(self, generation: int) -> bool:
        """Open what is on disk where it has changed. Whether it is there, sound, and of this generation."""
        if self._soundness.broken:
            self._view = None
            return False
        if self._folder.identity() != self._seen and self._opening.acquire(blocking=self._view is None):
            try:
                self._open(generation)
            finally:
                self._opening.release()
        view = self._view
        current = view is not None and view.certain and view.generation == generation
        return current and self._folder.is_signed()  # what is open is searched on where its files were deleted

    def behind(self, catalog: Catalog) -> int:
        """How many passages have to be indexed before the folder agrees with the catalog."""
        generation = catalog.generation()
        state = self._state(generation)
        return sum(each.passages for each in catalog.added_since(state.stamp.generation if state else 0))

    def catch_up(self, catalog: Catalog, *, most: int = EVERY) -> bool:
        """Make the folder agree with the catalog, or bring it about so many passages nearer. Whether it then agrees.

        Only the holder of the library's lock may. Raises LibraryNotWritable where the disk does not take it,
        LibraryLocked where another process does not stop merging.
        """
        with self._writing, self._translated():
            target = catalog.generation()
            state = self._write_on(catalog, self._state(target) or self._begin(target), target, most)
            done = state.certain and state.stamp.generation == target
            if done and self._suspect and state.passages != catalog.totals()["passages"]:
                # What a dead writer committed is of a history that the catalog no longer has: it was set back.
                state = self._write_on(catalog, self._begin(target), target, EVERY)
            self._suspect = self._suspect and not done
            return done

    def take_over(self, folder: Path) -> None:
        """The index in another folder, closed, in place of this one. Only the holder of the library's lock may."""
        with self._writing, self._translated():
            self._pen.take(folder)
            self._soundness.forget()

    def rest(self) -> None:
        """Nothing is to be written for now. Merges that are under way go on."""
        self._pen.rest()

    def close(self, patience: float = 0.0) -> None:
        """Let go of the folder; wait so many seconds for merges."""
        self._pen.close(patience)

    def _searcher(self) -> Any:
        view = self._view
        return view.searcher if view is not None else None

    def _open(self, generation: int) -> None:
        """Open the folder if it is sound; what was open before stays where it is not, as in the midst of a write."""
        import tantivy

        for _ in range(_TRIES):
            seen = self._folder.identity()
            state = self._state(generation)
            view = self._view
            if state is not None and view and state.stamp.generation < view.generation <= generation:
                return  # it is being made anew, and has not come as far yet
            if state is not None:
                try:
                    if self._index is None:
                        self._index = tantivy.Index.open(str(self._folder.path))
                        self._index.config_reader("manual")
                    self._index.reload()
                    searcher = self._index.searcher()
                except _BROKEN as error:
                    self._index = searcher = None
                    if self._folder.identity() == seen and not any(each in str(error) for each in _PASSING):
                        self._refused = seen
                if self._folder.identity() == seen and searcher and searcher.num_docs == state.passages:
                    self._view = _View(searcher, state.stamp.generation, state.certain)
                    self._seen = seen
                    return
            if self._folder.identity() == seen:
                return

    def _state(self, generation: int) -> State | None:
        """What the folder holds; None where that is nothing to go on from."""
        for _ in range(_TRIES):  # a merge that ends meanwhile takes files away
            seen = self._folder.identity()
            try:
                state = self._folder.state()
                self._soundness.examine(state.files)
            except _BROKEN:
                if self._folder.identity() == seen:
                    return None
                continue
            sound = not self._soundness.broken and seen != self._refused
            return state if sound and state.stamp.fits(self._library, FORMAT, generation) else None
        return None

    def _begin(self, target: int) -> State:
        """An empty index in place of whatever is there."""
        self._pen.begin(schema())
        self._soundness.forget()
        self._sign(0, target)
        return self._folder.state()

    def _write_on(self, catalog: Catalog, state: State, target: int, most: int) -> State:
        """Commit, slice by slice, what came and what went."""
        while most > 0 and not (state.certain and state.stamp.generation == target):
            since = state.stamp.generation
            until = min(catalog.generation_after(since, min(most, _SLICE)), target)
            gone = catalog.removed_since(max(since, self._purged_until()))
            if gone is None:
                state = self._begin(target)
                continue
            self._suspect = self._suspect or not state.certain
            doomed = gone if state.certain else gone + catalog.added_since(since)
            added = catalog.texts(catalog.added_since(since, until=until))
            self._pen.write((each.number for each in doomed), added)
            self._sign(until, target)
            state = self._folder.state()
            most -= _SLICE
        return state

    def _sign(self, generation: int, purged: int) -> None:
        """Note what was committed, and up to when what was removed is gone from it."""
        self._folder.sign(Stamp(self._library, FORMAT, generation))
        self._purged = self._folder.identity()[:2], purged

    def _purged_until(self) -> int:
        """Up to which generation the removals were carried out, where this process was the last to write."""
        identity, generation = self._purged
        return generation if identity == self._folder.identity()[:2] else 0

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._pen.drop()
            if not isinstance(error, (OSError, ValueError, RuntimeError)):
                raise
            raise LibraryNotWritable(
                f"The index {self._folder.path} cannot be written: {error}.", NOT_WRITABLE_HINT
            ) from error
