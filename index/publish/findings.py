"""Looks for secrets in everything that becomes public of a library: texts, titles, authors, dates and names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.publish.secret_scan import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.library.library import Library
    from index.publish.listing import Listing, PublicDocument
    from index.publish.secret_scan import Finding
    from index.records import Location


@dataclass(frozen=True, slots=True)
class SecretFound:
    """A secret in a document that would become public."""

    document: str
    """The id of the document."""
    name: str
    kind: str
    place: str
    """`title`, `author`, `date`, `file name`, or the location in the text with its offset in code points."""
    excerpt: str
    """The secret, masked."""
    allowed: bool
    """Whether the publisher has decided that it may become public."""


def find_secrets(
    library: Library, listing: Listing, *, emails: bool = False, allowed: frozenset[str] = frozenset()
) -> list[SecretFound]:
    """Return the secrets in all documents; `allowed` has the ids of documents whose secrets may become public."""
    return [
        SecretFound(document.id, document.name, found.kind, place, found.excerpt, document.id in allowed)
        for document in listing.documents
        for place, found in _in_document(library, document, emails=emails)
    ]


def _in_document(library: Library, document: PublicDocument, *, emails: bool) -> Iterator[tuple[str, Finding]]:
    fields = {"title": document.title, "author": document.author, "date": document.date}
    for place, words in fields.items():
        yield from ((place, found) for found in scan(words, emails=emails))
    for name in (document.name, *document.also):
        yield from (("file name", found) for found in scan(name, emails=emails))
    for found in scan(library.document(document.id).text, emails=emails):
        yield _place(library.locate(document.id, found.span), found.span.start), found


def _place(location: Location, offset: int) -> str:
    return f"{location.label}, character {offset}" if location.label else f"character {offset}"
