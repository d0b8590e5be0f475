"""The words of the lines of a table, and their segments: words between which there are only usual blanks."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from index.loading.pdf.lines import LEADER_DOTS, Line, Place, between, turned
from index.loading.pdf.pdfium import runs_to_the_left
from index.loading.pdf.tables.page_table import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf.lines import Direction
    from index.loading.pdf.pdfium import Box, Glyph

_WORD = re.compile(r"\S+")
_HYPHEN = "\ufffe"
"""pdfium's sign for a hyphen at the end of a line."""
_SAME_LEVEL = 0.35
"""Two lines are on one level if their distance is less than this share of the smaller type size."""
_APART = 0.25
"""The box of a letter on the level of its line is off the line's middle by at most this share of the type size."""
_MARK = 0.85
"""Type is that of a mark if it is smaller than this share of the type of its line."""
_GAP, _NUMBER_GAP = 0.6, 0.33
"""The gap between two cells, in type sizes, is at least this wide, beside a number; blanks between words are narrower.
"""


class Lettered(Protocol):
    """The text of a page, and the places of its letters, in points."""

    text: str

    def box(self, position: int) -> Box | None:
        """Return the box of a letter, or of its word; None if it is not known."""
        ...

    def glyph(self, position: int) -> Glyph | None:
        """Return the origin and size of a letter; None if they are not known."""
        ...


@dataclass(frozen=True, slots=True)
class Level:
    """Words that stand side by side, from left to right."""

    words: tuple[Line, ...]
    bottom: float
    size: float

    @property
    def middle(self) -> float:
        """The height of the middle of its letters."""
        return self.bottom + self.size / 2

    def segments(self, *, wide: bool = False) -> list[tuple[Line, ...]]:
        """Return the words in groups between which there are gaps as between cells; if `wide`, also beside numbers."""
        groups: list[list[Line]] = []
        for word in self.words:
            least = _GAP if wide else _least(groups[-1][-1], word) if groups else 0.0
            if groups and word.left - groups[-1][-1].right < least * self.size:
                groups[-1].append(word)
            else:
                groups.append([word])
        return [tuple(group) for group in groups]


def _least(before: Line, word: Line) -> float:
    return _NUMBER_GAP if is_number(word.text) or is_number(before.text) else _GAP


def levels_of(text: Lettered, lines: Sequence[Line], main: Direction) -> list[Level]:
    """Return the words of lines, level by level from the top."""
    words = [found for line in lines for found in _words(text, line, main)]
    levels: list[list[Line]] = []
    top = size = 0.0
    for baseline, own, word in sorted(words, key=lambda found: -found[0]):
        if levels and top - baseline <= _SAME_LEVEL * min(own, size):
            levels[-1].append(word)
        else:
            levels.append([word])
            top, size = baseline, own
    return [_level(level) for level in levels]


def _level(words: Sequence[Line]) -> Level:
    letters = Counter[tuple[float, float]]()
    for word in words:
        letters[word.bottom, word.size] += len(word.text)
    (bottom, size), _ = letters.most_common(1)[0]
    return Level(tuple(sorted(words, key=lambda word: word.left)), bottom, size)


def _words(text: Lettered, line: Line, main: Direction) -> Iterator[tuple[float, float, Line]]:
    """Yield the words of a line with the baseline and the size of their level.

    The level is that of the line; if pdfium joined two levels to one line, it is that of the word.
    """
    for place in line.places:
        for found in _WORD.finditer(without_leaders(text, place)):
            first, last = place.start + found.start(), place.start + found.end() - 1
            boxes = [turned(box, main) for at in (first, last) if (box := text.box(at))]
            left = min((box[0] for box in boxes), default=line.left)
            right = max((box[1] for box in boxes), default=line.right)
            words = found.group().replace(_HYPHEN, "-")
            apart = boxes and abs(sum(boxes[0][2:]) - line.bottom - line.top) > 2 * _APART * line.size
            offset = _offset(text, first, line, place, main) if apart else 0.0
            own = (Place(first, last + 1, place.bottom, place.top),)
            word = Line(words, left, max(left, right), place.bottom + offset, place.top + offset, line.bold, places=own)
            yield line.baseline + offset, line.size, word


def without_leaders(text: Lettered, place: Place) -> str:
    """Return the letters of a place, with a blank for each dot that leads from one cell to the next."""
    return LEADER_DOTS.sub(lambda dots: " " * len(dots.group()), text.text[place.start : place.end])


def _offset(text: Lettered, at: int, line: Line, place: Place, main: Direction) -> float:
    """Return how much higher a word stands than its line; 0 for raised and lowered marks."""
    glyph = text.glyph(at) if place.top - place.bottom > _MARK * line.size else None
    if glyph is None or math.hypot(*glyph.rise) < _MARK * line.size:
        return 0.0
    baseline = turned((glyph.x, glyph.x, glyph.y, glyph.y), main)[2]
    return baseline - line.baseline if abs(baseline - line.baseline) > _SAME_LEVEL * line.size else 0.0


def as_read(words: Sequence[Line]) -> Sequence[Line]:
    """Return words of one level, given from left to right, in the order in which they are read."""
    leftward = runs_to_the_left(" ".join(word.text for word in words))
    return sorted(words, key=lambda word: word.places[0].start) if leftward else words


def sentence(words: Sequence[Line]) -> str:
    """Return words of one level as text, with blanks where there are gaps."""
    words = as_read(words)
    text = words[0].text if words else ""
    for before, word in pairwise(words):
        blank = word.places[0].start - before.places[0].end == 1
        text += (" " if blank else between(before, word)) + word.text
    return text
