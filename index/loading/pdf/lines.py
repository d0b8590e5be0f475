"""Reads the lines of a PDF page with their boxes, in as few calls to pdfium as possible.

Coordinates are in points. If the text of a page runs up or down, the page is turned so that it runs from left to right,
whatever rotation the page states.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from index.loading.pdf.pdfium import PageText, runs_to_the_left
from index.loading.pdf.typography import is_annotated, is_mark, is_raised, spaced
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf.pdfium import Box, Glyph, Run
    from index.loading.pdf.tables.page_table import PageTable
    from index.loading.recognition.engine import PrintedWord

_BOLD = re.compile("bold|black|heavy|demi|medi|cmbx|sfbx", re.IGNORECASE)
ITEM = re.compile(r"(?:[•▪◦●○■□►‣⁃–—*-]|\(?\d{1,2}[.)]|\(?[a-z][.)]|\[\d{1,3}\])\s+\S")
"""The mark at the beginning of a list item, and the first letter after it."""
LEADER_DOTS = re.compile(r"(?:\.\s?){4,}")
LEADER = re.compile(rf"{LEADER_DOTS.pattern}\s*(?:\S{{0,6}}|[\d\s.,%$€()–-]*)$")
"""The leader dots of a table of contents up to the page number, or of a row up to its numbers."""
_NAME_LENGTH = 64
_GLUED, _SPACED, _BACK = 0.12, 1.2, -1.2
"""Gaps between fragments of one line, in type sizes: below `_GLUED`, the fragments touch; a gap outside the range from
`_BACK` to `_SPACED` begins another line."""
_OVERLAP = 0.3
_STEEP = 2.5
_SMALLER = 0.85
_WORD = 3
_ENDS_IN_WORD, _BEGINS_WITH_WORD = re.compile(r"[^\W\d_]{2}$"), re.compile(r"[^\W\d_]{2}")
_LEVEL = 0.15
"""Two baselines are on one level if their distance is less than this share of the type size."""
_BELOW = 0.2
"""The share of the type size that is below the baseline."""
_UNLIKELY = 4.0
"""Type can be at most this many times higher or lower than its box. Other sizes are wrong: bitmap fonts may state one
point."""

Direction = Literal["right", "up", "down"]


class Place(NamedTuple):
    """Letters `[start, end)` of the page's text, and how low and high their type is on the turned page."""

    start: int
    end: int
    bottom: float
    top: float


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line, or the part of it in one column."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    bold: bool = False
    sideways: bool = False
    """Whether it runs at a right angle to the text of its page, like a stamp in the margin."""
    cells: int = 1
    """The number of parts, with wide gaps between them, that were joined side by side: a table row has several."""
    words: tuple[PrintedWord, ...] = ()
    """Its words, if they were recognised in a picture of the page."""
    places: tuple[Place, ...] = field(default=(), compare=False)
    """Where its letters are in the text of the page, part by part."""
    table: PageTable | None = field(default=None, compare=False)
    """The table that the line stands for; its box is then that of the table's first row, as wide as the table."""

    @property
    def size(self) -> float:
        """The size of its type."""
        return self.top - self.bottom

    @property
    def baseline(self) -> float:
        """The vertical position of the line on which its letters stand."""
        return self.bottom + _BELOW * self.size

    @property
    def width(self) -> float:
        """The distance from the first letter to the last."""
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page: its height, and its lines in the order in which the file paints them."""

    height: float
    lines: tuple[Line, ...]
    has_images: bool = False


TableFinder = Callable[[Any, PageText, "Sequence[Line]", Direction], "list[Line]"]
"""Returns the lines of an open page with each table as one line, given its text, its lines and their direction."""


@dataclass(frozen=True, slots=True)
class _Fragment:
    """A run of letters between pdfium's line breaks, with the boxes of three of them."""

    text: str
    start: int
    end: int
    boxes: tuple[Box, ...]
    typical: Box
    """The box of median height, so that a superscript does not decide the size of the line."""
    glyph: Glyph | None
    """The letter in the typical box."""
    bold: bool

    @property
    def direction(self) -> Direction:
        """The direction from the first letter to the last."""
        first, last = self.boxes[0], self.boxes[-1]
        rise = (last[2] + last[3] - first[2] - first[3]) / 2
        run = (last[0] + last[1] - first[0] - first[1]) / 2
        if len(self.text) <= _WORD or abs(rise) <= _STEEP * abs(run):
            return "right"
        return "up" if rise > 0 else "down"


def read_sheet(page: Any, find_tables: TableFinder | None = None) -> Sheet:
    """Read a page: its text, and the boxes of three letters of each line. Tables are lines of their own."""
    import pypdfium2.raw as pdfium

    text_page = page.get_textpage()
    try:
        text = PageText(text_page)
        lines, main = read_lines(text)
        lines = find_tables(page, text, lines, main) if find_tables else lines
    finally:
        text_page.close()
    width, height = page.get_size()
    images = not lines and any(True for _ in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=3))
    return Sheet(height if main == "right" else width, tuple(lines), images)


def read_lines(text: PageText) -> tuple[list[Line], Direction]:
    """Return the lines of a page in painted order, and the direction of most of its text."""
    fragments = list(_fragments(text))
    directions = [fragment.direction for fragment in fragments]
    votes = Counter[Direction]()
    for fragment, direction in zip(fragments, directions, strict=True):
        votes[direction] += len(fragment.text)
    main: Direction = votes.most_common(1)[0][0] if votes else "right"
    crossing = (direction != main for direction in directions)
    lines = [_line(fragment, main, crossing=crosses) for fragment, crosses in zip(fragments, crossing, strict=True)]
    return _merged(lines), main


