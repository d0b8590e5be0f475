"""Calls pdfium: opens files, and yields the text and the letters of a page.

`page_texts` returns pdfium's own text. None of our steps (lines, columns, furniture, paragraphs) has changed it, so a
comparison shows their mistakes. It proves words and their order within a column, but not the order of columns.

A run is part of its document's text as a whole or not at all, because reading a page only reorders and joins runs. So
words of a document are found on their page by runs.
"""

from __future__ import annotations

import ctypes
import math
import re
import threading
import unicodedata
from collections import Counter
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from index.errors import DamagedFile, PasswordRequired
from index.text.sentences import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BREAK = re.compile("\r\n|\r|\n|(\ufffe)")
"""pdfium ends a line with CR LF, and writes U+FFFE where it saw a hyphen there."""
_COLUMN_GAP = 1.5
_LETTER_DISTANCE_POINTS = 3.0
_TOUCHING, _STEP, _SAME_SIZE = 0.12, 0.15, 0.9
"""The largest gap that needs no blank and the least distance of two levels, as shares of a height; the least ratio of
two sizes that count as equal."""
_STEP_REACH = 3
"""How many letters on each side are examined, because positions do not separate the letters of overlapping labels."""
Box = tuple[float, float, float, float]
"""Left, right, bottom, top, in points."""


class _FairLock:
    """A lock that threads acquire in the order in which they asked for it.

    A thread that reads a long file releases the lock after each page and acquires it again. With a plain lock, it
    would get the lock back at once, and a thread that renders a page would wait until the whole file is read.
    """

    def __init__(self) -> None:
        self._next = threading.Lock()
        self._taken = threading.Lock()

    def __enter__(self) -> None:
        with self._next:
            self._taken.acquire()

    def __exit__(self, *_: object) -> None:
        self._taken.release()


PDFIUM = _FairLock()
"""The lock for every call to pdfium, which keeps global state: two threads in it at once crash the process."""


def open_pdf(source: bytes | Path, name: str, password: str | None = None) -> Any:
    """Open a PDF; the caller closes it. From a path, only the parts that are used are read.

    Raises:
        PasswordRequired: the PDF needs a password to open. A file that is only protected against copying is opened.
        DamagedFile: pdfium cannot parse the file.

    """
    import pypdfium2 as pdfium

    try:
        return pdfium.PdfDocument(source, password=password)
    except pdfium.PdfiumError as error:
        raise pdfium_error(error, name) from error


@contextmanager
def opened_pdf(path: Path, name: str) -> Iterator[Any]:
    """Open a PDF and hold the lock on pdfium until the block ends. Raises the same errors as `open_pdf`."""
    with PDFIUM:
        document = open_pdf(path, name)
        try:
            yield document
        finally:
            document.close()


@contextmanager
def opened_page(document: Any, index: int) -> Iterator[Any | None]:
    """Yield a page and close it when the block ends. Yields None if the page is damaged; others may be intact."""
    import pypdfium2 as pdfium

    try:
        page = document[index]
    except pdfium.PdfiumError:
        yield None
        return
    try:
        yield page
    finally:
        page.close()


def page_label(document: Any, index: int) -> str:
    """Return the label that is printed on a page, such as `iv`; if the PDF has none, the page number from 1."""
    return normalise(document.get_page_label(index)) or str(index + 1)


def pdfium_error(error: Any, name: str) -> PasswordRequired | DamagedFile:
    """Return our error for an error of pdfium."""
    import pypdfium2.raw as raw

    if error.err_code == raw.FPDF_ERR_PASSWORD:
        return PasswordRequired(f"{name} is a PDF locked with a password.")
    return DamagedFile(f"{name} is a PDF that cannot be opened: {str(error).rstrip('.')}.")


def page_texts(data: bytes, name: str) -> tuple[str, ...]:
    """Return the text of each page, from the first to the last, without form feeds; "" for a damaged page.

    Raises PasswordRequired, DamagedFile.
    """
    with PDFIUM:
        document = open_pdf(data, name)
        pages = len(document)
    try:
        return tuple(_page_text(document, index) for index in range(pages))
    finally:
        with PDFIUM:
            document.close()


