"""Makes the lines of a page from recognised words, so that paragraphs and headings are found as in a PDF with text.

An engine gives boxes of ink, whose heights depend on the letters of a word: the size of the type is estimated from the
letters. Sizes that differ little are one size, because type is set in few sizes.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from index.loading.pdf.lines import Line, Sheet
from index.loading.recognition.engine import turned_back
from index.loading.recognition.ink import Ink, PageSize
from index.loading.recognition.printed_tables import printed_rulings, with_tables
from index.text.sentences import spaced_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf.tables.rulings import Rulings
    from index.loading.recognition.engine import PageWords

_DESCENT, _BELOW = 0.22, 0.2
"""How far low letters reach below the baseline, and how far the box of a line does, in type sizes."""
_CELL_GAP = 2.0
"""A wider gap between two words, in type sizes, separates cells or columns."""
_LEVEL_WIDTH = 0.25
"""The share of the page's width from which a line shows the slope of the page."""
_SAME_SIZE = 1.13
"""Sizes whose ratio is less are one size; headings in larger type are at least 1.15 times as large."""
_FULL_TURN = 360


class _Draft(NamedTuple):
    """The height of a page, its lines with the ink of their words, and its rules."""

    height: float
    lines: tuple[tuple[Line, Sequence[Ink]], ...]
    rules: Rulings


def recognised_sheets(pages: Sequence[tuple[PageWords, PageSize]]) -> list[Sheet]:
    """Return the pages of a document with their lines, in the order in which the engine read them; tables as lines."""
    drafts = [_draft(page, size) for page, size in pages]
    sizes = _snapped([line for draft in drafts for line, _ in draft.lines])
    made = [with_tables(_resized(draft, sizes), draft.rules) for draft in drafts]
    return [Sheet(draft.height, *page) for draft, page in zip(drafts, made, strict=True)]


def _draft(page: PageWords, size: PageSize) -> _Draft:
    back = (_FULL_TURN - page.turn) % _FULL_TURN
    width, height = size if page.turn % 180 == 0 else (size.height, size.width)
    upright = turned_back(page, back).words
    inked = [Ink.of(word, origin, width, height) for word, origin in zip(upright, page.words, strict=True)]
    lines = [list(group) for _, group in groupby(inked, key=lambda ink: ink.origin.line)]
    slope = _slope(lines, width)
    level = [[ink.levelled(slope, width / 2, height / 2) for ink in line] for line in lines]
    made = tuple((_line(part), part) for line in level for part in _parts(line))
    return _Draft(height, made, printed_rulings(page.rules, back, slope, PageSize(width, height)))


def _slope(lines: Sequence[Sequence[Ink]], width: float) -> float:
    """Return the rise of the page's lines for each point to the right; 0 if no line is long enough to show it."""
    slopes = []
    for line in lines:
        (left, foot), (right, head) = line[0].middle, line[-1].middle
        if right - left > _LEVEL_WIDTH * width:
            slopes.append((head - foot) / (right - left))
    return median(slopes) if slopes else 0.0


def _parts(line: Sequence[Ink]) -> Iterator[list[Ink]]:
    """Divide a line at gaps that are wider than those between words."""
    gap = _CELL_GAP * median(ink.size for ink in line)
    part = [line[0]]
    for ink in line[1:]:
        if ink.left - part[-1].right > gap:
            yield part
            part = []
        part.append(ink)
    yield part


def _line(part: Sequence[Ink]) -> Line:
    lettered = [ink for ink in part if any(map(str.isalnum, ink.origin.text))]
    size = median(ink.size for ink in lettered or part for _ in ink.origin.text)
    baseline = median(ink.bottom + ink.is_low * _DESCENT * size for ink in lettered or part)
    bottom = baseline - _BELOW * size
    return Line(
        spaced_words([ink.origin.text for ink in part]),
        min(ink.left for ink in part),
        max(ink.right for ink in part),
        bottom,
        bottom + size,
    )


def _snapped(lines: Sequence[Line]) -> dict[float, float]:
    """Return for each size of lines the size that it stands for: the mean of those that are nearly equal."""
    letters: dict[float, int] = {}
    for line in lines:
        letters[line.size] = letters.get(line.size, 0) + len(line.text)
    snapped: dict[float, float] = {}
    while left := [size for size in letters if size not in snapped]:
        # The size with most letters near it comes first: that of the body, on any page with prose.
        centre = max(left, key=lambda size: sum(letters[other] for other in left if _alike(size, other)))
        near = [size for size in left if _alike(size, centre)]
        mean = sum(size * letters[size] for size in near) / sum(letters[size] for size in near)
        snapped |= dict.fromkeys(near, mean)
    return snapped


def _alike(one: float, other: float) -> bool:
    return max(one, other) < _SAME_SIZE * max(min(one, other), 0.1) or one == other


def _resized(draft: _Draft, sizes: dict[float, float]) -> Iterator[tuple[Line, Sequence[Ink]]]:
    for line, inks in draft.lines:
        size = sizes[line.size]
        bottom = line.baseline - _BELOW * size
        yield replace(line, bottom=bottom, top=bottom + size), inks
