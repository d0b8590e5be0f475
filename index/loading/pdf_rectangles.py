"""Computes the rectangles around letters of a PDF page, one for each line of words."""

from __future__ import annotations

import ctypes
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from index.loading.pdf_runs import Box, PageText

    _Boxed = Callable[[int], Box | None]
    _Point = tuple[float, float]

_SAME_LINE = 0.5
"""Two boxes are on one line if this share of the lower one's height overlaps the other."""
_APART = 1.5
"""The largest gap within one rectangle, in heights of the lower of the two parts."""
_UPRIGHT = 2
_NEAR = 0.01
"""Points; larger than rounding errors."""
_FINE = 1_000_000
"""The number of device units along each side of the page when pdfium converts points to displayed positions."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of a page as displayed, rotated and cropped: shares of its sides in [0, 1], from the upper left corner."""

    left: float
    top: float
    width: float
    height: float


class _Part(NamedTuple):
    """Letters on one line, and the box that encloses them."""

    box: Box
    letters: frozenset[int]


def rectangles(
    page: Any, text: PageText, picked: Sequence[Sequence[int]], letters: Iterable[int]
) -> tuple[Rectangle, ...]:
    """Return rectangles that hold the middles of the picked letters, given run by run, and of no others.

    `letters` are all letters of the page. Empty if no such rectangles exist, or if some letters are outside the visible
    part of the page.
    """
    middles = _Middles.of(text, letters)
    wanted = middles.known(place for run in picked for place in run)
    for boxed in (text.box, text.ink):
        lines = _lines(boxed, picked, middles)
        held = frozenset[int]().union(*(line.letters for line in lines))
        if wanted and held >= wanted and _is_seen(page, middles, wanted):
            return tuple(_seen(page, line.box) for line in lines)
    return ()


@dataclass(frozen=True, slots=True)
class _Middles:
    """The middles of a page's letters, by position in the text, and sorted from the foot of the page to its head."""

    points: dict[int, _Point]
    rows: list[tuple[float, float, int]]

    @classmethod
    def of(cls, text: PageText, places: Iterable[int]) -> _Middles:
        """Return the middles by each letter's ink, else by its font."""
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
    """Join parts while they stay on one line and hold no other letter.

    Empty if even the box of a single letter holds another one.
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
    """Yield whole runs; single letters of a run that is slanted, or whose box holds letters of others."""
    for run in picked:
        parts = [_Part(box, frozenset((place,))) for place in run if (box := boxed(place))]
        whole = _around(parts) if parts else None
        yield from [whole] if whole and _is_clear(whole, middles) else parts


def _is_clear(part: _Part, middles: _Middles) -> bool:
    """Return whether the box holds the middles of all its letters, and no other letter's middle is near."""
    return middles.within(part.box, _NEAR) <= part.letters and middles.within(part.box, 0) >= middles.known(
        part.letters
    )


def _around(parts: Sequence[_Part]) -> _Part:
    lefts, rights, bottoms, tops = zip(*(part.box for part in parts), strict=True)
    letters = frozenset[int]().union(*(part.letters for part in parts))
    return _Part((min(lefts), max(rights), min(bottoms), max(tops)), letters)


def _is_beside(line: Box, box: Box) -> bool:
    """Return whether both boxes are on one line; if both are upright, the lines run up or down the page."""
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
