"""Measures the lines in a picture of a page without reading them: how they slant, how high they are, where most are.

A photographed page, or one that lay askew in the scanner, loses words at the ends of its lines if it is read as it is;
small letters are misread. To find that out by reading would take as long as reading the page again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PIL import Image

    from index.loading.recognition.engine import PrintedWord

_SIDE = 800
"""Pixels of the longer side of the picture that is measured."""
_SMALLEST = 100
"""Pixels of the shorter side of a picture that may hold several lines."""
_MOST, _COARSE, _FINE = 8.0, 1.0, 0.25
"""Degrees: the largest slant, and the steps in which it is looked for."""
_LEAST = 1.0
"""Degrees: engines read a page of less slant as well as a straight one."""
_CLEARER = 1.3
"""By how much the lines must stand out more in the straightened page: a picture without lines has no slant."""
_DIGITS = 5
_DARK = 0.6
"""A pixel is dark if its level is less than this share of the paper's."""
_STRIPS, _NARROWEST = 32, 24
"""Into how many strips a page is cut to measure its lines, and how many pixels each is wide at least."""
_SPECK, _HIGHEST = 5, 10
"""Ink of fewer pixels in height is a speck, and ink higher than this part of the page a picture or a rule."""
_WHOLE_WORD = 1.25
"""The height of a word in heights of the ink in a strip, which may have low letters only."""
_FEWEST_PIECES = 30
_SAMPLE_WORDS, _SAMPLE = 10, 6
"""The height of the sample of a page in heights of words, about five lines; and the part of the page that it is at
most."""


def slant(picture: Image.Image) -> float:
    """Return by how many degrees a page must be turned anticlockwise for its lines to be level; 0 for most pages."""
    if min(picture.size) < _SMALLEST:
        return 0.0
    small = picture.convert("L")
    small.thumbnail((_SIDE, _SIDE))
    ink = _ink(small)
    level = _contrast(ink, 0.0)
    coarse = max(np.arange(-_MOST, _MOST + _COARSE, _COARSE), key=lambda angle: _contrast(ink, angle))
    near = np.arange(coarse - _COARSE + _FINE, coarse + _COARSE, _FINE)
    best = float(max(near, key=lambda angle: _contrast(ink, angle)))
    return best if abs(best) >= _LEAST and _contrast(ink, best) > _CLEARER * level else 0.0


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
    return _WHOLE_WORD * float(np.median(heights)) if len(heights) >= _FEWEST_PIECES else 0.0


def sample(picture: Image.Image) -> Image.Image:
    """Return the part of a page with the most ink: a band as wide as the page."""
    rows = _dark(np.asarray(picture.convert("L"))).sum(1)
    most = max(1, picture.height // _SAMPLE)
    height = min(most, round(_SAMPLE_WORDS * word_height(picture)) or most)
    total = np.concatenate([[0], np.cumsum(rows)])
    top = int(np.argmax(total[height:] - total[:-height]))
    return picture.crop((0, top, picture.width, top + height))


def _dark(levels: np.ndarray) -> np.ndarray:
    dark: np.ndarray = levels < _DARK * np.percentile(levels[::4, ::4], 75)
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
