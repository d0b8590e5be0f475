"""The lines of a PDF page with their boxes: what pdfium knows, in as few calls as can be.

Coordinates are points. A page whose text runs up or down the sheet is turned until it runs from left to right,
whatever the page says of its own rotation.
"""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from index.loading.composing import one_line
from index.loading.pdf_runs import PageText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.pdf_runs import Box, Run

_BOLD = re.compile("bold|black|heavy|demi|medi|cmbx|sfbx", re.IGNORECASE)
_NAME_LENGTH = 64
_GLUED, _SPACED, _BACK = 0.12, 1.2, -1.2
"""Gaps between fragments of one line, in type sizes: touching, apart, and set one above the other."""
_OVERLAP = 0.3
_STEEP = 2.5
_SMALLER = 0.85
_WORD = 3

Direction = Literal["right", "up", "down"]


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line, or the part of it that stands in one column."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    bold: bool = False
    sideways: bool = False
    """It runs across the text of its page, as a stamp in the margin does."""
    cells: int = 1
    """How many parts, wide gaps between them, were put side by side: a row of a table has several."""

    @property
    def size(self) -> float:
        """Height of its type, ascender to descender."""
        return self.top - self.bottom

    @property
    def width(self) -> float:
        """From the first letter to the last."""
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page: its height, and its lines in the order in which the file paints them."""

    height: float
    lines: tuple[Line, ...]
    has_images: bool = False


@dataclass(frozen=True, slots=True)
class _Fragment:
    """A run of letters between pdfium's line breaks, with the boxes of three of them."""

    text: str
    boxes: tuple[Box, ...]
    bold: bool

    @property
    def direction(self) -> Direction:
        """Where the last letter stands, seen from the first."""
        first, last = self.boxes[0], self.boxes[-1]
        rise = (last[2] + last[3] - first[2] - first[3]) / 2
        run = (last[0] + last[1] - first[0] - first[1]) / 2
        if len(self.text) <= _WORD or abs(rise) <= _STEEP * abs(run):
            return "right"
        return "up" if rise > 0 else "down"


def read_sheet(page: Any) -> Sheet:
    """Ask pdfium for the text of a page, and for the boxes of three letters of each line."""
    import pypdfium2.raw as pdfium

    text_page = page.get_textpage()
    try:
        fragments = list(_fragments(PageText(text_page)))
    finally:
        text_page.close()
    width, height = page.get_size()
    votes = Counter[Direction]()
    for fragment in fragments:
        votes[fragment.direction] += len(fragment.text)
    main: Direction = votes.most_common(1)[0][0] if votes else "right"
    lines = _merged([_line(fragment, main) for fragment in fragments])
    images = not lines and any(True for _ in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=3))
    return Sheet(height if main == "right" else width, tuple(lines), images)


def _fragments(page: PageText) -> Iterator[_Fragment]:
    for run in page.runs():
        boxes, bold = _ask(page, run)
        words = one_line(run.words)
        if boxes and words:
            yield _Fragment(words, boxes, bold)


def _ask(page: PageText, run: Run) -> tuple[tuple[Box, ...], bool]:
    """Boxes of the first, middle and last letter, and whether both ends are bold."""
    first, last = run.start, run.start + len(run.words) - 1
    boxes = tuple(box for position in (first, (first + last) // 2, last) if (box := page.box(position)))
    return boxes, _is_bold(page.raw, page.letter(first)) and _is_bold(page.raw, page.letter(last))


def _is_bold(text_page: Any, index: int) -> bool:
    import pypdfium2.raw as pdfium

    name = ctypes.create_string_buffer(_NAME_LENGTH)
    pdfium.FPDFText_GetFontInfo(text_page, index, name, _NAME_LENGTH, None)
    return bool(_BOLD.search(name.value.decode("latin-1")))


def _line(fragment: _Fragment, main: Direction) -> Line:
    """The fragment on a page turned until its text runs to the right."""
    boxes = [_turned(box, main) for box in fragment.boxes]
    left, right = min(box[0] for box in boxes), max(box[1] for box in boxes)
    typical = sorted(boxes, key=lambda box: box[3] - box[2])[len(boxes) // 2]
    sideways = fragment.direction != main and len(fragment.text) > _WORD
    return Line(fragment.text, left, right, typical[2], typical[3], fragment.bold, sideways)


def _turned(box: Box, main: Direction) -> Box:
    left, right, bottom, top = box
    if main == "up":
        return bottom, top, -right, -left
    if main == "down":
        return -top, -bottom, left, right
    return box


def _merged(fragments: list[Line]) -> list[Line]:
    """Fragments of one printed line, parted by a raised figure or a change of font, become one line again."""
    lines: list[Line] = []
    for fragment in fragments:
        if lines and _same_line(lines[-1], fragment):
            lines[-1] = _joined(lines[-1], fragment)
        else:
            lines.append(fragment)
    return lines


def _same_line(line: Line, fragment: Line) -> bool:
    if line.sideways or fragment.sideways:
        return False
    size = max(line.size, fragment.size)
    overlap = min(line.top, fragment.top) - max(line.bottom, fragment.bottom)
    gap = fragment.left - line.right
    return overlap > _OVERLAP * min(line.size, fragment.size) and _BACK * size < gap < _SPACED * size


def _joined(line: Line, fragment: Line) -> Line:
    size = max(line.size, fragment.size)
    glue = "" if fragment.left - line.right < _GLUED * size else " "
    main = fragment if line.size < _SMALLER * fragment.size else line
    return Line(
        line.text + glue + fragment.text,
        min(line.left, fragment.left),
        max(line.right, fragment.right),
        main.bottom,
        main.top,
        line.bold and fragment.bold,
    )
