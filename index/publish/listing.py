"""The listing: what becomes public when a library is published, document by document, and under which names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from index.errors import OriginalMissing
from index.publish.licences import UNKNOWN, licence_of
from index.wire import source_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from index.library.library import Library
    from index.records import DocumentInfo

_LARGEST_READ = 64 << 20
"""Bytes of an original file in which a licence is looked for."""


@dataclass(frozen=True, slots=True)
class PublicDocument:
    """A document as the public will see it."""

    id: str
    name: str
    """The name that shows as its source: a file name or a web address, never a path."""
    also: tuple[str, ...]
    """Names of further files with the same bytes."""
    title: str
    author: str
    date: str
    media_type: str
    pages: int
    passages: int
    characters: int
    original: int | None
    """Size of the original file in bytes, if it goes along; None if it does not."""
    licence: str
    """An SPDX identifier, `all rights reserved`, or `unknown`."""
    hidden: tuple[str, ...]
    """Paths of this machine that were replaced by names."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that becomes public."""

    documents: tuple[PublicDocument, ...]
    sources: Mapping[str, str]
    """Each source of the library with the id of its document."""
    names: Mapping[str, str]
    """The public name of each source."""
    missing: tuple[str, ...] = ()
    """Names of documents whose original file should go along, but is gone or has changed."""

    @property
    def unlicensed(self) -> tuple[str, ...]:
        """The names of the documents whose licence is unknown."""
        return tuple(document.name for document in self.documents if document.licence == UNKNOWN)

    @property
    def passages(self) -> int:
        """The number of passages."""
        return sum(document.passages for document in self.documents)

    @property
    def originals(self) -> int:
        """The size of all original files that go along, in bytes."""
        return sum(document.original or 0 for document in self.documents)


def list_library(library: Library, *, originals: bool, licences: Mapping[str, str]) -> Listing:
    """Return what becomes public.

    `licences` maps ids of documents to the licences that the publisher states; the one of "" is that of all documents
    that name none themselves.
    """
    sources = library.sources()
    names = public_names(sources)
    own: dict[str, list[str]] = {}
    for source, identity in sources.items():
        own.setdefault(identity, []).append(source)
    documents, missing = [], []
    for info in library.documents():
        size, found = _original_and_licence(library, info)
        licence = licences.get(info.id) or (licences.get("", UNKNOWN) if found == UNKNOWN else found)
        if originals and size is None:
            missing.append(names[info.source])
        shown = [names[source] for source in own[info.id]]
        hidden = tuple(source for source in own[info.id] if names[source] != source and _is_path(source))
        documents.append(_public(info, shown, licence, hidden, size if originals else None))
    return Listing(tuple(documents), sources, names, tuple(missing))


def public_names(sources: Iterable[str]) -> dict[str, str]:
    """Return a unique name for each source: its file name or web address, with a number if two are alike."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for source in sorted(sources):
        name = source_name(source)
        number = 1
        while name in taken:
            number += 1
            name = _numbered(source_name(source), number)
        taken.add(name)
        names[source] = name
    return names


def _numbered(name: str, number: int) -> str:
    """Return a name with a number before its suffix, `notes (2).md`; after a web address, as a fragment."""
    if "://" in name:
        return f"{name}#{number}"
    suffix = PurePath(name).suffix
    return f"{name.removesuffix(suffix)} ({number}){suffix}"


def _is_path(source: str) -> bool:
    return Path(source).is_absolute()


def _original_and_licence(library: Library, info: DocumentInfo) -> tuple[int | None, str]:
    """Return the size of the original file, if it is there, and the licence that the document states."""
    text = library.document(info.id).text
    try:
        with library.open_original(info.id).file as file:
            data = file.read(_LARGEST_READ)
            size = file.seek(0, 2)
    except OriginalMissing:
        return None, licence_of(text)
    return size, licence_of(text, data)


def _public(
    info: DocumentInfo, shown: list[str], licence: str, hidden: tuple[str, ...], original: int | None
) -> PublicDocument:
    return PublicDocument(
        id=info.id,
        name=shown[0],
        also=tuple(shown[1:]),
        title=info.title,
        author=info.author,
        date=info.date,
        media_type=info.media_type,
        pages=info.pages,
        passages=info.passages,
        characters=info.characters,
        original=original,
        licence=licence,
        hidden=hidden,
    )
