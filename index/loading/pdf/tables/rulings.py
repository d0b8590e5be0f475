"""Reads the ruling lines of a PDF page: lines, thin boxes, and the sides of frames and of shaded boxes.

Coordinates are in points, on the page turned until its text runs to the right.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from index.loading.pdf.lines import turned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.loading.pdf.lines import Direction
    from index.loading.pdf.pdfium import Box

    _Matrix = tuple[float, float, float, float, float, float]

_MAX_OBJECTS, _MAX_SEGMENTS, _MAX_POINTS = 20_000, 10_000, 400
"""Objects and segments of a page that are examined, and segments of one path: a drawing has more than a frame."""
_MAX_RULINGS = 800
"""A page with more rules than this is a drawing."""
_MAX_DEPTH = 3
_MAX_RULE_THICKNESS = 2.5
"""A filled box is a rule if it is not thicker than this."""
_MIN_RULING_POINTS = 4.0
_STRAIGHT = 0.7
"""How far the ends of a rule may differ in height."""
_SAME = 1.5
"""Rules at this distance are one rule; so are rules in one line with a gap of this length."""
_WHITE = 250
_IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class Ruling(NamedTuple):
    """A straight rule: its place across its direction, and where it begins and ends along it."""

    at: float
    start: float
    end: float
    shade: bool = False
    """Whether it is the side of a shaded box, with which only some rows of a table may be marked."""

    @property
    def length(self) -> float:
        """The distance from one end to the other."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Rulings:
    """The rules of a page; `across` from the top of the page to its foot, `down` from left to right."""

    across: tuple[Ruling, ...] = ()
    down: tuple[Ruling, ...] = ()


def read_rulings(page: Any, main: Direction) -> Rulings:
    """Return the rules of a page; none for a drawing."""
    budget = [_MAX_OBJECTS, _MAX_SEGMENTS]
    across: list[Ruling] = []
    down: list[Ruling] = []
    for box, shade in _boxes(page, budget):
        left, right, bottom, top = turned(box, main)
        if right - left >= top - bottom:
            across.append(Ruling((bottom + top) / 2, left, right, shade))
        else:
            down.append(Ruling((left + right) / 2, bottom, top, shade))
    joined = Rulings(tuple(reversed(_joined(across))), tuple(_joined(down)))
    return joined if len(joined.across) + len(joined.down) <= _MAX_RULINGS else Rulings()


def _joined(rulings: Iterable[Ruling]) -> list[Ruling]:
    """Join rules that continue or cover each other."""
    rows: list[list[Ruling]] = []
    for ruling in sorted(rulings):
        if rows and ruling.at - rows[-1][0].at <= _SAME:
            rows[-1].append(ruling)
        else:
            rows.append([ruling])
    return [ruling for row in rows for ruling in _continued(row) if ruling.length >= _MIN_RULING_POINTS]


def _continued(row: Sequence[Ruling]) -> Iterator[Ruling]:
    at, shade = sum(ruling.at for ruling in row) / len(row), all(ruling.shade for ruling in row)
    start = end = None
    for ruling in sorted(row, key=lambda ruling: ruling.start):
        if start is None or end is None:
            start, end = ruling.start, ruling.end
        elif ruling.start <= end + _SAME:
            end = max(end, ruling.end)
        else:
            yield Ruling(at, start, end, shade)
            start, end = ruling.start, ruling.end
    if start is not None and end is not None:
        yield Ruling(at, start, end, shade)


def _boxes(page: Any, budget: list[int]) -> Iterator[tuple[Box, bool]]:
    """Yield straight rules as boxes without a thickness, and whether each is the side of a shaded box.

    They are those of the page and of the forms that it draws.
    """
    import pypdfium2.raw as pdfium

    count = min(pdfium.FPDFPage_CountObjects(page), budget[0])
    waiting: list[tuple[Any, _Matrix, int]] = [
        (pdfium.FPDFPage_GetObject(page, index), _IDENTITY, 0) for index in range(count)
    ]
    budget[0] -= len(waiting)
    while waiting:
        item, matrix, depth = waiting.pop()
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            yield from _rules(item, matrix, budget)
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
            inner = _times(_matrix(item), matrix)
            count = min(max(0, pdfium.FPDFFormObj_CountObjects(item)), budget[0])
            budget[0] -= count
            waiting += [(pdfium.FPDFFormObj_GetObject(item, index), inner, depth + 1) for index in range(count)]


