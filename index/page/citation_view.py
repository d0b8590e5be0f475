"""What the page of a citation shows: quotation and context, picture, what it was checked against, references.

Everything is read again for each request, so the page shows nothing that the library no longer holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.citations.entries import page_path, reference, web_address
from index.citations.export import cite
from index.loading.pdf.page_cuts import FINE
from index.page.answer_view import place, without_title
from index.records import Citation, Span
from index.records.remarks import recognition
from index.server.http.routes.documents import marks_of
from index.views.windows import MOST_MARKED
from index.wire import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.citations.export import Form
    from index.loading.pdf.page_cuts import PageMark, Rectangle
    from index.records import DocumentInfo
    from index.server.http.service import Service
    from index.views.blocks import TextBlock

STYLES: dict[Form, str] = {"apa": "APA", "mla": "MLA", "chicago": "Chicago"}
FILES: dict[Form, str] = {"bibtex": "BibTeX", "ris": "RIS", "csl": "CSL-JSON"}
_AROUND = 1
"""Paragraphs of context on each side of the quotation."""
_LINES_AROUND = 5
"""Lines of context on each side of a line of code."""
_LINES = 4.5
"""What a picture shows above and below the words, in line heights."""
_SHORT = 300
"""Characters of a quotation in the description of a link, and of the first words of a document."""


@dataclass(frozen=True, slots=True)
class PagePicture:
    """The picture of the part of a page that holds the words."""

    number: int
    label: str
    part: str
    """Left, top, right and bottom in thousandths of the page, as the route of pictures takes them."""
    ratio: float
    """Its width, divided by its height."""


@dataclass(frozen=True, slots=True)
class CitationView:
    """A citation as its page shows it."""

    citation: Citation
    blocks: tuple[TextBlock, ...]
    cut_before: bool
    cut_after: bool
    """Whether the document has more text before or after the blocks."""
    pictures: tuple[PagePicture, ...]
    is_equal: bool
    """Whether the marked words of the context are the words of the span, which are read in another way."""
    original: bool
    """Whether the file is still there with the same bytes."""
    added: str
    """The day on which the document was added; empty if it is not known."""
    site: str
    """The address of the server, with a final slash."""

    @property
    def info(self) -> DocumentInfo:
        """The document."""
        return self.citation.document

    @property
    def quote(self) -> str:
        """The quotation; the words of a cell come after its headers."""
        return self.citation.location.quoted(self.citation.quote)

    @property
    def reference(self) -> str:
        """Author, title, date and place in one line."""
        return reference(self.info, without_title(self.info, self.citation.location))

    @property
    def place(self) -> str:
        """The place alone, without the title of the document as first heading."""
        return place(self.info, self.citation.location)

    @property
    def recognition(self) -> str:
        """How the words were recognised in a picture; empty if the file has them as text."""
        return recognition(self.citation.location)

    @property
    def address(self) -> str:
        """The absolute address of this page."""
        return self.site + page_path(self.info.id, self.citation.start, self.citation.end)

    @property
    def web(self) -> str:
        """The address of the web page that the document was read from; empty for a file."""
        return web_address(self.info.source)

    @property
    def summary(self) -> str:
        """The quotation in one line, cut if it is long."""
        return shortened(self.quote)

    def cited(self, forms: dict[Form, str]) -> list[tuple[str, str]]:
        """Return the names of these forms and the citation in each of them."""
        return [(name, cite(self.citation, form, site=self.site).strip()) for form, name in forms.items()]


def citation_view(service: Service, info: DocumentInfo, span: Span, site: str) -> CitationView:
    """Read a citation. Raises SpanError if the span is not in the document, DocumentNotFound if it was just removed."""
    library = service.library
    seen = library.view(info.id, span)
    words = library.text(info.id, span)
    marks, _ = marks_of(service, info, span)
    blocks, first, last = _near(seen.blocks)
    return CitationView(
        citation=Citation(1, redacted(info), seen.location, span.start, span.end, words),
        blocks=blocks,
        cut_before=seen.before or first > 0,
        cut_after=seen.after or last < len(seen.blocks),
        pictures=tuple(picture for mark in marks for picture in _pictures(mark)),
        is_equal=_is_equal(seen.blocks, words),
        original=library.has_original(info.id),
        added=library.added_at(info.id)[:10],
        site=site,
    )


def shortened(words: str) -> str:
    """Return the beginning of some words in one line."""
    line = " ".join(words[: 2 * _SHORT].split())
    return line if len(line) <= _SHORT else line[: _SHORT - 1].rsplit(" ", 1)[0].rstrip() + "…"


def _is_equal(blocks: Sequence[TextBlock], words: str) -> bool:
    """Return whether the marked parts are the words, apart from white space between blocks; very long ones are cut."""
    shown = "".join(part.text for block in blocks for part in block.parts if part.marked)
    shown, words = "".join(shown.split()), "".join(words.split())
    return bool(shown) and words.startswith(shown) and (shown == words or len(shown) >= MOST_MARKED // 2)


def _near(blocks: Sequence[TextBlock]) -> tuple[tuple[TextBlock, ...], int, int]:
    """Return the blocks with marked words and their neighbours, and their range."""
    marked = [number for number, block in enumerate(blocks) if any(part.marked for part in block.parts)]
    if not marked:
        return tuple(blocks[:1]), 0, 1
    around = _LINES_AROUND if blocks[marked[0]].form == "code" else _AROUND
    first, last = max(0, marked[0] - around), min(len(blocks), marked[-1] + around + 1)
    return tuple(blocks[first:last]), first, last


def _pictures(mark: PageMark) -> Iterator[PagePicture]:
    """Yield a picture of each part of the words on a page: their lines, some lines around them, the whole column."""
    for cut in mark.cuts:
        inside = [box for box in mark.rectangles if _overlaps(box, cut)]
        if not inside:
            continue
        line = min(min(box.height, box.width * mark.width / mark.height) for box in inside)
        top = max(cut.top, min(box.top for box in inside) - _LINES * line)
        bottom = min(cut.top + cut.height, max(box.top + box.height for box in inside) + _LINES * line)
        edges = (cut.left, top, cut.left + cut.width, bottom)
        left, upper, right, lower = (round(FINE * edge) for edge in edges)
        ratio = (right - left) * mark.width / max(1e-6, (lower - upper) * mark.height)
        if left < right and upper < lower:
            yield PagePicture(mark.number, mark.label or str(mark.number), f"{left},{upper},{right},{lower}", ratio)


def _overlaps(box: Rectangle, cut: Rectangle) -> bool:
    across = min(box.left + box.width, cut.left + cut.width) - max(box.left, cut.left)
    down = min(box.top + box.height, cut.top + cut.height) - max(box.top, cut.top)
    return across > box.width / 2 and down > box.height / 2
