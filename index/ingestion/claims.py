"""What an import claimed of a file, beside what the file says when it is read here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import Document
    from index.storage.catalog import Catalog

    Outcome = Literal["added", "replaced", "unchanged"]

_COMPARED = ("text", "landmarks", "title", "author", "date", "media_type")
FOUND_IN_FILE = "It was imported with another {} than its file has: the file's own took their place."
_CALLED = {"landmarks": "pages and headings", "media_type": "format"}


@dataclass(frozen=True, slots=True)
class Claims:
    """For each document that was claimed, by its id, in what it differs from what was read; nothing where it is so."""

    differences: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, catalog: Catalog, read: Sequence[Document]) -> Claims:
        """Compare documents that were read with what the catalog has by claim alone."""
        claimed = catalog.claimed([document.id for document in read])
        found = {}
        for document in read:
            number = catalog.number_of(document.id) if document.id in claimed else None
            stored = catalog.document(number) if number is not None else None
            if stored is not None:
                found[document.id] = tuple(_differing(stored, document))
        return cls(found)

    def outcome(self, identity: str, stored: Literal["added", "replaced"]) -> Outcome:
        """What became of a document: one that says what was claimed is unchanged, though now it is proven.

        Where it was added, the claim had already gone: another document took its source before.
        """
        return "unchanged" if stored == "replaced" and self.differences.get(identity) == () else stored

    def notes(self, identity: str, words: str = FOUND_IN_FILE) -> tuple[str, ...]:
        """What the receipt says of it; `words` have a gap for what differs."""
        differing = self.differences.get(identity)
        if not differing:
            return ()
        what = " and ".join(filter(None, (", ".join(differing[:-1]), differing[-1])))
        return (words.format(what),)


def _differing(claimed: Document, read: Document) -> list[str]:
    return [_CALLED.get(name, name) for name in _COMPARED if getattr(claimed, name) != getattr(read, name)]
