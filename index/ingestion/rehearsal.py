"""An `add` that only says what it would do: files are read and cut, nothing is encoded and nothing stored."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from index.ingestion.adding import Ingestion
from index.ingestion.claims import Claims

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from index.chunking import Chunker
    from index.encoding import Encoder
    from index.storage.catalog import Catalog
    from index.storage.store import FolderStore


class ImaginedCatalog:
    """Which document each source would have, after changes that are made in memory alone. For several threads."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._documents: dict[str, str] = {}
        self._sources: dict[str, set[str]] = {}
        self._read: set[str] = set()
        self._lock = threading.RLock()

    def fingerprint(self) -> str:
        """What the library's vectors were made with."""
        return self._catalog.fingerprint()

    def document_of(self, source: str) -> str:
        """The id of the document that the source would have; empty for none."""
        with self._lock:
            if source not in self._documents:
                self._documents[source] = self._catalog.document_of(source)
            return self._documents[source]

    def number_of(self, identity: str) -> int | None:
        """Some number if any source would have the document."""
        with self._lock:
            return 0 if self._holders(identity) else None

    def was_read(self, identity: str) -> bool:
        """Whether the library would have the document, and from its file rather than by an import's claim."""
        if self.number_of(identity) is None:
            return False
        with self._lock:
            return identity in self._read or not self._catalog.claimed([identity])

    def is_claimed(self, identity: str) -> bool:
        """Whether the library would have the document, and by an import's claim alone."""
        return self.number_of(identity) is not None and not self.was_read(identity)

    def store(self, source: str, identity: str) -> Literal["added", "replaced"]:
        """Give a source a document that was read from its file; a claim to it goes, with all sources that it names."""
        with self._lock:
            displaced = self._holders(identity).copy() if self.is_claimed(identity) else set()
            for each in displaced:
                self.link(each, "")
            self._read.add(identity)
            stored = self.link(source, identity)
            return "replaced" if displaced else stored

    def link(self, source: str, identity: str) -> Literal["added", "replaced"]:
        """Give a source a document; with an empty id, take away the one that it has."""
        with self._lock:
            before = self.document_of(source)
            if before:
                self._holders(before).discard(source)
            if identity:
                self._holders(identity).add(source)
            self._documents[source] = identity
            return "replaced" if before else "added"

    def _holders(self, identity: str) -> set[str]:
        if identity not in self._sources:
            number = self._catalog.number_of(identity)
            self._sources[identity] = set() if number is None else set(self._catalog.sources_of(number))
        return self._sources[identity]


@dataclass(frozen=True, slots=True)
class _ImaginedStore:
    folder: Path
    catalog: ImaginedCatalog

    def index(self) -> None:
        """There is nothing to index."""


class Rehearsal(Ingestion):
    """One `add` as `Ingestion` would do it, after the given sources have got and lost their documents."""

    _encodes: ClassVar[bool] = False

    def __init__(
        self,
        store: FolderStore,
        tools: Callable[[], tuple[Encoder, Chunker]],
        *,
        gained: Mapping[str, str],
        lost: Iterable[str],
        **options: Any,
    ) -> None:
        self._catalog = store.catalog
        self._imagined = ImaginedCatalog(store.catalog)
        for source, identity in gained.items():
            self._imagined.link(source, identity)
        for source in lost:
            self._imagined.link(source, "")
        # It has all that is asked of a store while nothing is stored.
        super().__init__(cast("FolderStore", _ImaginedStore(store.folder, self._imagined)), tools, **options)

    def _store_waiting(self) -> None:
        group, self._waiting = self._waiting, []
        read = [each.document for each in group]
        claims = Claims.of(self._catalog, [each for each in read if self._imagined.is_claimed(each.id)])
        for each in group:
            document = each.document
            outcome = self._imagined.store(document.source, document.id)
            self._tell_stored(each, claims.outcome(document.id, outcome), claims.notes(document.id))
