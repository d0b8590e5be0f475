"""Open pages of a PDF with the letters of their runs, or of the cells of their tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.loading.pdf.lines import read_lines
from index.loading.pdf.pdfium import PageText, opened_page, page_label
from index.loading.pdf.tables.table_regions import tables_as_lines
from index.loading.pdf.trace import HYPHENS, squeezed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from index.loading.pdf.lines import Line
    from index.loading.pdf.pdfium import Run
    from index.loading.pdf.trace import Stretch


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of a run without blanks and hyphens, and the position of each in the text of its page."""

    page: int
    run: Run
    letters: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, page: int, run: Run) -> Letters:
        """Return the letters of a run on the page with this index."""
        letters, places = squeezed(run.words)
        return cls(page, run, letters, tuple(run.start + place for place in places))

    def picked(self, stretch: Stretch) -> list[int]:
        """Return the positions of a stretch, including hyphens at the ends of the run."""
        begins = stretch.first == 0 and self.run.words[0] in HYPHENS
        ends = stretch.last == len(self.letters) and self.run.words[-1] in HYPHENS
        first = [self.run.start] if begins else []
        last = [self.run.start + len(self.run.words) - 1] if ends else []
        return [*first, *self.places[stretch.first : stretch.last], *last]


@dataclass(frozen=True, slots=True)
class OpenPage:
    """An open page, its text, and the letters of its runs."""

    index: int
    page: Any
    text: PageText
    letters: list[Letters]

    def cells(self) -> list[Letters]:
        """Return the letters with the words of tables cell by cell, as a document has them; a run may cross cells."""
        lines, main = read_lines(self.text)
        arranged = tables_as_lines(self.page, self.text, lines, main)
        if not any(line.table for line in arranged):
            return self.letters
        spans = [span for line in arranged for span in (line.table.places if line.table else _spans(line))]
        return [Letters.of(self.index, self.text.run(start, end)) for start, end in spans]


def _spans(line: Line) -> Iterator[tuple[int, int]]:
    """Yield where the letters of a line are in the text of its page."""
    return ((place.start, place.end) for place in line.places)


class OpenPages:
    """The pages of a document. Each is opened once and stays open until the stack is closed."""

    def __init__(self, document: Any, stack: ExitStack) -> None:
        self._document = document
        self._stack = stack
        self._open: dict[int, OpenPage | None] = {}

    def __len__(self) -> int:
        return len(self._document)

    def __getitem__(self, index: int) -> OpenPage | None:
        """Return the page with this index, or None if it is damaged."""
        if index not in self._open:
            self._open[index] = self._opened(index)
        return self._open[index]

    def label(self, index: int) -> str:
        """Return the label that is printed on a page."""
        return page_label(self._document, index)

    def _opened(self, index: int) -> OpenPage | None:
        import pypdfium2 as pdfium

        page = self._stack.enter_context(opened_page(self._document, index))
        try:
            text_page = page.get_textpage() if page else None
        except pdfium.PdfiumError:
            return None
        if text_page is None:
            return None
        self._stack.callback(text_page.close)
        text = PageText(text_page)
        return OpenPage(index, page, text, [Letters.of(index, run) for run in text.runs()])
