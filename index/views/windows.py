"""Cuts text into blocks, and selects the blocks of a window.

The borders of a block depend only on the text near it, not on where reading began. So overlapping windows agree on
their blocks, and consecutive windows leave nothing out.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from index.records import Span
from index.views import blocks
from index.views.blocks import Part, TextBlock, runs, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.records import Landmark, Table
    from index.storage.catalog.document_queries import Excerpt
    from index.views.blocks import BlockKind, Form

WINDOW = 6_000
"""Maximum number of characters in a window, unless the span itself is longer."""
MAX_BLOCK_CHARACTERS = 3_000
"""A paragraph with more characters is cut, so that a window stays small."""
MAX_MARKED_CHARACTERS = 48_000
"""A window shows at most this many characters of a span; the next windows show the rest."""
REACH = WINDOW + 3 * MAX_BLOCK_CHARACTERS
"""A window depends on at most this many characters before and after its span."""
_CUT_EVERY = 1_400
_BACK = 200
"""A cut is moved back at most this many characters to a blank."""
_CRUMB = 400
"""A paragraph is not cut nearer than this to its ends."""
_MAX_MARK_CHARACTERS = 32
_INDENT = 200
"""Code is shown with at most this many blanks before a line."""
_LINE = "line "
_BLANK_LINE = re.compile(r"\n\s*\n")
_LAST_BLANK = re.compile(r"\s(?=\S*\Z)")


class _Piece(NamedTuple):
    """A block before its words are marked."""

    start: int
    end: int
    level: int = 0
    page: str = ""
    place: Landmark | None = None
    """The place that begins in it."""
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class _Headings:
    """The headings of an excerpt: their starts, and for each its end and level."""

    starts: list[int]
    rest: list[tuple[int, int]]

    @classmethod
    def of(cls, excerpt: Excerpt) -> _Headings:
        marks = [mark for mark in excerpt.landmarks if mark.kind == "heading" and mark.label.strip()]
        ends = [min(_heading_end(excerpt, mark.start, mark.label), mark.start + MAX_BLOCK_CHARACTERS) for mark in marks]
        levels = [max(1, mark.level) for mark in marks]
        return cls([mark.start for mark in marks], list(zip(ends, levels, strict=True)))

    def level(self, at: int) -> int:
        """Return the level of the heading at an offset; 0 if there is none."""
        index = bisect_right(self.starts, at) - 1
        end, level = self.rest[index] if index >= 0 else (at, 0)
        return level if at < end else 0


def window(excerpt: Excerpt, span: Span, tables: Sequence[Table] = (), media_type: str = "") -> tuple[TextBlock, ...]:
    """Return the blocks around a span, about as much text before it as after it; for an empty span, only blocks after.

    The excerpt must hold the text up to `REACH` on both sides of the span, or of its first `MAX_MARKED_CHARACTERS`;
    `tables` are those that overlap it.
    """
    source = _Source(excerpt, media_type)
    pieces = list(_placed(excerpt, _pieces(source, tables)))
    first = min(bisect_right(pieces, span.start, key=lambda piece: piece.end), len(pieces) - 1)
    if span.start == span.end:
        last = bisect_right(pieces, span.start + WINDOW, key=lambda piece: piece.end) - 1
        last = max(first, last)
    else:
        until = min(span.end, span.start + MAX_MARKED_CHARACTERS)
        last = bisect_right(pieces, until - 1, key=lambda piece: piece.start) - 1
        first, last = _grown(pieces, first, max(first, last))
    return tuple(source.block(piece, span) for piece in pieces[first : last + 1])


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


def _placed(excerpt: Excerpt, pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    """Give each piece the page and the place that begin in it, or between it and the piece before it."""
    pages = [mark for mark in excerpt.landmarks if mark.kind == "page"]
    places = [mark for mark in excerpt.landmarks if mark.kind == "place"]
    shown_pages = shown_places = 0
    for piece in pieces:
        begun = bisect_right(pages, piece.start, lo=shown_pages, key=lambda mark: mark.start)
        page = pages[begun - 1].label if begun > shown_pages else ""
        named = bisect_right(places, piece.start, lo=shown_places, key=lambda mark: mark.start)
        place = max(places[shown_places:named], key=lambda mark: (mark.level, mark.start), default=None)
        shown_pages, shown_places = begun, named
        yield piece._replace(page=page, place=place)


def _pieces(source: _Source, tables: Sequence[Table]) -> Iterator[_Piece]:
    """Yield headings, paragraphs and runs of cells, none longer than `MAX_BLOCK_CHARACTERS`."""
    excerpt, at = source.excerpt, source.excerpt.start
    for table in tables:
        yield from source.texts(at, max(at, min(table.start, excerpt.end)))
        for start, end in runs(table):
            words = _stripped(excerpt, max(at, start), min(end, excerpt.end))
            if words.start < words.end and words.end - words.start <= MAX_BLOCK_CHARACTERS:
                yield _Piece(words.start, words.end, table=table)
            else:
                yield from source.texts(words.start, words.end)
        at = max(at, table.end)
    yield from source.texts(at, excerpt.end)


class _Source:
    """An excerpt of a file of some format."""

    def __init__(self, excerpt: Excerpt, media_type: str) -> None:
        self.excerpt = excerpt
        self._media_type = media_type
        self._headings = _Headings.of(excerpt)
        self._cuts = self._between()

    def texts(self, start: int, end: int) -> Iterator[_Piece]:
        """Yield the headings and paragraphs of a part of the text that is in no table."""
        inner = self._cuts[bisect_right(self._cuts, start) : bisect_left(self._cuts, end)]
        for a, b in pairwise([start, *inner, end]):
            for first, last in pairwise([a, *_cuts(self.excerpt, a, b), b]):
                words = _stripped(self.excerpt, first, last)
                if words.start < words.end:
                    yield _Piece(words.start, words.end, self._headings.level(words.start))

    def _between(self) -> list[int]:
        """Return where landmarks are, and where headings, blank lines, and replies in a message begin or end."""
        excerpt = self.excerpt
        cuts = {end for end, _ in self._headings.rest}
        cuts.update(mark.start for mark in excerpt.landmarks if self._divides(mark))
        cuts.update(excerpt.start + blank.end() for blank in _BLANK_LINE.finditer(excerpt.text))
        cuts.update(excerpt.start + cut for cut in blocks.cuts(self._media_type, excerpt.text))
        return sorted(cuts)

    def _divides(self, mark: Landmark) -> bool:
        """Return whether a block begins at a landmark. The lines of prose do not divide its paragraphs."""
        return mark.kind != "place" or not mark.label.startswith(_LINE) or blocks.is_code(self._media_type)

    def block(self, piece: _Piece, span: Span) -> TextBlock:
        """Return a piece with its words marked."""
        excerpt = self.excerpt
        start, end = max(span.start, piece.start), min(span.end, piece.end)
        bounds = [(piece.start, start, False), (start, end, True), (end, piece.end, False)]
        bounds = bounds if start < end else [(piece.start, piece.end, False)]
        parts = tuple(Part(excerpt.of(Span(a, b)), a, marked) for a, b, marked in bounds if a < b)
        place = piece.place.label if piece.place else ""
        kind: BlockKind = "table" if piece.table else "heading" if piece.level else "paragraph"
        form = self._form(piece) if kind == "paragraph" else ""
        gap = self._gap(piece.start) if form == "code" else ""
        return TextBlock(
            kind=kind,
            level=piece.level,
            start=piece.start,
            end=piece.end,
            page=piece.page,
            parts=parts,
            place=place,
            is_section=bool(piece.place and piece.place.level),
            form=form,
            indent=gap.rpartition("\n")[2],
            is_apart=gap.count("\n") > 1,
            table=shown(piece.table, parts, span) if piece.table else None,
        )

    def _form(self, piece: _Piece) -> Form:
        """Return the form of a paragraph."""
        text = self.excerpt.of(Span(piece.start, piece.end))
        places = [mark for mark in self.excerpt.landmarks if mark.kind == "place" and mark.start <= piece.start]
        return blocks.form_of(self._media_type, text, places[-1].label if places else "")

    def _gap(self, start: int) -> str:
        """Return the white space before an offset."""
        before = self.excerpt.of(Span(start - _INDENT, start))
        return before[len(before.rstrip()) :]


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
    if end - start <= MAX_BLOCK_CHARACTERS:
        return
    for due in range(-(-(start + _CRUMB) // _CUT_EVERY) * _CUT_EVERY, end - _CRUMB, _CUT_EVERY):
        blank = _LAST_BLANK.search(excerpt.of(Span(due - _BACK, due)))
        yield due - _BACK + blank.end() if blank else due + _marks(excerpt.of(Span(due, due + _MAX_MARK_CHARACTERS)))


def _marks(text: str) -> int:
    """Return how many characters at the beginning combine with the one before: accents, vowel signs."""
    return next((n for n, character in enumerate(text) if not unicodedata.category(character).startswith("M")), 0)
