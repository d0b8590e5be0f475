"""Finds the box of each word of a document: the letters of its text among the letters of its pages.

A document's text differs from that of its pages: words broken at a margin are joined, running heads are removed, and
columns are reordered. But it consists of whole parts of lines, and only blanks and hyphens at their ends may have been
added or removed. So each part is compared with the text without blanks and hyphens, in the order of reading.
"""

from __future__ import annotations

import ctypes
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from index.records.boxes import AS_TEXT, UNIT
from index.text.sentences import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from index.loading.pdf.pdfium import PageText

_HYPHENS = "-\ufffe"
"""The hyphen at a line's end within a word: as printed, and as pdfium writes it."""
_BAR = "|"
"""It stands between two cells of a table, in the text and not on the page."""
_WIDE = "\u2e80"
"""The first of the letters that are words of their own."""
_FINE = 1_000_000
"""The number of device units along each side of the page when pdfium converts points to displayed positions."""
_PROBE_POINTS = 1000.0
_SLANT = 1.05
"""A word is aslant if it is this many times wider than its widest letter, and higher than its highest."""
_HIGH = 0.15
"""How far the middle of a letter's ink can be from that of its box, as a share of the box's height."""
_MAX_PAIRS = 2_000_000
"""Words and letters of other words at their height that are compared, of one page."""
_REACH, _CERTAIN = 300, 4
"""How many letters may be left out of the text or added to it, and how many are enough to find it again."""


@dataclass(frozen=True, slots=True)
class PageLetters:
    """The text of a page, and the box of each letter."""

    text: str
    boxes: NDArray[np.int16]
    """Left, top, right and bottom side in parts of `UNIT`, and the confidence in thousandths. The left side of a letter
    that is not seen on the page is below 0."""
    alone: NDArray[np.bool]
    """Whether a letter is a word of its own, because the box of its word contains other letters."""


def letters_of(page: Any, text: PageText) -> PageLetters:
    """Return the text of an open page with the boxes of its letters, as high as their font."""
    import pypdfium2.raw as pdfium

    count = len(text.text)
    found = (pdfium.FS_RECTF * max(1, count))()
    direct = text.raw.count_chars() == count
    for position in range(count):
        index = position if direct else text.letter(position)
        if index >= 0:
            pdfium.FPDFText_GetLooseCharBox(text.raw, index, found[position])
    sides = np.frombuffer(found, np.float32).reshape(-1, 4)[:count].astype(np.float64)
    alone = np.zeros(count, np.bool)
    alone[_unclear(text.text, sides)] = True
    for position in np.flatnonzero(alone).tolist():
        left, right, bottom, top = text.ink(position) or sides[position, [0, 2, 3, 1]]
        sides[position] = left, top, right, bottom
    origin, across, up = (
        np.array(_displayed(page, *point)) for point in ((0, 0), (_PROBE_POINTS, 0), (0, _PROBE_POINTS))
    )
    corners = [
        origin + sides[:, [at, at + 1]] @ np.array([across - origin, up - origin]) / _PROBE_POINTS for at in (0, 2)
    ]
    low, high = np.minimum(*corners), np.maximum(*corners)
    middle = (low + high) / 2
    seen = sides.any(axis=1) & ((middle >= 0) & (middle <= 1)).all(axis=1)
    boxes = np.full((count, 5), AS_TEXT, np.int16)
    boxes[seen, :4] = np.rint(np.clip(np.hstack([low, high])[seen], 0, 1) * UNIT)
    return PageLetters(text.text, _with_hyphens(text.text, boxes), alone)


