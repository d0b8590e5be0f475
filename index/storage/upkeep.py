"""Opens the catalog and the lexical index of a folder, and keeps the index in step with the catalog."""

from __future__ import annotations

import logging
import threading
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import LibraryDamaged, LibraryLocked, LibraryNotFound, LibraryNotWritable, PinciteError, SettingsError
from index.records import Problem
from index.storage.catalog.catalog import Catalog
from index.storage.files import WriterLock, scratch_folder
from index.storage.lexical.lexical_folder import shadow
from index.storage.protocol import PASSAGES_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Callable
    from tempfile import TemporaryDirectory

    from index.storage.lexical.lexical_index import LexicalIndex
    from index.storage.protocol import Hindrance

WRITER_PATIENCE = 2.0
"""Seconds that a writer waits for the lock: just long enough for a reader that is updating a cache."""
READER_PATIENCE = 5.0
"""Seconds that questions wait for a stale word index, counted from the first such question."""
UPDATED_AT_ONCE = 1_000
"""Passages that a question adds to the word index itself: a quarter of a second's work."""
UPDATED_PER_STEP = 4_000
"""Passages that a background step adds before it releases the lock: about a second's work."""
POLL_SECONDS = 0.05
_log = logging.getLogger(__name__)
NAME = "lexical"
_CACHES = ("dense.faiss", "dense.ivf", NAME)


