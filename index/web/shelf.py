"""The part of the library's list that a reader sees: filtered by words, sorted by a column, cut where it is long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.web.health import findings
from index.web.naming import file_name, format_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import DocumentInfo

LENGTH = 50
"""How many documents are shown at a time."""
_Key = Callable[["DocumentInfo"], str | int]
COLUMNS: dict[str, _Key] = {
    "name": lambda info: info.name.casefold(),
    "author": lambda info: info.author.casefold(),
    "date": lambda info: info.date,
    "format": lambda info: format_name(info.media_type).casefold(),
    "pages": lambda info: info.pages,
    "passages": lambda info: info.passages,
    "health": lambda info: sum(bool(finding.brief) for finding in findings(info.health)),
}
"""What the list can be sorted by. What is empty or 0 is not known, and comes last either way."""
_ALWAYS = ("name", "format", "passages", "health")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader wants to see of the list."""

    words: str = ""
    """Each of them has to occur in what the list says of a document."""
    column: str = "name"
    """One of COLUMNS; anything else is taken for the first."""
    falling: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Shelf:
    """The documents to show, and how many there are besides."""

    rows: tuple[DocumentInfo, ...]
    first: int
    """The place of the first row among those that match, from 1."""
    matched: int
    documents: int
    """All of them, whether they match or not."""
    passages: int
    pages: int
    """At least 1."""
    columns: tuple[str, ...]
    """Those of COLUMNS of which something is known of any document, and those that every list has."""
    wish: Wish
    """As it was granted: a page that there is, a column that there is."""


def shelf(documents: Sequence[DocumentInfo], wish: Wish) -> Shelf:
    """Filter, sort, cut."""
    matching = [info for info in documents if _matches(info, wish.words)]
    column = wish.column if wish.column in COLUMNS else next(iter(COLUMNS))
    ordered = _sorted(matching, COLUMNS[column], falling=wish.falling)
    pages = max(1, -(-len(ordered) // LENGTH))
    page = min(max(1, wish.page), pages)
    start = (page - 1) * LENGTH
    return Shelf(
        rows=tuple(ordered[start : start + LENGTH]),
        first=start + 1,
        matched=len(ordered),
        documents=len(documents),
        passages=sum(info.passages for info in documents),
        pages=pages,
        columns=tuple(name for name, key in COLUMNS.items() if name in _ALWAYS or any(map(key, documents))),
        wish=Wish(wish.words, column, wish.falling, page),
    )


def matching(documents: Sequence[DocumentInfo], words: str) -> list[DocumentInfo]:
    """The documents of which the list says all these words, by name."""
    return _sorted([info for info in documents if _matches(info, words)], COLUMNS["name"], falling=False)


def _matches(info: DocumentInfo, words: str) -> bool:
    if not words:
        return True
    told = " ".join((info.name, file_name(info.source), info.author, info.date, format_name(info.media_type)))
    return all(word in told.casefold() for word in words.casefold().split())


def _sorted(documents: Sequence[DocumentInfo], key: _Key, *, falling: bool) -> list[DocumentInfo]:
    named = sorted(documents, key=COLUMNS["name"])
    known = sorted((info for info in named if key(info)), key=key, reverse=falling)
    return known + [info for info in named if not key(info)]
