"""The lookup of documents by the names that readers give them, and of places in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.errors import DocumentNotFound, SpanError
from index.naming import identities, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import DocumentInfo, Hit, Location, Span
    from index.storage.store import FolderStore


class Lookup:
    """Finds documents by name, and their numbers in the catalog."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store
        self._catalog = store.catalog

    def find(self, name: str) -> DocumentInfo:
        """Return the one document with this id, beginning of an id, source, file name or title.

        Raises DocumentNotFound, or AmbiguousDocument if several have this name.
        """
        wanted = identities(name)
        candidates = self._catalog.identified(wanted)
        if len(candidates) == 1 and (candidates[0].id == wanted[0] or candidates[0].source in wanted):
            return named(candidates, name)  # ids and sources take precedence: no need to read the other documents
        return named(self._catalog.numbered().values(), name)

    def number(self, identity: str) -> int:
        """Return the catalog's number of the document with this id. Raises DocumentNotFound."""
        number = self._catalog.number_of(identity)
        if number is None:
            raise DocumentNotFound(identity)
        return number

    def numbers(self, names: Sequence[str] | None) -> list[int] | None:
        """Return the numbers of the documents with these names; None means all documents."""
        return None if names is None else [self.number(self.find(name).id) for name in names]

    def having(self, name: str, span: Span | None) -> DocumentInfo:
        """Return the document with this name. Raises SpanError if the span is not within its text."""
        info = self.find(name)
        if span and not 0 <= span.start <= span.end <= info.characters:
            raise SpanError(
                f"{info.name} has {info.characters} characters; {span.start}:{span.end} is not a span of it.",
                "A span is START:END, in code points, with 0 <= START <= END.",
            )
        return info

    def locate(self, hit: Hit, start: int) -> Location:
        """Return where an offset of a hit's document is; the hit's own location if the document was removed."""
        number = self._catalog.number_of(hit.document.id)
        return hit.location if number is None else self._store.locate(number, start)
