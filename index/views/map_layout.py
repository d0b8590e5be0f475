"""Places dots, labels and badges on the map: pure geometry in the units of its frame, with the origin at the top left.

A label is placed next to its document's dots, or omitted if it would cover another label. A badge is placed around its
dot, ring by ring, without covering other badges, the dots of hits, or the edge of the frame.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from math import cos, hypot, pi, sin
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.views.library_map import LibraryMap, Numbers, Point, Shape

WIDTH, HEIGHT = 344, 216
"""Size of the frame; its width is that of the page's column, so that text keeps its size."""
_FEW = 200
"""Maximum number of dots that are drawn larger."""
LABELS = 9
"""Maximum number of labels."""
BADGE = 9
"""Radius of a badge."""
TARGET = 13
"""Radius of the clickable area of a badge: two badges are at least twice as far apart."""
_SIDE, _HEAD, _FOOT = 12, 20, 20
_LINE, _GAP = 17, 4
"""The height of a label, and the space on either side of it."""
_LONGEST = 200
"""Longer names never fit and are cut first; a title may have a hundred thousand characters."""
_WIDEST = 136
_EM = 12.5
_COVERED = 6
"""Maximum number of dots that a label may cover."""
_SAMPLE_BOX = (10, 90)
"""The percentiles that bound the main area of a document's dots."""
_TURNS = 24
_RINGS = range(2 * BADGE, WIDTH, 6)
_AIR = 3
_DIAMOND = 10
_NARROW = frozenset("iljtfrI.,:;'’|!-()[] ")
_BROAD = frozenset("mwMW%@&—…")


