"""A dry run of `sync`: files are read and cut, but nothing is encoded or stored."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from index.ingest.add import Claims, Ingestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from index.encoders.encoder import Encoder
    from index.records import DocumentInfo
    from index.storage.catalog.catalog import Catalog
    from index.storage.store import FolderStore
    from index.text.chunks import Chunker


class SimulatedCatalog:
    """A view of the catalog with changes that exist in memory only. Thread-safe."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._documents: dict[str, str] = {}
        self._sources: dict[str, set[str]] = {}
        self._read: set[str] = set()
        self._lock = threading.RLock()

    def fingerprint(self) -> str:
        """Return the fingerprint of the library's encoder and chunking."""
        return self._catalog.fingerprint()

    def document_of(self, source: str) -> str:
        """Return the id of the document that the source would have; empty for none."""
        with self._lock:
            if source not in self._documents:
                self._documents[source] = self._catalog.document_of(source)
            return self._documents[source]

    def number_of(self, identity: str) -> int | None:
        """Return 0 if any source would have the document, else None."""
        with self._lock:
            return 0 if self._sources_of(identity) else None

    def media_types(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the media types of documents that would be read, by id; empty for those that are not stored yet."""
        stored = self._catalog.media_types(ids)
        return {identity: stored.get(identity, "") for identity in ids if self.was_read(identity)}

    def infos(self, numbers: Sequence[int]) -> dict[int, DocumentInfo]:
        """Return documents that the library has, by number."""
        return self._catalog.infos(numbers)

    def sources_below(self, folder: str) -> dict[str, str]:
        """Return each source that would be below a path, and the id of its document."""
        found = self._catalog.sources_below(folder)
        return {source: identity for source in found if (identity := self.document_of(source))}

    def relink(self, gained: Mapping[str, str], lost: Iterable[str] = ()) -> None:
        """Link each gained source to the document with the given id, and unlink the lost sources."""
        for source, identity in (*gained.items(), *((source, "") for source in lost)):
            self.link(source, identity)

    def was_read(self, identity: str) -> bool:
        """Return whether the library would have the document from its file, not by an import's claim."""
        if self.number_of(identity) is None:
            return False
        with self._lock:
            return identity in self._read or identity not in self._unread

    @cached_property
    def _unread(self) -> frozenset[str]:
        """The ids of the documents that the library has not wholly read, which a dry run does not change."""
        return self._catalog.to_read()

    def is_claimed(self, identity: str) -> bool:
        """Return whether the library would have the document by an import's claim only."""
        unread = self.number_of(identity) is not None and not self.was_read(identity)
        return unread and bool(self._catalog.claimed([identity]))

    def store(self, source: str, identity: str) -> Literal["added", "replaced"]:
        """Link a source to a document that was read from its file; a claimed document loses all its sources first."""
        with self._lock:
            displaced = self._sources_of(identity).copy() if self.is_claimed(identity) else set()
            for claimed in displaced:
                self.link(claimed, "")
            self._read.add(identity)
            stored = self.link(source, identity)
            return "replaced" if displaced else stored

    def link(self, source: str, identity: str) -> Literal["added", "replaced"]:
        """Link a source to a document; with an empty id, unlink its document."""
        with self._lock:
            before = self.document_of(source)
            if before:
                self._sources_of(before).discard(source)
            if identity:
                self._sources_of(identity).add(source)
            self._documents[source] = identity
            return "replaced" if before not in ("", identity) else "added"

    def _sources_of(self, identity: str) -> set[str]:
        if identity not in self._sources:
            number = self._catalog.number_of(identity)
            self._sources[identity] = set() if number is None else set(self._catalog.sources_of(number))
        return self._sources[identity]


@dataclass(frozen=True, slots=True)
class _SimulatedStore:
    folder: Path
    catalog: SimulatedCatalog

    def index(self) -> None:
        """Do nothing: a dry run has nothing to index."""


class DryRun(Ingestion):
    """A dry run of `Ingestion`, after the given sources have gained and lost their documents."""

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
        self._simulated = SimulatedCatalog(store.catalog)
        for source, identity in gained.items():
            self._simulated.link(source, identity)
        for source in lost:
            self._simulated.link(source, "")
        # The simulated store has all the attributes that a dry run uses.
        super().__init__(cast("FolderStore", _SimulatedStore(store.folder, self._simulated)), tools, **options)

    def _store_waiting(self) -> None:
        group, self._waiting = self._waiting, []
        documents = [prepared.document for prepared in group]
        claimed = [document for document in documents if self._simulated.is_claimed(document.id)]
        claims = Claims.of(self._catalog, claimed)
        for prepared in group:
            document = prepared.document
            outcome = self._simulated.store(document.source, document.id)
            self._report_stored(prepared, claims.outcome(document.id, outcome), claims.notes(document.id))