class LexicalUpdater:
    """Updates the word index: small updates at once, large ones in the background, step by step.

    A question waits for the update if it takes seconds. Otherwise it is answered from the index as it is.
    """

    def __init__(
        self, lock: WriterLock, catalog: Catalog, index: Callable[[], LexicalIndex], follow: Callable[[], object]
    ) -> None:
        """`lock` protects the index; `follow` reopens the index if the library was rebuilt or restored."""
        self._lock = lock
        self._catalog = catalog
        self._index = index
        self._follow = follow
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._behind_since: float | None = None
        self.hindrance: Hindrance = ""
        """Why a stale index is not being updated."""

    def close(self) -> None:
        """Stop at the end of the running step."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def is_running(self) -> bool:
        """Whether a background update is running."""
        return self._thread is not None and self._thread.is_alive()

    def refresh(self, *, waiting: bool = True) -> None:
        """Reload the index from disk, and update it if it is stale and no writer is about to do so."""
        while not self._is_current():
            since = self._behind_since = self._behind_since or time.monotonic()
            left = since + READER_PATIENCE - time.monotonic()
            updated = self._update()
            if left <= 0 or not (updated or (waiting and self._is_worth_waiting(left))):
                self._is_current()
                return
            if not updated:
                time.sleep(POLL_SECONDS)

    def lacking(self, due: int) -> int:
        """Return how many passages of generation `due` the word index lacks."""
        return passages_since(self._catalog, self._index().generation, due)

    def _is_current(self) -> bool:
        """Reload the index from disk, and return whether it agrees with the catalog."""
        if not self._index().reload(self._catalog.generation()):
            return False
        self._behind_since, self.hindrance = None, ""
        return True

    def _is_worth_waiting(self, seconds: float) -> bool:
        """Return whether the index is likely to be complete within `seconds`.

        Another writer is waited for only if there is no index to search yet.
        """
        lacking = self.lacking(self._catalog.generation())
        if not lacking or seconds <= 0 or self.hindrance == "not writable":
            return False
        if self.hindrance == "busy":
            return self._index().generation is None
        return lacking / PASSAGES_PER_SECOND < seconds

    def _update(self) -> bool:
        """Update the index if that is quick, and return True. Otherwise start a background update, if possible."""
        if self.is_running:
            return False
        try:
            with self._lock.held(patience=0):
                self._follow()
                index = self._index()
                if index.behind(self._catalog) <= UPDATED_AT_ONCE:
                    index.catch_up(self._catalog)
                    index.rest()
                    return True
                if not self._closing.is_set() and not self.is_running:
                    self._thread = threading.Thread(target=self._update_in_steps, name="lexical-update", daemon=True)
                    self._thread.start()
                self.hindrance = ""
        except LibraryLocked:
            self.hindrance = "" if self.is_running else "busy"
        except LibraryNotWritable:
            self.hindrance = "not writable"
        return False

    def _update_in_steps(self) -> None:
        """Update the index step by step; between two steps, others may write."""
        try:
            done = False
            while not done and not self._closing.wait(POLL_SECONDS):
                with self._lock.held(patience=WRITER_PATIENCE):
                    index = self._index()
                    done = index.catch_up(self._catalog, most=UPDATED_PER_STEP)
                    index.rest()
        except LibraryLocked:
            self.hindrance = "busy"
        except PinciteError as error:
            self.hindrance = "not writable"
            _log.warning("The word index cannot be completed: %s", error)


def passages_since(catalog: Catalog, generation: int | None, due: int) -> int:
    """Return how many present passages were added after a generation, up to `due`; all of them after None."""
    if generation is not None and generation >= due:
        return 0
    documents = catalog.added_since(-1 if generation is None else generation, until=due)
    return sum(document.passages for document in documents)


def open_catalog(folder: Path, lock: WriterLock, *, create: bool, immutable: bool = False) -> Catalog:
    """Open the catalog of the library in a folder; with `create`, create it if it does not exist.

    With `immutable`, it is opened as if the folder were read-only.

    Creating takes the lock, so that two processes do not both create a catalog. Raises LibraryNotFound,
    LibraryDamaged, LibraryNotWritable.
    """
    _check_folder(folder, create=create)
    path = folder / "catalog.db"
    if not path.exists() or not path.stat().st_size:
        if any((folder / name).exists() for name in _CACHES):
            raise LibraryDamaged(str(folder), "it is empty" if path.exists() else "it is missing")
        if not create:
            raise LibraryNotFound(str(folder))
    catalog = Catalog(folder, immutable=immutable)
    if catalog.blank and not create:
        catalog.close()
        raise LibraryNotFound(str(folder))
    if catalog.blank:
        with lock.held(patience=WRITER_PATIENCE):
            catalog.create()
    return catalog


def _check_folder(folder: Path, *, create: bool) -> None:
    if not create and not folder.is_dir():
        raise LibraryNotFound(str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "Choose another folder with --library or PINCITE_LIBRARY."
        raise LibraryNotWritable(f"The library folder {folder} cannot be created: {error}.", hint) from error


class LexicalFolder:
    """The folder of the word index: in the library's folder, or a temporary folder if that is read-only."""

    def __init__(self, folder: Path, lock: WriterLock, *, read_only: bool) -> None:
        """`lock` is the library's writer lock."""
        self._folder = folder
        self._numbers = count()
        self._scratch: TemporaryDirectory[str] | None = None
        self.lock = lock
        """The right to write the word index."""
        self.problems: list[Problem] = []
        """Why no temporary folder could be created; without one, only a complete index can be read."""
        if read_only:
            self._use_temporary_folder()

    def path(self) -> Path:
        """Return the folder of the index. A temporary folder is filled with what the library's own holds now."""
        own = self._folder / NAME
        if self._scratch is None:
            return own
        folder = Path(self._scratch.name) / f"{NAME}-{next(self._numbers)}"
        folder.mkdir()
        shadow(own, folder)
        return folder

    def close(self) -> None:
        """Remove the temporary folder."""
        if self._scratch is not None:
            self._scratch.cleanup()

    def _use_temporary_folder(self) -> None:
        try:
            self._scratch = scratch_folder()
        except SettingsError as error:
            self.problems.append(Problem(error.message, error.hint))
            _log.warning("The word index of a read-only library cannot be read: %s", error)
        else:
            self.lock = WriterLock(Path(self._scratch.name))
