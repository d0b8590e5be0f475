"""Reads the lines of a PDF page with their boxes, in as few calls to pdfium as possible.

Coordinates are in points. If the text of a page runs up or down, the page is turned so that it runs from left to right,
whatever rotation the page states.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from index.loading.pdf.pdfium import PageText, runs_to_the_left
from index.loading.pdf.word_boxes import letters_of
from index.text.sentences import gap, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.loading.pdf.pdfium import Box, Glyph, Run
    from index.loading.pdf.word_boxes import PageLetters


# Measures the typography of a PDF: margins and line spacing, raised note marks, words hyphenated at a margin.

_SIGNS = "*∗†‡§¶"
_MARK = rf"(?:\d{{1,3}}(?:[,–-]\d{{1,3}})*|[{_SIGNS}]+)"
_SOME = re.compile(rf"[\d{_SIGNS}]")
_BEFORE_NOTE = re.compile(rf"(?:^{_MARK}|(?<!\S)[{_SIGNS}]+|(?<!\S)\d{{1,2}}(?=[^\W\d_]{{3}}))(?=[^\W\d_]|[“\"‘'(\\/])")
"""A mark at the beginning of a note, or before a name in a list of affiliations; not in `14C`."""
_WORD_END = r"[^\W\d_]{3}[.,;:!?)\]”’\"»]*"
_AFTER_WORD, _ANNOTATED = re.compile(rf"{_WORD_END}(?={_MARK}(?!\w))"), re.compile(rf"{_WORD_END}$")
"""The word has at least three letters, because `m2` and `x2` have no note."""
_FUNCTION = re.compile(r"(?:sin|cos|tan|cot|sec|csc|log|sinh|cosh|tanh|exp|min|max)$", re.IGNORECASE)
_MARK_TAIL = 20
_SMALLER = 0.85
_RAISED = 0.15
"""The least height of a raised mark above the baseline, as a share of the type size beside it."""
_COMPOUND = re.compile(r"(?<![^\W\d_])[^\W\d_]++(?:-[^\W\d_]++)+")
_WORD = re.compile(r"[^\W\d_]+")
_BROKEN = re.compile(r"([^\W\d_]+(?:-[^\W\d_]+)*)-$")
_WHOLE_WORD = 4
_TAIL = 80
_PREFIXES = {
    "anti",
    "counter",
    "extra",
    "fore",
    "hyper",
    "inter",
    "macro",
    "micro",
    "multi",
    "over",
    "under",
    "semi",
} | {"super", "trans", "with"}
_SAME_SIZE = 1.13
NEARLY = 1.07
"""Two sizes count as equal up to the ratio `_SAME_SIZE`; `NEARLY` is a stricter ratio."""
_RUN_GAP = 2.0
_NEIGHBOURS = 12
_USUAL_PITCH = 1.25
_MIN_SAMPLES = 5


def is_mark(text: str) -> bool:
    """Return whether the text is a note mark."""
    return bool(re.fullmatch(_MARK, text))


def is_annotated(text: str) -> bool:
    """Return whether a text ends in a word that can have a note."""
    return bool(_ANNOTATED.search(text[-_MARK_TAIL:])) and not _FUNCTION.search(text)


def is_raised(size: float, baseline: float, beside: float, floor: float) -> bool:
    """Return whether type is smaller than the type `beside` it, and its baseline is above that type's (`floor`)."""
    return size < _SMALLER * beside and baseline > floor + _RAISED * beside


def spaced(page: PageText, run: Run) -> str:
    """Return the words of a run with a blank between each mark and the word beside it."""
    words = run.words
    if not _SOME.search(words):
        return words
    for place in sorted(_seams(page, run), reverse=True):
        words = f"{words[:place]} {words[place:]}"
    return words


def _seams(page: PageText, run: Run) -> Iterator[int]:
    for match in _BEFORE_NOTE.finditer(run.words):
        if _raised(page.glyph(run.start + match.start()), page.glyph(run.start + match.end())):
            yield match.end()
    for match in _AFTER_WORD.finditer(run.words):
        word = page.glyph(run.start + match.start())
        if not _FUNCTION.search(run.words, 0, match.end()) and _raised(page.glyph(run.start + match.end()), word):
            yield match.end()


def _raised(mark: Glyph | None, word: Glyph | None) -> bool:
    """Return whether a mark is raised above a word. False if either is unknown. Assumes text that runs to the right."""
    return mark is not None and word is not None and is_raised(mark.rise[1], mark.y, word.rise[1], word.y)


