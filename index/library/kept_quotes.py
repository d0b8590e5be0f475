"""Checks what a reader has kept against the documents of a library, and exports it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from index.citations.entries import web_address
from index.errors import DocumentNotFound
from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.citations.kept import KeptItem, KeptQuote
    from index.citations.kept_export import KeptForm
    from index.citations.references import Style
    from index.citations.staleness import KeptFinding, KeptSearch, KeptState
    from index.library.contents import Contents
    from index.library.session import Session
    from index.records import Document

_MOST_NAMESAKES = 5
"""The largest number of documents of one name that are searched for a quote."""


class KeptQuotes:
    """Finds the words of kept quotes in the library as it is now."""

    def __init__(self, session: Session, contents: Contents) -> None:
        self._catalog = session.catalog
        self._contents = contents

    def check_kept(self, quotes: Sequence[KeptQuote]) -> list[KeptState]:
        """Return for each quote whether it is there, moved, changed or gone, and the words that stand there now.

        A quote is searched for in the document with its id; if there is none, in the documents from the same file, of
        the same file name, or of the same title.
        """
        from index.citations.staleness import WHAT, KeptSearch, KeptState

        searches = {at: KeptSearch(quote) for at, quote in enumerate(quotes) if not self._is_there(quote)}
        _Versions(self._contents).search(searches.values())
        return [
            searches[at].state if at in searches else KeptState("there", WHAT["there"], quote)
            for at, quote in enumerate(quotes)
        ]

    def _is_there(self, quote: KeptQuote) -> bool:
        """Return whether the same file has the words at their offsets; reads only these words."""
        infos = self._catalog.identified([quote.document])
        if not any(info.id == quote.document and quote.end <= info.characters for info in infos):
            return False
        try:
            return self._contents.text(quote.document, Span(quote.start, quote.end)) == quote.quote
        except DocumentNotFound:  # removed meanwhile
            return False

    def verify_kept(self, path: str | Path) -> list[KeptFinding]:
        """Return the quotes of an exported collection that are changed or gone, and those that have moved.

        The file is what the page's tray exports: Markdown, HTML, Word or JSON. Raises BadKept.
        """
        from index.citations.kept import read_kept
        from index.citations.staleness import findings

        items = read_kept(Path(path))
        return findings(items, self.check_kept([quote for item in items for quote in item.quotes]))

    def export_kept(
        self, items: Sequence[KeptItem], form: KeptForm = "markdown", *, style: Style = "apa", address: str = ""
    ) -> bytes:
        """Return a collection as one document with footnotes and a bibliography, checked first.

        A quote that is not in the library word for word is exported with a sign that says so. `address` is that of the
        page, to which the notes then link; without it, they have links of the form `pincite:`.
        """
        from index.citations.kept import in_order
        from index.citations.kept_export import KeptExport, render

        kept = in_order(items)
        states = self.check_kept([quote for item in kept for quote in item.quotes])
        return render(KeptExport(kept, states, style, address, datetime.now(UTC)), form)


class _Versions:
    """Finds the documents that may hold a quote, and searches them.

    A document is read and indexed for all quotes together: at most once for each place among the likeliest documents.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._names: dict[str, list[str]] | None = None

    def search(self, searches: Iterable[KeptSearch]) -> None:
        """Search for each quote in its likeliest document, then for those that are missing in the next one."""
        missing = {search: self._of(search.quote) for search in searches}
        for rank in range(_MOST_NAMESAKES + 1):
            asked: dict[str, list[KeptSearch]] = {}
            for search, identities in missing.items():
                for identity in identities[rank : rank + 1]:
                    asked.setdefault(identity, []).append(search)
            for identity, group in asked.items():
                for search in self._searched(identity, group):
                    del missing[search]

    def _searched(self, identity: str, searches: Sequence[KeptSearch]) -> list[KeptSearch]:
        """Search a document, and return the searches that have ended."""
        from index.citations.staleness import SearchedDocument

        document = self._read(identity)
        version = SearchedDocument(document) if document is not None else None
        return [search for search in searches if version is not None and search.look_into(version)]

    def _of(self, quote: KeptQuote) -> list[str]:
        """Return the ids of the documents, the likeliest first."""
        return list(dict.fromkeys((quote.document, *self._namesakes(quote))))[: _MOST_NAMESAKES + 1]

    def _namesakes(self, quote: KeptQuote) -> list[str]:
        names = self._known_names()
        keys = (f"source {quote.source}", f"name {_name(quote.source)}", f"title {quote.title}")
        return [identity for key in keys for identity in names.get(key, [])]

    def _known_names(self) -> dict[str, list[str]]:
        """Return the ids of all documents by source, by file name and by title."""
        if self._names is None:
            self._names = {}
            for source, identity in self._contents.sources().items():
                self._names.setdefault(f"source {source}", []).append(identity)
                self._names.setdefault(f"name {_name(source)}", []).append(identity)
            for info in self._contents.documents():
                if info.title:
                    self._names.setdefault(f"title {info.title}", []).append(info.id)
        return self._names

    def _read(self, identity: str) -> Document | None:
        try:
            document = self._contents.document(identity)
        except DocumentNotFound:
            return None
        return document if document.id == identity else None


def _name(source: str) -> str:
    """Return an address, or the name of a file without its folder: pages and exports know no folders."""
    return web_address(source) or PurePath(source).name or source
