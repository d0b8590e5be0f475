"""The store that is a folder on this machine."""

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
from index.readiness import Readiness
from index.records import Problem
from index.storage import analysis
from index.storage.dense import PATIENCE, DenseIndex
from index.storage.lexical import LexicalIndex
from index.storage.locking import WriterLock
from index.storage.opening import WordsPlace, open_catalog
from index.storage.scope import Scope
from index.storage.upkeep import LOOK_SECONDS, READER_PATIENCE, WRITER_PATIENCE, Upkeep, passages_since

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import DocumentInfo, Location, Recall
    from index.storage.catalog import PassageRow

_TOMBSTONES = 0.1
"""Share of removed passages from which on the index of words is worth being made anew."""
_COMPLETED_HINT = "Wait for the end of the change that is under way; check the disk's free space and the permissions."
_MERGING_PATIENCE = 60.0
"""Seconds that closing waits for merges: those of a million passages."""


class FolderStore:
    """A library folder: the catalog is the truth, the two indexes are caches that are caught up from it."""

    def __init__(self, folder: Path, *, create: bool) -> None:
        self.folder = folder
        self._lock = WriterLock(folder)
        self.catalog = open_catalog(folder, self._lock, create=create)
        self.read_only = self.catalog.database.read_only
        self._library = ""
        self._dense: DenseIndex
        self._lexical: LexicalIndex
        self._following = threading.Lock()
        self._place = WordsPlace(folder, self._lock, read_only=self.read_only)
        me = weakref.proxy(self)  # or a closed store would keep its files mapped until a cycle is collected
        self._upkeep = Upkeep(self._place.lock, self.catalog, lambda: me._lexical, lambda: me._follow_wholly())
        try:
            self.follow()
        except PinciteError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the files, when what goes on in the background is at a point where it can stop."""
        self._upkeep.close()
        if self._library:
            self._dense.close()
            self._lexical.close(_MERGING_PATIENCE)
        self.catalog.close()
        self._place.close()

    # Searching: the protocol

    def refresh(self, *, waiting: bool = True) -> Readiness:
        """See what others have committed; catch both indexes up where nobody else is about to. What they still lack.

        A question waits for as much of that as is done in a moment; more is done in the background.
        """
        self.follow()
        self._dense.catch_up(patience=PATIENCE if waiting else 0.0)
        self._upkeep.refresh(waiting=waiting)
        due = self.catalog.generation()
        return Readiness(
            passages=self.catalog.extent()[0],
            lacks_words=self._upkeep.lacking(due),
            lacks_vectors=passages_since(self.catalog, self._dense.generation, due),
            hindrance=self._upkeep.hindrance,
        )

    def scope(self, within: Sequence[int] | None, phrases: Sequence[str], excluded: Sequence[str]) -> Scope | None:
        """See `protocol.Store.scope`."""
        if within is None and not phrases and not excluded:
            return None
        held = [set(self._lexical.holding([phrase])) for phrase in phrases]
        return Scope(
            documents=None if within is None else self.catalog.ranges(within),
            phrases=tuple(phrases),
            excluded=tuple(excluded),
            holding=sorted(set.intersection(*held)) if held else None,
            banned=sorted(self._lexical.holding(excluded)),
        )

    def dense(self, vector: np.ndarray[Any, Any], k: int, scope: Scope | None = None) -> dict[int, float]:
        """See `protocol.Store.dense`."""
        return self._dense.search(vector, k, scope)

    def lexical(self, query: str, k: int, scope: Scope | None = None) -> dict[int, float]:
        """See `protocol.Store.lexical`."""
        return self._lexical.search(query, k, scope)

    def cosines(self, vector: np.ndarray[Any, Any], ids: Sequence[int]) -> dict[int, float]:
        """See `protocol.Store.cosines`."""
        stored, vectors = self.catalog.vectors_of(ids)
        return dict(zip(stored, np.minimum(vectors @ vector, 1.0).tolist(), strict=True)) if stored else {}

    def lexical_scores(self, query: str, ids: Sequence[int]) -> dict[int, float]:
        """See `protocol.Store.lexical_scores`."""
        return self._lexical.scores(query, ids)

    def numbers(self, ids: Sequence[int]) -> dict[int, int]:
        """See `protocol.Store.numbers`."""
        return self.catalog.numbers(ids)

    def holding(self, phrase: str, k: int, scope: Scope | None = None) -> list[int]:
        """See `protocol.Store.holding`."""
        return self._lexical.holding([phrase], k, scope)

    def passages(self, ids: Sequence[int]) -> dict[int, PassageRow]:
        """See `protocol.Store.passages`."""
        return self.catalog.passages(ids)

    def infos(self, numbers: Sequence[int]) -> dict[int, DocumentInfo]:
        """See `protocol.Store.infos`."""
        return self.catalog.infos(numbers)

    def locate(self, number: int, start: int) -> Location:
        """See `protocol.Store.locate`."""
        return self.catalog.locate(number, start)

    def terms(self, text: str) -> dict[str, str]:
        """See `protocol.Store.terms`."""
        return analysis.asked(text)

    def analyze(self, text: str) -> list[str]:
        """See `protocol.Store.analyze`."""
        return analysis.terms(text)

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """See `protocol.Store.idf`."""
        return self._lexical.idf(terms)

    # Changing

    @contextmanager
    def writing(self, *, patience: float | None = None) -> Iterator[None]:
        """Hold the right to change the library. Raises LibraryLocked, naming the holder, and LibraryReadOnly."""
        if self.read_only:
            raise LibraryReadOnly(str(self.folder))
        with self._lock.held(patience=WRITER_PATIENCE if patience is None else patience):
            self.follow()
            try:
                yield
            finally:
                self._lexical.rest()

    def follow(self) -> bool:
        """Let go of both indexes where the library was rebuilt or restored since they were made; whether it was."""
        with self._following:
            library = self.catalog.library_id
            if library == self._library:
                return False
            if self._library:
                self._lexical.close()
                self._dense.close()
            self._dense = DenseIndex(self.folder, self.catalog, read_only=self.read_only)
            self._lexical = LexicalIndex(self._place.path(), library)
            self._library = library
            return True

    def _follow_wholly(self) -> None:
        """The same, and have the dense index at once."""
        if self.follow():
            self._dense.catch_up()

    def index(self) -> None:
        """Bring both indexes up to date, on disk where that is due. Needs `writing`."""
        self._dense.keep()
        self._lexical.catch_up(self.catalog)

    def saved_generations(self) -> list[int]:
        """From which generations what is on disk of the indexes has to be caught up."""
        return [each for each in (self._dense.saved_generation, self._lexical.saved_generation) if each is not None]

    def tidy(self, staging: Path) -> None:
        """Leave behind what the index of words keeps of removed passages, where it is much. Needs `writing`.

        It is made anew in the folder `staging`, while questions go on with the one that is there.
        """
        if self._lexical.tombstones > _TOMBSTONES:
            fresh = LexicalIndex(staging, self._library)
            fresh.catch_up(self.catalog)
            fresh.close(_MERGING_PATIENCE)
            self.take_index(staging)

    def take_index(self, folder: Path) -> None:
        """Put an index of words, made elsewhere for this very library, in the place of this one. Needs `writing`."""
        self._lexical.take_over(folder)

    def wait_for_dense(self) -> None:
        """Have the dense index of a large library built anew where anything has changed, and wait for it.

        Raises LibraryNotWritable where that fails.
        """
        self._dense.settle()

    # Health

    def problems(self) -> list[Problem]:
        """Where the catalog contradicts itself, or the indexes contradict the catalog."""
        found = self.catalog.problems()
        if found:
            return found
        readiness, until = self.refresh(), time.monotonic() + READER_PATIENCE
        while readiness.lacks_words and (self._upkeep.is_at_work or time.monotonic() < until):
            time.sleep(LOOK_SECONDS)  # a writer that has not come to the word index yet is no contradiction
            readiness = self.refresh()
        if readiness.lacks_words and self._place.problems:
            return list(self._place.problems)
        if readiness.lacks_words:
            return [Problem(note, _COMPLETED_HINT) for note in readiness.notes]
        self._dense.catch_up()
        ids = {each.first + n for each in self.catalog.added_since(-1) for n in range(each.passages)}
        for name, other in (("dense", self._dense.ids()), ("lexical", self._lexical.ids())):
            if other != ids:
                what = f"The {name} index has {len(other - ids)} passages too many and lacks {len(ids - other)}."
                found.append(Problem(what, f"Delete the {name} index from {self.folder}; it is made again."))
        return found

    def recall(self, questions: int) -> Recall:
        """How much of what is nearest the dense index finds."""
        self._dense.catch_up()
        return self._dense.recall(questions)

    def bytes_on_disk(self) -> int:
        """Size of the folder."""
        return sum(_size(Path(folder) / name) for folder, _, names in os.walk(self.folder) for name in names)


def _size(path: Path) -> int:
    """In bytes; nothing where it has gone since it was listed, as files do that another process makes anew."""
    with suppress(OSError):
        return path.stat().st_size
    return 0