@dataclass(frozen=True, slots=True)
class Words:
    """The words inside of lines: no margin can have caused their hyphens."""

    compounds: frozenset[str]
    plain: frozenset[str]
    inner: frozenset[str]
    """Those that are not the first of their line: no broken word ends in them."""

    @classmethod
    def of(cls, lines: Iterable[str]) -> Words:
        """Collect the words of lines, except a last word that ends in a hyphen."""
        compounds: set[str] = set()
        plain: set[str] = set()
        inner: set[str] = set()
        for line in lines:
            lowered = line.lower()
            compounds.update(_COMPOUND.findall(lowered))
            words = _WORD.findall(lowered.rsplit(" ", 1)[0] if lowered.endswith("-") else lowered)
            plain.update(words)
            inner.update(words[1:])
        return cls(frozenset(compounds), frozenset(plain), frozenset(inner))

    def before(self, text: str, following: str) -> str:
        """Return the text so far, ready for the next line: with a blank, or without the hyphen of a broken word."""
        broken = _BROKEN.search(text[-_TAIL:])
        if broken:
            return text if self._keeps_hyphen(broken.group(1).lower(), following) else text[:-1]
        return text + gap(text, following)

    def may_go_on(self, text: str, following: str) -> bool:
        """Return whether a word broken at the end of a text may end in a line of another column or page.

        It may not if the line begins with a word of its own, and the whole word is nowhere else in the document.
        """
        broken, tail = _BROKEN.search(text[-_TAIL:]), _WORD.match(following)
        if not broken or not tail:
            return True
        head, word = broken.group(1).lower().rsplit("-", 1)[-1], tail.group().lower()
        return head + word in self.plain or head in _PREFIXES or head in self.inner or word not in self.inner

    def _keeps_hyphen(self, head: str, following: str) -> bool:
        """Return whether the hyphen stays: the text elsewhere has this compound, or has its parts only as two words."""
        tail = _WORD.match(following)
        if not tail or not following[0].islower():
            return True
        word = tail.group().lower()
        first = head.rsplit("-", 1)[-1]
        if f"{head}-{word}" in self.compounds:
            return True
        if first + word in self.plain or min(len(first), len(word)) < _WHOLE_WORD or first in _PREFIXES:
            return False
        return first in self.plain and word in self.plain


@dataclass(frozen=True, slots=True)
class Edges:
    """The margins of the column that contains a line."""

    left: float
    right: float


def edges_of(lines: Sequence[Line]) -> Iterator[Edges]:
    """Yield the margins around each line. They are measured on the run of similar lines that contains it."""
    lefts, rights = [line.left for line in lines], [line.right for line in lines]
    joined = [_is_beside(above, below) for above, below in pairwise(lines)]
    for index in range(len(lines)):
        first, last = index, index
        while first > max(0, index - _NEIGHBOURS) and joined[first - 1]:
            first -= 1
        while last < min(len(lines), index + _NEIGHBOURS) - 1 and joined[last]:
            last += 1
        yield Edges(min(lefts[first : last + 1]), max(rights[first : last + 1]))


def pitches(pages: Sequence[Sequence[Line]]) -> defaultdict[float, float]:
    """Return for each type size the usual distance from one line to the next."""
    samples: defaultdict[float, list[float]] = defaultdict(list)
    for lines in pages:
        for above, below in pairwise(lines):
            drop = above.bottom - below.bottom
            if rounded(above.size) == rounded(below.size) and 0 < drop < 3 * below.size and overlap(above, below):
                samples[rounded(below.size)].append(drop)
    known = {size: median(drops) for size, drops in samples.items() if len(drops) >= _MIN_SAMPLES}
    sizes = {rounded(line.size) for lines in pages for line in lines}
    usual = median([pitch / size for size, pitch in known.items() if size]) if any(known) else _USUAL_PITCH
    return defaultdict(lambda: 0.0, {size: known.get(size, usual * size) for size in sizes})


def rounded(size: float) -> float:
    """Return the size rounded to half a point."""
    return round(size * 2) / 2


def overlap(a: Line, b: Line) -> bool:
    """Return whether two lines overlap horizontally: one is above the other, at least in part."""
    return min(a.right, b.right) > max(a.left, b.left)


def alike(last: Line, line: Line, tolerance: float = _SAME_SIZE) -> bool:
    """Return whether both lines run in the same direction, in type of one size."""
    return last.sideways == line.sideways and 1 / tolerance < line.size / max(last.size, 0.1) < tolerance


def first_word_width(line: Line) -> float:
    """Return the width of the first word and the blank before it, by the average width of the line's letters."""
    word = line.text.split(maxsplit=1)[0]
    return (len(word) + 1) * line.width / max(1, len(line.text))


def _is_beside(above: Line, below: Line) -> bool:
    """Return whether both lines are neighbours in one column and have one type size."""
    near = abs(above.bottom - below.bottom) < _RUN_GAP * min(above.size, below.size)
    return near and overlap(above, below) and alike(above, below, NEARLY)


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
_WORD_CHARACTERS = 3
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
class PageTable:
    """A table, or the part of it on one page."""

    rows: tuple[tuple[str, ...], ...]
    """The words of each cell once, also if the cell spans columns or rows; all rows have the same length."""
    header_rows: int
    columns: tuple[str, ...]
    """The header of each column; empty if it has none."""
    row_headers: tuple[str, ...]
    """The header of each row; empty for rows that are headers."""
    gaps: tuple[tuple[float, float], ...]
    """From where to where each gap between two columns reaches, in points, to recognise a table that goes on."""
    places: tuple[tuple[int, int], ...]
    """Where the words of the cells are in the page's text, in the order of the rows."""
    header_words: int = 0
    """How many of these places are those of header rows."""
    ruled: bool = False

    @property
    def text(self) -> str:
        """All words of the table."""
        return " ".join(cell for row in self.rows for cell in row if cell)


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
    letters: PageLetters | None = field(default=None, compare=False)
    """The text of the page with the boxes of its letters; None for a page without text."""
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
        if len(self.text) <= _WORD_CHARACTERS or abs(rise) <= _STEEP * abs(run):
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
        letters = letters_of(page, text) if lines else None
    finally:
        text_page.close()
    width, height = page.get_size()
    images = not lines and any(True for _ in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=3))
    return Sheet(height if main == "right" else width, tuple(lines), letters, images)


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
    sideways = crossing and len(fragment.text) > _WORD_CHARACTERS
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
    return bool(_ENDS_IN_WORD.search(line.text[-_WORD_CHARACTERS:]) and _BEGINS_WITH_WORD.match(fragment.text))