def _matrix(item: Any) -> _Matrix:
    import pypdfium2.raw as pdfium

    found = pdfium.FS_MATRIX()
    known = pdfium.FPDFPageObj_GetMatrix(item, found)
    return (found.a, found.b, found.c, found.d, found.e, found.f) if known else _IDENTITY


def _times(first: _Matrix, then: _Matrix) -> _Matrix:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def _rules(path: Any, matrix: _Matrix, budget: list[int]) -> Iterator[tuple[Box, bool]]:
    """Yield the straight rules of a path: the sides of a frame, or one rule for a thin filled box."""
    import pypdfium2.raw as pdfium

    count = pdfium.FPDFPath_CountSegments(path)
    if not 2 <= count <= _MAX_POINTS or budget[1] < count or _is_small(path):
        return
    if _is_curved(path) or not _is_visible(path):
        return
    budget[1] -= count
    points = list(_points(path, count, _times(_matrix(path), matrix)))
    lefts, bottoms = [x for _, x, _ in points], [y for _, _, y in points]
    box = min(lefts), max(lefts), min(bottoms), max(bottoms)
    if box[1] - box[0] <= _MAX_RULE_THICKNESS or box[3] - box[2] <= _MAX_RULE_THICKNESS:
        yield _centred(box), False
        return
    shade = not _is_stroked(path)
    for (_, x, y), (drawn, to_x, to_y) in pairwise(points):
        if drawn and min(abs(to_x - x), abs(to_y - y)) <= _STRAIGHT:
            yield _centred((min(x, to_x), max(x, to_x), min(y, to_y), max(y, to_y))), shade


def _is_small(path: Any) -> bool:
    """Return whether a path is smaller than a letter, as the parts of a drawing are."""
    import pypdfium2.raw as pdfium

    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    known = pdfium.FPDFPageObj_GetBounds(path, left, bottom, right, top)
    return bool(known) and max(right.value - left.value, top.value - bottom.value) < _MIN_RULING_POINTS


def _is_curved(path: Any) -> bool:
    """Return whether a path begins with a curve, as most parts of a drawing do."""
    import pypdfium2.raw as pdfium

    kind = pdfium.FPDFPathSegment_GetType(pdfium.FPDFPath_GetPathSegment(path, 1))
    return bool(kind == pdfium.FPDF_SEGMENT_BEZIERTO)


def _centred(box: Box) -> Box:
    """Return the middle line of a thin box."""
    left, right, bottom, top = box
    if right - left >= top - bottom:
        return left, right, (bottom + top) / 2, (bottom + top) / 2
    return (left + right) / 2, (left + right) / 2, bottom, top


def _points(path: Any, count: int, matrix: _Matrix) -> Iterator[tuple[bool, float, float]]:
    """Yield the points of a path, and whether a straight line leads to each from the one before."""
    import pypdfium2.raw as pdfium

    x, y = ctypes.c_float(), ctypes.c_float()
    start = (0.0, 0.0)
    a, b, c, d, e, f = matrix
    for index in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(path, index)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        point = a * x.value + c * y.value + e, b * x.value + d * y.value + f
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            start = point
        yield kind == pdfium.FPDF_SEGMENT_LINETO, *point
        if pdfium.FPDFPathSegment_GetClose(segment):
            yield kind == pdfium.FPDF_SEGMENT_LINETO, *start


def _is_stroked(path: Any) -> bool:
    import pypdfium2.raw as pdfium

    fill, stroked = ctypes.c_int(), ctypes.c_int()
    return bool(pdfium.FPDFPath_GetDrawMode(path, fill, stroked)) and bool(stroked.value)


def _is_visible(path: Any) -> bool:
    """Return whether a path is stroked, or filled with another colour than that of paper."""
    import pypdfium2.raw as pdfium

    fill, stroked = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(path, fill, stroked):
        return False
    if stroked.value:
        return True
    colour = [ctypes.c_uint() for _ in range(4)]
    known = pdfium.FPDFPageObj_GetFillColor(path, *colour)
    return bool(fill.value) and not (known and all(part.value >= _WHITE for part in colour[:3]))
