"""A cache of all documents by number; an update costs only as much as has changed."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.records import DocumentInfo
    from index.storage.catalog import Catalog


class Numbering:
    """All documents by number. Each call reads only the documents that changed since the last call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[str, int, dict[int, DocumentInfo]] = ("", 0, {})

    def of(self, catalog: Catalog) -> dict[int, DocumentInfo]:
        """Return all documents of the catalog as this thread reads it."""
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
