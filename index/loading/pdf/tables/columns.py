"""Finds the columns of a table: by its vertical rules, and by the blank gutters that hardly any row crosses."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, Protocol

from index.loading.pdf.lines import LEADER_DOTS, Line, Place, between, turned
from index.loading.pdf.pdfium import runs_to_the_left

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf.lines import Direction
    from index.loading.pdf.pdfium import Box, Glyph
    from index.loading.pdf.tables.rulings import Ruling


# A table of a PDF page: the words of its cells in rows and columns, and the headers of both.

_NUMBER = re.compile(
    r"[\s+\-–−±~<>≤≥=(]*[$€£¥₹₩]?\s*[-–−(]?\s*[\d.,'’\s]*\d[\d.,'’\s]*(?:[eE][-+−]?\d+)?(?:\s*[±–/×-]\s*[\d.,]*\d[\d.,]*)?"
    r"\s*(?:%|‰|[A-Za-z]{1,3})?\s*\)?\s*[*†‡§%]*|[-–—−*.·…✓✔✗✘]+|n/?a\.?",
    re.IGNORECASE,
)
_MAX_NUMBER_CHARACTERS = 32
_PERIOD = re.compile(
    r"(?:FY|Q[1-4]|H[12])?\s?['’]?(?:19|20)\d\d(?:\s?[-–/]\s?(?:\d\d|(?:19|20)\d\d))?[*]?|Q[1-4]|H[12]",
    re.IGNORECASE,
)
TABLE_CAPTION = re.compile(
    r"(?i:table|tab\.|tableau|tabelle|tabla|tabela|tabella|таблица|табл\.|표|表)\s*[.:]?\s*"
    r"(?:[A-Z]{0,2}[.-]?\d{1,3}(?:[.-]\d{1,3})*[a-z]?|[IVX]{1,6}\b)\s*(?:[.:|–—)-]|$|\n|[^\W\d_](?<![a-zà-ÿа-я]))"
)
"""The beginning of the caption of a table."""


def is_number(words: str) -> bool:
    """Return whether a cell is a number, with a sign or a unit, or a sign that stands for one."""
    return len(words) <= _MAX_NUMBER_CHARACTERS and bool(_NUMBER.fullmatch(words))


def is_period(words: str) -> bool:
    """Return whether a cell is a year, a quarter or a business year, as the header of a column often is."""
    return bool(_PERIOD.fullmatch(words.strip()))


# The words of the lines of a table, and their segments: words between which there are only usual blanks.

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
        for match in _WORD.finditer(without_leaders(text, place)):
            first, last = place.start + match.start(), place.start + match.end() - 1
            boxes = [turned(box, main) for at in (first, last) if (box := text.box(at))]
            left = min((box[0] for box in boxes), default=line.left)
            right = max((box[1] for box in boxes), default=line.right)
            words = match.group().replace(_HYPHEN, "-")
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


_CROSSING = 0.2
"""The share of the levels that may cross a gutter, as headings over several columns do."""
_NARROWEST = 0.5
"""The least width of a gutter, in type sizes."""
_CELL_GAP = 0.45
"""The least gap between two cells in a row that nearly touch, in type sizes."""
_SEVERAL, _CROWDED = 2, 0.4
_MIN_LEVELS = 5
"""So few levels may have blanks beside numbers at one place by chance."""
_TOLERANCE_POINTS = 2.0
_COVERED = 0.5
"""A rule divides columns if it is at least this share of the table's height long."""
_SIGNS_BEFORE, _SIGNS_AFTER = re.compile(r"[$€£¥₹₩(]+|US\$|Rs\.?"), re.compile(r"[%‰)]+|\*{1,3}|[†‡]|[a-z]")


