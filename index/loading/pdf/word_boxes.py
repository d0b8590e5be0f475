"""Finds the words of a document on the pages of its PDF, as rectangles.

A document's text differs from that of its pages: words broken at a margin are joined, running heads are removed, and
columns are reordered. So words are searched for in the runs of letters that the text was made from, and are either
found exactly or not at all.
"""

from __future__ import annotations

import ctypes
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from index.loading.pdf.lines import read_lines
from index.loading.pdf.page_pictures import PageMark, Rectangle, page_cuts
from index.loading.pdf.pdfium import PageText, opened_page, opened_pdf, page_label
from index.loading.pdf.tables.regions import tables_as_lines
from index.records import Span
from index.text.sentences import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from index.loading.pdf.lines import Line
    from index.loading.pdf.pdfium import Box, Run

    _Boxed = Callable[[int], Box | None]
    _Point = tuple[float, float]


# Finds words of a document among the runs of its pages.
#
# A document's text consists of whole runs. Their order may have changed, blanks and hyphens at their ends may have been
# added or removed, and running heads were left out. So words are found where whole runs, without blanks and hyphens,
# cover the text around them like tiles.

HYPHENS = "-\ufffe"
"""The hyphen at a line's end within a word: as printed, and as pdfium writes it."""
_BAR = re.compile(r"(?<!\S)\|(?!\S)")
"""The bar between two cells of a table, which the text has and the page has not."""
_LETTER = 1_000
_JUMP = 10 * _LETTER
"""`_LETTER` is the score of a letter around the quote, `_JUMP` the penalty for a jump between runs."""
_MAX_TILES = 20_000
_MAX_PAIRS = 100_000


class Words(NamedTuple):
    """Some words of a document, with enough context to tell them from the same words elsewhere."""

    before: str
    quote: str
    after: str


class Stretch(NamedTuple):
    """Letters `[first, last)` of a run."""

    run: int
    first: int
    last: int


class Traced(NamedTuple):
    """The place where words were found."""

    stretches: tuple[Stretch, ...]
    """The found letters, in the order of the words; empty if the words were not found."""
    sure: bool
    """Whether the page agrees with the text before or after the words."""


class _Tile(NamedTuple):
    """A run that equals the text from `at` to `end`."""

    at: int
    end: int
    run: int


def squeezed(text: str) -> tuple[str, list[int]]:
    """Return the letters without blanks, hyphens and bars between cells, and the position in `text` of each.

    Accents are decomposed.
    """
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(_BAR.sub(" ", text) if "|" in text else text):
        parts = _letters(character)
        letters.append(parts)
        places += [place] * len(parts)
    return "".join(letters), places


@lru_cache(maxsize=4096)
def _letters(character: str) -> str:
    return "" if character in HYPHENS else unicodedata.normalize("NFD", normalise(character))


def trace(runs: Sequence[str], words: Words, expected: range) -> Traced:
    """Find the letters of the quote among the squeezed runs; empty if there is no exact or no unique match.

    Of all ways to tile the quote and its context with runs, take the one with the most letters and the fewest jumps
    from a run to another than the next, then the one with the most `expected` runs.
    """
    before, quote, after = (squeezed(part)[0] for part in words)
    layout = _Layout(Span(len(before), len(before) + len(quote)), expected)
    chain = layout.best(_tiles(runs, before + quote + after)) if quote else []
    own = [tile for tile in chain if layout.overlap(tile)]
    sure = any(tile.end - tile.at > layout.overlap(tile) for tile in own) or any(
        not _jump(tile, then) for tile, then in pairwise(chain) if (tile in own) != (then in own)
    )
    start, end = layout.quote
    stretches = (Stretch(tile.run, max(0, start - tile.at), min(end, tile.end) - tile.at) for tile in own)
    return Traced(tuple(stretches), sure)