def _fragments(page: PageText) -> Iterator[_Fragment]:
    for run in page.runs():
        words = one_line(spaced(page, run))
        fragment = _fragment(page, run, words) if words else None
        if fragment:
            yield fragment


def _fragment(page: PageText, run: Run, words: str) -> _Fragment | None:
    """Return a run with the boxes of its first, middle and last letter; None if pdfium knows none of them."""
    last = len(run.words) - 1
    middle = next((place for place in range(last // 2, last) if not run.words[place].isspace()), last)
    places = dict.fromkeys((run.start, run.start + middle, run.start + last))
    boxes = [(box, place) for place in places if (box := page.box(place))]
    if not boxes:
        return None
    typical, place = sorted(boxes, key=lambda found: found[0][3] - found[0][2])[len(boxes) // 2]
    bold = _is_bold(page.raw, page.letter(run.start)) and _is_bold(page.raw, page.letter(run.start + last))
    end = run.start + len(run.words)
    return _Fragment(words, run.start, end, tuple(box for box, _ in boxes), typical, page.glyph(place), bold)


def _is_bold(text_page: Any, index: int) -> bool:
    import pypdfium2.raw as pdfium

    name = ctypes.create_string_buffer(_NAME_LENGTH)
    pdfium.FPDFText_GetFontInfo(text_page, index, name, _NAME_LENGTH, None)
    return _names_bold(name.value)


@lru_cache(maxsize=1024)
def _names_bold(name: bytes) -> bool:
    return bool(_BOLD.search(name.decode("latin-1")))


def _line(fragment: _Fragment, main: Direction, *, crossing: bool) -> Line:
    """Return the fragment as a line, on the page turned until its text runs to the right."""
    boxes = [turned(box, main) for box in fragment.boxes]
    left, right = min(box[0] for box in boxes), max(box[1] for box in boxes)
    sideways = crossing and len(fragment.text) > _WORD
    bottom, top = turned(fragment.typical if sideways else _body(fragment), main)[2:]
    places = (Place(fragment.start, fragment.end, bottom, top),)
    return Line(fragment.text, left, right, bottom, top, fragment.bold, sideways, places=places)


def _body(fragment: _Fragment) -> Box:
    """Return a box around the baseline, as high as the type of the typical letter.

    If the type size that pdfium states is impossible, return the letter's own box.
    """
    left, right, bottom, top = fragment.typical
    if fragment.glyph is None:
        return fragment.typical
    x, y, (across, up) = fragment.glyph
    size, height = math.hypot(across, up), max(top - bottom, right - left)
    if not height / _UNLIKELY < size < height * _UNLIKELY:
        return fragment.typical
    foot, head = (x - _BELOW * across, y - _BELOW * up), (x + (1 - _BELOW) * across, y + (1 - _BELOW) * up)
    return min(foot[0], head[0]), max(foot[0], head[0]), min(foot[1], head[1]), max(foot[1], head[1])


def turned(box: Box, main: Direction) -> Box:
    """Return a box on the page turned until text of this direction runs to the right."""
    left, right, bottom, top = box
    if main == "up":
        return bottom, top, -right, -left
    if main == "down":
        return -top, -bottom, left, right
    return box


def _merged(fragments: list[Line]) -> list[Line]:
    """Join fragments of one printed line that pdfium split at a superscript or a change of font."""
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
    if overlap <= _OVERLAP * min(line.size, fragment.size):
        return False
    if not _BACK * size < gap < _SPACED * size and runs_to_the_left(line.text + fragment.text):
        gap = line.left - fragment.right
    return _BACK * size < gap < _SPACED * size


def _joined(line: Line, fragment: Line) -> Line:
    main = fragment if line.size < _SMALLER * fragment.size else line
    return Line(
        line.text + between(line, fragment) + fragment.text,
        min(line.left, fragment.left),
        max(line.right, fragment.right),
        main.bottom,
        main.top,
        line.bold and fragment.bold,
        places=line.places + fragment.places,
    )


def between(line: Line, fragment: Line) -> str:
    """Return what belongs between two parts of a line: a blank, or "" if both parts touch and are one word."""
    size = max(line.size, fragment.size)
    apart = max(fragment.left - line.right, line.left - fragment.right) >= _GLUED * size
    return " " if apart or _is_annotation(line, fragment) or _are_labels(line, fragment, size) else ""


def _is_annotation(line: Line, fragment: Line) -> bool:
    """Return whether one part is a raised mark, and the other begins or ends with a word."""
    if is_mark(line.text) and fragment.text[:1].isalpha():
        return is_raised(line.size, line.baseline, fragment.size, fragment.baseline)
    marks = is_mark(fragment.text.split(" ", 1)[0]) and is_annotated(line.text)
    return marks and is_raised(fragment.size, fragment.baseline, line.size, line.baseline)


def _are_labels(line: Line, fragment: Line, size: float) -> bool:
    """Return whether both parts are words of one size on two levels, as labels in a figure are."""
    level = abs(line.baseline - fragment.baseline) < _LEVEL * size
    if level or min(line.size, fragment.size) < _SMALLER * size:
        return False
    return bool(_ENDS_IN_WORD.search(line.text[-_WORD:]) and _BEGINS_WITH_WORD.match(fragment.text))
