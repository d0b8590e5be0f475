"""The store of a library in a local folder: opens catalog and indexes, and keeps these in step with it."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.errors import (
    LibraryDamaged,
    LibraryLocked,
    LibraryNotFound,
    LibraryNotWritable,
    LibraryReadOnly,
    PinciteError,
    SettingsError,
)
from index.records import Problem
from index.storage.catalog import document_queries, passage_queries
from index.storage.catalog.catalog import Catalog
from index.storage.dense.dense_index import PATIENCE, DenseIndex
from index.storage.files import WriterLock, scratch_folder
from index.storage.lexical.lexical_index import LexicalIndex, shadow
from index.storage.protocol import PASSAGES_PER_SECOND, Readiness, Scope
from index.text import words as analysis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from tempfile import TemporaryDirectory

    from index.records import Recall
    from index.storage.protocol import Hindrance


# Opens the catalog and the lexical index of a folder, and keeps the index in step with the catalog.

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


_TOMBSTONES = 0.1
"""The word index is rebuilt when more than this share of its passages was removed."""
_INCOMPLETE_HINT = "Wait until the running change has ended; check the free disk space and the permissions."
_MERGING_PATIENCE = 60.0
"""Seconds that closing waits for merges: enough for a million passages."""


class FolderStore:
    """A library folder: the catalog is the truth, the two indexes are caches that are updated from it."""

    def __init__(self, folder: Path, *, create: bool, immutable: bool = False) -> None:
        self.folder = folder
        self.folders: tuple[Path, ...] = (folder,)
        """The folders in which the documents' original files may be."""
        self._lock = WriterLock(folder)
        self.catalog = open_catalog(folder, self._lock, create=create and not immutable, immutable=immutable)
        self.database = self.catalog.database
        self.read_only = self.database.read_only
        self._library = ""
        self._dense: DenseIndex
        self._lexical: LexicalIndex
        self._following = threading.Lock()
        self._lexical_folder = LexicalFolder(folder, self._lock, read_only=self.read_only)
        store = weakref.proxy(self)  # a strong reference would keep a closed store's files mapped until collected
        self._updater = LexicalUpdater(
            self._lexical_folder.lock, self.catalog, lambda: store._lexical, lambda: store._follow_and_load()
        )
        try:
            self.follow()
        except PinciteError:
            self.close()
            raise

    def close(self) -> None:
        """Close all files as soon as the background work can stop."""
        self._updater.close()
        if self._library:
            self._dense.close()
            self._lexical.close(_MERGING_PATIENCE)
        self.catalog.close()
        self._lexical_folder.close()

    # Searching: the protocol

    def refresh(self, *, waiting: bool = True) -> Readiness:
        """Load what others have committed, update both indexes unless a writer does, and return what they still lack.

        A question waits only for short updates; longer ones run in the background.
        """
        self.follow()
        self._dense.catch_up(patience=PATIENCE if waiting else 0.0)
        self._updater.refresh(waiting=waiting)
        generation = self.catalog.generation()
        return Readiness(
            passages=self.catalog.extent()[0],
            lacks_words=self._updater.lacking(generation),
            lacks_vectors=passages_since(self.catalog, self._dense.generation, generation),
            hindrance=self._updater.hindrance,
        )

    def scope(self, within: Sequence[int] | None, phrases: Sequence[str], excluded: Sequence[str]) -> Scope | None:
        """See `Store.scope`."""
        if within is None and not phrases and not excluded:
            return None
        holding = [set(self._lexical.holding([phrase])) for phrase in phrases]
        return Scope(
            documents=None if within is None else self.catalog.ranges(within),
            phrases=tuple(phrases),
            excluded=tuple(excluded),
            holding=sorted(set.intersection(*holding)) if holding else None,
            banned=sorted(self._lexical.holding(excluded)),
        )

    def dense(self, vector: np.ndarray[Any, Any], k: int, scope: Scope | None = None) -> dict[int, float]:
        """See `Store.dense`."""
        return self._dense.search(vector, k, scope)

    def lexical(self, query: str, k: int, scope: Scope | None = None) -> dict[int, float]:
        """See `Store.lexical`."""
        return self._lexical.search(query, k, scope)

    def cosines(self, vector: np.ndarray[Any, Any], ids: Sequence[int]) -> dict[int, float]:
        """See `Store.cosines`."""
        stored, vectors = self.catalog.vectors_of(ids)
        return dict(zip(stored, np.minimum(vectors @ vector, 1.0).tolist(), strict=True)) if stored else {}

    def lexical_scores(self, query: str, ids: Sequence[int]) -> dict[int, float]:
        """See `Store.lexical_scores`."""
        return self._lexical.scores(query, ids)

    def holding(self, phrase: str, k: int, scope: Scope | None = None) -> list[int]:
        """See `Store.holding`."""
        return self._lexical.holding([phrase], k, scope)

    # These need nothing but the database, or nothing at all.
    numbers = passage_queries.numbers
    passages = passage_queries.passages
    locate = passage_queries.locate
    infos = document_queries.infos
    terms = staticmethod(analysis.question_terms)
    analyze = staticmethod(analysis.terms_of)

    def counts(self, words: Sequence[str]) -> list[int]:
        """See `Store.counts`."""
        return self._lexical.counts(words)

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """See `Store.idf`."""
        return self._lexical.idf(terms)

    # Changing

    @contextmanager
    def writing(self, *, patience: float | None = None) -> Iterator[None]:
        """Hold the writer lock. Raises LibraryLocked, which names the holder, and LibraryReadOnly."""
        if self.read_only:
            raise LibraryReadOnly(str(self.folder))
        with self._lock.held(patience=WRITER_PATIENCE if patience is None else patience):
            self.follow()
            try:
                yield
            finally:
                self._lexical.rest()

    def follow(self) -> bool:
        """Reopen both indexes if the library was rebuilt or restored meanwhile; return whether it was."""
        with self._following:
            library = self.catalog.library_id
            if library == self._library:
                return False
            if self._library:
                self._lexical.close()
                self._dense.close()
            self._dense = DenseIndex(self.folder, self.catalog, read_only=self.read_only)
            self._lexical = LexicalIndex(self._lexical_folder.path(), library)
            self._library = library
            return True

    def _follow_and_load(self) -> None:
        """Like `follow`, and load a replaced dense index at once."""
        if self.follow():
            self._dense.catch_up()

    def index(self) -> None:
        """Update both indexes, and their files if enough has changed. Call within `writing`."""
        self._dense.keep()
        self._lexical.catch_up(self.catalog)

    def saved_generations(self) -> list[int]:
        """Return the generations that the index files were written at."""
        generations = (self._dense.saved_generation, self._lexical.saved_generation)
        return [generation for generation in generations if generation is not None]

    def compact_lexical(self, staging: Path) -> None:
        """Rebuild the word index without removed passages, if it holds many of them. Call within `writing`.

        The new index is built in the folder `staging`, while searches use the old one.
        """
        if self._lexical.tombstones > _TOMBSTONES:
            fresh = LexicalIndex(staging, self._library)
            fresh.catch_up(self.catalog)
            fresh.close(_MERGING_PATIENCE)
            self.replace_lexical(staging)

    def replace_lexical(self, folder: Path) -> None:
        """Replace the word index with one that was built for this library in another folder. Call within `writing`."""
        self._lexical.take_over(folder)

    def wait_for_dense(self) -> None:
        """Rebuild the dense index of a large library if anything has changed, and wait for the end.

        Raises LibraryNotWritable if that fails.
        """
        self._dense.settle()

    # Health

    def problems(self) -> list[Problem]:
        """Return contradictions within the catalog, or between the indexes and the catalog."""
        found = self.catalog.problems()
        if found:
            return found
        readiness, deadline = self.refresh(), time.monotonic() + READER_PATIENCE
        while readiness.lacks_words and readiness.hindrance != "not writable":
            if not self._updater.is_running and time.monotonic() >= deadline:
                break
            time.sleep(POLL_SECONDS)  # a writer may not have updated the word index yet; that is no contradiction
            readiness = self.refresh()
        if readiness.lacks_words and self._lexical_folder.problems:
            return list(self._lexical_folder.problems)
        if readiness.lacks_words:
            return [Problem(note, _INCOMPLETE_HINT) for note in readiness.notes]
        self._dense.catch_up()
        documents = self.catalog.added_since(-1)
        expected = {document.first + n for document in documents for n in range(document.passages)}
        for name, ids in (("dense", self._dense.ids()), ("lexical", self._lexical.ids())):
            if ids != expected:
                extra, missing = len(ids - expected), len(expected - ids)
                message = f"The {name} index has {extra} passages too many and lacks {missing}."
                found.append(Problem(message, f"Delete the {name} index from {self.folder}; Pincite rebuilds it."))
        return found

    def recall(self, questions: int) -> Recall:
        """Measure the share of the nearest passages that the dense index finds."""
        self._dense.catch_up()
        return self._dense.recall(questions)

    def bytes_on_disk(self) -> int:
        """Return the size of the folder in bytes."""
        return sum(_size(Path(folder) / name) for folder, _, names in os.walk(self.folder) for name in names)


def _size(path: Path) -> int:
    """Return a file's size in bytes; 0 if another process has removed it since it was listed."""
    with suppress(OSError):
        return path.stat().st_size
    return 0