def _tiles(runs: Sequence[str], text: str) -> list[_Tile]:
    """Return every match of a run in the text, in order; empty if there are too many to compare."""
    tiles: list[_Tile] = []
    for number, run in enumerate(runs):
        at = text.find(run) if run else -1
        while at >= 0:
            tiles.append(_Tile(at, at + len(run), number))
            at = text.find(run, at + 1) if len(tiles) < _MAX_TILES else -1
    begins, ends = Counter(tile.at for tile in tiles), Counter(tile.end for tile in tiles)
    pairs = sum(begins[at] * ends[at] for at in begins)
    return sorted(tiles) if pairs < _MAX_PAIRS and len(tiles) < _MAX_TILES else []


@dataclass(frozen=True, slots=True)
class _Layout:
    """Scores chains of tiles: plus for letters around the quote, minus for jumps, a little plus for expected runs."""

    quote: Span
    expected: range

    def best(self, tiles: Sequence[_Tile]) -> list[_Tile]:
        """Return the best chain that contains the whole quote; empty if other runs for the quote are as good."""
        begins, ends = _grouped(tiles, "at"), _grouped(tiles, "end")
        upto: dict[_Tile, int] = {}
        for tile in tiles:
            self._weigh(tile, ends.get(tile.at, ()), upto, free=tile.at <= self.quote.start)
        onward: dict[_Tile, int] = {}
        for tile in sorted(tiles, key=lambda tile: -tile.end):
            self._weigh(tile, begins.get(tile.end, ()), onward, free=tile.end >= self.quote.end)
        worth = {tile: upto[tile] + onward[tile] - self._own(tile) for tile in tiles if tile in upto and tile in onward}
        best = max(worth.values(), default=0)
        chain = self._chain([tile for tile in worth if worth[tile] == best], onward)
        rivals = (tile for tile in worth if worth[tile] == best and self.overlap(tile) and tile not in chain)
        return [] if any(rivals) else chain

    def overlap(self, tile: _Tile) -> int:
        """Return how many letters of the quote are in the tile."""
        return max(0, min(tile.end, self.quote.end) - max(tile.at, self.quote.start))

    def _own(self, tile: _Tile) -> int:
        own = self.overlap(tile)
        return (tile.end - tile.at - own) * _LETTER + (own > 0 and tile.run in self.expected)

    def _weigh(self, tile: _Tile, beside: Sequence[_Tile], worth: dict[_Tile, int], *, free: bool) -> None:
        """Score a tile together with the best tile beside it; a `free` tile can stand alone."""
        options = [worth[other] - _jump(*sorted((tile, other))) for other in beside if other in worth]
        if free or options:
            worth[tile] = self._own(tile) + max([*options, 0] if free else options)

    def _chain(self, tiles: Sequence[_Tile], onward: dict[_Tile, int]) -> list[_Tile]:
        """Return one of the best chains, given the tiles that are in any of them."""
        chain = list(tiles[:1])
        while chain:
            rest = onward[chain[-1]] - self._own(chain[-1])
            following = (
                tile for tile in tiles if tile.at == chain[-1].end and onward[tile] - _jump(chain[-1], tile) == rest
            )
            then = next(following, None)
            if then is None:
                break
            chain.append(then)
        return chain


def _grouped(tiles: Sequence[_Tile], by: Literal["at", "end"]) -> dict[int, list[_Tile]]:
    grouped: dict[int, list[_Tile]] = {}
    for tile in tiles:
        grouped.setdefault(tile.at if by == "at" else tile.end, []).append(tile)
    return grouped


def _jump(tile: _Tile, then: _Tile) -> int:
    """Return the penalty for going from a tile to one whose run is not the next."""
    return 0 if then.run - tile.run == 1 else _JUMP


