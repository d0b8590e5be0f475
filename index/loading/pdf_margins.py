"""Measures the margins of a line's column and the usual distance from one line of a PDF to the next."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf_lines import Line

_SAME_SIZE = 1.13
NEARLY = 1.07
"""Type counts as of one size up to the ratio `_SAME_SIZE`; `NEARLY` is the stricter ratio."""
_RUN_GAP = 2.0
_NEIGHBOURS = 12
_USUAL_PITCH = 1.25
_FEWEST_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Edges:
    """The margins of the column in which a line stands."""

    left: float
    right: float


def edges_of(lines: Sequence[Line]) -> Iterator[Edges]:
    """Yield the margins around each line: those of the run of similar lines, above and below, in which it stands."""
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
    known = {size: median(drops) for size, drops in samples.items() if len(drops) >= _FEWEST_SAMPLES}
    sizes = {rounded(line.size) for lines in pages for line in lines}
    usual = median([pitch / size for size, pitch in known.items() if size]) if any(known) else _USUAL_PITCH
    return defaultdict(lambda: 0.0, {size: known.get(size, usual * size) for size in sizes})


def rounded(size: float) -> float:
    """Return the size rounded to half a point."""
    return round(size * 2) / 2


def overlap(a: Line, b: Line) -> bool:
    """Return whether one line stands above the other, at least in part."""
    return min(a.right, b.right) > max(a.left, b.left)


def alike(last: Line, line: Line, tolerance: float = _SAME_SIZE) -> bool:
    """Return whether both lines run in the same direction, in type of one size."""
    return last.sideways == line.sideways and 1 / tolerance < line.size / max(last.size, 0.1) < tolerance


def first_word_width(line: Line) -> float:
    """Return the width of the first word and the blank before it, by the average width of the line's letters."""
    word = line.text.split(maxsplit=1)[0]
    return (len(word) + 1) * line.width / max(1, len(line.text))


def _is_beside(above: Line, below: Line) -> bool:
    """Return whether both are neighbours in a run of lines in one column and one type size."""
    near = abs(above.bottom - below.bottom) < _RUN_GAP * min(above.size, below.size)
    return near and overlap(above, below) and alike(above, below, NEARLY)
