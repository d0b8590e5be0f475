"""The picture of a page before its words are recognised: shaded parts, the slant of its lines, and its rules."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from index.loading.recognition.engine import PrintedRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from PIL import Image

    from index.loading.recognition.engine import PrintedWord


# Makes shaded parts of a page as light as its paper: engines miss words on a shaded ground, as in heads of tables.

_BLOCKS = 60
"""A block is this part of the page's shorter side wide, about three lines of type high."""
_GROUND, _LIGHTER = 60, 80
"""The percentile of a block's levels that is its ground: letters cover less than the rest. So are higher ones."""
_FLAT = 0.06
"""The ground of a block has levels that differ by less than this share of the paper's, unless a letter fills it."""
_PAPER = 75
"""The percentile of the page's levels that is its paper."""
_DARKEST, _LIGHTEST = 0.45, 0.93
"""A shaded ground has a level between these shares of the paper's."""
_MIN_SHADED_SHARE = 0.002
"""The share of the page that is shaded, at least."""
_MIN_SIDE_PIXELS = 200


def evened(picture: Image.Image) -> Image.Image:
    """Return a picture in levels of grey whose shaded parts are as light as the paper; itself if nothing is shaded."""
    from PIL import Image

    if min(picture.size) < _MIN_SIDE_PIXELS:
        return picture
    levels = np.asarray(picture)
    paper = float(np.percentile(levels[::8, ::8], _PAPER))
    ground, lighter_ground = _grounds(levels, side := min(picture.size) // _BLOCKS)
    shaded = (ground > _DARKEST * paper) & (ground < _LIGHTEST * paper) & (lighter_ground - ground < _FLAT * paper)
    if not shaded.mean() > _MIN_SHADED_SHARE:
        return picture
    lighter = np.array(levels)
    for row, column in zip(*np.nonzero(shaded), strict=True):
        part = np.s_[row * side : (row + 1) * side, column * side : (column + 1) * side]
        lighter[part] = np.minimum(lighter[part] * (paper / ground[row, column]), 255)
    return Image.fromarray(lighter)


def _grounds(levels: Any, side: int) -> Any:
    """Return two levels of the ground of each whole block."""
    rows, columns = (length // side for length in levels.shape)
    whole = levels[: rows * side, : columns * side].reshape(rows, side, columns, side)[:, ::2, :, ::2]
    return np.percentile(whole.transpose(0, 2, 1, 3).reshape(rows, columns, -1), (_GROUND, _LIGHTER), axis=2)


# Measures the lines in a picture of a page without reading them: how they slant, how high they are, where most are.
#
# A photographed page, or one that lay askew in the scanner, loses words at the ends of its lines if it is read as it
# is; small letters are misread. To find that out by reading would take as long as reading the page again.

_SIDE = 800
"""Pixels of the longer side of the picture that is measured."""
_MIN_LINES_PIXELS = 100
"""Pixels of the shorter side of a picture that may hold several lines."""
_MAX_SLANT_DEGREES, _COARSE_DEGREES, _FINE_DEGREES = 8.0, 1.0, 0.25
"""Degrees: the largest slant, and the steps in which it is looked for."""
_MIN_SLANT_DEGREES = 1.0
"""Degrees: engines read a page of less slant as well as a straight one."""
_CLEARER = 1.3
"""By how much the lines must stand out more in the straightened page: a picture without lines has no slant."""
_DIGITS = 5
_DARK_INK = 0.6
"""A pixel is dark if its level is less than this share of the paper's."""
_STRIPS, _NARROWEST = 32, 24
"""Into how many strips a page is cut to measure its lines, and how many pixels each is wide at least."""
_SPECK, _HIGHEST = 5, 10
"""Ink of fewer pixels in height is a speck, and ink higher than this part of the page a picture or a rule."""
_WHOLE_WORD = 1.25
"""The height of a word in heights of the ink in a strip, which may have low letters only."""
_MIN_PIECES = 30
_SAMPLE_WORDS, _SAMPLE = 10, 6
"""The height of the sample of a page in heights of words, about five lines; and the part of the page that it is at
most."""


def slant(picture: Image.Image) -> float:
    """Return by how many degrees a page must be turned anticlockwise for its lines to be level; 0 for most pages."""
    if min(picture.size) < _MIN_LINES_PIXELS:
        return 0.0
    small = picture.convert("L")
    small.thumbnail((_SIDE, _SIDE))
    ink = _ink(small)
    level = _contrast(ink, 0.0)
    coarse = max(
        np.arange(-_MAX_SLANT_DEGREES, _MAX_SLANT_DEGREES + _COARSE_DEGREES, _COARSE_DEGREES),
        key=lambda angle: _contrast(ink, angle),
    )
    near = np.arange(coarse - _COARSE_DEGREES + _FINE_DEGREES, coarse + _COARSE_DEGREES, _FINE_DEGREES)
    best = float(max(near, key=lambda angle: _contrast(ink, angle)))
    return best if abs(best) >= _MIN_SLANT_DEGREES and _contrast(ink, best) > _CLEARER * level else 0.0


def straightened(picture: Image.Image, degrees: float) -> Image.Image:
    """Return the page with level lines: larger, with corners in the grey of its edges."""
    from PIL import Image

    grey = picture.convert("L")
    shades = np.asarray(grey)
    edge = int(np.median(np.concatenate([shades[0], shades[-1], shades[:, 0], shades[:, -1]])))
    return grey.rotate(degrees, resample=Image.Resampling.BILINEAR, expand=True, fillcolor=edge)


def slanted_back(
    words: Iterable[PrintedWord], degrees: float, straight: tuple[int, int], page: tuple[int, int]
) -> tuple[PrintedWord, ...]:
    """Return the words of a straightened page with the boxes that enclose them on the page as it was.

    `straight` and `page` are the sizes of the two pictures in pixels.
    """
    return tuple(_enclosed(word, degrees, straight, page) for word in words)


def word_height(picture: Image.Image) -> float:
    """Return the usual height of words in pixels, roughly; 0 if there are too few to tell."""
    dark = _dark(np.asarray(picture.convert("L")))
    strips = max(1, dark.shape[1] // max(_NARROWEST, dark.shape[1] // _STRIPS))
    width = dark.shape[1] // strips
    inked = np.zeros((dark.shape[0] + 2, strips), np.int8)
    inked[1:-1] = dark[:, : strips * width].reshape(-1, strips, width).sum(2) > 0
    steps = np.diff(inked, axis=0).T
    heights = np.nonzero(steps == -1)[1] - np.nonzero(steps == 1)[1]
    heights = heights[(heights >= _SPECK) & (heights * _HIGHEST <= len(dark))]
    return _WHOLE_WORD * float(np.median(heights)) if len(heights) >= _MIN_PIECES else 0.0


def sample(picture: Image.Image) -> Image.Image:
    """Return the part of a page with the most ink: a band as wide as the page."""
    rows = _dark(np.asarray(picture.convert("L"))).sum(1)
    most = max(1, picture.height // _SAMPLE)
    height = min(most, round(_SAMPLE_WORDS * word_height(picture)) or most)
    total = np.concatenate([[0], np.cumsum(rows)])
    top = int(np.argmax(total[height:] - total[:-height]))
    return picture.crop((0, top, picture.width, top + height))


def _dark(levels: np.ndarray) -> np.ndarray:
    dark: np.ndarray = levels < _DARK_INK * np.percentile(levels[::4, ::4], 75)
    return dark


def _ink(picture: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns and rows of the dark pixels, which differ from what is beside them: no shadows or margins."""
    grey = np.asarray(picture, dtype=np.float32)
    edges = grey[:-1] - grey[1:]
    rows, columns = np.nonzero(edges > max(30.0, float(edges.std()) * 2))
    return columns.astype(np.float32), rows.astype(np.float32)


def _contrast(ink: tuple[np.ndarray, np.ndarray], degrees: float) -> float:
    """Return how uneven the ink is over the rows of the page when it is turned: most for level lines."""
    columns, rows = ink
    if not len(rows):
        return 0.0
    angle = math.radians(degrees)
    turned = rows * math.cos(angle) - columns * math.sin(angle)
    counted = np.bincount((turned - turned.min()).astype(np.int64))
    return float(np.square(counted, dtype=np.float64).sum())


def _enclosed(word: PrintedWord, degrees: float, straight: tuple[int, int], page: tuple[int, int]) -> PrintedWord:
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    corners = [(x, y) for x in (word.left, word.right) for y in (word.top, word.bottom)]
    found = []
    for x, y in corners:
        across, down = (x - 0.5) * straight[0], (y - 0.5) * straight[1]
        found.append(((across * cos - down * sin) / page[0] + 0.5, (across * sin + down * cos) / page[1] + 0.5))
    xs, ys = zip(*found, strict=True)
    box = (round(min(1.0, max(0.0, share)), _DIGITS) for share in (min(xs), min(ys), max(xs), max(ys)))
    left, top, right, bottom = box
    return word._replace(left=left, top=top, right=right, bottom=bottom)


# Finds the ruling lines in a picture of a page: long, thin runs of dark pixels; and takes them out of the picture.
#
# Engines take rules for letters, or leave out words beside them. A tilted rule is a staircase of runs.

_DARK = 0.62
"""A pixel is dark if its level is less than this share of the paper's."""
_RUN_DIVISOR = 12
"""A run is at least this part of the page's shorter side long; letters of usual type are shorter, or thicker."""
_THICKEST = 200
_MAX_RUNS, _MAX_RULES = 60_000, 800
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
    from PIL import Image

    if min(picture.size) < _MIN_SIDE_PIXELS:
        return picture, ()
    levels = np.array(picture)
    paper = int(np.median(levels[::8, ::8]))
    dark = levels < _DARK * paper
    across, down = (_staircases(mask, min(picture.size)) for mask in (dark, dark.T))
    if (not across and not down) or len(across) + len(down) > _MAX_RULES:
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
    for run in _runs(dark, side // _RUN_DIVISOR):
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
        if len(found) > _MAX_RUNS:
            return ()
    return found


def _long_runs(thick: Any, first: int, shortest: int) -> Iterator[tuple[int, int, int]]:
    """Yield the long runs of some rows, of which the first has the number `first`."""
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
