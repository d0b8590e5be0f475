"""The contents of a library: documents, texts, pages, and the map."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from index.errors import DocumentNotFound
from index.views.library_map import place_question, unplaced
from index.views.map_file import Maps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.library.models import Models
    from index.library.session import Lookup, Session
    from index.loading.pdf.page_cuts import PageMark, Rectangle
    from index.records import Document, DocumentInfo, Hit, Location, Span
    from index.storage.catalog.passage_queries import PassageRow
    from index.views.blocks import OpenOriginal, Original, View
    from index.views.library_map import LibraryMap, Placement
    from index.views.viewer import Viewer


class Contents:
    """Reads documents, shows spans of them, and keeps the map."""

    def __init__(self, session: Session, lookup: Lookup, models: Models) -> None:
        self._session = session
        self._store = session.store
        self._catalog = session.catalog
        self._lookup = lookup
        self._models = models
        self._maps = Maps(session.catalog, session.folder, read_only=session.store.read_only)

    @cached_property
    def _viewer(self) -> Viewer:
        from index.views.viewer import Viewer  # with it come the readers of files, which a question does not need

        return Viewer(self._store, max_bytes=self._session.max_bytes, limits=self._session.limits)

    def close(self) -> None:
        """Finish the map that is being made, if any."""
        self._maps.close()

    def documents(self) -> list[DocumentInfo]:
        """Return all documents, ordered by source."""
        return self._catalog.documents()

    def sources(self) -> dict[str, str]:
        """Return every source with the id of its document: several files with the same bytes are one document."""
        return dict(self._catalog.sources())

    def added_at(self, name: str) -> str:
        """Return when a document was added, as ISO 8601 in UTC; empty if that is not known."""
        return self._catalog.added_at(self._lookup.find(name).id)

    def successor_of(self, identity: str) -> str:
        """Return the id of the newer version of a document that is no longer here; empty if none is known."""
        return self._catalog.successor_of(identity.lower())

    def document(self, name: str) -> Document:
        """Return a document with its text. Raises DocumentNotFound, AmbiguousDocument."""
        document = self._catalog.document(self._lookup.number(self._lookup.find(name).id))
        if document is None:
            raise DocumentNotFound(name)
        return document

    def passages(self, name: str) -> list[PassageRow]:
        """Return the passages of a document in order, each with its vectors as they are stored."""
        return [row for row, _ in self._catalog.rows_of(self._lookup.number(self._lookup.find(name).id))]

    def locate(self, name: str, span: Span) -> Location:
        """Return the location of a span. Raises SpanError if it is not in the text."""
        number = self._lookup.number(self._lookup.having(name, span).id)
        return self._store.locate([(number, span)])[0]

    def text(self, name: str, span: Span) -> str:
        """Return the words of a span; faster than `document(name).text` for long documents. Raises SpanError."""
        return self._viewer.text(self._lookup.having(name, span), span)

    def view(self, name: str, span: Span | None = None) -> View:
        """Return about 6,000 characters of text around a span, as headings and paragraphs; without a span, the first.

        An empty span shows what follows it: `view(name, Span(view.end, view.end))` is the next window.
        Raises SpanError if the span is not in the document.
        """
        return self._viewer.view(self._lookup.having(name, span), span)

    def page_marks(self, name: str, span: Span) -> tuple[PageMark, ...]:
        """Return the pages of a PDF that hold a span, with rectangles around its words.

        The tuple is empty for other formats, and if the file is gone. Raises SpanError if the span is not in the text.
        """
        return self._viewer.page_marks(self._lookup.having(name, span), span)

    def page_image(
        self, name: str, number: int, span: Span | None = None, *, width: int = 1200, part: Rectangle | None = None
    ) -> bytes:
        """Return page `number` (from 1) of a PDF as PNG, `width` (200 to 3,000) pixels wide, with the span highlighted.

        With `part`, the picture shows this part of the page. Raises PageError for a page or width that does not exist
        or a page that takes too long to draw, OriginalMissing if the file is gone, SpanError.
        """
        return self._viewer.page_image(self._lookup.having(name, span), number, span, width=width, part=part)

    def original(self, name: str) -> Original:
        """Return the file that a document was read from. Raises OriginalMissing if it is gone or its bytes changed."""
        return self._viewer.original(self._lookup.find(name))

    def open_original(self, name: str) -> OpenOriginal:
        """Return the same file, open, without reading it into memory. Close its `file`."""
        return self._viewer.open_original(self._lookup.find(name))

    def has_original(self, name: str) -> bool:
        """Return whether `original` would succeed. A file is read again only if it looks changed."""
        return self._viewer.has_original(self._lookup.find(name))

    def map(self, *, wait: bool = False) -> LibraryMap:
        """Return a sample of all passages as dots in the plane; near dots say similar things.

        After a change, the older map (or an empty one) is returned while a new one is made in the background; `wait`
        waits for the new one, well under a second for any size of library.
        """
        return self._maps.newest(wait=wait)

    def placed(self, question: str, hits: Sequence[Hit]) -> Placement:
        """Return where a question, given with its operators, and its hits are on the map. Waits for the first map.

        A question that was asked recently is not encoded again.
        """
        from index.text import query

        known = self._maps.first()
        if not known.shapes:
            return unplaced(known, hits)
        vector = self._models.question_encoder().recall(query.parse(question).text)
        return place_question(known, vector, hits, self._catalog)
