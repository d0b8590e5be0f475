"""Places for lines: where each line of a file begins in the text that was made from it.

The text of a block and the lines that it was made from differ in blanks only, so the beginning of a line is found by
counting the other characters.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from index.text.sentences import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.loading.content import Block

_NEWLINE = re.compile("\r\n?|\n")


def source_lines(text: str) -> list[str]:
    """Return the lines of a file as an editor numbers them."""
    return _NEWLINE.split(text)


def written_lines(text: str) -> list[int]:
    """Return the number in the file, from 1, of each line of the normalised text that is not blank, in order."""
    return [
        number
        for number, line in enumerate(source_lines(text), 1)
        if line.strip()
        for part in (normalise(line).split("\n") if not line.isprintable() or not line.isascii() else (line,))
        if part.strip()
    ]


def numbered(block: Block, lines: Sequence[tuple[int, str]]) -> Block:
    """Return a block with a place for each line that it was made from, given as numbers and normalised texts.

    A block that was not made from exactly these lines keeps only the place of the first one.
    """
    lines = [(number, "".join(line.split())) for number, line in lines]
    lines = [(number, line) for number, line in lines if line]
    if not lines or not block.text:
        return block
    solid = [offset for offset, character in enumerate(block.text) if not character.isspace()]
    if sum(len(line) for _, line in lines) != len(solid):
        return replace(block, places=((0, f"line {lines[0][0]}", 0),))
    starts = accumulate((len(line) for _, line in lines[:-1]), initial=0)
    places = ((solid[start], f"line {number}", 0) for start, (number, _) in zip(starts, lines, strict=True))
    return replace(block, places=tuple(_distinct(places)))


def _distinct(places: Iterable[tuple[int, str, int]]) -> Iterable[tuple[int, str, int]]:
    """Yield the places without those that repeat the label before them."""
    last = ""
    for place in places:
        if place[1] != last:
            yield place
        last = place[1]
