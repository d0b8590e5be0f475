"""Reads again what the first reading of a page missed or doubts, as engines miss lonely words in cells of tables.

Ink outside of all words is cut out, with the doubtful words, and set line by line in a small picture of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from PIL import Image

    from index.loading.recognition.engine import PrintedWord

_SURE, _UNSURE = 0.8, 0.5
"""Confidences of words that are taken from the second reading, and of those that they may replace."""
_TOUCHING, _SAME = 0.1, 0.6
"""Shares that two boxes have in common: more than the first of the smaller one, they touch; more than the second of the
new one, they are one word."""
_DARK = 0.6
"""A pixel is dark if its level is less than this share of the paper's."""
_LOWEST, _HIGHEST, _WIDEST = 0.4, 2.0, 20.0
"""Sizes of ink that may be words, in heights of the page's words."""
_MOST = 200
"""A page with more is a drawing."""
_BLOCKS = 4
"""Blocks in the height of a word: ink in adjacent blocks is one word."""
_MARGIN = 0.3
"""What is cut out around ink, in heights of words."""


class Clipping(NamedTuple):
    """Ink of a page: its box in pixels there, and its upper left corner in the small picture."""

    box: tuple[int, int, int, int]
    left: int
    top: int


def clippings(picture: Image.Image, words: Sequence[PrintedWord]) -> tuple[Image.Image, tuple[Clipping, ...]] | None:
    """Return what to read again, below each other in one picture; None if nothing was missed or is doubtful."""
    import numpy as np
    from PIL import Image

    levels = np.asarray(picture)
    paper = int(np.percentile(levels[::4, ::4], 75))
    boxes = [_pixels(word, picture.size) for word in words]
    height = int(np.median([bottom - top for _, top, _, bottom in boxes]))
    ink = levels < _DARK * paper
    for left, top, right, bottom in boxes:
        ink[top : bottom + 1, left : right + 1] = False
    doubtful = [box for word, box in zip(words, boxes, strict=True) if word.confidence < _UNSURE]
    found = sorted([*_pieces(ink, height), *doubtful], key=lambda box: (box[1], box[0]))
    if not found or len(found) > _MOST:
        return None
    margin = max(2, round(_MARGIN * height))
    cut = [_wider(box, margin, picture.size) for box in found]
    gathered = Image.new("L", (_widest(cut) + 2 * height, sum(b - t + height for _, t, _, b in cut) + height), paper)
    clipped, top = [], height
    for box in cut:
        gathered.paste(picture.crop(box), (height, top))
        clipped.append(Clipping(box, height, top))
        top += box[3] - box[1] + height
    return gathered, tuple(clipped)


def put_back(
    words: Sequence[PrintedWord], clipped: Sequence[Clipping], small: tuple[int, int], page: tuple[int, int]
) -> Iterator[PrintedWord]:
    """Yield the words of the small picture with their boxes on the page; `small` and `page` are sizes in pixels."""
    for word in words:
        left, top, right, bottom = _pixels(word, small)
        own = next((one for one in clipped if one.top <= (top + bottom) / 2 <= one.top + one.box[3] - one.box[1]), None)
        if own:
            across, down = own.box[0] - own.left, own.box[1] - own.top
            shares = (
                (left + across) / page[0],
                (top + down) / page[1],
                (right + across) / page[0],
                (bottom + down) / page[1],
            )
            x0, y0, x1, y1 = (round(min(1.0, max(0.0, share)), 5) for share in shares)
            yield word._replace(left=x0, top=y0, right=x1, bottom=y1, line=clipped.index(own))


def with_missed(first: Sequence[PrintedWord], second: Sequence[PrintedWord]) -> tuple[PrintedWord, ...]:
    """Return the first reading, with sure words of the second where it has no words, or the same word, and unsure."""
    sure = [word for word in second if word.confidence >= _SURE]
    kept = tuple(_better(word, sure) for word in first)
    lines = 1 + max((word.line for word in kept), default=-1)
    missed = (word for word in sure if not any(_shared(word, other) > _TOUCHING for other in first))
    return (*kept, *(word._replace(line=lines + word.line) for word in missed))


def _pieces(ink: np.ndarray, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the boxes of ink that may be words: left, top, right and bottom."""
    import numpy as np

    side = max(2, height // _BLOCKS)
    rows, columns = (length // side for length in ink.shape)
    blocks = ink[: rows * side, : columns * side].reshape(rows, side, columns, side).sum((1, 3)) > side // 2
    left = set(zip(*(places.tolist() for places in np.nonzero(blocks)), strict=True))
    while left:
        piece = _piece(left)
        lowest, highest = min(row for row, _ in piece), max(row for row, _ in piece) + 1
        first, last = min(column for _, column in piece), max(column for _, column in piece) + 1
        high, wide = side * (highest - lowest), side * (last - first)
        if _LOWEST * height <= high <= _HIGHEST * height and wide <= _WIDEST * height:
            yield side * first, side * lowest, side * last, side * highest


def _piece(left: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Take adjacent blocks out of those that are left."""
    piece = [left.pop()]
    for row, column in piece:
        near = {(row + down, column + across) for down in (-1, 0, 1) for across in (-2, -1, 0, 1, 2)} & left
        left -= near
        piece += near
    return piece


def _pixels(word: PrintedWord, size: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = size
    return round(word.left * width), round(word.top * height), round(word.right * width), round(word.bottom * height)


def _wider(box: tuple[int, int, int, int], margin: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return max(0, left - margin), max(0, top - margin), min(size[0], right + margin), min(size[1], bottom + margin)


def _widest(boxes: Sequence[tuple[int, int, int, int]]) -> int:
    return max(right - left for left, _, right, _ in boxes)


def _better(word: PrintedWord, sure: Sequence[PrintedWord]) -> PrintedWord:
    """Return a word, or the one word of the second reading that is surely in its place."""
    if word.confidence >= _UNSURE:
        return word
    near = [other for other in sure if _shared(word, other) > _TOUCHING]
    same = len(near) == 1 and _shared(word, near[0]) * min(map(_area, (word, near[0]))) > _SAME * _area(near[0])
    return near[0]._replace(line=word.line) if same else word


def _shared(one: PrintedWord, other: PrintedWord) -> float:
    """Return the share of the smaller box that two words have in common."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    smaller = min(_area(one), _area(other))
    return max(0.0, across) * max(0.0, down) / smaller if smaller > 0 else 0.0


def _area(word: PrintedWord) -> float:
    return (word.right - word.left) * (word.bottom - word.top)
