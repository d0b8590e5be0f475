"""Tells from the lines of a page alone, and quickly, whether it may have tables: most pages have none."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from index.loading.pdf.lines import LEADER_DOTS
from index.loading.pdf.reading_order import side_by_side
from index.loading.pdf.tables.page_table import TABLE_CAPTION, is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.loading.pdf.lines import Line

_PROSE_LENGTH = 25
_FEWEST_SUSPECTS = 2
_REACH = 6.0
"""How far apart rows may be that make a page worth a closer look, in type sizes."""
_MAYBE = 0.7
_SOME_NUMBERS = re.compile(r"(?:^|\s)\S{0,2}\d\S*\s+(?:\S+\s+)?\S{0,2}\d")
_BEHIND_LEADER = re.compile(rf"{LEADER_DOTS.pattern}([^.].*)$")
_NO_LETTERS = re.compile(r"[\W\d_]")
_SPARSE = 0.72
"""The width of a letter, as a share of its size, in a line that has wide gaps."""


def may_have_tables(lines: Sequence[Line]) -> bool:
    """Return whether lines side by side, or within a line, look like cells."""
    near: list[tuple[float, float]] = []
    for level in side_by_side(lines):
        suspicion = _suspicion(level)
        if suspicion:
            bottom, size = level[0].bottom, level[0].size
            near = [(height, weight) for height, weight in near if height - bottom < _REACH * size]
            near.append((bottom, suspicion))
            if sum(weight for _, weight in near) >= _FEWEST_SUSPECTS:
                return True
    return any(TABLE_CAPTION.match(line.text) for line in lines)


def _suspicion(level: Sequence[Line]) -> float:
    """Return 1 if a level looks like a row, less if it may be a row with prose in it, or the last line of a column."""
    if len(level) == 1:
        return float(_has_gaps(level[0]))
    if is_suspect(level):
        return 1.0
    return _MAYBE if not all(map(is_prose, level)) else 0.0


def is_suspect(level: Sequence[Line]) -> bool:
    """Return whether the lines of a level look like the cells of a row."""
    cells = [line for line in level if not is_prose(line)]
    if len(level) > 1 and (len(cells) > 1 or any(is_number(line.text) for line in cells)):
        return True
    return any(_has_gaps(line) for line in cells)


def _has_gaps(line: Line) -> bool:
    """Return whether a line seems to have several cells: several numbers, or letters far apart on average."""
    text = line.text
    if " " not in text:
        return False
    if "...." in text or ". . ." in text:
        led = _BEHIND_LEADER.search(text)
        cells = led.group(1).split() if led else []
        return len(cells) > 1 and all(map(is_number, cells))
    if _SOME_NUMBERS.search(text):
        words = text.split()
        numbers = sum(map(is_number, words))
        if numbers > 1 and 2 * numbers >= len(words):
            return True
    least = _SPARSE * line.size
    if line.width <= least * len(text):
        return False
    return line.width > least * (len(text) + sum(unicodedata.east_asian_width(letter) in "WF" for letter in text))


def is_prose(line: Line) -> bool:
    """Return whether a line is longer than most cells, has mostly letters, and no wide gaps."""
    text = line.text
    return len(text) >= _PROSE_LENGTH and 3 * len(_NO_LETTERS.findall(text)) <= len(text) and not _has_gaps(line)
