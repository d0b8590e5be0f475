"""Finds the words of a document on the pages of its PDF, as rectangles.

A document's text differs from that of its pages: words broken at a margin are joined, running heads are removed, and
columns are reordered. So words are searched for in the runs of letters that the text was made from, and are either
found exactly or not at all.
"""

from __future__ import annotations

import ctypes
from bisect import bisect_left, bisect_right
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from index.loading.pdf.open_pages import OpenPages
from index.loading.pdf.page_cuts import PageMark, Rectangle, page_cuts
from index.loading.pdf.pdfium import opened_pdf
from index.loading.pdf.trace import Traced, trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from index.loading.pdf.open_pages import Letters, OpenPage
    from index.loading.pdf.pdfium import Box, PageText
    from index.loading.pdf.trace import Words

    _Boxed = Callable[[int], Box | None]
    _Point = tuple[float, float]

_SAME_LINE = 0.5
"""Two boxes are on one line if they overlap by at least this share of the smaller height."""
_APART = 1.5
"""The largest gap within one rectangle, in heights of the less high of the two parts."""
_UPRIGHT = 2
_NEAR = 0.01
"""Points; larger than rounding errors."""
_FINE = 1_000_000
"""The number of device units along each side of the page when pdfium converts points to displayed positions."""
_REACHES = (0, 2)
"""Words are searched for on this many more pages on each side, because notes and captions may move in the text."""
_MOST_PAGES = 16
MOST_LETTERS = 20_000
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
    return middles.within(part.box, _NEAR) <= part.letters and middles.within(part.box, 0) >= middles.known(
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
        sought = len(expected) <= _MOST_PAGES and 0 < len(words.quote) <= MOST_LETTERS
        picked = _picked(pages, words, expected) if sought else {}
        shown = sorted(picked) or [page for page in expected[:_MOST_PAGES] if page < len(pages)]
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
