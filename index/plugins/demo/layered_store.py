"""Two libraries read as one: a published one, which never changes here, and a visitor's own beside it."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from index.errors import LibraryReadOnly
from index.storage import tables
from index.storage.catalog.catalog import Catalog, DocumentCache
from index.storage.dense.dense_index import DenseIndex
from index.storage.files import WriterLock
from index.storage.lexical.lexical_index import LexicalIndex, shadow
from index.storage.store import NAME, FolderStore, LexicalUpdater

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from index.records import Document, DocumentInfo, Location, Passage, Problem, Span, Table, WordBox
    from index.storage.catalog.document_queries import DocumentRange, Excerpt
    from index.storage.catalog.passage_queries import PassageRow
    from index.storage.protocol import Scope

    Array = np.ndarray[Any, Any]
    Row = tuple[PassageRow, str]


# The catalogs of two libraries read as one: every query asks the catalog that has the id, or both.

GAP = 1_000_000
"""Ids that the published catalog may still give away: its program may add passages while visitors have libraries."""
Key = TypeVar("Key", int, str)
Value = TypeVar("Value")


def keep_ids_apart(published: Catalog, own: Catalog) -> None:
    """Let an empty catalog give only ids that the published one does not give. Call before anything is added."""
    if not any(own.ids_after()):
        own.begin_ids_after(published.highest() + GAP, max(published.numbered(), default=0) + GAP)


class LayeredCatalog(Catalog):
    """Reads a published catalog and a visitor's own as one. It makes no changes: the own library does.

    Ids above a border belong to the own catalog (`keep_ids_apart`). A generation is the sum of both, so it grows with
    each change of the own catalog, and all documents of the published one come first. If the published catalog changes,
    make a new object.
    """

    def __init__(self, published: Catalog, own: Catalog) -> None:
        self.database = own.database
        self._published = published
        self._own = own
        self.base = published.generation()
        """The generation of the published catalog."""
        self._numbering = DocumentCache()
        self._last_passage, self._last_document = own.ids_after()
        """The highest ids that may belong to the published catalog."""
        if not self._last_passage:
            raise own.database.damaged("its ids may be those of the published library")

    @property
    def is_current(self) -> bool:
        """Whether the published catalog is still the one that this object was made for."""
        return self._published.generation() == self.base

    def close(self) -> None:
        """Do nothing: both libraries close their own catalogs."""

    # Facts

    @property
    def library_id(self) -> str:
        """The identity of the published library, whose word index is continued."""
        return self._published.library_id

    def generation(self) -> int:
        """Return the number of changes of both catalogs."""
        return self.base + self._own.generation()

    def fingerprint(self) -> str:
        """Return the fingerprint of the published catalog; the own one has the same, or none yet."""
        return self._published.fingerprint() or self._own.fingerprint()

    def model(self) -> str | None:
        """See `Catalog.model`."""
        return self._published.model()

    def precisions(self) -> list[str]:
        """See `Catalog.precisions`."""
        return sorted({*self._published.precisions(), *self._own.precisions()})

    def relinked(self) -> int:
        """See `Catalog.relinked`."""
        own = self._own.relinked()
        return min(self.base + own, tables.NEVER) if own else self._published.relinked()

    def totals(self) -> dict[str, int]:
        """See `Catalog.totals`."""
        published, own = self._published.totals(), self._own.totals()
        return {name: published[name] + own[name] for name in published}

    def extent(self, numbers: Sequence[int] | None = None) -> tuple[int, int]:
        """See `Catalog.extent`."""
        low, high = (None, None) if numbers is None else self._split(numbers, self._last_document)
        published, own = self._published.extent(low), self._own.extent(high)
        return published[0] + own[0], published[1] + own[1]

    # Documents

    def documents(self) -> list[DocumentInfo]:
        """See `Catalog.documents`."""
        return sorted([*self._published.documents(), *map(_private, self._own.documents())], key=lambda i: i.source)

    def all_infos(self) -> dict[int, DocumentInfo]:
        """See `Catalog.all_infos`."""
        return self._published.all_infos() | _all_private(self._own.all_infos())

    def infos(self, numbers: Sequence[int]) -> dict[int, DocumentInfo]:
        """See `Catalog.infos`."""
        low, high = self._split(numbers, self._last_document)
        return self._published.infos(low) | _all_private(self._own.infos(high) if high else {})

    def identified(self, names: Sequence[str]) -> list[DocumentInfo]:
        """See `Catalog.identified`."""
        return [*self._published.identified(names), *map(_private, self._own.identified(names))]

    def number_of(self, identity: str) -> int | None:
        """See `Catalog.number_of`."""
        number = self._published.number_of(identity)
        return self._own.number_of(identity) if number is None else number

    def added_at(self, identity: str) -> str:
        """See `Catalog.added_at`."""
        return self._published.added_at(identity) or self._own.added_at(identity)

    def successor_of(self, identity: str) -> str:
        """See `Catalog.successor_of`."""
        return self._published.successor_of(identity) or self._own.successor_of(identity)

    def claimed(self, ids: Sequence[str] | None = None) -> frozenset[str]:
        """See `Catalog.claimed`."""
        return self._published.claimed(ids) | self._own.claimed(ids)

    def unfinished(self) -> dict[int, int]:
        """See `Catalog.unfinished`."""
        return self._published.unfinished() | self._own.unfinished()

    def to_read(self) -> frozenset[str]:
        """See `Catalog.to_read`."""
        return self._published.to_read() | self._own.to_read()

    def media_types(self, ids: Sequence[str]) -> dict[str, str]:
        """See `Catalog.media_types`."""
        return self._own.media_types(ids) | self._published.media_types(ids)

    def first_sources(self) -> dict[int, str]:
        """See `Catalog.first_sources`."""
        return self._published.first_sources() | self._own.first_sources()

    def sources_of(self, number: int) -> list[str]:
        """See `Catalog.sources_of`."""
        return self._of(number).sources_of(number)

    # Passages

    def passages(self, ids: Sequence[int]) -> dict[int, PassageRow]:
        """See `Catalog.passages`."""
        low, high = self._split(ids, self._last_passage)
        return self._published.passages(low) | (self._own.passages(high) if high else {})

    def numbers(self, ids: Sequence[int]) -> dict[int, int]:
        """See `Catalog.numbers`."""
        low, high = self._split(ids, self._last_passage)
        return self._published.numbers(low) | (self._own.numbers(high) if high else {})

    def passages_of(self, number: int) -> list[Passage]:
        """See `Catalog.passages_of`."""
        return self._of(number).passages_of(number)

    def rows_of(self, number: int) -> list[Row]:
        """See `Catalog.rows_of`."""
        return self._of(number).rows_of(number)

    def rows_around(self, number: int, span: Span) -> list[Row]:
        """See `Catalog.rows_around`."""
        return self._of(number).rows_around(number, span)

    def texts(self, ranges: Sequence[DocumentRange]) -> Iterator[tuple[int, int, str, str]]:
        """See `Catalog.texts`."""
        low, high = self._split_ranges(ranges)
        return chain(self._published.texts(low), self._own.texts(high))

    def vectors_of(self, ids: Sequence[int]) -> tuple[list[int], Array]:
        """See `Catalog.vectors_of`."""
        low, high = self._split(ids, self._last_passage)
        found = [side.vectors_of(some) for side, some in ((self._published, low), (self._own, high)) if some]
        stored = [(known, vectors) for known, vectors in found if known]
        if not stored:
            return self._own.vectors_of([])
        return [*chain(*(known for known, _ in stored))], np.concatenate([vectors for _, vectors in stored])

    def document(self, number: int) -> Document | None:
        """See `Catalog.document`."""
        return self._of(number).document(number)

    def excerpt(self, number: int, span: Span) -> Excerpt:
        """See `Catalog.excerpt`."""
        return self._of(number).excerpt(number, span)

    def locate(self, places: Sequence[tuple[int, Span]]) -> list[Location]:
        """See `Catalog.locate`."""
        return [self._of(number).locate([(number, span)])[0] for number, span in places]

    def tables_in(self, number: int, span: Span | None = None) -> tuple[Table, ...]:
        """See `Catalog.tables_in`."""
        return self._of(number).tables_in(number, span)

    def boxes_in(self, number: int, span: Span) -> tuple[WordBox, ...]:
        """See `Catalog.boxes_in`."""
        return self._of(number).boxes_in(number, span)

    def headings(self, numbers: Sequence[int]) -> dict[str, list[str]]:
        """See `Catalog.headings`."""
        low, high = self._split(numbers, self._last_document)
        return self._published.headings(low) | self._own.headings(high)

    def pages_begun(self, number: int, at: int) -> int:
        """See `Catalog.pages_begun`."""
        return self._of(number).pages_begun(number, at)

    # History

    def ranges(self, numbers: Sequence[int]) -> list[DocumentRange]:
        """See `Catalog.ranges`."""
        low, high = self._split(numbers, self._last_document)
        return [*self._published.ranges(low), *(self._own.ranges(high) if high else ())]

    def added_since(self, generation: int, *, until: int = tables.NEVER) -> list[DocumentRange]:
        """See `Catalog.added_since`."""
        published = self._published.added_since(generation, until=min(until, self.base))
        own = self._own.added_since(max(generation - self.base, -1), until=until - self.base)
        return [*published, *own]

    def removed_since(self, generation: int) -> list[DocumentRange] | None:
        """See `Catalog.removed_since`."""
        published = self._published.removed_since(generation)
        own = self._own.removed_since(max(generation - self.base, 0))
        return None if published is None or own is None else [*published, *own]

    def generation_after(self, generation: int, passages: int) -> int:
        """See `Catalog.generation_after`."""
        if generation < self.base:
            return min(self._published.generation_after(generation, passages), self.base)
        return min(self.base + self._own.generation_after(generation - self.base, passages), tables.NEVER)

    def highest(self) -> int:
        """See `Catalog.highest`."""
        return max(self._published.highest(), self._own.highest())

    # Details

    def _of(self, number: int) -> Catalog:
        return self._own if number > self._last_document else self._published

    def _split_ranges(self, ranges: Iterable[DocumentRange]) -> tuple[list[DocumentRange], list[DocumentRange]]:
        ranges = list(ranges)
        low = [document for document in ranges if document.number <= self._last_document]
        return low, [document for document in ranges if document.number > self._last_document]

    @staticmethod
    def _split(values: Sequence[int], border: int) -> tuple[list[int], list[int]]:
        """Return the ids of the published catalog, and those of the own one."""
        return [value for value in values if value <= border], [value for value in values if value > border]


def _private(info: DocumentInfo) -> DocumentInfo:
    return replace(info, private=True)


def _all_private(infos: Mapping[int, DocumentInfo]) -> dict[int, DocumentInfo]:
    return {number: _private(info) for number, info in infos.items()}


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
