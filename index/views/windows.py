"""Cuts text into blocks, and selects the blocks of a window.

The borders of a block depend only on the text near it, not on where reading began. So overlapping windows agree on
their blocks, and consecutive windows leave nothing out.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from index.records import DocumentInfo, Location
    from index.storage.catalog.rows import Excerpt

WINDOW = 6_000
"""Maximum number of characters in a window, unless the span itself is longer."""
LONGEST = 3_000
"""A paragraph with more characters is cut, so that a window stays small."""
MOST_MARKED = 48_000
"""A window shows at most this many characters of a span; the next windows show the rest."""
REACH = WINDOW + 3 * LONGEST
"""A window depends on at most this many characters before and after its span."""
_CUT_EVERY = 1_400
_BACK = 200
"""A cut is moved back at most this many characters to a blank."""
_CRUMB = 400
"""A paragraph is not cut nearer than this to its ends."""
_MOST_MARKS = 32
_BLANK_LINE = re.compile(r"\n\s*\n")
_LAST_BLANK = re.compile(r"\s(?=\S*\Z)")


class Part(NamedTuple):
    """A part of a block's text, either within the marked span or outside of it."""

    text: str
    start: int
    """Its offset in the document's text."""
    marked: bool


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A heading, a paragraph, or a part of a paragraph. Only white space separates two blocks."""

    kind: Literal["heading", "paragraph"]
    level: int
    """Depth of a heading, 1 for the highest; 0 for a paragraph."""
    start: int
    end: int
    page: str
    """The label of the page that begins in this block; empty if none does."""
    parts: tuple[Part, ...]
    """The block's text, in order; no part is empty."""


@dataclass(frozen=True, slots=True)
class View:
    """A window of a document's text."""

    document: DocumentInfo
    blocks: tuple[TextBlock, ...]
    """At least one block, in order; with the white space between them they are `document.text[start:end]`."""
    start: int
    end: int
    span: Span | None
    """The marked span, which may extend beyond the window; None if the beginning was requested."""
    location: Location
    """The location of the span, or of the beginning."""
    before: bool
    """Whether there is more text before the window."""
    after: bool
    """Whether there is more after it."""


@dataclass(frozen=True, slots=True)
class OpenOriginal:
    """A document's original file, opened for reading; the caller closes it."""

    file: BinaryIO
    size: int
    """Size in bytes; bytes that were appended since do not belong to it."""
    name: str
    """The file name, without its folder."""
    sha256: str
    """The hash of its bytes when it was opened. Only reading the file shows whether the hash still holds."""


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes of a document's original file."""

    data: bytes
    name: str
    """The file name, without its folder."""
    media_type: str


class _Piece(NamedTuple):
    """A block before its words are marked."""

    start: int
    end: int
    level: int = 0
    page: str = ""


@dataclass(frozen=True, slots=True)
class _Headings:
    """The headings of an excerpt: their starts, and for each its end and level."""

    starts: list[int]
    rest: list[tuple[int, int]]

    @classmethod
    def of(cls, excerpt: Excerpt) -> _Headings:
        marks = [mark for mark in excerpt.landmarks if mark.kind == "heading" and mark.label.strip()]
        ends = [min(_heading_end(excerpt, mark.start, mark.label), mark.start + LONGEST) for mark in marks]
        levels = [max(1, mark.level) for mark in marks]
        return cls([mark.start for mark in marks], list(zip(ends, levels, strict=True)))

    def level(self, at: int) -> int:
        """Return the level of the heading at an offset; 0 if there is none."""
        index = bisect_right(self.starts, at) - 1
        end, level = self.rest[index] if index >= 0 else (at, 0)
        return level if at < end else 0


def window(excerpt: Excerpt, span: Span) -> tuple[TextBlock, ...]:
    """Return the blocks around a span, about as much text before it as after it; for an empty span, only blocks after.

    The excerpt must hold the text up to `REACH` on both sides of the span, or of its first `MOST_MARKED` characters.
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
    """Add neighbouring pieces while they fit, each time on the side with fewer added characters so far."""
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


def _block(excerpt: Excerpt, piece: _Piece, span: Span) -> TextBlock:
    start, end = max(span.start, piece.start), min(span.end, piece.end)
    bounds = [(piece.start, start, False), (start, end, True), (end, piece.end, False)]
    bounds = bounds if start < end else [(piece.start, piece.end, False)]
    parts = tuple(Part(excerpt.of(Span(a, b)), a, marked) for a, b, marked in bounds if a < b)
    return TextBlock("heading" if piece.level else "paragraph", piece.level, piece.start, piece.end, piece.page, parts)


def _pieces(excerpt: Excerpt) -> Iterator[_Piece]:
    """Yield headings and paragraphs, none longer than `LONGEST`, each with the page that begins in it."""
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
    """Return the intervals between landmarks, ends of headings and blank lines."""
    cuts = {excerpt.start, excerpt.end, *(end for end, _ in headings.rest)}
    cuts.update(mark.start for mark in excerpt.landmarks)
    cuts.update(excerpt.start + blank.end() for blank in _BLANK_LINE.finditer(excerpt.text))
    return pairwise(sorted(cut for cut in cuts if excerpt.start <= cut <= excerpt.end))


def _stripped(excerpt: Excerpt, start: int, end: int) -> Span:
    """Return the span without white space at its ends."""
    text = excerpt.of(Span(start, end))
    return Span(start + len(text) - len(text.lstrip()), max(start, end - len(text) + len(text.rstrip())))


def _heading_end(excerpt: Excerpt, start: int, label: str) -> int:
    """Return the end of a heading's words; the end of the line if the text has other words."""
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
    """Yield the cuts of a block that is too long, at multiples of `_CUT_EVERY` in the whole text, not in the block."""
    if end - start <= LONGEST:
        return
    for due in range(-(-(start + _CRUMB) // _CUT_EVERY) * _CUT_EVERY, end - _CRUMB, _CUT_EVERY):
        blank = _LAST_BLANK.search(excerpt.of(Span(due - _BACK, due)))
        yield due - _BACK + blank.end() if blank else due + _marks(excerpt.of(Span(due, due + _MOST_MARKS)))


def _marks(text: str) -> int:
    """Return how many characters at the beginning combine with the one before: accents, vowel signs."""
    return next((n for n, character in enumerate(text) if not unicodedata.category(character).startswith("M")), 0)