# Open pages of a PDF with the letters of their runs, or of the cells of their tables.


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of a run without blanks and hyphens, and the position of each in the text of its page."""

    page: int
    run: Run
    letters: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, page: int, run: Run) -> Letters:
        """Return the letters of a run on the page with this index."""
        letters, places = squeezed(run.words)
        return cls(page, run, letters, tuple(run.start + place for place in places))

    def picked(self, stretch: Stretch) -> list[int]:
        """Return the positions of a stretch, including hyphens at the ends of the run."""
        begins = stretch.first == 0 and self.run.words[0] in HYPHENS
        ends = stretch.last == len(self.letters) and self.run.words[-1] in HYPHENS
        first = [self.run.start] if begins else []
        last = [self.run.start + len(self.run.words) - 1] if ends else []
        return [*first, *self.places[stretch.first : stretch.last], *last]


@dataclass(frozen=True, slots=True)
class OpenPage:
    """An open page, its text, and the letters of its runs."""

    index: int
    page: Any
    text: PageText
    letters: list[Letters]

    def cells(self) -> list[Letters]:
        """Return the letters with the words of tables cell by cell, as a document has them; a run may cross cells."""
        lines, main = read_lines(self.text)
        arranged = tables_as_lines(self.page, self.text, lines, main)
        if not any(line.table for line in arranged):
            return self.letters
        spans = [span for line in arranged for span in (line.table.places if line.table else _spans(line))]
        return [Letters.of(self.index, self.text.run(start, end)) for start, end in spans]


def _spans(line: Line) -> Iterator[tuple[int, int]]:
    """Yield where the letters of a line are in the text of its page."""
    return ((place.start, place.end) for place in line.places)


class OpenPages:
    """The pages of a document. Each is opened once and stays open until the stack is closed."""

    def __init__(self, document: Any, stack: ExitStack) -> None:
        self._document = document
        self._stack = stack
        self._open: dict[int, OpenPage | None] = {}

    def __len__(self) -> int:
        return len(self._document)

    def __getitem__(self, index: int) -> OpenPage | None:
        """Return the page with this index, or None if it is damaged."""
        if index not in self._open:
            self._open[index] = self._opened(index)
        return self._open[index]

    def label(self, index: int) -> str:
        """Return the label that is printed on a page."""
        return page_label(self._document, index)

    def _opened(self, index: int) -> OpenPage | None:
        import pypdfium2 as pdfium

        page = self._stack.enter_context(opened_page(self._document, index))
        try:
            text_page = page.get_textpage() if page else None
        except pdfium.PdfiumError:
            return None
        if text_page is None:
            return None
        self._stack.callback(text_page.close)
        text = PageText(text_page)
        return OpenPage(index, page, text, [Letters.of(index, run) for run in text.runs()])


_SAME_LINE = 0.5
"""Two boxes are on one line if they overlap by at least this share of the smaller height."""
_APART = 1.5
"""The largest gap within one rectangle, in heights of the less high of the two parts."""
_UPRIGHT = 2
_TOLERANCE_POINTS = 0.01
"""Points; larger than rounding errors."""
_FINE = 1_000_000
"""The number of device units along each side of the page when pdfium converts points to displayed positions."""
_REACHES = (0, 2)
"""Words are searched for on this many more pages on each side, because notes and captions may move in the text."""
_MAX_PAGES = 16
MAX_LETTERS = 20_000
"""For a longer quote, only its first pages are returned, without rectangles."""


class _Part(NamedTuple):
    """Letters on one line, and the box that encloses them."""

    box: Box
    letters: frozenset[int]


def rectangles(
    page: Any, text: PageText, picked: Sequence[Sequence[int]], letters: Iterable[int]
) -> tuple[Rectangle, ...]:
    """Return rectangles that contain the middles of the picked letters, given run by run, and of no other letters.

    `letters` are all letters of the page. The result is empty if no such rectangles exist, or if some letters are
    outside the visible part of the page.
    """
    middles = _Middles.of(text, letters)
    wanted = middles.known(place for run in picked for place in run)
    for boxed in (text.box, text.ink):
        lines = _lines(boxed, picked, middles)
        marked = frozenset[int]().union(*(line.letters for line in lines))
        if wanted and marked >= wanted and _is_seen(page, middles, wanted):
            return tuple(_seen(page, line.box) for line in lines)
    return ()


@dataclass(frozen=True, slots=True)
class _Middles:
    """The middles of a page's letters: by position in the text, and sorted from the bottom of the page to its top."""

    points: dict[int, _Point]
    rows: list[tuple[float, float, int]]

    @classmethod
    def of(cls, text: PageText, places: Iterable[int]) -> _Middles:
        """Return the middle of each letter's ink box, or of its font box if there is no ink."""
        boxes = ((place, text.ink(place) or text.box(place)) for place in places)
        points = {place: ((box[0] + box[1]) / 2, (box[2] + box[3]) / 2) for place, box in boxes if box}
        return cls(points, sorted((y, x, place) for place, (x, y) in points.items()))

    def known(self, places: Iterable[int]) -> frozenset[int]:
        """Return the places that have a known middle."""
        return frozenset(place for place in places if place in self.points)

    def within(self, box: Box, margin: float) -> frozenset[int]:
        """Return the places whose middles are within a box."""
        left, right, bottom, top = box
        first = bisect_left(self.rows, (bottom - margin,))
        beyond = bisect_right(self.rows, top + margin, key=lambda row: row[0])
        return frozenset(place for _, x, place in self.rows[first:beyond] if left - margin <= x <= right + margin)


