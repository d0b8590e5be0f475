"""The list of documents: filtered by words, sorted by a column, one page at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.web.health import findings
from index.web.naming import file_name, format_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import DocumentInfo

PAGE_LENGTH = 50
"""Documents per page."""
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
"""Sort keys by column. An empty text or 0 means unknown and is sorted last in both directions."""
_ALWAYS = ("name", "format", "passages", "health")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The filter, order and page that a reader requests."""

    words: str = ""
    """Words that must all occur in the listed fields of a document."""
    column: str = "name"
    """One of COLUMNS; any other value means the first."""
    falling: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """One page of the list, with totals."""

    rows: tuple[DocumentInfo, ...]
    first: int
    """Position of the first row among the matching documents, from 1."""
    matched: int
    documents: int
    """Number of all documents, matching or not."""
    passages: int
    pages: int
    """Number of pages, at least 1."""
    columns: tuple[str, ...]
    """The columns that are always shown, and those with a value in any document."""
    wish: ListQuery
    """The query with a valid page and column."""


def shelf(documents: Sequence[DocumentInfo], wish: ListQuery) -> DocumentPage:
    """Filter and sort the documents, and return the requested page."""
    matching = [info for info in documents if _matches(info, wish.words)]
    column = wish.column if wish.column in COLUMNS else next(iter(COLUMNS))
    ordered = _sorted(matching, COLUMNS[column], falling=wish.falling)
    pages = max(1, -(-len(ordered) // PAGE_LENGTH))
    page = min(max(1, wish.page), pages)
    start = (page - 1) * PAGE_LENGTH
    return DocumentPage(
        rows=tuple(ordered[start : start + PAGE_LENGTH]),
        first=start + 1,
        matched=len(ordered),
        documents=len(documents),
        passages=sum(info.passages for info in documents),
        pages=pages,
        columns=tuple(name for name, key in COLUMNS.items() if name in _ALWAYS or any(map(key, documents))),
        wish=ListQuery(wish.words, column, wish.falling, page),
    )


def matching(documents: Sequence[DocumentInfo], words: str) -> list[DocumentInfo]:
    """Return the documents whose listed fields contain all words, sorted by name."""
    return _sorted([info for info in documents if _matches(info, words)], COLUMNS["name"], falling=False)


def _matches(info: DocumentInfo, words: str) -> bool:
    if not words:
        return True
    fields = " ".join((info.name, file_name(info.source), info.author, info.date, format_name(info.media_type)))
    return all(word in fields.casefold() for word in words.casefold().split())


def _sorted(documents: Sequence[DocumentInfo], key: _Key, *, falling: bool) -> list[DocumentInfo]:
    by_name = sorted(documents, key=COLUMNS["name"])
    known = sorted((info for info in by_name if key(info)), key=key, reverse=falling)
    return known + [info for info in by_name if not key(info)]