def _unclear(text: str, sides: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the letters of words that run aslant, or whose box may contain the middle of a letter of another word.

    What follows such a word without a blank is one of them, too.
    """
    letters = np.flatnonzero([not letter.isspace() for letter in text])
    if not len(letters):
        return letters
    kinds = np.array([text[place].isalnum() for place in letters.tolist()])
    firsts = np.concatenate(([0], np.flatnonzero((np.diff(letters) > 1) | (kinds[1:] != kinds[:-1])) + 1))
    words = np.repeat(np.arange(len(firsts)), np.diff(firsts, append=len(letters)))
    low, high = sides[letters][:, [0, 3]], sides[letters][:, [2, 1]]
    least, most = np.minimum.reduceat(low, firsts), np.maximum.reduceat(high, firsts)
    unclear: Any = (most - least > _SLANT * np.maximum.reduceat(high - low, firsts)).all(axis=1)
    # The letters at the height of each word are compared with its box, and only these.
    across, up = ((low + high) / 2).T
    order = np.argsort(up)
    width, height = (most - least).T
    more = np.where(height <= width, _HIGH * height, 0)
    begin = np.searchsorted(up[order], least[:, 1] - more)
    near = np.maximum(0, np.searchsorted(up[order], most[:, 1] + more, "right") - begin)
    if near.sum() <= _MAX_PAIRS:
        word = np.repeat(np.arange(len(firsts)), near)
        other = order[np.arange(len(word)) - np.repeat(np.cumsum(near) - near - begin, near)]
        inside = (across[other] >= least[word, 0]) & (across[other] <= most[word, 0])
        unclear[word[inside & (words[other] != word)]] = True
    beside = np.flatnonzero(np.diff(letters)[firsts[1:] - 1] == 1)
    unclear[beside + 1] |= unclear[beside]
    found: NDArray[np.intp] = letters[unclear[words]]
    return found


def _displayed(page: Any, x: float, y: float) -> tuple[float, float]:
    """Return a point of a page as shares of the displayed page, from its upper left corner."""
    import pypdfium2.raw as pdfium

    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, _FINE, _FINE, 0, x, y, across, down)
    return across.value / _FINE, down.value / _FINE


def _with_hyphens(text: str, boxes: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the boxes, that of each hyphen joined to the letter beside it: the text may lack the hyphen."""
    for place, letter in enumerate(text):
        if letter in _HYPHENS and boxes[place, 0] >= 0:
            beside = place - 1 if place and not text[place - 1].isspace() else place + 1
            if beside < len(text) and not text[beside].isspace() and boxes[beside, 0] >= 0:
                boxes[beside, :2] = np.minimum(boxes[beside, :2], boxes[place, :2])
                boxes[beside, 2:4] = np.maximum(boxes[beside, 2:4], boxes[place, 2:4])
    return boxes


def boxes_of(
    text: str, places: Iterable[tuple[int, int, int]], pages: Sequence[PageLetters | None]
) -> NDArray[np.int64]:
    """Return the boxes of the words of a text that was made from `places`: the index of a page, and a part of its text.

    A word is a run of letters and digits, or of other signs; in a script without blanks, a letter. A recognised word is
    what the engine took for one. See `index.records.boxes` for the columns.
    """
    letters, positions = squeezed(text)
    parts: list[NDArray[np.int64]] = []
    cursor = 0
    for page, start, end in places:
        known = pages[page]
        own, inside = squeezed(known.text[start:end]) if known else ("", [])
        at = _found(letters, own, cursor)
        if known and at >= 0:
            cursor = at + len(own)
            where = np.array(inside) + start
            parts.append(
                np.column_stack(
                    (positions[at:cursor], where, np.full(len(own), page), known.boxes[where], known.alone[where])
                )
            )
    return _words(text, np.concatenate(parts)) if parts else np.empty((0, 8), np.int64)


def _found(letters: str, own: str, cursor: int) -> int:
    """Return where a part of a page is in the letters of the text, at `cursor` or a little later; -1 if nowhere."""
    if not own or letters.startswith(own, cursor):
        return cursor if own else -1
    return letters.find(own, cursor, cursor + len(own) + _REACH) if len(own) >= _CERTAIN else -1


def _words(text: str, found: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join letters to words: each has its position in the text and on its page, its page, its box, and `alone`."""
    found = found[found[:, 3] >= 0]
    if not len(found):
        return np.empty((0, 8), np.int64)
    kinds = np.array([2 if (sign := text[at]) >= _WIDE else int(sign.isalnum()) for at in found[:, 0].tolist()])
    kinds[found[:, 8] > 0] = 2
    steps = np.diff(found, axis=0)
    beside = (np.abs(steps[:, :2]) <= 1).all(axis=1) & (kinds[1:] == 1) & (kinds[:-1] == 1)
    recognised = ~steps[:, 3:8].any(axis=1) & (found[1:, 7] != AS_TEXT)
    one = (beside | recognised | (steps[:, 0] == 0)) & (steps[:, 2] == 0)
    firsts = np.concatenate(([0], np.flatnonzero(~one) + 1))
    lasts = np.append(firsts[1:], len(found)) - 1
    low, high = np.minimum.reduceat(found[:, 3:5], firsts), np.maximum.reduceat(found[:, 5:7], firsts)
    return np.column_stack((found[firsts, 0], found[lasts, 0] + 1, found[firsts, 2], low, high, found[firsts, 7]))


def squeezed(text: str) -> tuple[str, list[int]]:
    """Return the letters without blanks, hyphens and bars, and the position of each. Accents are decomposed."""
    found = [(place, letters) for place, character in enumerate(text) if (letters := _letters(character))]
    return "".join(letters for _, letters in found), [place for place, letters in found for _ in letters]


@lru_cache(maxsize=4096)
def _letters(character: str) -> str:
    return "" if character in _HYPHENS + _BAR else unicodedata.normalize("NFD", normalise(character))