class Gutter(NamedTuple):
    """The blank between two columns; a rule is a gutter without a width."""

    left: float
    right: float
    pieces: tuple[tuple[float, float], ...] = ()
    """From where to where its rule reaches, piece by piece; empty if there is none."""

    @property
    def ruled(self) -> bool:
        """Whether a rule stands in it."""
        return bool(self.pieces)

    def divides(self, height: float) -> bool:
        """Return whether its rule stands at this height."""
        return any(start - _TOLERANCE_POINTS <= height <= end + _TOLERANCE_POINTS for start, end in self.pieces)

    @property
    def middle(self) -> float:
        """The place that divides the columns."""
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class Part:
    """Words of one level in one column, or in several adjacent ones: `[first, last]`."""

    words: tuple[Line, ...]
    first: int
    last: int

    @property
    def text(self) -> str:
        """Its words."""
        return sentence(self.words)

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.words[0].left

    @property
    def right(self) -> float:
        """Where it ends."""
        return max(word.right for word in self.words)

    @property
    def middle(self) -> float:
        """The middle between its ends."""
        return (self.left + self.right) / 2


def gutters(
    levels: Sequence[Level], body: Sequence[Level], down: Sequence[Ruling], height: float, *, closed: bool
) -> list[Gutter]:
    """Return the gutters between columns, from left to right; if the table is closed, rules alone divide it.

    The levels of the body alone decide where a gutter is, as headings may span columns.
    """
    left = min((word.left for level in levels for word in level.words), default=0.0)
    right = max((word.right for level in levels for word in level.words), default=0.0)
    ruled = [gutter for gutter in dividing(down, height) if left < gutter.middle < right]
    if closed and not _is_crowded(levels, ruled):
        return ruled
    blank = [gutter for gutter in _blank(body, levels) if not any(_touches(gutter, rule) for rule in ruled)]
    found = sorted([*ruled, *blank], key=lambda gutter: gutter.middle)
    return _without_signs(found, levels)


def _is_crowded(levels: Sequence[Level], ruled: Sequence[Gutter]) -> bool:
    """Return whether many levels have several numbers between two rules: columns are there without rules."""
    crowded = 0
    for level in levels:
        columns = Counter(_column(word, ruled) for word in level.words if is_number(word.text))
        crowded += any(count > _SEVERAL for count in columns.values())
    return crowded > _SEVERAL and crowded >= _CROWDED * len(levels)


def dividing(down: Sequence[Ruling], height: float) -> list[Gutter]:
    """Return the vertical rules that divide most of a table's height, also in several pieces."""
    places: list[list[Ruling]] = []
    for rule in sorted(down):
        if places and rule.at - places[-1][-1].at <= _TOLERANCE_POINTS:
            places[-1].append(rule)
        else:
            places.append([rule])
    long = [group for group in places if sum(rule.length for rule in group) >= _COVERED * height]
    return [Gutter(group[0].at, group[-1].at, tuple((rule.start, rule.end) for rule in group)) for group in long]


def _touches(gutter: Gutter, rule: Gutter) -> bool:
    return gutter.left - _TOLERANCE_POINTS <= rule.middle <= gutter.right + _TOLERANCE_POINTS


def _spans(levels: Sequence[Level]) -> list[list[tuple[float, float]]]:
    """Return where the segments of each level begin and end, without overlap."""
    found = []
    for level in levels:
        spans: list[tuple[float, float]] = []
        for part in level.segments(wide=len(levels) < _MIN_LEVELS):
            left, right = part[0].left, max(word.right for word in part)
            if spans and left <= spans[-1][1]:
                left, right = spans[-1][0], max(right, spans.pop()[1])
            spans.append((left, right))
        found.append(spans)
    return found


def _blank(body: Sequence[Level], levels: Sequence[Level]) -> list[Gutter]:
    """Return the widest places that few levels of the body cross, with words on both sides."""
    wide = _spans(body)
    everything = wide if len(body) == len(levels) else _spans(levels)
    if len(wide) < 2:
        return []
    size = median(level.size for level in body)
    allowed = max(1 if len(wide) > 3 else 0, int(_CROSSING * len(wide)))
    steps: defaultdict[float, int] = defaultdict(int)
    for left, right in (part for span in wide for part in span):
        steps[left] += 1
        steps[right] -= 1
    found: list[Gutter] = []
    crossing = 0
    for left, right in pairwise(sorted(steps)):
        crossing += steps[left]
        if crossing > allowed:
            continue
        if found and found[-1].right == left:
            found[-1] = Gutter(found[-1].left, right)
        else:
            found.append(Gutter(left, right))
    return [
        gutter for gutter in found if gutter.right - gutter.left >= _NARROWEST * size and _parts(gutter, everything)
    ]


