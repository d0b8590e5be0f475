"""Renders the map of the library as inline SVG in two layers.

`map_svg` is the base layer: the dots, one path per document, and labels. It is sent once per change of the library.
`map_overlay` is the layer of a question: its diamond, a badge for each hit, and labels that prefer the documents of the
hits; while it is on the page, `map.css` hides the labels of the base layer.

Both have the same view box and are children of one element of class `p-layers` (a column with
`elem_classes="p-layers"`, or one of our elements), whose children `map.css` stacks. Each layer has a `data-generation`;
if they differ, the base layer shows an older library.

The hits are those of the cards, in the same order and with the same pins: badge n has the `data-n` of card n and the
attributes of a citation, so that it opens the same source.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, sin
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from index.citations.readable import environment
from index.views.library_map import (
    BADGE,
    HEIGHT,
    TARGET,
    WIDTH,
    badges,
    boxes_around,
    dot_paths,
    has_few_dots,
    labels,
    labels_beside,
    spot,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from index.records import Hit
    from index.views.library_map import LibraryMap, Placement, Point

BADGES = 20
"""Maximum number of badges: the evidence and the nearest passages, not a long list."""
_environment = environment(Path(__file__).parent / "templates")


@dataclass(frozen=True, slots=True)
class Badge:
    """A hit on the map: its number, its dot, and the line between them."""

    number: int
    hit: Hit
    cited: bool
    dot: Point
    at: Point

    @property
    def href(self) -> str:
        """The link to the hit's pin, as in citations."""
        return f"d/{quote(self.hit.document.id, safe='')}/{self.hit.pin.start}-{self.hit.pin.end}"

    @property
    def rim(self) -> Point:
        """The end of the line from the dot."""
        angle = atan2(self.dot[1] - self.at[1], self.dot[0] - self.at[0])
        return round(self.at[0] + BADGE * cos(angle), 1), round(self.at[1] + BADGE * sin(angle), 1)


def map_svg(library_map: LibraryMap) -> str:
    """Return the base layer; empty for a library without passages."""
    if not library_map.shapes:
        return ""
    return _environment.get_template("map.html").render(
        generation=library_map.generation,
        width=WIDTH,
        height=HEIGHT,
        few=has_few_dots(library_map),
        paths=dot_paths(library_map),
        labels=labels(library_map),
    )


def map_overlay(placed: Placement, hits: Sequence[Hit], cited: Collection[int]) -> str:
    """Return the layer of a question; `cited` are the numbers, from 1, of the hits that the answer cites.

    Empty if there is no map yet.
    """
    if not placed.map.shapes:
        return ""
    question = _rounded(spot(placed.question))
    marks = _marks(placed, hits, cited, question)
    documents = [mark.hit.document.id for mark in marks]
    taken = boxes_around([question], BADGE) + boxes_around([mark.at for mark in marks], BADGE + 2)
    taken += boxes_around([mark.dot for mark in marks], 4)
    return _environment.get_template("map_overlay.html").render(
        generation=placed.map.generation,
        width=WIDTH,
        height=HEIGHT,
        question=question,
        badges=marks,
        radius=BADGE,
        target=TARGET,
        labels=labels_beside(placed.map, taken, documents),
        found=frozenset(documents),
    )


def _marks(placed: Placement, hits: Sequence[Hit], cited: Collection[int], question: Point) -> list[Badge]:
    numbered = enumerate(zip(hits, placed.hits, strict=True), 1)
    visible = [(number, hit, point) for number, (hit, point) in numbered if point is not None][:BADGES]
    dots = [_rounded(spot(point)) for *_, point in visible]
    places = badges(question, dots)
    return [
        Badge(number, hit, number in cited, dot, at)
        for (number, hit, _), dot, at in zip(visible, dots, places, strict=True)
    ]


def _rounded(point: Point) -> Point:
    return round(point[0], 1), round(point[1], 1)
