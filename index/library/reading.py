"""What of a library is read: its documents, their words and pages, and where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.errors import DocumentNotFound
from index.library.opened import Opened
from index.mapping import nowhere, place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.mapping import LibraryMap, Placed
    from index.records import Document, DocumentInfo, Hit, Location, Span
    from index.viewing import OpenOriginal, Original, PageMark, View


class Reading(Opened):
    """Documents, their words and pages, and where they lie."""

    def documents(self) -> list[DocumentInfo]:
        """All documents, by source."""
        return self._store.catalog.documents()

    def document(self, name: str) -> Document:
        """A document with its text, named by id, source or title. Raises DocumentNotFound, AmbiguousDocument."""
        document = self._store.catalog.document(self._number(self.find(name).id))
        if document is None:
            raise DocumentNotFound(name)
        return document

    def locate(self, name: str, span: Span) -> Location:
        """Where in a document a span stands. Raises SpanError where it is not in the document."""
        info = self._having(name, span)
        return self._store.locate(self._number(info.id), span.start)

    def text(self, name: str, span: Span) -> str:
        """The words of a span; quicker than `document(name).text` where the document is long. Raises SpanError."""
        return self._viewer.text(self._having(name, span), span)

    def view(self, name: str, span: Span | None = None) -> View:
        """A window of about 6,000 characters of a document's text, cut into headings and paragraphs, around a span.

        From an empty span on it shows what follows: `view(name, Span(view.end, view.end))` is the next window. Without
        a span it is the first one. Raises SpanError where the span is not in the document.
        """
        return self._viewer.view(self._having(name, span), span)

    def page_marks(self, name: str, span: Span) -> tuple[PageMark, ...]:
        """On which pages of a PDF a span stands, each with rectangles around the words.

        None for other formats, or where the file is gone. Raises SpanError where the span is not in the document.
        """
        return self._viewer.page_marks(self._having(name, span), span)

    def page_image(self, name: str, number: int, span: Span | None = None, *, width: int = 1200) -> bytes:
        """A page of a PDF as PNG; `number` counts from 1, `width` is in pixels, from 200 to 3,000.

        The words of the span are highlighted where they stand on that page. Raises PageError where there is no such
        page, or not in that width, OriginalMissing where the file is gone, SpanError.
        """
        return self._viewer.page_image(self._having(name, span), number, span, width=width)

    def original(self, name: str) -> Original:
        """The file that a document was read from. Raises OriginalMissing where it is gone, or has other bytes now."""
        return self._viewer.original(self.find(name))

    def open_original(self, name: str) -> OpenOriginal:
        """The same file, open: for what need not have it in memory as a whole. Close its `file`."""
        return self._viewer.open_original(self.find(name))

    def has_original(self, name: str) -> bool:
        """Whether `original` has something to give. Costs little; a file is read again only where it has changed."""
        return self._viewer.has_original(self.find(name))

    # Map

    def map(self, *, wait: bool = False) -> LibraryMap:
        """All passages as dots in the plane, sampled, near ones saying similar things.

        Where the library has changed, an older map (or one without shapes) is given while a new one is made in the
        background; with `wait`, the new one, which takes well under a second whatever the library's size.
        """
        return self._maps.newest(wait=wait)

    def placed(self, question: str, hits: Sequence[Hit]) -> Placed:
        """Where a question and its hits stand on the map as it is now. A question asked just now is not encoded again.

        Where there is no map yet, it is waited for. Give the question as it was asked, operators and all.
        """
        from index import querying

        known = self._maps.first()
        if not known.shapes:
            return nowhere(known, hits)
        vector = self._questions().recall(querying.parse(question).text)
        return place(known, vector, hits, self._store.catalog)