def _lines(boxed: _Boxed, picked: Sequence[Sequence[int]], middles: _Middles) -> list[_Part]:
    """Join parts while they stay on one line and their box contains no other letter.

    Empty if even the box of a single letter contains another letter.
    """
    lines: list[_Part] = []
    for part in _parts(boxed, picked, middles):
        if not _is_clear(part, middles):
            return []
        joined = _around((lines[-1], part)) if lines and _is_beside(lines[-1].box, part.box) else None
        if joined and _is_clear(joined, middles):
            lines[-1] = joined
        else:
            lines.append(part)
    return lines


def _parts(boxed: _Boxed, picked: Sequence[Sequence[int]], middles: _Middles) -> Iterator[_Part]:
    """Yield whole runs. If a run is slanted, or its box contains other letters, yield its letters one by one."""
    for run in picked:
        parts = [_Part(box, frozenset((place,))) for place in run if (box := boxed(place))]
        whole = _around(parts) if parts else None
        yield from [whole] if whole and _is_clear(whole, middles) else parts


def _is_clear(part: _Part, middles: _Middles) -> bool:
    """Return whether the box contains the middles of all its letters, and no other middle is in or near it."""
    return middles.within(part.box, _TOLERANCE_POINTS) <= part.letters and middles.within(part.box, 0) >= middles.known(
        part.letters
    )


def _around(parts: Sequence[_Part]) -> _Part:
    lefts, rights, bottoms, tops = zip(*(part.box for part in parts), strict=True)
    letters = frozenset[int]().union(*(part.letters for part in parts))
    return _Part((min(lefts), max(rights), min(bottoms), max(tops)), letters)


def _is_beside(line: Box, box: Box) -> bool:
    """Return whether both boxes are on one line. Two boxes that are higher than wide are on a vertical line."""
    if all(top - bottom > _UPRIGHT * (right - left) for left, right, bottom, top in (line, box)):
        line, box = line[2:] + line[:2], box[2:] + box[:2]
    height = min(line[3] - line[2], box[3] - box[2])
    overlap = min(line[3], box[3]) - max(line[2], box[2])
    gap = max(line[0], box[0]) - min(line[1], box[1])
    return overlap > _SAME_LINE * height and gap < _APART * height


