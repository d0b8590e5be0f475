"""The contents of a library: documents, their texts and files, the map, and quotes that a reader has kept of them."""

from __future__ import annotations

from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING

from index.citations.entries import web_address
from index.errors import DocumentNotFound
from index.records import Span
from index.views.library_map import Maps, place_question, unplaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.citations.kept import KeptQuote
    from index.citations.staleness import KeptSearch, KeptState
    from index.library.session import Models, Session
    from index.records import Document, Hit
    from index.storage.catalog.catalog import Catalog
    from index.views.library_map import Placement
    from index.views.viewer import Viewer

_MAX_NAMESAKES = 5
"""The largest number of documents of one name that are searched for a quote."""


class Contents:
    """Reads documents, keeps the map, and finds the words of kept quotes in the library as it is now."""

    def __init__(self, session: Session, models: Models) -> None:
        self._session = session
        self._catalog = session.catalog
        self._models = models
        self.maps = Maps(session.catalog, session.folder, read_only=session.store.read_only)

    @cached_property
    def viewer(self) -> Viewer:
        """Shows documents. With it come the readers of files, which a question does not need."""
        from index.views.viewer import Viewer

        return Viewer(self._session.store, max_bytes=self._session.max_bytes, limits=self._session.limits)

    def document(self, name: str) -> Document:
        """Return a document with its text. Raises DocumentNotFound, AmbiguousDocument."""
        document = self._catalog.document(self._session.number(self._session.find(name).id))
        if document is None:
            raise DocumentNotFound(name)
        return document

    def document_or_none(self, name: str) -> Document | None:
        """Return the document with this id or name; None if it is not here."""
        try:
            return self.document(name)
        except DocumentNotFound:
            return None

    def text(self, name: str, span: Span) -> str:
        """Return the words of a span. Raises SpanError."""
        return self.viewer.text(self._session.having(name, span), span)

    def placed(self, question: str, hits: Sequence[Hit]) -> Placement:
        """Return where a question and its hits are on the map. Waits for the first map."""
        from index.text import query

        first = self.maps.first()
        if not first.shapes:
            return unplaced(first, hits)
        vector = self._models.question_encoder().recall(query.parse(question).text)
        return place_question(first, vector, hits, self._catalog)

    def check_kept(self, quotes: Sequence[KeptQuote]) -> list[KeptState]:
        """Return the state of each quote; see `Library.check_kept`."""
        from index.citations.staleness import WHAT, KeptSearch, KeptState

        searches = {at: KeptSearch(quote) for at, quote in enumerate(quotes) if not self._is_there(quote)}
        _Versions(self, self._catalog).search(searches.values())
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
            return self.text(quote.document, Span(quote.start, quote.end)) == quote.quote
        except DocumentNotFound:  # removed meanwhile
            return False


class _Versions:
    """Finds the documents that may hold a quote, and searches them.

    A document is read and indexed for all quotes together: at most once for each place among the likeliest documents.
    """

    def __init__(self, contents: Contents, catalog: Catalog) -> None:
        self._contents = contents
        self._catalog = catalog
        self._names: dict[str, list[str]] | None = None

    def search(self, searches: Iterable[KeptSearch]) -> None:
        """Search for each quote in its likeliest document, then for those that are missing in the next one."""
        missing = {search: self._of(search.quote) for search in searches}
        for rank in range(_MAX_NAMESAKES + 1):
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

        document = self._contents.document_or_none(identity)
        version = SearchedDocument(document) if document is not None and document.id == identity else None
        return [search for search in searches if version is not None and search.look_into(version)]

    def _of(self, quote: KeptQuote) -> list[str]:
        """Return the ids of the documents, the likeliest first."""
        return list(dict.fromkeys((quote.document, *self._namesakes(quote))))[: _MAX_NAMESAKES + 1]

    def _namesakes(self, quote: KeptQuote) -> list[str]:
        names = self._known_names()
        keys = (f"source {quote.source}", f"name {_name(quote.source)}", f"title {quote.title}")
        return [identity for key in keys for identity in names.get(key, [])]

    def _known_names(self) -> dict[str, list[str]]:
        """Return the ids of all documents by source, by file name and by title."""
        if self._names is None:
            self._names = {}
            for source, identity in self._catalog.sources():
                self._names.setdefault(f"source {source}", []).append(identity)
                self._names.setdefault(f"name {_name(source)}", []).append(identity)
            for info in self._catalog.documents():
                if info.title:
                    self._names.setdefault(f"title {info.title}", []).append(info.id)
        return self._names


def _name(source: str) -> str:
    """Return an address, or the name of a file without its folder: pages and exports know no folders."""
    return web_address(source) or PurePath(source).name or source
