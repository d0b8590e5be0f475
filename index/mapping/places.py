"""The records of the map. All coordinates are in [0, 1], with x to the right and y down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Point = tuple[float, float]
Numbers = np.ndarray[Any, np.dtype[np.float64]]

CENTRE: Point = (0.5, 0.5)
_DECIMALS = 4
_SHARPNESS = 4
"""The exponent of the bend: the higher it is, the longer the scale stays linear before it bends towards the frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Maps vectors to the plane: linearly, then bent so that outliers stay in the frame."""

    origin: Numbers
    """The vector that is subtracted first, shape (dimension,)."""
    axes: Numbers
    """The two axes of the map, shape (dimension, 2)."""
    middle: Numbers
    """The middle of the bulk of the dots along each axis."""
    reach: Numbers
    """The distance from the middle to the end of the bulk along each axis."""

    def __call__(self, vectors: np.ndarray[Any, Any]) -> list[Point]:
        """Return the points of vectors, shape (n, dimension), on the map."""
        distance = ((vectors - self.origin) @ self.axes - self.middle) / self.reach
        bent = distance / (1 + np.abs(distance) ** _SHARPNESS) ** (1 / _SHARPNESS)
        return [(x, y) for x, y in np.round(0.5 + 0.5 * bent, _DECIMALS).tolist()]


NOWHERE = Projection(np.zeros(0), np.zeros((0, 2)), np.zeros(2), np.ones(2))
"""The projection of a library without passages."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One document on the map."""

    document: str
    """The document's id."""
    name: str
    passages: int
    """The number of its passages; there may be fewer dots."""
    dots: tuple[Point, ...]
    """Passages, evenly spaced through the document."""
    centre: Point
    """The median of the dots along each axis."""


@dataclass(frozen=True, slots=True, eq=False)
class LibraryMap:
    """The map of a library."""

    generation: int = -1
    """The library's generation when the map was made; -1 if none has been made."""
    shapes: tuple[Shape, ...] = ()
    """The largest documents first; a sample if there are very many."""
    projection: Projection = field(default=NOWHERE)


@dataclass(frozen=True, slots=True)
class Placed:
    """A question and its hits on a map."""

    map: LibraryMap
    question: Point
    hits: tuple[Point | None, ...]
    """A point for each hit, in order; None for a passage that no longer exists."""
