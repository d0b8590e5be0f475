"""Finds the tables of a recognised page by the columns of its words, with the finder for pages that have text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from index.loading.pdf.lines import Place
from index.loading.pdf.tables.table_regions import tables_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.loading.pdf.lines import Line
    from index.loading.pdf.pdfium import Box, Glyph
    from index.loading.recognition.engine import PrintedWord
    from index.loading.recognition.ink import Ink

_RULE = re.compile(r"[|¦_—]+")
"""A rule of a table that the engine took for a word."""


class PrintedText:
    """The words of a recognised page as a text with boxes, as pdfium gives the text of a page."""

    def __init__(self, inks: Iterable[Ink]) -> None:
        self._at: dict[int, Ink] = {}
        position = 0
        words = []
        for ink in inks:
            words.append(ink.origin.text)
            self._at |= dict.fromkeys(range(position, position + len(words[-1])), ink)
            position += len(words[-1]) + 1
        self.text = " ".join(words)

    def box(self, position: int) -> Box | None:
        """Return the box of the word with this letter: the engine tells no boxes of letters."""
        ink = self._at.get(position)
        return (ink.left, ink.right, ink.bottom, ink.top) if ink else None

    def glyph(self, position: int) -> Glyph | None:  # noqa: ARG002 - pages with text know the letter
        """Return None: the engine tells no baselines of letters."""
        return None

    def word(self, position: int) -> PrintedWord:
        """Return the word with this letter."""
        return self._at[position].origin


def with_tables(found: Iterable[tuple[Line, Sequence[Ink]]]) -> list[Line]:
    """Return the lines of a page, given with the ink of their words, those of each table replaced by one line.

    Such a line has the words of the table in the order of its cells.
    """
    drawn = list(found)
    text = PrintedText(ink for _, inks in drawn for ink in inks)
    position = 0
    lines = []
    for line, inks in drawn:
        places = []
        for ink in inks:
            end = position + len(ink.origin.text)
            if not _RULE.fullmatch(ink.origin.text):
                places.append(Place(position, end, line.bottom, line.top))
            position = end + 1
        lines.append(replace(line, places=tuple(places)))
    return [_worded(line, text) for line in tables_in(text, lines, "right")]


def _worded(line: Line, text: PrintedText) -> Line:
    if line.table is None:
        return line
    return replace(line, words=tuple(text.word(start) for start, _ in line.table.places))