def _is_seen(page: Any, middles: _Middles, wanted: Iterable[int]) -> bool:
    """Return whether all of these letters are within the visible part of the page."""
    across, down = zip(*(middles.points[place] for place in wanted), strict=True)
    corners = _place(page, min(across), max(down)), _place(page, max(across), min(down))
    return all(0 <= share <= 1 for corner in corners for share in corner)


def _seen(page: Any, box: Box) -> Rectangle:
    """Return a box in points as shares of the displayed page."""
    corners = _place(page, box[0], box[3]), _place(page, box[1], box[2])
    left, right = sorted(max(0.0, min(1.0, corner[0])) for corner in corners)
    top, bottom = sorted(max(0.0, min(1.0, corner[1])) for corner in corners)
    return Rectangle(left, top, right - left, bottom - top)


def _place(page: Any, x: float, y: float) -> _Point:
    import pypdfium2.raw as pdfium

    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, _FINE, _FINE, 0, x, y, across, down)
    return across.value / _FINE, down.value / _FINE


def page_marks(path: Path, words: Words, expected: range, name: str) -> tuple[PageMark, ...]:
    """Return the pages that contain the words; `expected` are the page indices, from 0, where they should be.

    Raises DamagedFile if pdfium cannot parse the file.
    """
    with opened_pdf(path, name) as document, ExitStack() as stack:
        pages = OpenPages(document, stack)
        sought = len(expected) <= _MAX_PAGES and 0 < len(words.quote) <= MAX_LETTERS
        picked = _picked(pages, words, expected) if sought else {}
        shown = sorted(picked) or [page for page in expected[:_MAX_PAGES] if page < len(pages)]
        ends = (shown[0], shown[-1]) if shown else (0, 0)
        return tuple(mark for index in shown if (mark := _mark(pages, index, picked.get(index, ()), ends)))


def _picked(pages: OpenPages, words: Words, expected: range) -> dict[int, list[list[int]]]:
    """Return the positions of the words by page and run; empty if the words are not found exactly."""
    best: tuple[list[Letters], Traced] = [], Traced((), sure=False)
    for in_cells, reach in product((False, True), _REACHES):
        near = range(max(0, expected.start - reach), min(len(pages), expected.stop + reach))
        runs = [run for index in near if (page := pages[index]) for run in (page.cells() if in_cells else page.letters)]
        due = [number for number, run in enumerate(runs) if run.page in expected]
        traced = trace([run.letters for run in runs], words, range(due[0], due[-1] + 1) if due else range(0))
        if traced.sure or not best[1].stretches:
            best = runs, traced
        if traced.sure:
            break
    picked: dict[int, list[list[int]]] = {}
    for stretch in best[1].stretches:
        run = best[0][stretch.run]
        picked.setdefault(run.page, []).append(run.picked(stretch))
    return picked


def _mark(pages: OpenPages, index: int, picked: Sequence[Sequence[int]], ends: tuple[int, int]) -> PageMark | None:
    """Return the page with the rectangles of the picked letters, or None if it is damaged.

    `ends` are the first and the last page of the words.
    """
    page = pages[index]
    if page is None:
        return None
    letters = (place for run in page.letters for place in run.places)
    found = rectangles(page.page, page.text, picked, letters) if picked else ()
    width, height = page.page.get_size()
    lines = _displayed_lines(page) if found else ()
    cuts = page_cuts(found, lines, (width, height), begins=index == ends[0], ends=index == ends[1])
    return PageMark(index + 1, pages.label(index), width, height, found, cuts)


def _displayed_lines(page: OpenPage) -> Iterator[Rectangle]:
    """Yield each run of a page, by the boxes of its first, middle and last letters."""
    for run in page.letters:
        places = run.places[:1] + run.places[len(run.places) // 2 : len(run.places) // 2 + 1] + run.places[-1:]
        boxes = [_Part(box, frozenset()) for place in places if (box := page.text.box(place))]
        if boxes:
            yield _seen(page.page, _around(boxes).box)