def _page_text(document: object, index: int) -> str:
    import pypdfium2 as pdfium

    with PDFIUM, opened_page(document, index) as page:
        if page is None:
            return ""
        try:
            text_page = page.get_textpage()
        except pdfium.PdfiumError:
            return ""
        try:
            return str(text_page.get_text_range()).replace("\f", " ")
        finally:
            text_page.close()


class Glyph(NamedTuple):
    """A letter as typeset: its origin on the baseline, and the vector of its type size."""

    x: float
    y: float
    rise: tuple[float, float]
    """The type size in points, as a vector that points up the page unless the text is rotated."""

    def is_on_another_level(self, other: Glyph) -> bool:
        """Return whether the other letter has the same size but another level; for text that is not upside down."""
        size, smaller = max(self.rise[1], other.rise[1]), min(self.rise[1], other.rise[1])
        if size <= 0 or smaller <= _SAME_SIZE * size:
            return False
        across, up = self.rise
        higher = abs((other.x - self.x) * across + (other.y - self.y) * up) / math.hypot(across, up)
        return higher > _STEP * math.hypot(across, up)


class Run(NamedTuple):
    """Adjacent letters: `words` is the page's text from `start`, with pdfium's hyphen sign replaced by a hyphen."""

    words: str
    start: int


class PageText:
    """The text of a page, and the place of each letter. Positions are code points of `text`."""

    def __init__(self, text_page: Any) -> None:
        import pypdfium2.raw as pdfium

        self.raw = text_page
        self.text: str = text_page.get_text_range()
        self._pdfium = pdfium
        # pdfium writes its results into these.
        self._matrix, self._x, self._y = pdfium.FS_MATRIX(), ctypes.c_double(), ctypes.c_double()
        self._wide = _Utf16(self.text)

    def runs(self) -> Iterator[Run]:
        """Yield every run that is not blank, in the order in which the file paints them."""
        start = 0
        for broken in [*_BREAK.finditer(self.text), None]:
            end = broken.start() if broken else len(self.text)
            words = self.text[start:end]
            if words.strip():
                hyphen = "-" if broken and broken.group(1) else ""
                yield from self._parts(f"{words.rstrip()}{hyphen}", start)
            start = broken.end() if broken else end

    def run(self, start: int, end: int) -> Run:
        """Return a part of the text as a run."""
        return Run(self.text[start:end].replace("\ufffe", "-"), start)

    def letter(self, position: int) -> int:
        """Return pdfium's index of the letter; below 0 if pdfium inserted the letter itself."""
        index: int = self._pdfium.FPDFText_GetCharIndexFromTextIndex(self.raw, self._wide.index(position))
        return index

    def box(self, position: int) -> Box | None:
        """Return the letter's box, as high as its font, or None if pdfium knows none."""
        found = self._pdfium.FS_RECTF()
        index = self.letter(position)
        if index < 0 or not self._pdfium.FPDFText_GetLooseCharBox(self.raw, index, found):
            return None
        return found.left, found.right, found.bottom, found.top

    def glyph(self, position: int) -> Glyph | None:
        """Return the origin and size of the letter, or None if pdfium does not know them.

        Type sizes distinguish lines far better than the boxes of letters, whose height depends on the font: the box of
        a word in a typewriter font is a tenth lower than the prose around it, though both are set in ten points.
        """
        index = self.letter(position)
        matrix, x, y = self._matrix, self._x, self._y
        known = index >= 0 and self._pdfium.FPDFText_GetMatrix(self.raw, index, matrix)
        if not known or not self._pdfium.FPDFText_GetCharOrigin(self.raw, index, x, y):
            return None
        size = self._pdfium.FPDFText_GetFontSize(self.raw, index)
        return Glyph(x.value, y.value, (matrix.c * size, matrix.d * size))

    def ink(self, position: int) -> Box | None:
        """Return the box of the letter's ink; None for a blank, or if pdfium knows none."""
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        index = self.letter(position)
        if index < 0 or not self._pdfium.FPDFText_GetCharBox(self.raw, index, left, right, bottom, top):
            return None
        found = left.value, right.value, bottom.value, top.value
        return found if found[0] < found[1] and found[2] < found[3] else None

    def _parts(self, words: str, start: int) -> Iterator[Run]:
        """Divide a line of pdfium at gaps wider than any between words, because another column begins there."""
        begin = len(words) - len(words.lstrip())
        inside = range(start + begin + 1, start + len(words))
        cuts = self._cuts(self._wide.index(start + begin), self._wide.index(start + len(words) - 1))
        for end in [*sorted(cut - start for cut in map(self._wide.position, cuts) if cut in inside), len(words)]:
            body = words[begin:end].strip()
            if body:
                yield Run(body, start + end - len(words[begin:end].lstrip()))
            begin = end

    def _cuts(self, first: int, last: int) -> Iterator[int]:
        """Yield the positions after a wide gap, after a step back to the left, or on another level without a blank.

        Words that run to the left have their gaps on the left, and no steps back.
        """
        at = self._pdfium.FPDFText_GetCharIndexFromTextIndex
        start, end = at(self.raw, first), at(self.raw, last)
        count = self.raw.count_rects(start, end - start + 1) if 0 <= start < end else 0
        boxes = [self.raw.get_rect(index) for index in range(count)] if count > 1 else []
        leftward = count > 1 and runs_to_the_left(self.text[self._wide.position(first) : self._wide.position(last) + 1])
        for before, after in pairwise(boxes):
            gap, height = before[0] - after[2] if leftward else after[0] - before[2], before[3] - before[1]
            back = not leftward and after[2] < before[0] and abs(after[1] - before[1]) > 1
            wide = back or gap > _COLUMN_GAP * height
            if wide or (gap < _TOUCHING * height and _steps(before, after)):
                begins = after[2] - 1 if leftward else after[0] + 1
                letter = self.raw.get_index(
                    begins, (after[1] + after[3]) / 2, _LETTER_DISTANCE_POINTS, _LETTER_DISTANCE_POINTS
                )
                if letter is not None:
                    place = self._pdfium.FPDFText_GetTextIndexFromCharIndex(self.raw, letter)
                    place = self._word(place) if leftward else place
                    yield from (place,) if wide else self._step(place)

    def _word(self, index: int) -> int:
        """Return where the word of a letter begins: a number stands with its last digit at the right."""
        blank = max((self.text.rfind(sign, 0, self._wide.position(index)) for sign in " \n\r"), default=-1)
        return self._wide.index(blank + 1)

    def _step(self, index: int) -> Iterator[int]:
        """Yield the positions near a letter where type of one size changes its level, as where two labels overlap."""
        near = range(max(0, index - _STEP_REACH), index + _STEP_REACH + 1)
        places = [self._wide.position(other) for other in near if other < self._wide.length]
        for (_, before), (place, after) in pairwise((place, self.glyph(place)) for place in places):
            if before and after and before.is_on_another_level(after):
                yield self._wide.index(place)


