"""The store of two libraries that are searched as one: one word index over both, and the vectors of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from index.errors import LibraryReadOnly
from index.storage.dense.dense_index import DenseIndex
from index.storage.files import WriterLock
from index.storage.layers.layered_catalog import LayeredCatalog
from index.storage.lexical.lexical_index import LexicalIndex, shadow
from index.storage.store import NAME, FolderStore, LexicalUpdater

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from index.records import DocumentInfo, Location, Problem, Span
    from index.storage.catalog.catalog import PassageRow
    from index.storage.protocol import Scope

_MERGING_PATIENCE = 5.0
"""Seconds that closing waits for merges; the folder is then deleted anyway."""


class LayeredStore(FolderStore):
    """Searches a published library and a visitor's own as one. It makes no changes: the own library does.

    The word index is the published one, linked and then continued with the own passages, so that a word's rarity is
    counted over both, and over nothing else. Cosines do not depend on other passages, so each library's vectors are
    searched separately.
    """

    def __init__(self, published: FolderStore, own: FolderStore, place: Path) -> None:
        """`place` is a new folder for the word index. Both stores stay open until after this one is closed."""
        self.folder = own.folder
        self.folders = (own.folder, *published.folders)
        self.catalog: LayeredCatalog = LayeredCatalog(published.catalog, own.catalog)
        self.database = own.database
        self.read_only = False
        self._dense = LayeredDense(published._dense, own._dense)
        place.mkdir()
        shadow(published.folder / NAME, place)
        self._lexical = LexicalIndex(place, self.catalog.library_id)
        self._updater = LexicalUpdater(WriterLock(place), self.catalog, lambda: self._lexical, lambda: None)

    def close(self) -> None:
        """Close the word index. The two libraries close what belongs to them."""
        self._updater.close()
        self._lexical.close(_MERGING_PATIENCE)

    def follow(self) -> bool:
        """Return False: neither library is replaced while this store is open."""
        return False

    def writing(self, *, patience: float | None = None) -> Any:  # noqa: ARG002 - as in the base class
        """Raise LibraryReadOnly: changes go to the own library."""
        raise LibraryReadOnly(str(self.folder))

    # The base class asks its database; here two databases are asked.

    def numbers(self, ids: Sequence[int]) -> dict[int, int]:
        """See `Store.numbers`."""
        return self.catalog.numbers(ids)

    def passages(self, ids: Sequence[int]) -> dict[int, PassageRow]:
        """See `Store.passages`."""
        return self.catalog.passages(ids)

    def infos(self, numbers: Sequence[int]) -> dict[int, DocumentInfo]:
        """See `Store.infos`."""
        return self.catalog.infos(numbers)

    def locate(self, places: Sequence[tuple[int, Span]]) -> list[Location]:
        """See `Store.locate`."""
        return self.catalog.locate(places)

    def problems(self) -> list[Problem]:
        """Return nothing: each library examines itself."""
        return []


class LayeredDense(DenseIndex):
    """The dense indexes of both libraries, searched one after the other."""

    def __init__(self, published: DenseIndex, own: DenseIndex) -> None:
        self._published = published
        self._own = own

    def catch_up(self, *, patience: float | None = None) -> None:
        """See `DenseIndex.catch_up`."""
        self._published.catch_up(patience=patience)
        self._own.catch_up(patience=patience)

    def search(self, vector: np.ndarray[Any, Any], k: int, scope: Scope | None = None) -> dict[int, float]:
        """See `DenseIndex.search`."""
        found = self._published.search(vector, k, scope) | self._own.search(vector, k, scope)
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:k])

    @property
    def generation(self) -> int | None:
        """The sum of both generations, as in the layered catalog; None if one index is not loaded."""
        published, own = self._published.generation, self._own.generation
        return None if published is None or own is None else published + own