class Box(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Return whether the two rectangles overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    @property
    def inside(self) -> bool:
        """Whether the rectangle lies within the frame."""
        return self.left >= 0 and self.top >= 0 and self.right <= WIDTH and self.bottom <= HEIGHT


@dataclass(frozen=True, slots=True)
class Label:
    """A document's name on the map, centred on `x`, its middle line at `y`."""

    document: str
    text: str
    x: float
    y: float

    @property
    def box(self) -> Box:
        """The area of the label."""
        half = width(self.text) / 2
        return Box(self.x - half - _GAP, self.y - _LINE / 2, self.x + half + _GAP, self.y + _LINE / 2)


def spot(point: Point) -> Point:
    """Convert a point of the map to the frame's units."""
    x, y = point
    return _SIDE + x * (WIDTH - 2 * _SIDE), _HEAD + y * (HEIGHT - _HEAD - _FOOT)


def spots(points: Iterable[Point]) -> list[Point]:
    """Convert points of the map to the frame's units."""
    return [spot(point) for point in points]


def has_few_dots(known: LibraryMap) -> bool:
    """Return whether there is space for larger dots."""
    return sum(len(shape.dots) for shape in known.shapes) <= _FEW


def dot_paths(known: LibraryMap) -> list[str]:
    """Return the dots of each document as the data of an SVG path: zero-length strokes, with relative coordinates."""
    return [_dot_path(shape.dots) for shape in known.shapes]


def _dot_path(dots: Iterable[Point]) -> str:
    steps, (x, y) = [], (0, 0)
    for across, down in sorted((round(a), round(b)) for a, b in map(spot, dots)):
        steps.append(f"m{across - x} {down - y}h0")
        x, y = across, down
    return "".join(steps)


@lru_cache(maxsize=512)
def width(text: str) -> float:
    """Return the approximate width of a text in the map's font."""
    return _EM * sum(_share(letter) for letter in text)


def shortened(name: str) -> str:
    """Return a name cut to the maximum width, if possible between words."""
    words = " ".join(name[:_LONGEST].split())
    if width(words) <= _WIDEST:
        return words
    cut = words
    while cut and width(cut + "…") > _WIDEST:
        cut = cut[:-1]
    whole = cut.rpartition(" ")[0] if words[len(cut)] != " " else cut
    return f"{(whole if width(whole) > _WIDEST / 2 else cut).rstrip(' ,;:.-–—')}…"


def labels(known: LibraryMap) -> list[Label]:
    """Return labels for the largest documents, as far as there is space."""
    return list(_usual(known))


def labels_beside(known: LibraryMap, taken: Sequence[Box], first: Sequence[str]) -> list[Label]:
    """Return labels that avoid the `taken` boxes; documents in `first` have priority.

    A label keeps its usual position if that is free.
    """
    free = [label for label in _usual(known) if not any(map(label.box.meets, taken))]
    wanted = [label for label in free if label.document in first]
    named = {label.document for label in wanted}
    missing = [shape for shape in known.shapes if shape.document in first and shape.document not in named]
    found = wanted + _named(missing, _crowd(known), [*taken, *(label.box for label in wanted)])
    others = [label for label in free if not any(label.box.meets(other.box) for other in found)]
    return [*found, *others][:LABELS]


@lru_cache(maxsize=4)
def _usual(known: LibraryMap) -> tuple[Label, ...]:
    return tuple(_named(known.shapes[: 4 * LABELS], _crowd(known), ())[:LABELS])


def _named(shapes: Sequence[Shape], crowd: Numbers, taken: Sequence[Box]) -> list[Label]:
    """Return a label for each shape, as far as there is space."""
    boxes, found = list(taken), []
    for shape in shapes:
        free = [label for label in _candidates(shape) if label.box.inside and not any(map(label.box.meets, boxes))]
        best = min(free, key=lambda label: _cost(label, shape, crowd), default=None)
        if best is not None and _covered(best, crowd) <= _COVERED:
            boxes.append(best.box)
            found.append(best)
    return found


def _candidates(shape: Shape) -> Iterator[Label]:
    """Yield positions above, below, beside and in the middle of a document's dots."""
    dots = np.asarray([spot(dot) for dot in shape.dots])
    (left, top), (right, bottom) = np.percentile(dots, _SAMPLE_BOX, axis=0).tolist()
    x, y = spot(shape.centre)
    text = shortened(shape.name)
    half = width(text) / 2
    for up in (top - _LINE / 2 - _AIR, bottom + _LINE / 2 + _AIR, top - _LINE - _AIR, bottom + _LINE + _AIR, y):
        for shift in (0, -half / 2, half / 2, -half, half):
            # Moved into the frame, so that documents at the edge get labels, too.
            middle = min(max(x + shift, half + _GAP), WIDTH - half - _GAP)
            yield Label(shape.document, text, round(middle, 1), round(up, 1))
    yield Label(shape.document, text, round(left - half - 2 * _AIR, 1), round(y, 1))
    yield Label(shape.document, text, round(right + half + 2 * _AIR, 1), round(y, 1))


def _cost(label: Label, shape: Shape, crowd: Numbers) -> float:
    """Return the cost of a position: covered dots, plus the distance to the document's centre."""
    return _covered(label, crowd) + _distance((label.x, label.y), spot(shape.centre)) / _LINE


def _covered(label: Label, crowd: Numbers) -> float:
    left, top, right, bottom = (int(edge) for edge in label.box)
    return float(crowd[bottom, right] - crowd[top, right] - crowd[bottom, left] + crowd[top, left])


@lru_cache(maxsize=4)
def _crowd(known: LibraryMap) -> Numbers:
    """Return the number of dots above and left of each unit of the frame, shape (HEIGHT + 1, WIDTH + 1)."""
    table = np.zeros((HEIGHT + 1, WIDTH + 1))
    dots = np.asarray([spot(dot) for shape in known.shapes for dot in shape.dots]).reshape(-1, 2).astype(int)
    np.add.at(table, (dots[:, 1] + 1, dots[:, 0] + 1), 1)
    return np.asarray(table.cumsum(axis=0).cumsum(axis=1))


def badges(question: Point, dots: Sequence[Point]) -> list[Point]:
    """Return the position of each dot's badge. All points are in the frame's units."""
    found: list[Point] = []
    for dot in dots:
        found.append(next(_free(dot, question, dots, found)))
    return found


def _free(dot: Point, question: Point, dots: Sequence[Point], taken: Sequence[Point]) -> Iterator[Point]:
    """Yield positions for a badge, best first: near its dot, away from the question, clear of other badges and dots.

    If there is none, badges may cover dots; the last position is the dot itself.
    """
    for apart in (BADGE + _AIR, 0):
        for radius in _RINGS:
            for place in _ring(dot, radius, question):
                clear = all(_distance(place, other) >= apart for other in dots)
                if clear and _distance(place, question) >= BADGE + _DIAMOND and _off(place, taken):
                    yield place
    yield dot


def _ring(dot: Point, radius: int, question: Point) -> list[Point]:
    """Return positions at a distance from a dot within the frame, farthest from the question first."""
    x, y = dot
    turns = [(x + radius * cos(2 * pi * n / _TURNS), y + radius * sin(2 * pi * n / _TURNS)) for n in range(_TURNS)]
    places = [(round(a, 1), round(b, 1)) for a, b in turns if around((a, b), TARGET).inside]
    return sorted(places, key=lambda place: -_distance(place, question))


def _off(place: Point, taken: Sequence[Point]) -> bool:
    return all(_distance(place, other) >= 2 * TARGET for other in taken)


def boxes_around(points: Iterable[Point], radius: float) -> list[Box]:
    """Return the box around each circle."""
    return [around(point, radius) for point in points]


def around(point: Point, radius: float) -> Box:
    """Return the box around a circle."""
    return Box(point[0] - radius, point[1] - radius, point[0] + radius, point[1] + radius)


def _distance(first: Point, second: Point) -> float:
    return hypot(first[0] - second[0], first[1] - second[1])


def _share(letter: str) -> float:
    """Return the width of a character as a fraction of an em."""
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.3 if letter in _NARROW else 0.86 if letter in _BROAD else 0.57 + 0.1 * letter.isupper()
