"""Finds the pages of a PDF on which words of its document stand, and the rectangles around them.

A document's text differs from that of its pages: words broken at a margin are joined, running heads are removed, and
columns are reordered. So words are searched for in the runs of letters from which the text was made, and are found
exactly or not at all.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.loading.pdf_opening import opened_page, opened_pdf, page_label
from index.loading.pdf_rectangles import Rectangle, rectangles
from index.loading.pdf_runs import PageText
from index.loading.pdf_tracing import HYPHENS, squeezed, trace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from index.loading.pdf_runs import Run
    from index.loading.pdf_tracing import Stretch, Words

_REACHES = (0, 2)
"""Words are searched for on this many more pages on each side: a note or caption may come after the next page."""
_MOST_PAGES = 16
MOST_LETTERS = 20_000
"""For a longer quote, only its first pages are returned, without rectangles."""


@dataclass(frozen=True, slots=True)
class PageMark:
    """A page on which words stand."""

    number: int
    """The number of the page in the file, from 1."""
    label: str
    """The label that is printed on it, such as `iv`."""
    width: float
    """In points, as the page is displayed, like `height`."""
    height: float
    rectangles: tuple[Rectangle, ...]
    """Rectangles that cover these words and no others, one per line, in the order of the words. Empty if the words were
    not found exactly, or lie outside the visible part of the page."""


@dataclass(frozen=True, slots=True)
class _Letters:
    """The letters of a run without blanks and hyphens, and the position of each in the text of its page."""

    page: int
    run: Run
    letters: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, page: int, run: Run) -> _Letters:
        """Return the letters of a run on the page with this index."""
        letters, places = squeezed(run.words)
        return cls(page, run, letters, tuple(run.start + place for place in places))

    def picked(self, stretch: Stretch) -> list[int]:
        """Return the positions of a stretch, with those of the hyphens at the ends of the run."""
        begins = stretch.first == 0 and self.run.words[0] in HYPHENS
        ends = stretch.last == len(self.letters) and self.run.words[-1] in HYPHENS
        first = [self.run.start] if begins else []
        last = [self.run.start + len(self.run.words) - 1] if ends else []
        return [*first, *self.places[stretch.first : stretch.last], *last]


@dataclass(frozen=True, slots=True)
class _Page:
    """An open page, its text, and the letters of its runs."""

    page: Any
    text: PageText
    letters: list[_Letters]


class _Pages:
    """The pages of a document, each opened once and kept until the stack is closed."""

    def __init__(self, document: Any, stack: ExitStack) -> None:
        self._document = document
        self._stack = stack
        self._open: dict[int, _Page | None] = {}

    def __len__(self) -> int:
        return len(self._document)

    def __getitem__(self, index: int) -> _Page | None:
        """Return the page with this index, or None if it is damaged."""
        if index not in self._open:
            self._open[index] = self._opened(index)
        return self._open[index]

    def label(self, index: int) -> str:
        """Return the label that is printed on a page."""
        return page_label(self._document, index)

    def _opened(self, index: int) -> _Page | None:
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
        return _Page(page, text, [_Letters.of(index, run) for run in text.runs()])


def page_marks(path: Path, words: Words, expected: range, name: str) -> tuple[PageMark, ...]:
    """Return the pages on which words stand; `expected` are the page indices, from 0, on which they should stand.

    Raises DamagedFile if pdfium cannot parse the file.
    """
    with opened_pdf(path, name) as document, ExitStack() as stack:
        pages = _Pages(document, stack)
        sought = len(expected) <= _MOST_PAGES and 0 < len(words.quote) <= MOST_LETTERS
        picked = _picked(pages, words, expected) if sought else {}
        shown = sorted(picked) or [page for page in expected[:_MOST_PAGES] if page < len(pages)]
        return tuple(mark for index in shown if (mark := _mark(pages, index, picked.get(index, ()))))


def _picked(pages: _Pages, words: Words, expected: range) -> dict[int, list[list[int]]]:
    """Return the positions of the words by page and run; empty if the words are not there exactly."""
    for reach in _REACHES:
        near = range(max(0, expected.start - reach), min(len(pages), expected.stop + reach))
        runs = [run for index in near if (page := pages[index]) for run in page.letters]
        due = [number for number, run in enumerate(runs) if run.page in expected]
        traced = trace([run.letters for run in runs], words, range(due[0], due[-1] + 1) if due else range(0))
        if traced.sure:
            break
    picked: dict[int, list[list[int]]] = {}
    for stretch in traced.stretches:
        picked.setdefault(runs[stretch.run].page, []).append(runs[stretch.run].picked(stretch))
    return picked


def _mark(pages: _Pages, index: int, picked: Sequence[Sequence[int]]) -> PageMark | None:
    """Return the page with the rectangles of the picked letters, or None if it is damaged."""
    page = pages[index]
    if page is None:
        return None
    letters = (place for run in page.letters for place in run.places)
    found = rectangles(page.page, page.text, picked, letters) if picked else ()
    width, height = page.page.get_size()
    return PageMark(index + 1, pages.label(index), width, height, found)
