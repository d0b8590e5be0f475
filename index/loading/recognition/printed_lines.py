"""Makes the lines of a page from recognised words, so that paragraphs and headings are found as in a PDF with text.

An engine gives boxes of ink, whose heights depend on the letters of a word: the size of the type is estimated from the
letters. Sizes that differ little are one size, because type is set in few sizes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from index.loading.pdf.lines import Line, Sheet
from index.loading.recognition.engine import turned_back
from index.records import RecognisedWord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.loading.recognition.engine import PageWords, PrintedWord

_HIGH = re.compile(r"[^\W\d_a-zа-я]|[\dbdfhiijkltßбйёф!?&%$€£@#()\[\]{}|/]")
"""Letters higher than an x: capitals, digits, letters with ascenders or accents."""
_LOW = re.compile(r"[gjpqyçуцщрдфQ()\[\]{}|,;]")
_BLANKS = re.compile(r"\s*")
_RATIOS = {(False, False): 0.5, (True, False): 0.71, (False, True): 0.71, (True, True): 0.93}
"""The height of a word's ink in type sizes, by whether it has high and low letters; means of common fonts."""
_DESCENT, _BELOW = 0.22, 0.2
"""How far low letters reach below the baseline, and how far the box of a line does, in type sizes."""
_CELL_GAP = 2.0
"""A wider gap between two words, in type sizes, separates cells or columns."""
_LEVEL_WIDTH = 0.25
"""The share of the page's width from which a line shows the slope of the page."""
_SLOPE = 0.001
_SAME_SIZE = 1.13
"""Sizes whose ratio is less are one size; headings in larger type are at least 1.15 times as large."""
_FULL_TURN = 360


class PageSize(NamedTuple):
    """The width and height of a page as displayed, in points."""

    width: float
    height: float


def recognised_sheets(pages: Sequence[tuple[PageWords, PageSize]]) -> list[Sheet]:
    """Return the pages of a document with their lines, in the order in which the engine read them."""
    drafts = [_sheet(page, size) for page, size in pages]
    sizes = _snapped([line for sheet in drafts for line in sheet.lines])
    return [Sheet(sheet.height, tuple(_resized(line, sizes[line.size]) for line in sheet.lines)) for sheet in drafts]


def exact_words(text: str, printed: Iterable[tuple[int, PrintedWord]]) -> tuple[RecognisedWord, ...]:
    """Return the words of a text made from recognised lines, each given with the index of its page, with their spans.

    A word that a margin breaks has two parts, each with its own box; the hyphen between them is in neither.
    """
    found = []
    position = 0
    for page, word in printed:
        blanks = _BLANKS.match(text, position)
        start = blanks.end() if blanks else position
        forms = (word.text, word.text.removesuffix("-"))
        length = next((len(form) for form in forms if form and text.startswith(form, start)), 0)
        if length:
            position = start + length
            found.append(RecognisedWord(start, position, page, *word[1:5], word.confidence))
    return tuple(found)


def _sheet(page: PageWords, size: PageSize) -> Sheet:
    upright = turned_back(page, (_FULL_TURN - page.turn) % _FULL_TURN).words
    width, height = size if page.turn % 180 == 0 else (size.height, size.width)
    inked = [_Ink.of(word, origin, width, height) for word, origin in zip(upright, page.words, strict=True)]
    lines = [list(group) for _, group in groupby(inked, key=lambda ink: ink.origin.line)]
    slope = _slope(lines, width)
    level = [[ink.levelled(slope, width / 2, height / 2) for ink in line] for line in lines]
    return Sheet(height, tuple(made for line in level for part in _parts(line) if (made := _line(part))))


class _Ink(NamedTuple):
    """A word on an upright page, in points from the lower left corner."""

    origin: PrintedWord
    left: float
    right: float
    bottom: float
    top: float

    @classmethod
    def of(cls, word: PrintedWord, origin: PrintedWord, width: float, height: float) -> _Ink:
        """Return the word, whose box is in shares from the upper left corner."""
        across, down = (word.left * width, word.right * width), ((1 - word.bottom) * height, (1 - word.top) * height)
        return cls(origin, *across, *down)

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the box."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    @property
    def size(self) -> float:
        """The type size, estimated from the letters."""
        return (self.top - self.bottom) / _RATIOS[bool(_HIGH.search(self.origin.text)), self.is_low]

    @property
    def is_low(self) -> bool:
        """Whether a letter of the word reaches below the baseline."""
        return bool(_LOW.search(self.origin.text))

    def levelled(self, slope: float, x: float, y: float) -> _Ink:
        """Return the word after the page was turned around a point so that its lines are level."""
        if abs(slope) < _SLOPE:
            return self
        across, up = self.middle
        right, rise = slope * (up - y), -slope * (across - x)
        # A word on a slope has a higher box than its ink.
        excess = min(abs(slope) * (self.right - self.left), 0.4 * (self.top - self.bottom)) / 2
        return self._replace(
            left=self.left + right,
            right=self.right + right,
            bottom=self.bottom + rise + excess,
            top=self.top + rise - excess,
        )


def _slope(lines: Sequence[Sequence[_Ink]], width: float) -> float:
    """Return the rise of the page's lines for each point to the right; 0 if no line is long enough to show it."""
    slopes = []
    for line in lines:
        (left, foot), (right, head) = line[0].middle, line[-1].middle
        if right - left > _LEVEL_WIDTH * width:
            slopes.append((head - foot) / (right - left))
    return median(slopes) if slopes else 0.0


def _parts(line: Sequence[_Ink]) -> Iterator[list[_Ink]]:
    """Divide a line at gaps that are wider than those between words."""
    gap = _CELL_GAP * median(ink.size for ink in line)
    part = [line[0]]
    for ink in line[1:]:
        if ink.left - part[-1].right > gap:
            yield part
            part = []
        part.append(ink)
    yield part


def _line(part: Sequence[_Ink]) -> Line | None:
    lettered = [ink for ink in part if any(map(str.isalnum, ink.origin.text))]
    size = median(ink.size for ink in lettered or part for _ in ink.origin.text)
    baseline = median(ink.bottom + ink.is_low * _DESCENT * size for ink in lettered or part)
    bottom = baseline - _BELOW * size
    return Line(
        " ".join(ink.origin.text for ink in part),
        min(ink.left for ink in part),
        max(ink.right for ink in part),
        bottom,
        bottom + size,
        words=tuple(ink.origin for ink in part),
    )


def _snapped(lines: Sequence[Line]) -> dict[float, float]:
    """Return for each size of lines the size that it stands for: the mean of those that are nearly equal."""
    letters: dict[float, int] = {}
    for line in lines:
        letters[line.size] = letters.get(line.size, 0) + len(line.text)
    snapped: dict[float, float] = {}
    while left := [size for size in letters if size not in snapped]:
        # The size with most letters near it comes first: that of the body, on any page with prose.
        centre = max(left, key=lambda size: sum(letters[other] for other in left if _alike(size, other)))
        near = [size for size in left if _alike(size, centre)]
        mean = sum(size * letters[size] for size in near) / sum(letters[size] for size in near)
        snapped |= dict.fromkeys(near, mean)
    return snapped


def _alike(one: float, other: float) -> bool:
    return max(one, other) < _SAME_SIZE * max(min(one, other), 0.1) or one == other


def _resized(line: Line, size: float) -> Line:
    bottom = line.baseline - _BELOW * size
    return replace(line, bottom=bottom, top=bottom + size)
