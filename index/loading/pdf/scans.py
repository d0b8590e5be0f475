"""Recognises the pages of a PDF that have no text, or whose text is not what the page shows."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from index.errors import PageError
from index.loading.pdf.furniture import is_doubtful, is_right, says_more
from index.loading.pdf.page_pictures import drawn
from index.loading.pdf.pdfium import PDFIUM, opened_page
from index.loading.recognition.ink import PageSize
from index.loading.recognition.printed_lines import recognised_sheets
from index.loading.recognition.tesseract import iso_codes
from index.records import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL import Image

    from index.loading.pdf.lines import Sheet
    from index.loading.recognition.engine import PageWords
    from index.loading.recognition.recogniser import Recogniser

DPI = 250
_MAX_PIXELS = 30_000_000
_POINTS = 72
_STAMP_LETTERS = 200
"""A page with less text is a scan if pictures cover most of it: the text is then a stamp or a page number."""
_COVERED = 0.5
_FUTILE = 3
"""If so many doubtful pages proved to be right and none wrong, the others are taken to be right, too."""


@dataclass(slots=True)
class RecognisedPdf:
    """What was recognised of a document."""

    sheets: list[Sheet | None]
    """All pages; those that were recognised have the recognised lines."""
    pages: dict[int, PageWords] = field(default_factory=dict)
    """The recognised pages that replace what the file has as text."""
    engine: str = ""
    notes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    """Why pages could not be recognised, one reason for each."""

    @property
    def reading(self) -> Reading:
        """How the document was read."""
        empty = sum(sheet is not None and not sheet.lines for sheet in self.sheets)
        words = Counter[str]()
        for page in self.pages.values():
            words.update(dict.fromkeys(page.languages[:1], len(page.words)))
        recognised = sum(bool(page.words) for page in self.pages.values())
        return Reading(recognised, self.engine if recognised else "", empty, languages=iso_codes(words))


def with_recognised(
    document: Any, sheets: Sequence[Sheet | None], data: bytes, recogniser: Recogniser
) -> RecognisedPdf:
    """Return the pages of a document, those without usable text as they were recognised.

    Without an engine, or with one that does not work, all pages stay as they are, with notes.
    """
    wordless = [n for n, sheet in enumerate(sheets) if sheet and not sheet.lines and sheet.has_images]
    covered = [n for n, sheet in enumerate(sheets) if sheet and sheet.lines and _is_covered(document, n, sheet)]
    doubtful = [n for n, sheet in enumerate(sheets) if sheet and n not in covered and is_doubtful(text_of(sheet))]
    if not (wordless or covered or doubtful):
        return RecognisedPdf(list(sheets))
    if not recogniser.is_available:
        return RecognisedPdf(list(sheets), notes=_missed(len(wordless) + len(covered), len(doubtful), recogniser))
    scan = _Scan(document, sheets, data, recogniser)
    scan.read(wordless, covered, doubtful)
    return scan.result()


class _Scan:
    def __init__(self, document: Any, sheets: Sequence[Sheet | None], data: bytes, recogniser: Recogniser) -> None:
        self._document = document
        self._sheets = sheets
        self._recogniser = recogniser
        self._pages = recogniser.pages(data)
        self._found: dict[int, PageWords] = {}
        self._failed: list[str] = []
        self._unchecked = 0

    def read(self, wordless: Sequence[int], covered: Sequence[int], doubtful: Sequence[int]) -> None:
        """Recognise pages, and keep those that say more than the file's text."""
        due = sorted({*wordless, *covered, *doubtful})
        right = wrong = 0
        for number, index in enumerate(due, 1):
            if index in doubtful and right >= _FUTILE and not wrong:
                continue
            page = self._pages.page(index, (number, len(due)), partial(_drawn, self._document, index))
            self._failed += [page.note] if page.note else []
            sheet = self._sheets[index]
            text = text_of(sheet) if sheet else ""
            is_text_right = is_right(page, text) if index in doubtful else not says_more(page, text)
            if index in doubtful:
                right, wrong = right + (is_text_right is True), wrong + (is_text_right is False)
                self._unchecked += is_text_right is None
            if index in wordless or is_text_right is False:
                self._found[index] = page
        self._pages.finish()

    def result(self) -> RecognisedPdf:
        """Return all pages, with notes on those that were recognised instead of read, and on those that failed."""
        sheets = list(self._sheets)
        sizes = [_size(self._document, index) for index in self._found]
        made = recognised_sheets(list(zip(self._found.values(), sizes, strict=True)))
        replaced = sum(bool(sheet and sheet.lines) for index in self._found if (sheet := self._sheets[index]))
        for index, sheet in zip(self._found, made, strict=True):
            sheets[index] = sheet
        notes = (*_replaced(replaced), *_unchecked(self._unchecked), *failures(self._failed))
        return RecognisedPdf(sheets, self._found, self._recogniser.name, notes, tuple(self._failed))


def text_of(sheet: Sheet) -> str:
    """Return the text of a page, line by line."""
    return "\n".join(line.text for line in sheet.lines)


def failures(notes: Sequence[str]) -> tuple[str, ...]:
    """Return the notes on pages that could not be recognised: each reason once, with the number of pages."""
    return tuple(f"{_count(pages)} not recognised: {reason}." for reason, pages in Counter(notes).items())


def _replaced(pages: int) -> tuple[str, ...]:
    if not pages:
        return ()
    return (
        f"{_count(pages)} recognised in the picture, because the file's own text of it is not what the page shows.",
    )


def _unchecked(pages: int) -> tuple[str, ...]:
    return (
        (f"{_count(pages)} with text that may be broken; too little was recognised in the picture to tell.",)
        if pages
        else ()
    )


def _missed(pictures: int, doubtful: int, recogniser: Recogniser) -> tuple[str, ...]:
    notes = []
    if pictures:
        notes.append(f"{_count(pictures)} without text, as images. {recogniser.hint}")
    if doubtful:
        notes.append(f"{_count(doubtful)} with text that may be broken. {recogniser.hint}")
    return tuple(notes)


def _count(pages: int) -> str:
    return "1 page" if pages == 1 else f"{pages} pages"


def _size(document: Any, index: int) -> PageSize:
    with PDFIUM:
        return PageSize(*document.get_page_size(index))


def _is_covered(document: Any, index: int, sheet: Sheet) -> bool:
    """Return whether a page has little text, and pictures on most of it."""
    if sum(len(line.text) for line in sheet.lines) >= _STAMP_LETTERS:
        return False
    with PDFIUM, opened_page(document, index) as page:
        if page is None:
            return False
        width, height = page.get_size()
        area = sum(_area(bounds) for bounds in _pictures(page))
        return bool(area > _COVERED * width * height)


def _pictures(page: Any) -> Iterator[tuple[float, float, float, float]]:
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    for item in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
        try:
            yield item.get_bounds()
        except pdfium.PdfiumError:
            continue


def _area(bounds: tuple[float, float, float, float]) -> float:
    left, bottom, right, top = bounds
    return max(0.0, right - left) * max(0.0, top - bottom)


def _drawn(document: Any, index: int) -> Image.Image | None:
    """Return a page in levels of grey; None if it is damaged, or takes too long to draw."""
    with PDFIUM, opened_page(document, index) as page:
        if page is None:
            return None
        width, height = page.get_size()
        scale = min(DPI / _POINTS, math.sqrt(_MAX_PIXELS / max(1.0, width * height)))
        size = max(1, math.ceil(width * scale)), max(1, math.ceil(height * scale))
        try:
            return drawn(page, size, (0, 0, *size)).convert("L")
        except PageError:
            return None
