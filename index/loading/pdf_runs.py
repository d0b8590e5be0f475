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

Box = tuple[float, float, float, float]
"""Left, right, bottom, top, in points."""


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

    def _cuts(self, first: int, last: int) -> list[int]:
        """Where text goes on behind a wide gap, or back on the left; pdfium gives a box for each run without one."""
        at = self._pdfium.FPDFText_GetCharIndexFromTextIndex
        start, end = at(self.raw, first), at(self.raw, last)
        count = self.raw.count_rects(start, end - start + 1) if 0 <= start < end else 0
        boxes = [self.raw.get_rect(index) for index in range(count)] if count > 1 else []
        cuts = []
        for left, right in pairwise(boxes):
            back = right[2] < left[0] and abs(right[1] - left[1]) > 1
            if back or right[0] - left[2] > _COLUMN_GAP * (left[3] - left[1]):
                letter = self.raw.get_index(right[0] + 1, (right[1] + right[3]) / 2, _NEAR, _NEAR)
                cuts += [] if letter is None else [self._pdfium.FPDFText_GetTextIndexFromCharIndex(self.raw, letter)]
        return cuts


class _Utf16:
    """pdfium counts in UTF-16; so do we where a page has letters beyond the first plane."""

    def __init__(self, text: str) -> None:
        self._text = text if any(character > "\uffff" for character in text) else ""

    def index(self, position: int) -> int:
        """From code points to UTF-16 units."""
        return len(self._text[:position].encode("utf-16-le", "surrogatepass")) // 2 if self._text else position

    def position(self, index: int) -> int:
        """From UTF-16 units to code points."""
        units = self._text.encode("utf-16-le", "surrogatepass")[: 2 * max(0, index)]
        return len(units.decode("utf-16-le", "replace")) if self._text else index
