"""The letters of a PDF page as pdfium tells them, in runs: from one of its line breaks or wide gaps to the next.

A run comes into the text of its document whole, or not at all; whatever else is done to a page in reading it, runs are
put in order and joined. So a run is what the words of a document are found by on their page.
"""

from __future__ import annotations

import ctypes
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_BREAK = re.compile("\r\n|\r|\n|(\ufffe)")
"""pdfium ends a line with CR LF, and writes U+FFFE where it saw a hyphen there."""
_COLUMN_GAP = 1.5
_NEAR = 3.0
_TOUCHING, _STEP, _SAME_SIZE = 0.12, 0.15, 0.9
"""Of a height: the gap below which there is no blank, and how far apart two levels are; of a size: what is the same."""
_STEP_REACH = 3
"""How many letters around it are looked at: those of two labels that overlap cannot be told by their place."""

Box = tuple[float, float, float, float]
"""Left, right, bottom, top, in points."""


class Glyph(NamedTuple):
    """A letter as it is set: where it stands on its baseline, and how far its type reaches upward from there."""

    x: float
    y: float
    rise: tuple[float, float]
    """The size of the type, in points, as a vector: it points up the page unless the text is turned."""

    def is_on_another_level(self, other: Glyph) -> bool:
        """Whether text that runs to the right goes on above or below, in the same size."""
        size, smaller = max(self.rise[1], other.rise[1]), min(self.rise[1], other.rise[1])
        return smaller > _SAME_SIZE * size and abs(self.y - other.y) > _STEP * size


class Run(NamedTuple):
    """Letters that stand together: `words` is the page's text from `start`, a hyphen at its end made one again."""

    words: str
    start: int


class PageText:
    """The text of a page, and where each letter of it stands. Positions are code points of `text`."""

    def __init__(self, text_page: Any) -> None:
        import pypdfium2.raw as pdfium

        self.raw = text_page
        self.text: str = text_page.get_text_range()
        self._pdfium = pdfium
        # What pdfium writes its answers to.
        self._matrix, self._x, self._y = pdfium.FS_MATRIX(), ctypes.c_double(), ctypes.c_double()
        self._wide = _Utf16(self.text)

    def runs(self) -> Iterator[Run]:
        """Every run that is not blank, in the order in which the file paints them."""
        start = 0
        for broken in [*_BREAK.finditer(self.text), None]:
            end = broken.start() if broken else len(self.text)
            words = self.text[start:end]
            if words.strip():
                hyphen = "-" if broken and broken.group(1) else ""
                yield from self._parts(f"{words.rstrip()}{hyphen}", start)
            start = broken.end() if broken else end

    def letter(self, position: int) -> int:
        """The index by which pdfium knows the letter; below 0 where it is none of the page's own."""
        index: int = self._pdfium.FPDFText_GetCharIndexFromTextIndex(self.raw, self._wide.index(position))
        return index

    def box(self, position: int) -> Box | None:
        """The letter's box, as high as its font, or None where pdfium knows none."""
        found = self._pdfium.FS_RECTF()
        index = self.letter(position)
        if index < 0 or not self._pdfium.FPDFText_GetLooseCharBox(self.raw, index, found):
            return None
        return found.left, found.right, found.bottom, found.top

    def glyph(self, position: int) -> Glyph | None:
        """How the letter is set, or None where pdfium does not know.

        The size of the type tells lines apart far better than the boxes of letters, which are as high as their font
        says: a word in a typewriter font is a tenth lower than the prose around it, though both are set in ten points.
        """
        index = self.letter(position)
        matrix, x, y = self._matrix, self._x, self._y
        known = index >= 0 and self._pdfium.FPDFText_GetMatrix(self.raw, index, matrix)
        if not known or not self._pdfium.FPDFText_GetCharOrigin(self.raw, index, x, y):
            return None
        size = self._pdfium.FPDFText_GetFontSize(self.raw, index)
        return Glyph(x.value, y.value, (matrix.c * size, matrix.d * size))

    def ink(self, position: int) -> Box | None:
        """The box of what is black of the letter; None for a blank, or where pdfium knows none."""
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        index = self.letter(position)
        if index < 0 or not self._pdfium.FPDFText_GetCharBox(self.raw, index, left, right, bottom, top):
            return None
        found = left.value, right.value, bottom.value, top.value
        return found if found[0] < found[1] and found[2] < found[3] else None

    def _parts(self, words: str, start: int) -> Iterator[Run]:
        """A line of pdfium's, divided where a gap is wider than any between words: there another column begins."""
        begin = len(words) - len(words.lstrip())
        inside = range(start + begin + 1, start + len(words))
        cuts = self._cuts(self._wide.index(start + begin), self._wide.index(start + len(words) - 1))
        for end in [*sorted(cut - start for cut in map(self._wide.position, cuts) if cut in inside), len(words)]:
            body = words[begin:end].strip()
            if body:
                yield Run(body, start + end - len(words[begin:end].lstrip()))
            begin = end

    def _cuts(self, first: int, last: int) -> Iterator[int]:
        """Where text goes on behind a wide gap, back on the left, or on another level without a blank."""
        at = self._pdfium.FPDFText_GetCharIndexFromTextIndex
        start, end = at(self.raw, first), at(self.raw, last)
        count = self.raw.count_rects(start, end - start + 1) if 0 <= start < end else 0
        boxes = [self.raw.get_rect(index) for index in range(count)] if count > 1 else []
        for left, right in pairwise(boxes):
            gap, height = right[0] - left[2], left[3] - left[1]
            back = right[2] < left[0] and abs(right[1] - left[1]) > 1
            wide = back or gap > _COLUMN_GAP * height
            if wide or (gap < _TOUCHING * height and _steps(left, right)):
                letter = self.raw.get_index(right[0] + 1, (right[1] + right[3]) / 2, _NEAR, _NEAR)
                if letter is not None:
                    place = self._pdfium.FPDFText_GetTextIndexFromCharIndex(self.raw, letter)
                    yield from (place,) if wide else self._step(place)

    def _step(self, index: int) -> Iterator[int]:
        """Near a letter, where type of one size goes on upon another level: two labels of a figure that overlap."""
        near = range(max(0, index - _STEP_REACH), index + _STEP_REACH + 1)
        places = [self._wide.position(other) for other in near if other < self._wide.length]
        for (_, before), (place, after) in pairwise((place, self.glyph(place)) for place in places):
            if before and after and before.is_on_another_level(after):
                yield self._wide.index(place)


def _steps(left: Box, right: Box) -> bool:
    """Whether what is black of two parts of a line is higher, or lower, in one of them at its head and at its foot.

    Here pdfium's order of sides holds: left, bottom, right, top.
    """
    foot, head = right[1] - left[1], right[3] - left[3]
    least = _STEP * min(left[3] - left[1], right[3] - right[1])
    return min(foot, head) > least or max(foot, head) < -least


class _Utf16:
    """pdfium counts in UTF-16; so do we where a page has letters beyond the first plane."""

    def __init__(self, text: str) -> None:
        self._text = text if any(character > "\uffff" for character in text) else ""
        self.length = len(text.encode("utf-16-le", "surrogatepass")) // 2 if self._text else len(text)

    def index(self, position: int) -> int:
        """From code points to UTF-16 units."""
        return len(self._text[:position].encode("utf-16-le", "surrogatepass")) // 2 if self._text else position

    def position(self, index: int) -> int:
        """From UTF-16 units to code points."""
        units = self._text.encode("utf-16-le", "surrogatepass")[: 2 * max(0, index)]
        return len(units.decode("utf-16-le", "replace")) if self._text else index
