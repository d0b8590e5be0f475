"""Collects the blocks of a text in a markup language, each with the numbers of its lines in the file as places."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from index.loading.draft import MAX_HEADING_LEVEL, Block, numbered, paragraph, verbatim
from index.loading.grid import Outline, grid
from index.text.sentences import has_words, normalise, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

_INDENT = "  "


class _Line(NamedTuple):
    """Words of a paragraph: their line, and how they begin."""

    number: int
    text: str
    mark: str | None = None
    """The indent and the mark of an item of a list, which begins a line; None within a line."""


class Manuscript:
    """The blocks of a text, in order."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._lines: list[_Line] = []
        self._notes: list[tuple[int, str]] = []

    @property
    def is_open(self) -> bool:
        """Whether a paragraph has begun."""
        return bool(self._lines)

    def words(self, text: str, number: int) -> None:
        """Add the words of a line, without markup, to the paragraph."""
        if text.strip():
            self._lines.append(_Line(number, one_line(text)))

    def item(self, text: str, number: int, *, mark: str = "-", depth: int = 0) -> None:
        """Begin an item of a list; `depth` is 0 for a list that is in no other list."""
        self._lines.append(_Line(number, one_line(text), f"{_INDENT * min(depth, 12)}{mark} "))

    def line(self, text: str, number: int) -> None:
        """Begin a line in the paragraph, as the description of a term is one."""
        if text.strip():
            self._lines.append(_Line(number, one_line(text), ""))

    def note(self, text: str, number: int) -> None:
        """Add a footnote, which follows the paragraph."""
        if has_words(text):
            self._notes.append((number, one_line(text)))

    def heading(self, text: str, level: int, number: int) -> None:
        """End the paragraph, and add a heading; `level` is 1 for the highest."""
        self.end()
        if has_words(text):
            self._add(paragraph(one_line(text), max(1, min(level, MAX_HEADING_LEVEL))), number)

    def listing(self, lines: Sequence[tuple[int, str]]) -> None:
        """End the paragraph, and add lines as they are: code, verse, mathematics."""
        self.end()
        lines = [(number, part) for number, line in lines for part in normalise(f"|{line}")[1:].split("\n")]
        block = verbatim("\n".join(line for _, line in lines))
        if has_words(block.text):
            self.blocks.append(numbered(block, lines))

    def table(self, rows: Sequence[Sequence[str]], number: int, outline: Outline | None = None) -> None:
        """End the paragraph, and add a table."""
        self.end()
        block = grid(rows, outline) if rows else Block("")
        if has_words(block.text):
            self._add(block, number)

    def end(self) -> None:
        """End the paragraph, and add its notes."""
        lines, self._lines = self._lines, []
        text = ""
        for line in lines:
            joint = (" " if text and not text.endswith(" ") else "") if line.mark is None else "\n" if text else ""
            text += joint + (line.mark or "") + line.text
        block = verbatim(text) if any(line.mark for line in lines) else paragraph(text)
        if has_words(block.text):
            self.blocks.append(numbered(block, [(line.number, (line.mark or "") + line.text) for line in lines]))
        notes, self._notes = self._notes, []
        for number, note in notes:
            self._add(paragraph(note), number)

    def _add(self, block: Block, number: int) -> None:
        self.blocks.append(replace(block, places=((0, f"line {number}", 0),)))
