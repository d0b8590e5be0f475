"""What retrieval asks of a store, and the store that is a folder on this machine."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from index.errors import LibraryDamaged, LibraryError, LibraryLocked, LibraryNotFound, LibraryNotWritable
from index.records import Problem
from index.storage import analysis
from index.storage.catalog import Catalog
from index.storage.dense import DenseIndex
from index.storage.lexical import LexicalIndex
from index.storage.locking import WriterLock
from index.storage.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import DocumentInfo, Location
    from index.storage.catalog import PassageRow

WRITER_PATIENCE = 2.0
"""Seconds that a writer waits for another one: long enough for a reader that mends a cache, no longer."""
_READER_PATIENCE = 5.0


class Store(Protocol):
    """All that retrieval needs. Documents are named by number, passages by id; a scope restricts before ranking."""

    def refresh(self) -> None:
        """See what others have committed."""
        ...

    def scope(self, within: Sequence[int] | None, phrases: Sequence[str], excluded: Sequence[str]) -> Scope | None:
        """These documents' passages that hold every phrase and nothing that is excluded; None for all."""
        ...

    def dense(self, vector: np.ndarray[Any, Any], k: int, scope: Scope | None = None) -> dict[int, float]:
        """The `k` nearest passages, nearest first: id to cosine."""
        ...

    def lexical(self, query: str, k: int, scope: Scope | None = None) -> dict[int, float]:
        """The `k` best passages by the query's words, best first: id to BM25 score."""
        ...

    def cosines(self, vector: np.ndarray[Any, Any], ids: Sequence[int]) -> dict[int, float]:
        """How near each of these passages is, as `dense` would say."""
        ...

    def lexical_scores(self, query: str, ids: Sequence[int]) -> dict[int, float]:
        """What each of these passages scores, as `lexical` would say; none where it holds none of the words."""
        ...

    def numbers(self, ids: Sequence[int]) -> dict[int, int]:
        """The number of each passage's document."""
        ...

    def holding(self, phrase: str, k: int, scope: Scope | None = None) -> list[int]:
        """At most `k` passages that hold these words in this order."""
        ...

    def passages(self, ids: Sequence[int]) -> dict[int, PassageRow]:
        """The passages that still exist, by id."""
        ...

    def infos(self, numbers: Sequence[int]) -> dict[int, DocumentInfo]:
        """The documents that still exist, by number."""
        ...

    def locate(self, number: int, start: int) -> Location:
        """Where in a document a place is."""
        ...

    def terms(self, text: str) -> dict[str, str]:
        """The terms to look for in a question, each with its word, in order."""
        ...

    def analyze(self, text: str) -> list[str]:
        """A text's terms, in order."""
        ...

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """How rare each term is among the passages."""
        ...


class FolderStore:
    """A library folder: the catalog is the truth, the two indexes are caches that are caught up from it."""

    def __init__(self, folder: Path, *, create: bool) -> None:
        self.folder = folder
        _check_folder(folder, create=create)
        self._lock = WriterLock(folder)
        self.catalog = self._open_catalog(create=create)
        try:
            library = self.catalog.library_id
        except LibraryError:
            self.close()
            raise
        self._dense = DenseIndex(folder / "dense.faiss", library)
        self._lexical = LexicalIndex(folder / "lexical", library)

    def close(self) -> None:
        """Let go of the files."""
        self.catalog.close()

    # Searching: the Store protocol

    def refresh(self) -> None:
        """See what others have committed; mend a stale or damaged lexical index where nobody else is about to."""
        self._dense.catch_up(self.catalog)
        until = time.monotonic() + _READER_PATIENCE
        while not self._lexical.reload(self.catalog.generation()):
            try:
                with self._lock.held(patience=0):
                    self._lexical.catch_up(self.catalog)
            except (LibraryLocked, LibraryNotWritable):
                # A writer is at work and will write the index itself: until then the last one serves.
                if self._lexical.usable or time.monotonic() > until:
                    return
                time.sleep(0.05)

    def scope(self, within: Sequence[int] | None, phrases: Sequence[str], excluded: Sequence[str]) -> Scope | None:
        """See `Store.scope`."""
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

    def numbers(self, ids: Sequence[int]) -> dict[int, int]:
        """See `Store.numbers`."""
        return self.catalog.numbers(ids)

    def holding(self, phrase: str, k: int, scope: Scope | None = None) -> list[int]:
        """See `Store.holding`."""
        return self._lexical.holding([phrase], k, scope)

    def passages(self, ids: Sequence[int]) -> dict[int, PassageRow]:
        """See `Store.passages`."""
        return self.catalog.passages(ids)

    def infos(self, numbers: Sequence[int]) -> dict[int, DocumentInfo]:
        """See `Store.infos`."""
        return self.catalog.infos(numbers)

    def locate(self, number: int, start: int) -> Location:
        """See `Store.locate`."""
        return self.catalog.locate(number, start)

    def terms(self, text: str) -> dict[str, str]:
        """See `Store.terms`."""
        return analysis.asked(text)

    def analyze(self, text: str) -> list[str]:
        """See `Store.analyze`."""
        return analysis.terms(text)

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """See `Store.idf`."""
        return self._lexical.idf(terms)

    # Changing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the right to change the library. Raises LibraryLocked, naming the holder."""
        with self._lock.held(patience=WRITER_PATIENCE):
            yield

    def index(self) -> None:
        """Bring both indexes up to date, on disk where that is due. Needs `writing`."""
        self._dense.catch_up(self.catalog)
        self._dense.save()
        self._lexical.catch_up(self.catalog)

    # Health

    def problems(self) -> list[Problem]:
        """Where the catalog contradicts itself, or the indexes contradict the catalog."""
        found = self.catalog.problems()
        if found:
            return found
        self.refresh()
        ids = {each.first + n for each in self.catalog.added_since(-1) for n in range(each.passages)}
        for name, other in (("dense", self._dense.ids()), ("lexical", self._lexical.ids())):
            if other != ids:
                what = f"The {name} index has {len(other - ids)} passages too many and lacks {len(ids - other)}."
                found.append(Problem(what, f"Delete the {name} index from {self.folder}; it is made again."))
        return found

    def bytes_on_disk(self) -> int:
        """Size of the folder."""
        return sum(_size(Path(folder) / name) for folder, _, names in os.walk(self.folder) for name in names)

    def _open_catalog(self, *, create: bool) -> Catalog:
        """Making a catalog takes the lock, so that two processes do not both make one."""
        path = self.folder / "catalog.db"
        if not path.exists() or not path.stat().st_size:
            if (self.folder / "dense.faiss").exists() or (self.folder / "lexical").exists():
                raise LibraryDamaged(str(self.folder), "it is empty" if path.exists() else "it is missing")
            if not create:
                raise LibraryNotFound(str(self.folder))
        catalog = Catalog(self.folder)
        if catalog.blank and not create:
            catalog.close()
            raise LibraryNotFound(str(self.folder))
        if catalog.blank:
            with self._lock.held(patience=WRITER_PATIENCE):
                catalog.create()
        return catalog


def _size(path: Path) -> int:
    """In bytes; nothing where it has gone since it was listed, as files do that another process makes anew."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _check_folder(folder: Path, *, create: bool) -> None:
    if not create and not folder.is_dir():
        raise LibraryNotFound(str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "Name another folder with --library or PINCITE_LIBRARY."
        raise LibraryNotWritable(f"The library folder {folder} cannot be made: {error}.", hint) from error
