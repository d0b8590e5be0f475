"""Looks for secrets in everything that becomes public of a library: texts, titles, names, original files."""

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

_LARGEST_READ = 64 << 20
"""Bytes of an original file in which secrets are looked for."""


@dataclass(frozen=True, slots=True)
class SecretFound:
    """A secret in a document that would become public."""

    document: str
    """The id of the document."""
    name: str
    kind: str
    place: str
    """`title`, `author`, `date`, `file name`, `heading`, `original file`, or the location in the text and its offset in
    code points."""
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
    full = library.document(document.id)
    for found in scan(full.text, emails=emails):
        yield _place(library.locate(document.id, found.span), found.span.start), found
    outline = "\n".join(dict.fromkeys(mark.label for mark in full.landmarks if mark.label not in full.text))
    yield from (("heading", found) for found in scan(outline, emails=emails))
    if document.original is not None:
        yield from _in_original(library, document, full.text, emails=emails)


def _in_original(
    library: Library, document: PublicDocument, text: str, *, emails: bool
) -> Iterator[tuple[str, Finding]]:
    """Yield the secrets of an original file that are not in its text: in a script of a web page, or in metadata.

    Compressed parts of a file are not read.
    """
    with library.open_original(document.id).file as file:
        data = file.read(_LARGEST_READ).decode("utf-8", "ignore")
    for found in scan(data, emails=emails):
        if found.span.of(data) not in text:
            yield "original file", found


def _place(location: Location, offset: int) -> str:
    return f"{location.label}, character {offset}" if location.label else f"character {offset}"
