"""The rows that a catalog returns, and the blocks of ids in which it reads them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import DocumentInfo, Landmark, Span
    from index.storage.catalog.catalog import Catalog
    from index.storage.database import Database

LISTED = "(SELECT value FROM json_each(?))"
"""SQL for any number of values in one JSON parameter, because SQLite limits the number of parameters."""


class DocumentCache:
    """All documents by number. Each call reads only the documents that changed since the last call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[str, int, dict[int, DocumentInfo]] = ("", 0, {})

    def of(self, catalog: Catalog) -> dict[int, DocumentInfo]:
        """Return all documents of the catalog in this thread's snapshot."""
        library, generation = catalog.library_id, catalog.generation()
        with self._lock:
            known, since, infos = self._known
            if (known, since) != (library, generation):
                changed = _changed(catalog, since, infos) if known == library and since < generation else None
                infos = catalog.all_infos() if changed is None else changed
                self._known = library, generation, infos
            return infos


def _changed(catalog: Catalog, since: int, infos: dict[int, DocumentInfo]) -> dict[int, DocumentInfo] | None:
    """Return the documents with the changes since a generation; None if the removals are no longer recorded."""
    removed = catalog.removed_since(since)
    if removed is None:
        return None
    numbers = {document.number for document in removed}
    changed = {number: info for number, info in infos.items() if number not in numbers}
    changed |= catalog.infos([document.number for document in catalog.added_since(since)])
    if catalog.relinked() > since:
        for number, source in catalog.first_sources().items():
            if number in changed and changed[number].source != source:
                changed[number] = replace(changed[number], source=source)
    return changed


class WithDatabase(Protocol):
    """The part of the catalog that a query needs."""

    @property
    def database(self) -> Database:
        """The catalog's database."""
        ...


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a document: whole passages, and the landmarks among them."""

    start: int
    """The offset of the piece in the document's text."""
    text: str
    landmarks: tuple[Landmark, ...]
    """Ordered by offset."""

    @property
    def end(self) -> int:
        """The offset of its end."""
        return self.start + len(self.text)

    def of(self, span: Span) -> str:
        """Return the part of the text within a span of the document."""
        return self.text[max(0, span.start - self.start) : max(0, span.end - self.start)]


@dataclass(frozen=True, slots=True)
class DocumentRange:
    """The ids of one document's passages: `first` to `first + passages - 1`."""

    number: int
    first: int
    passages: int


def runs(ranges: Sequence[DocumentRange], size: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last ids of blocks of about `size` passages; neighbouring documents share a block."""
    first = last = None
    for document in ranges:
        for start in range(document.first, document.first + document.passages, size):
            end = min(start + size, document.first + document.passages) - 1
            if first is not None and last is not None and start == last + 1 and end - first < size:
                last = end
                continue
            if first is not None and last is not None:
                yield first, last
            first, last = start, end
    if first is not None and last is not None:
        yield first, last
