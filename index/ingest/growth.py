"""A long document is stored in beginnings that grow, so that it can be asked while the rest of it is being read.

Each beginning is a consistent document: whole passages, their text and the landmarks in it. Offsets in it are offsets
in the whole document. The next beginning replaces it in one transaction, as a changed file replaces its document. Each
is twice as long as the one before, so all passages together are written about twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.ingest.preparation import Prepared
    from index.storage.catalog.catalog import Catalog

FIRST = 64
"""Passages of the first beginning: about a second's work of the encoder on two cores."""
_LEAST_REST = 0.5
"""No beginning is stored if the rest is at most this share of it: the whole document is then nearly ready."""


def beginnings(passages: int, stored: int = 0) -> Iterator[int]:
    """Yield the lengths of the beginnings of a document that are longer than the `stored` one, in passages.

    A short document has none.
    """
    end = FIRST
    while passages - end > _LEAST_REST * end:
        if end > stored:
            yield end
        end *= 2


def beginning(whole: Prepared, passages: int) -> Prepared:
    """Return the beginning of a document with this many passages."""
    chunks = whole.chunks[:passages]
    document, end = whole.document, chunks[-1].end
    landmarks = tuple(mark for mark in document.landmarks if mark.start < end)
    first = replace(
        document,
        text=document.text[:end],
        landmarks=landmarks,
        tables=tuple(table.before(end) for table in document.tables if table.start < end),
        recognised=tuple(word for word in document.recognised if word.end <= end),
    )
    return replace(whole, document=first, chunks=chunks, keys=whole.keys[:passages])


def planned(prepared: Prepared, catalog: Catalog) -> Iterable[int]:
    """Return the lengths of the beginnings of a document to store before all of it.

    A document that replaces another one is stored in one step, because the library would have neither of them in full
    meanwhile.
    """
    identity = prepared.document.id
    if catalog.document_of(prepared.document.source) not in ("", identity) or catalog.claimed([identity]):
        return ()
    number = catalog.number_of(identity)
    known = catalog.infos([number] if number is not None else [])
    return beginnings(len(prepared.chunks), sum(info.passages for info in known.values()))


def forget_beginnings(catalog: Catalog, group: Iterable[Prepared]) -> None:
    """Remove what is stored of documents that will not be completed now. After a kill it stays, and is completed by the
    next `add`. Raises LibraryNotWritable.
    """
    stored = {catalog.number_of(prepared.document.id) for prepared in group}
    for number in catalog.unfinished().keys() & stored:
        catalog.remove(number)
