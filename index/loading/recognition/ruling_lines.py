"""Finds the ruling lines in a picture of a page: long, thin runs of dark pixels; and takes them out of the picture.

Engines take rules for letters, or leave out words beside them. A tilted rule is a staircase of runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.loading.recognition.engine import PrintedRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL import Image

_DARK = 0.62
"""A pixel is dark if its level is less than this share of the paper's."""
_SHORTEST = 12
"""A run is at least this part of the page's shorter side long; letters of usual type are shorter, or thicker."""
_THICKEST = 200
_LEAST_PIXELS = 200
"""Pixels of the shorter side of a page that is examined."""
_MOST_RUNS, _MOST_RULES = 60_000, 800
"""A page with more is a drawing or a photograph."""
_BAND = 256
"""Rows that are examined at once: a photograph has very many short runs."""
_DARK_FRINGE, _GREY_FRINGE = 1, 5
"""Pixels beside a rule that go with it: all of them, and those that are grey."""


@dataclass(slots=True)
class _Staircase:
    """Runs `(row, start, end)` that touch, from the top."""

    runs: list[tuple[int, int, int]]
    left: int
    right: int

    def touches(self, run: tuple[int, int, int]) -> bool:
        row, start, end = run
        above = self.runs[-1]
        return row - above[0] <= 1 and start <= above[2] and above[1] <= end

    def add(self, run: tuple[int, int, int]) -> None:
        self.runs.append(run)
        self.left, self.right = min(self.left, run[1]), max(self.right, run[2])

    @property
    def thickness(self) -> float:
        """The mean thickness in pixels; the runs were found in a picture whose lines are thicker by 2."""
        return sum(end - start for _, start, end in self.runs) / (self.right - self.left) - 2


def without_rules(picture: Image.Image) -> tuple[Image.Image, tuple[PrintedRule, ...]]:
    """Return a picture in levels of grey without its ruling lines, and these lines; the same picture if it has none."""
    import numpy as np
    from PIL import Image

    if min(picture.size) < _LEAST_PIXELS:
        return picture, ()
    levels = np.array(picture)
    paper = int(np.median(levels[::8, ::8]))
    dark = levels < _DARK * paper
    across, down = (_staircases(mask, min(picture.size)) for mask in (dark, dark.T))
    if (not across and not down) or len(across) + len(down) > _MOST_RULES:
        return picture, ()
    for view, found in ((levels, across), (levels.T, down)):
        _erase(view, found, paper)
    width, height = picture.size
    rules = [_rule(one, width, height) for one in across]
    rules += [PrintedRule(y0, x0, y1, x1) for x0, y0, x1, y1 in (_rule(one, height, width) for one in down)]
    return Image.fromarray(levels), tuple(rules)


def _staircases(dark: Any, side: int) -> list[_Staircase]:
    """Return the thin rules that run along the rows of a mask."""
    found: list[_Staircase] = []
    open_ones: list[_Staircase] = []
    for run in _runs(dark, side // _SHORTEST):
        open_ones = [one for one in open_ones if run[0] - one.runs[-1][0] <= 1]
        own = next((one for one in open_ones if one.touches(run)), None)
        if own:
            own.add(run)
        else:
            found.append(_Staircase([run], run[1], run[2]))
            open_ones.append(found[-1])
    return [one for one in found if one.thickness <= max(2, side / _THICKEST)]


def _runs(dark: Any, shortest: int) -> Sequence[tuple[int, int, int]]:
    """Return the long runs of each row: its number, and where they begin and end; none for a photograph."""
    thick = dark.copy()
    thick[1:] |= dark[:-1]
    thick[:-1] |= dark[1:]
    found: list[tuple[int, int, int]] = []
    for first in range(0, len(thick), _BAND):
        found += _long_runs(thick[first : first + _BAND], first, shortest)
        if len(found) > _MOST_RUNS:
            return ()
    return found


def _long_runs(thick: Any, first: int, shortest: int) -> Iterator[tuple[int, int, int]]:
    """Yield the long runs of some rows, of which the first has the number `first`."""
    import numpy as np

    edged = np.zeros((thick.shape[0], thick.shape[1] + 2), np.int8)
    edged[:, 1:-1] = thick
    steps = np.diff(edged, axis=1)
    rows, starts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    long = ends - starts >= shortest
    yield from zip((rows[long] + first).tolist(), starts[long].tolist(), ends[long].tolist(), strict=True)


def _erase(levels: Any, found: Sequence[_Staircase], paper: int) -> None:
    """Paint rules, and the grey beside them, in the colour of the paper around them."""
    for one in found:
        for row, start, end in one.runs:
            for fringe, darkest in ((_DARK_FRINGE, 0), (_GREY_FRINGE, _DARK * paper)):
                part = levels[max(0, row - fringe) : row + fringe + 1, max(0, start - fringe) : end + fringe]
                part[part >= darkest] = paper


def _rule(one: _Staircase, width: int, height: int) -> PrintedRule:
    """Return a rule that runs across a page of this size; a tilted one from its left end to its right one."""
    left, right = (min(one.runs, key=lambda run: run[1])[0], max(one.runs, key=lambda run: run[2])[0])
    shares = (one.left / width, (left + 0.5) / height, one.right / width, (right + 0.5) / height)
    return PrintedRule(*(round(share, 5) for share in shares))
