"""Compares documents that were read with those that the library has by an import's claim only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import Document
    from index.storage.catalog.catalog import Catalog

    Outcome = Literal["added", "replaced", "unchanged"]

_COMPARED = ("text", "landmarks", "tables", "recognised", "title", "author", "date", "media_type")
FOUND_IN_FILE = "The import and the file itself differ in {}; the library now has what the file says."
_LABELS = {"landmarks": "pages and headings", "recognised": "recognised words", "media_type": "format"}


@dataclass(frozen=True, slots=True)
class Claims:
    """The fields in which each claimed document, by id, differs from its file; empty if they agree."""

    differences: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, catalog: Catalog, read: Sequence[Document]) -> Claims:
        """Compare documents that were read with those that the catalog has by claim only."""
        claimed = catalog.claimed([document.id for document in read])
        found = {}
        for document in read:
            number = catalog.number_of(document.id) if document.id in claimed else None
            stored = catalog.document(number) if number is not None else None
            if stored is not None:
                found[document.id] = tuple(_differing(stored, document))
        return cls(found)

    def outcome(self, identity: str, stored: Literal["added", "replaced"]) -> Outcome:
        """Return a document's outcome: it is unchanged if its claim proved right.

        If it was added, the claim had been removed before, because another document took its source.
        """
        return "unchanged" if stored == "replaced" and self.differences.get(identity) == () else stored

    def notes(self, identity: str, words: str = FOUND_IN_FILE) -> tuple[str, ...]:
        """Return the receipt's notes on a document; `words` has a placeholder for the fields that differ."""
        differing = self.differences.get(identity)
        if not differing:
            return ()
        fields = " and ".join(filter(None, (", ".join(differing[:-1]), differing[-1])))
        return (words.format(fields),)


def _differing(claimed: Document, read: Document) -> list[str]:
    return [_LABELS.get(name, name) for name in _COMPARED if getattr(claimed, name) != getattr(read, name)]
