"""Kept quotes for tests, taken from texts."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.citations.entries import locate
from index.citations.kept import CONTEXT, KeptItem, KeptQuote
from index.citations.staleness import KeptSearch, SearchedDocument
from index.records import Document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.citations.staleness import KeptState
    from index.records import Span


def document(text: str, name: str = "/home/me/notes.txt", **changes: Any) -> Document:
    """Return a document of this text, whose id depends on the text."""
    identity = hashlib.sha256(text.encode()).hexdigest()
    return replace(Document(identity, name, "", "", "", "text/plain", text, ()), **changes)


def quote_at(kept: Document, span: Span, **changes: Any) -> KeptQuote:
    """Return these words of a document as a kept quote."""
    start, end = span
    place = locate(kept, span)
    described = (kept.id, kept.source, kept.title, kept.author, kept.date, place.page, place.heading, place.paragraph)
    around = (kept.text[max(0, start - CONTEXT) : start], kept.text[end : end + CONTEXT])
    quote = KeptQuote(*described, start, end, kept.text[start:end], *around)
    return replace(quote, **changes)


def quote_of(kept: Document, words: str, nth: int = 0) -> KeptQuote:
    """Return an occurrence of these words in a document as a kept quote."""
    from index.records import Span

    at = -1
    for _ in range(nth + 1):
        at = kept.text.index(words, at + 1)
    return quote_at(kept, Span(at, at + len(words)))


def item(*quotes: KeptQuote, **changes: Any) -> KeptItem:
    """Return a kept item of these quotes."""
    unchanged = KeptItem("a-kept-quote", 1, 1.0, "2026-11-28T12:00:00+00:00", question="Who?", quotes=quotes)
    return replace(unchanged, **changes)


def state_of(quote: KeptQuote, versions: Iterable[Document]) -> KeptState:
    """Return the state of a quote, searched for in the versions of its document."""
    search = KeptSearch(quote)
    any(search.look_into(SearchedDocument(version)) for version in versions)
    return search.state
