"""The store of a library in a local folder."""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.errors import LibraryReadOnly, PinciteError
from index.records import Problem
from index.storage.catalog import document_queries, passage_queries
from index.storage.dense.dense_index import PATIENCE, DenseIndex
from index.storage.files import WriterLock
from index.storage.lexical.lexical_index import LexicalIndex
from index.storage.protocol import Readiness, Scope
from index.storage.upkeep import (
    POLL_SECONDS,
    READER_PATIENCE,
    WRITER_PATIENCE,
    LexicalFolder,
    LexicalUpdater,
    open_catalog,
    passages_since,
)
from index.text import words as analysis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import Recall

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
