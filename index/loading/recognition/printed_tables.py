"""Finds the tables of a recognised page by its words and rules, with the finder for pages that have text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from index.loading.pdf.lines import Place
from index.loading.pdf.tables.regions import tables_in
from index.loading.pdf.tables.rulings import Ruling, Rulings
from index.loading.pdf.word_boxes import PageLetters
from index.records.boxes import AS_TEXT, SURE, UNIT
from index.text.sentences import gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.loading.pdf.lines import Line
    from index.loading.pdf.pdfium import Box, Glyph
    from index.loading.recognition.engine import PrintedRule
    from index.loading.recognition.ink import Ink, PageSize

_RULE = re.compile(r"[|¦_—]+")
"""A rule of a table that the engine took for a word."""


class PrintedText:
    """The words of a recognised page as a text with boxes, as pdfium gives the text of a page."""

    def __init__(self, inks: Iterable[Ink]) -> None:
        self._at: dict[int, Ink] = {}
        self.text = ""
        self.starts: list[int] = []
        """Where each word begins in the text."""
        for ink in inks:
            self.text += gap(self.text, ink.origin.text) * bool(self.text)
            self.starts.append(len(self.text))
            self.text += ink.origin.text
            self._at |= dict.fromkeys(range(self.starts[-1], len(self.text)), ink)

    def box(self, position: int) -> Box | None:
        """Return the box of the word with this letter: the engine tells no boxes of letters."""
        ink = self._at.get(position)
        return (ink.left, ink.right, ink.bottom, ink.top) if ink else None

    def glyph(self, position: int) -> Glyph | None:  # noqa: ARG002 - pages with text know the letter
        """Return None: the engine tells no baselines of letters."""
        return None

    def letters(self) -> PageLetters:
        """Return the text with the box of its word for each letter."""
        boxes = np.full((len(self.text), 5), AS_TEXT, np.int16)
        for position, ink in self._at.items():
            boxes[position] = [*(round(side * UNIT) for side in ink.origin[1:5]), round(ink.origin.confidence * SURE)]
        return PageLetters(self.text, boxes, np.zeros(len(self.text), np.bool))


def printed_rulings(rules: Iterable[PrintedRule], turn: int, slope: float, page: PageSize) -> Rulings:
    """Return the rules of a page in points, turned back by `turn` degrees, and levelled.

    `slope` is the rise of the lines of the upright page, and `page` is its size.
    """
    across, down = [], []
    for rule in rules:
        first, last = (_levelled(*_turned(end, turn), slope, page) for end in (rule[:2], rule[2:]))
        (left, right), (bottom, top) = sorted((first[0], last[0])), sorted((first[1], last[1]))
        if right - left >= top - bottom:
            across.append(Ruling((bottom + top) / 2, left, right))
        else:
            down.append(Ruling((left + right) / 2, bottom, top))
    return Rulings(tuple(sorted(across, reverse=True)), tuple(sorted(down)))


def _turned(end: tuple[float, float], turn: int) -> tuple[float, float]:
    """Return a point in shares from the upper left corner, before the page was turned clockwise by some degrees."""
    x, y = end
    return {0: (x, y), 90: (y, 1 - x), 180: (1 - x, 1 - y), 270: (1 - y, x)}[turn]


def _levelled(x: float, y: float, slope: float, page: PageSize) -> tuple[float, float]:
    """Return a point in points from the lower left corner, as `Ink.levelled` does with words."""
    across, up = x * page.width, (1 - y) * page.height
    return across + slope * (up - page.height / 2), up - slope * (across - page.width / 2)


def with_tables(
    found: Iterable[tuple[Line, Sequence[Ink]]], rules: Rulings
) -> tuple[tuple[Line, ...], PageLetters | None]:
    """Return the lines of a page, given with the ink of their words, those of each table replaced by one line.

    The second value is the text of the page with the boxes of its words.
    """
    drawn = list(found)
    text = PrintedText(ink for _, inks in drawn for ink in inks)
    starts = iter(text.starts)
    lines = []
    for line, inks in drawn:
        places = []
        for ink in inks:
            start = next(starts)
            if not _RULE.fullmatch(ink.origin.text):
                places.append(Place(start, start + len(ink.origin.text), line.bottom, line.top))
        lines.append(replace(line, places=tuple(places)))
    return tuple(tables_in(text, lines, "right", lambda: rules)), text.letters()
