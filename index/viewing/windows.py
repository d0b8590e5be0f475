"""Text cut into blocks, and the blocks that make a window.

Where a block begins and ends depends on nothing but the text near it. So it does not matter from where on a document
is read: windows that overlap agree on their blocks, and windows that follow each other leave nothing out.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from index.records import Span
from index.viewing.records import Block, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.storage.catalog import Excerpt

WINDOW = 6_000
"""Characters that a window has at most, unless the span itself needs more."""
LONGEST = 3_000
"""Characters from which on a paragraph is cut, so that a window stays a window."""
MOST_MARKED = 48_000
"""Characters of a span from which on the rest of it is left to the next windows."""
REACH = WINDOW + 3 * LONGEST
"""Characters before and behind a span on which its window may depend."""
_CUT_EVERY = 1_400
_BACK = 200
"""How far back from where a cut is due a blank is looked for."""
_CRUMB = 400
"""Nearer than this to its ends a paragraph is not cut."""
_MOST_MARKS = 32
_BLANK_LINE = re.compile(r"\n\s*\n")
_LAST_BLANK = re.compile(r"\s(?=\S*\Z)")


class _Piece(NamedTuple):
    """A block before its words are marked."""

    start: int
    end: int
    level: int = 0
    page: str = ""


@dataclass(frozen=True, slots=True)
class _Headings:
    """Where the headings of an excerpt stand: starts, and for each its end and level."""

    starts: list[int]
    rest: list[tuple[int, int]]

    @classmethod
    def of(cls, excerpt: Excerpt) -> _Headings:
        marks = [mark for mark in excerpt.landmarks if mark.kind == "heading" and mark.label.strip()]
        ends = [min(_heading_end(excerpt, mark.start, mark.label), mark.start + LONGEST) for mark in marks]
        levels = [max(1, mark.level) for mark in marks]
        return cls([mark.start for mark in marks], list(zip(ends, levels, strict=True)))

    def level(self, at: int) -> int:
        """The level of the heading that a place stands in; 0 where it stands in none."""
        index = bisect_right(self.starts, at) - 1
        end, level = self.rest[index] if index >= 0 else (at, 0)
        return level if at < end else 0


def window(excerpt: Excerpt, span: Span) -> tuple[Block, ...]:
    """The blocks around a span, as many before it as behind it; from an empty span on, only what follows.

    The excerpt has to have the text up to `REACH` on both sides of the span, or of its first `MOST_MARKED` characters.
    """
    pieces = list(_pieces(excerpt))
    first = min(bisect_right(pieces, span.start, key=lambda piece: piece.end), len(pieces) - 1)
    if span.start == span.end:
        last = bisect_right(pieces, span.start + WINDOW, key=lambda piece: piece.end) - 1
        last = max(first, last)
    else:
        until = min(span.end, span.start + MOST_MARKED)
        last = bisect_right(pieces, until - 1, key=lambda piece: piece.start) - 1
        first, last = _grown(pieces, first, max(first, last))
    return tuple(_block(excerpt, piece, span) for piece in pieces[first : last + 1])


def _grown(pieces: Sequence[_Piece], first: int, last: int) -> tuple[int, int]:
    """With neighbours, each time on the side that has fewer characters so far, as long as they fit."""
    start, end = pieces[first].start, pieces[last].end
    while True:
        options = []
        if first and pieces[last].end - pieces[first - 1].start <= WINDOW:
            options.append((start - pieces[first].start, first - 1, last))
        if last + 1 < len(pieces) and pieces[last + 1].end - pieces[first].start <= WINDOW:
            options.append((pieces[last].end - end, first, last + 1))
        if not options:
            return first, last
        _, first, last = min(options)


def _block(excerpt: Excerpt, piece: _Piece, span: Span) -> Block:
    start, end = max(span.start, piece.start), min(span.end, piece.end)
    bounds = [(piece.start, start, False), (start, end, True), (end, piece.end, False)]
    bounds = bounds if start < end else [(piece.start, piece.end, False)]
    parts = tuple(Part(excerpt.of(Span(a, b)), a, marked) for a, b, marked in bounds if a < b)
    return Block("heading" if piece.level else "paragraph", piece.level, piece.start, piece.end, piece.page, parts)


def _pieces(excerpt: Excerpt) -> Iterator[_Piece]:
    """Headings and paragraphs, none longer than `LONGEST`, with the page that begins with each."""
    headings = _Headings.of(excerpt)
    pages = [mark for mark in excerpt.landmarks if mark.kind == "page"]
    shown = 0
    for start, end in _between(excerpt, headings):
        for a, b in pairwise([start, *_cuts(excerpt, start, end), end]):
            words = _stripped(excerpt, a, b)
            if words.start < words.end:
                begun = bisect_right(pages, words.start, lo=shown, key=lambda mark: mark.start)
                page = pages[begun - 1].label if begun > shown else ""
                shown = begun
                yield _Piece(words.start, words.end, headings.level(words.start), page)


def _between(excerpt: Excerpt, headings: _Headings) -> Iterator[tuple[int, int]]:
    """From each landmark, end of a heading or blank line to the next one."""
    cuts = {excerpt.start, excerpt.end, *(end for end, _ in headings.rest)}
    cuts.update(mark.start for mark in excerpt.landmarks)
    cuts.update(excerpt.start + blank.end() for blank in _BLANK_LINE.finditer(excerpt.text))
    return pairwise(sorted(cut for cut in cuts if excerpt.start <= cut <= excerpt.end))


def _stripped(excerpt: Excerpt, start: int, end: int) -> Span:
    """Without white space at the ends."""
    text = excerpt.of(Span(start, end))
    return Span(start + len(text) - len(text.lstrip()), max(start, end - len(text) + len(text.rstrip())))


def _heading_end(excerpt: Excerpt, start: int, label: str) -> int:
    """Behind the words of a heading; where the text has others, at the end of the line."""
    at = start - excerpt.start
    for word in label.split():
        while excerpt.text[at : at + 1].isspace():
            at += 1
        if not excerpt.text.startswith(word, at):
            line = excerpt.text.find("\n", start - excerpt.start)
            return excerpt.end if line < 0 else excerpt.start + line
        at += len(word)
    return excerpt.start + at


def _cuts(excerpt: Excerpt, start: int, end: int) -> Iterator[int]:
    """Where a block that is too long is cut: at places of the whole text, not counted from where the block begins."""
    if end - start <= LONGEST:
        return
    for due in range(-(-(start + _CRUMB) // _CUT_EVERY) * _CUT_EVERY, end - _CRUMB, _CUT_EVERY):
        blank = _LAST_BLANK.search(excerpt.of(Span(due - _BACK, due)))
        yield due - _BACK + blank.end() if blank else due + _marks(excerpt.of(Span(due, due + _MOST_MARKS)))


def _marks(text: str) -> int:
    """How many characters at its beginning belong to the one before: accents, vowel signs."""
    return next((n for n, character in enumerate(text) if not unicodedata.category(character).startswith("M")), 0)
