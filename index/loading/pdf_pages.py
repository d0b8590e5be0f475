"""The pages of a PDF on which words of its document stand, and where.

A document's text is not that of its pages: words broken at a margin are whole in it, running heads are left out, and
columns are put in order. So words are looked for among the runs of letters it was made of, and found exactly or not
at all.
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
"""How many pages further on each side words are looked for: a note or a caption may be read after the next page."""
_MOST_PAGES = 16
MOST_LETTERS = 20_000
"""Of words that are more than that, the first pages are told, and nothing is marked on them."""


@dataclass(frozen=True, slots=True)
class PageMark:
    """A page on which words stand."""

    number: int
    """Which page of the file, from 1."""
    label: str
    """What is printed on it, such as `iv`."""
    width: float
    """In points, as the page is seen; the same holds for `height`."""
    height: float
    rectangles: tuple[Rectangle, ...]
    """What covers the words and no others, one for each line, in the order of the words; none where they were not found
    exactly, or lie outside of what is seen of the page."""


@dataclass(frozen=True, slots=True)
class _Letters:
    """The letters of a run, blanks and hyphens left out, and where in the text of its page each stands."""

    page: int
    run: Run
    letters: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, page: int, run: Run) -> _Letters:
        """Of a run on the page with this index."""
        letters, places = squeezed(run.words)
        return cls(page, run, letters, tuple(run.start + place for place in places))

    def picked(self, stretch: Stretch) -> list[int]:
        """The places of some of them, with those of the hyphens that the run begins and ends with."""
        begins = stretch.first == 0 and self.run.words[0] in HYPHENS
        ends = stretch.last == len(self.letters) and self.run.words[-1] in HYPHENS
        first = [self.run.start] if begins else []
        last = [self.run.start + len(self.run.words) - 1] if ends else []
        return [*first, *self.places[stretch.first : stretch.last], *last]


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that is open, its text, and the letters of that."""

    page: Any
    text: PageText
    letters: list[_Letters]


class _Pages:
    """Pages of a document, each opened once, until the stack is closed."""

    def __init__(self, document: Any, stack: ExitStack) -> None:
        self._document = document
        self._stack = stack
        self._open: dict[int, _Page | None] = {}

    def __len__(self) -> int:
        return len(self._document)

    def __getitem__(self, index: int) -> _Page | None:
        """The page with this index; None where it is damaged."""
        if index not in self._open:
            self._open[index] = self._opened(index)
        return self._open[index]

    def label(self, index: int) -> str:
        """What is printed on it."""
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
    """The pages on which words stand; `expected` are the indices of those on which they should, from 0.

    Raises DamagedFile where pdfium cannot make sense of the file.
    """
    with opened_pdf(path, name) as document, ExitStack() as stack:
        pages = _Pages(document, stack)
        sought = len(expected) <= _MOST_PAGES and 0 < len(words.quote) <= MOST_LETTERS
        picked = _picked(pages, words, expected) if sought else {}
        shown = sorted(picked) or [page for page in expected[:_MOST_PAGES] if page < len(pages)]
        return tuple(mark for index in shown if (mark := _mark(pages, index, picked.get(index, ()))))


def _picked(pages: _Pages, words: Words, expected: range) -> dict[int, list[list[int]]]:
    """By page, and run by run, the places of the words in its text; nothing where they are not there exactly."""
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
    """The page with the rectangles of what was picked from its text; None where it is damaged."""
    page = pages[index]
    if page is None:
        return None
    letters = (place for run in page.letters for place in run.places)
    found = rectangles(page.page, page.text, picked, letters) if picked else ()
    width, height = page.page.get_size()
    return PageMark(index + 1, pages.label(index), width, height, found)