def _parts(gutter: Gutter, spans: Sequence[Sequence[tuple[float, float]]]) -> bool:
    """Return whether several levels have words on each side of a gutter, and one has words on both."""
    left = [any(right <= gutter.middle for _, right in span) for span in spans]
    right = [any(left >= gutter.middle for left, _ in span) for span in spans]
    both = sum(a and b for a, b in zip(left, right, strict=True))
    return sum(left) > 1 and sum(right) > 1 and both > 0


def _without_signs(found: list[Gutter], levels: Sequence[Level]) -> list[Gutter]:
    """Leave out gutters between a currency and its number, or a number and its percent sign."""
    columns: list[list[str]] = [[] for _ in range(len(found) + 1)]
    for level in levels:
        for part in parts_of(level, found):
            if part.first == part.last:
                columns[part.first].append(part.text)
    drop: set[int] = set()
    for number, texts in enumerate(columns):
        if texts and number < len(found) and all(map(_SIGNS_BEFORE.fullmatch, texts)):
            drop.add(number)
        elif texts and number and all(map(_SIGNS_AFTER.fullmatch, texts)):
            drop.add(number - 1)
    return [gutter for number, gutter in enumerate(found) if number not in drop or gutter.ruled]


def parts_of(level: Level, found: Sequence[Gutter], *, header: bool = False) -> list[Part]:
    """Return the words of a level by column; words that run across a gutter span columns."""
    parts: list[Part] = []
    for segment in level.segments():
        pieces = _divided(segment, found, level, header=header)
        parts += [Part(piece, *_reach(piece, found)) for piece in pieces]
    return _united(parts)


def _reach(words: Sequence[Line], found: Sequence[Gutter]) -> tuple[int, int]:
    """Return the first and the last column of words; words that end within a gutter do not reach the next column."""
    left, right = words[0].left, max(word.right for word in words)
    first = sum(gutter.left < left + 1 for gutter in found)
    last = sum(gutter.right < right - 1 for gutter in found)
    if first <= last:
        return first, last
    middle = sum(gutter.middle < (left + right) / 2 for gutter in found)
    return middle, middle


def _divided(words: tuple[Line, ...], found: Sequence[Gutter], level: Level, *, header: bool) -> list[tuple[Line, ...]]:
    """Divide a segment at gutters where it has a gap: at rules always, elsewhere unless it looks like one heading."""
    pieces: list[list[Line]] = [[words[0]]]
    least = _CELL_GAP * level.size if header else 0.0
    for before, word in pairwise(words):
        over = [gutter for gutter in found if before.right <= gutter.right + 1 and gutter.left - 1 <= word.left]
        over = [gutter for gutter in over if _column(before, found) != _column(word, found)]
        blank = any(not gutter.ruled for gutter in over) and word.left - before.right >= least
        if blank or any(gutter.divides(level.middle) for gutter in over):
            pieces.append([word])
        else:
            pieces[-1].append(word)
    return [tuple(piece) for piece in pieces]


def _united(parts: Sequence[Part]) -> list[Part]:
    """Join parts of one level in one column."""
    united: list[Part] = []
    for part in parts:
        if united and part.first <= united[-1].last:
            last = united.pop()
            part = Part(last.words + part.words, last.first, max(last.last, part.last))
        united.append(part)
    return united


def _column(word: Line, found: Sequence[Gutter]) -> int:
    middle = (word.left + word.right) / 2
    return sum(gutter.middle < middle for gutter in found)
