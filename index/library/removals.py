"""Removes documents with the documents that are in them, and the documents in an archive by its name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import DocumentNotFound
from index.library.session import possible_sources
from index.loading.containers.container_paths import container_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.library.session import Lookup
    from index.records import DocumentInfo
    from index.storage.catalog.catalog import Catalog


class Removals:
    """Finds what goes when documents or archives are removed, and removes it."""

    def __init__(self, catalog: Catalog, lookup: Lookup) -> None:
        self._catalog = catalog
        self._lookup = lookup
        self._documents: dict[str, DocumentInfo] = {}
        self._members: set[str] = set()

    def find(self, names: Iterable[str]) -> None:
        """Find documents by id, source or title, and archives by path. Raises DocumentNotFound, AmbiguousDocument."""
        for name in names:
            try:
                info = self._lookup.find(name)
            except DocumentNotFound:
                members = set(self._members_of(name))
                if not members:
                    raise
                self._members |= members
            else:
                self._documents[info.id] = info
                for source in self._catalog.sources_of(self._lookup.number(info.id)):
                    self._members.update(self._in_container(source))

    def carry_out(self) -> tuple[str, ...]:
        """Remove what was found, and return the sources. A document that has another source, too, loses this one."""
        for identity in self._documents:
            self._catalog.remove(self._lookup.number(identity))
        members = sorted(self._catalog.documents_of(sorted(self._members)))
        self._catalog.relink({}, members)
        return (*(info.source for info in self._documents.values()), *members)

    def containers(self) -> set[str]:
        """Return the files on disk that removed documents are members of, so that a sync opens them again."""
        sources = (*self._members, *(info.source for info in self._documents.values()))
        found = (container_file(Path(source)) for source in sources if os.path.isabs(source))
        return {str(file) for file in found if file is not None}

    def _members_of(self, name: str) -> Iterator[str]:
        """Yield the sources of the documents in an archive; of those in a folder, none."""
        for source in dict.fromkeys(possible_sources(name)):
            yield from self._in_container(source)

    def _in_container(self, container: str) -> Iterator[str]:
        """Yield the sources below a container: a file, or one that documents name, even if it is gone."""
        found = self._catalog.sources_below(container) if container else {}
        is_file = os.path.isabs(container) and os.path.isfile(container)
        if is_file or any(self._container_of(identity) == container for identity in found.values()):
            yield from found

    def _container_of(self, identity: str) -> str:
        number = self._lookup.number(identity)
        return self._catalog.infos([number])[number].reading.container