def runs_to_the_left(text: str) -> bool:
    """Return whether most letters are of scripts such as Arabic or Hebrew, whose lines begin on the right."""
    if text.isascii():
        return False
    classes = Counter(map(unicodedata.bidirectional, text))
    return classes["R"] + classes["AL"] > classes["L"]


def _steps(left: Box, right: Box) -> bool:
    """Return whether the ink of one part of a line is higher, or lower, than that of the other at both head and foot.

    Here pdfium's order of sides holds: left, bottom, right, top.
    """
    foot, head = right[1] - left[1], right[3] - left[3]
    least = _STEP * min(left[3] - left[1], right[3] - right[1])
    return min(foot, head) > least or max(foot, head) < -least


class _Utf16:
    """Converts positions to the UTF-16 units in which pdfium counts, for pages with letters beyond the first plane."""

    def __init__(self, text: str) -> None:
        self._text = text if any(character > "\uffff" for character in text) else ""
        self.length = len(text.encode("utf-16-le", "surrogatepass")) // 2 if self._text else len(text)

    def index(self, position: int) -> int:
        """Convert a position in code points to UTF-16 units."""
        return len(self._text[:position].encode("utf-16-le", "surrogatepass")) // 2 if self._text else position

    def position(self, index: int) -> int:
        """Convert an index in UTF-16 units to code points."""
        units = self._text.encode("utf-16-le", "surrogatepass")[: 2 * max(0, index)]
        return len(units.decode("utf-16-le", "replace")) if self._text else index
