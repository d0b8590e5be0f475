"""All documents by number, kept up with the catalog at the cost of what changed."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.records import DocumentInfo
    from index.storage.catalog import Catalog


class Numbering:
    """The documents as they were when they were last asked for: only what came and went since is read again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[str, int, dict[int, DocumentInfo]] = ("", 0, {})

    def of(self, catalog: Catalog) -> dict[int, DocumentInfo]:
        """All documents of the catalog as this thread reads it."""
        library, generation = catalog.library_id, catalog.generation()
        with self._lock:
            known, since, infos = self._known
            if (known, since) != (library, generation):
                changed = _changed(catalog, since, infos) if known == library and since < generation else None
                infos = catalog.all_infos() if changed is None else changed
                self._known = library, generation, infos
            return infos


def _changed(catalog: Catalog, since: int, infos: dict[int, DocumentInfo]) -> dict[int, DocumentInfo] | None:
    """The documents after what happened since that generation; None where that is not known any more."""
    gone = catalog.removed_since(since)
    if gone is None:
        return None
    left = {each.number for each in gone}
    changed = {number: info for number, info in infos.items() if number not in left}
    changed |= catalog.infos([each.number for each in catalog.added_since(since)])
    if catalog.relinked() > since:
        for number, source in catalog.first_sources().items():
            if number in changed and changed[number].source != source:
                changed[number] = replace(changed[number], source=source)
    return changed
