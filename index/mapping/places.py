"""The records of the map. All coordinates are in [0, 1], x to the right and y down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Point = tuple[float, float]
Numbers = np.ndarray[Any, np.dtype[np.float64]]

CENTRE: Point = (0.5, 0.5)
_DECIMALS = 4
_SHARPNESS = 4
"""How long the scale stays even before it bends towards the frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """From vectors to the plane: linear, then bent so that whatever lies far out stays in the frame."""

    origin: Numbers
    """What is taken off a vector first, shape (dimension,)."""
    axes: Numbers
    """The two directions that are looked along, shape (dimension, 2)."""
    middle: Numbers
    """The middle of the bulk of the dots, along each axis."""
    reach: Numbers
    """How far the bulk extends from there, along each axis."""

    def __call__(self, vectors: np.ndarray[Any, Any]) -> list[Point]:
        """Where vectors, shape (n, dimension), stand on the map."""
        distance = ((vectors - self.origin) @ self.axes - self.middle) / self.reach
        bent = distance / (1 + np.abs(distance) ** _SHARPNESS) ** (1 / _SHARPNESS)
        return [(x, y) for x, y in np.round(0.5 + 0.5 * bent, _DECIMALS).tolist()]


NOWHERE = Projection(np.zeros(0), np.zeros((0, 2)), np.zeros(2), np.ones(2))
"""The projection of a library without passages."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One document on the map."""

    document: str
    """Its id."""
    name: str
    passages: int
    """How many it has; there may be fewer dots."""
    dots: tuple[Point, ...]
    """Passages, evenly spaced through the document."""
    centre: Point
    """In the midst of the dots."""


@dataclass(frozen=True, slots=True, eq=False)
class LibraryMap:
    """A library at a glance."""

    generation: int = -1
    """Of the library, when the map was made; -1 where none has been made."""
    shapes: tuple[Shape, ...] = ()
    """The largest documents first; of very many documents a part."""
    projection: Projection = field(default=NOWHERE)


@dataclass(frozen=True, slots=True)
class Placed:
    """A question and its hits on a map."""

    map: LibraryMap
    question: Point
    hits: tuple[Point | None, ...]
    """One for each hit, in their order; None for a passage that is no longer there."""
