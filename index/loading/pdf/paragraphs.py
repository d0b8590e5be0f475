"""Joins the printed lines of a PDF into paragraphs, headings and lists, across columns and pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from index.loading.pdf.lines import (
    ITEM,
    LEADER,
    NEARLY,
    Words,
    alike,
    edges_of,
    first_word_width,
    overlap,
    pitches,
    rounded,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf.lines import Edges, Line, PageTable


# Titles and headings of a PDF, from its outline and the size of its type.

_TITLE_LARGER = 1.25
"""The type of a title is at least this many times larger than that of the body."""
_SAME_LINE, _PITCH = 0.3, 2.0
"""The smallest and the largest distance between the lines of a title, in type sizes."""
_MAX_TITLE_LINES = 4
_EM = 0.8
_REACH = 40
"""The width of a column is measured on this many lines before and after a line."""
_NUMBERED = re.compile(r"(?:chapter\s+)?\d{1,2}(?:\.\d{1,2})*\.?\s", re.IGNORECASE)
_HEADING_STOP = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
"""A colon is not included, because a title often continues after it."""
_LARGER = 1.15
_MAX_HEADING_CHARACTERS = 160
_MAX_BOLD_CHARACTERS = 90
_MAX_HEADING_LINES = 4
_OUTLINE_MATCHES = 3
_MAX_LEVEL = 6
_MAX_BOLD_SHARE = 0.5
_LETTERS = 3
_NUMBERING = re.compile(r"^(?:chapter|section|part|appendix)?[\d.ivx]*(?=[a-z])")


def is_large(line: Line, body: float) -> bool:
    """Return whether a line has the type of a title, in a document whose body has the size `body`."""
    return line.size > _TITLE_LARGER * body


def begins_heading(line: Line, body: float) -> bool:
    """Return whether a line is in large type and begins with a section number."""
    return is_large(line, body) and bool(_NUMBERED.match(line.text))


def continues_title(lines: Sequence[Line], body: float, *, first: bool) -> list[bool]:
    """Return for each line of a page, in reading order, whether it continues the title in the line above.

    On the first page, all lines of large type are one title, whatever they end with. On other pages, a line continues
    the line above if its first word did not fit there; for shorter headings, the rules for paragraphs decide.
    """
    goes_on = [False] * len(lines)
    for begin, end in _groups(lines, body):
        whole = first and _is_title(lines[begin:end])
        for index in range(begin + 1, end):
            goes_on[index] = whole or _had_no_room(lines, index)
    return goes_on


def _groups(lines: Sequence[Line], body: float) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each group of lines in large type that may be one title."""
    begin = 0
    for index, (above, below) in enumerate(pairwise(lines), 1):
        if not _may_go_on(above, below, body):
            yield begin, index
            begin = index
    yield begin, len(lines)


def _may_go_on(above: Line, below: Line, body: float) -> bool:
    near = _SAME_LINE * below.size < above.bottom - below.bottom < _PITCH * below.size and overlap(above, below)
    same = alike(above, below, NEARLY) and above.bold == below.bold and is_large(below, body)
    apart = (
        above.table or below.table or ITEM.match(below.text) or begins_heading(below, body) or LEADER.search(above.text)
    )
    return near and same and not apart


def _is_title(group: Sequence[Line]) -> bool:
    """Return whether lines are one title: possibly a question, but not several sentences, and no full stop inside."""
    ends = [line for line in group if _HEADING_STOP.search(line.text)]
    inside = [line for line in ends if line.text.endswith(".") and line is not group[-1]]
    return len(group) <= _MAX_TITLE_LINES and len(ends) <= 1 and not inside


def _had_no_room(lines: Sequence[Line], index: int) -> bool:
    """Return whether the line above does not end a sentence and had no room for this line's first word."""
    above, line = lines[index - 1], lines[index]
    column = [other for other in lines[max(0, index - _REACH) : index + _REACH] if overlap(above, other)]
    width = max(other.right for other in column) - min(other.left for other in column)
    full = above.width + first_word_width(line) > width - _EM * line.size
    return full and not _HEADING_STOP.search(above.text)


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A bookmark: its words, the index of its target page, and its depth from 1."""

    title: str
    page: int
    level: int


def heading_levels(found: Sequence[Paragraph], body: float, outline: Sequence[OutlineEntry]) -> list[int]:
    """Return the heading level of each paragraph, 0 for those that are no headings."""
    levels = _by_outline(found, outline)
    if sum(map(bool, levels)) >= _OUTLINE_MATCHES:
        return levels
    typographic = _by_type(found, body)
    return [a or b for a, b in zip(levels, typographic, strict=True)]


def _by_outline(found: Sequence[Paragraph], outline: Sequence[OutlineEntry]) -> list[int]:
    wanted: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for entry in outline:
        wanted[entry.page].setdefault(_key(entry.title), min(entry.level, _MAX_LEVEL))
    levels = []
    for paragraph in found:
        page = paragraph.pages[0][1] if paragraph.pages and paragraph.pages[0][0] == 0 else paragraph.page
        short = len(paragraph.text) <= _MAX_HEADING_CHARACTERS and not paragraph.table
        levels.append(wanted[page].pop(_key(paragraph.text), 0) if short and page in wanted else 0)
    return levels


def _key(text: str) -> str:
    """Return only the letters, without numbering, because outlines often add or omit it."""
    return _NUMBERING.sub("", re.sub(r"[\W_]+", "", text).lower()) or text


def _by_type(found: Sequence[Paragraph], body: float) -> list[int]:
    """Return heading levels by type size: the largest type has level 1; bold type of the body's size comes last."""
    sizes = sorted({round(paragraph.first.size) for paragraph in found if _is_large(paragraph, body)}, reverse=True)
    level = {size: min(rank, _MAX_LEVEL) for rank, size in enumerate(sizes, 1)}
    bold = [_is_bold(paragraph, body) for paragraph in found]
    below = min(len(sizes) + 1, _MAX_LEVEL) if sum(bold) <= _MAX_BOLD_SHARE * len(found) else 0
    return [
        level[round(paragraph.first.size)] if _is_large(paragraph, body) else below * is_bold
        for paragraph, is_bold in zip(found, bold, strict=True)
    ]


def _is_large(paragraph: Paragraph, body: float) -> bool:
    return (
        paragraph.first.size > _LARGER * body
        and paragraph.lines <= _MAX_HEADING_LINES
        and len(paragraph.text) <= _MAX_HEADING_CHARACTERS
        and _worded(paragraph)
        and not paragraph.text.endswith((",", ";", "."))
    )


def _is_bold(paragraph: Paragraph, body: float) -> bool:
    return (
        paragraph.bold
        and paragraph.first.size > body / _LARGER
        and not _is_large(paragraph, body)
        and len(paragraph.text) <= _MAX_BOLD_CHARACTERS
        and "\n" not in paragraph.text
        and _worded(paragraph)
        and not paragraph.text.endswith((",", ";", ".", ":"))
    )


def _worded(paragraph: Paragraph) -> bool:
    return (
        not paragraph.first.sideways
        and not paragraph.table
        and sum(map(str.isalpha, paragraph.text)) >= _LETTERS
        and paragraph.text[0].isalnum()
    )


Relation = Literal["join", "newline", "paragraph"]
"""How a line continues the one before."""

_BULLET = re.compile(r"[•▪◦●○■□►‣⁃]")
_SENTENCE_END = re.compile(r"[.!?:…。！？][\"'”’»)\]]*\d{0,2}$")
_CAPTION = re.compile(
    r"(?-i:(?=[A-Z]))(?:fig(?:ure)?|tab(?:le|leau|elle)?|abb(?:ildung)?|chart)\b\.?\s*\d", re.IGNORECASE
)
"""The beginning of a caption. In lower case, it is a line of prose that refers to one."""
_HYPHEN = re.compile(r"[^\W\d_]-$")
_SMALLER = 0.94
_BODY = 1.12
"""Type larger than this multiple of the body size is a heading, and never continues an earlier paragraph."""
_GAP = 1.3
_SLIGHT_GAP = 1.15
_MAX_DROP_PITCHES = 2.5
_LEVEL = 0.3
"""Two lines are on one level if their distance is less than this share of the type size."""
_HALF_LINE = 40
_PROSE_LINE = 25
"""So many letters fill a line of prose; a shorter line goes on only where the next one begins with a small letter."""
_LOOK_BACK = 80
_TAIL = 20
_HALF_LINE_SHARE = 0.6


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together, joined to one text."""

    text: str
    first: Line
    last: Line
    page: int
    """The index of the page on which it begins."""
    last_page: int
    """The index of the page with its last line."""
    lines: int = 1
    bold: bool = False
    pages: list[tuple[int, int]] = field(default_factory=list)
    """For each page that begins in this paragraph: its offset in the text, and its index."""

    right: float = 0.0
    """The right margin at its last line."""
    places: list[tuple[int, int, int]] = field(default_factory=list)
    """What it was made from: the index of a page, and the start and the end of a part of its text."""

    @property
    def table(self) -> PageTable | None:
        """The table that it is; None for words."""
        return self.first.table

    @property
    def ends_sentence(self) -> bool:
        """Whether its last sentence has ended."""
        return bool(_SENTENCE_END.search(self.text[-_TAIL:]))

    @property
    def is_item(self) -> bool:
        """Whether its last separate line begins with a list mark."""
        return bool(ITEM.match(self.text.rsplit("\n", 1)[-1]))


def paragraphs(pages: Sequence[Sequence[Line]], body: float) -> list[Paragraph]:
    """Return the paragraphs of a document whose body has type of the size `body`.

    An empty page gets the same start as the next page.
    """
    joiner = _Joiner(pages, body)
    for number, lines in enumerate(pages):
        joiner.page(number, lines)
    return joiner.finish()


def body_size(pages: Sequence[Sequence[Line]]) -> float:
    """Return the type size in which most letters are set."""
    letters: Counter[float] = Counter()
    for line in (line for lines in pages for line in lines):
        letters[round(line.size * 2) / 2] += len(line.text)
    return letters.most_common(1)[0][0] if letters else 0.0


class _Joiner:
    """Joins lines in reading order: decides for each line how it continues the one before."""

    def __init__(self, pages: Sequence[Sequence[Line]], body: float) -> None:
        self.found: list[Paragraph] = []
        self._later: list[Paragraph] = []
        self._pending: list[int] = []
        self._number = 0
        self._pitch = pitches(pages)
        self._body = body
        self._words = Words.of(line.text for lines in pages for line in lines)

    def page(self, number: int, lines: Sequence[Line]) -> None:
        """Add the lines of a page."""
        self._number = number
        self._pending.append(number)
        titles = continues_title(lines, self._body, first=not self.found)
        for edges, line, goes_on in zip(edges_of(lines), lines, titles, strict=True):
            relation: Relation = "join" if goes_on else self._relation(line, edges) if self.found else "paragraph"
            if relation == "paragraph":
                self._begin(Paragraph(line.text, line, line, number, number, bold=line.bold))
            else:
                self._extend(self.found[-1], line, relation)
            self.found[-1].right = edges.right
            self.found[-1].places += [(number, place.start, place.end) for place in line.places]

    def finish(self) -> list[Paragraph]:
        """Return all paragraphs, including those that were put aside."""
        self.found += self._later
        return self.found

    def _begin(self, paragraph: Paragraph) -> None:
        self.found += self._later
        self._later = []
        self.found.append(paragraph)
        self._mark_pages(0)

    def _extend(self, paragraph: Paragraph, line: Line, relation: Relation) -> None:
        newline = relation == "newline"
        head = f"{paragraph.text}\n" if newline else self._words.before(paragraph.text, line.text)
        self._mark_pages(len(head))
        paragraph.text = head + line.text
        paragraph.last = line
        paragraph.last_page = self._number
        paragraph.lines += 1
        paragraph.bold = paragraph.bold and line.bold

    def _mark_pages(self, offset: int) -> None:
        self.found[-1].pages += [(offset, page) for page in self._pending]
        self._pending = []

    def _resume(self, line: Line) -> bool:
        """Continue an earlier paragraph that notes, captions or stamps interrupt; return whether there is one.

        The interruptions move before the paragraph if they are on the page where it begins, else after it.
        """
        index = len(self.found) - 1
        while index > max(-1, len(self.found) - _LOOK_BACK) and not self._continues(self.found[index], line):
            if not self._interrupts(self.found[index], line):
                return False
            index -= 1
        if index < 0 or not self._continues(self.found[index], line):
            return False
        resumed = self.found[index]
        between = self.found[index + 1 :]
        if resumed.last_page == self._number and _displays(resumed, between, line):
            return False
        before = [other for other in between if other.page <= resumed.page]
        if before:
            before[0].pages[:0] = [mark for mark in resumed.pages if not mark[0]]
            resumed.pages = [mark for mark in resumed.pages if mark[0]]
        self.found[index:] = [*before, resumed]
        later = [other for other in between if other.page > resumed.page]
        self._pending[:0] = [page for other in later for _, page in other.pages]
        for other in later:
            other.pages.clear()
        self._later += later
        return True

    def _continues(self, paragraph: Paragraph, line: Line) -> bool:
        return _continues(paragraph, line) and self._words.may_go_on(paragraph.text, line.text)

    def _relation(self, line: Line, edges: Edges) -> Relation:
        paragraph = self.found[-1]
        if line.sideways or line.table:
            return "paragraph"
        turned = bool(self._pending) or _turns(paragraph.last, line)
        relation = "paragraph" if turned else self._below(paragraph, line, edges)
        if relation == "paragraph" and line.size < _BODY * self._body and (turned or self._interrupts(paragraph, line)):
            return "join" if self._resume(line) else "paragraph"
        return relation

    def _interrupts(self, paragraph: Paragraph, line: Line) -> bool:
        """Return whether a paragraph is a footnote, label, caption, table or stamp, which may interrupt a sentence."""
        if paragraph.table:
            return True
        small = paragraph.last.size < _SMALLER * min(line.size, self._body)
        return small or paragraph.last.sideways or bool(_CAPTION.match(paragraph.text))

    def _below(self, paragraph: Paragraph, line: Line, edges: Edges) -> Relation:
        """Return how a line below the last line continues it."""
        last = paragraph.last
        drop = last.bottom - line.bottom
        if paragraph.table or not alike(last, line) or _CAPTION.match(line.text):
            return "paragraph"
        if begins_heading(line, self._body):
            return "paragraph"
        pitch = self._pitch[rounded(line.size)]
        if _is_broken(paragraph, line) and drop < _MAX_DROP_PITCHES * pitch:
            return "join"
        if paragraph.bold != line.bold and (paragraph.bold or paragraph.ends_sentence):
            return "paragraph"
        if abs(drop) <= _LEVEL * line.size:
            return "join"
        if drop > _GAP * pitch:
            return "join" if drop < _MAX_DROP_PITCHES * pitch and _goes_on(paragraph, line) else "paragraph"
        return _directly_below(paragraph, line, edges, apart=drop > _SLIGHT_GAP * pitch)


def _turns(last: Line, line: Line) -> bool:
    """Return whether a line is above or beside the last line: at the top of a column, or in the margin."""
    return last.bottom - line.bottom < -_LEVEL * line.size or not overlap(last, line)


def _is_broken(paragraph: Paragraph, line: Line) -> bool:
    """Return whether a word is broken between the paragraph and the line."""
    return bool(_HYPHEN.search(paragraph.text[-_TAIL:])) and line.text[:1].islower()


def _displays(above: Paragraph, between: Sequence[Paragraph], below: Line) -> bool:
    """Return whether the paragraphs between an interrupted text and its continuation are displays in the same column.

    Displays are code, quotes and formulas. They keep their place, because the text after them refers to them. Figures
    with a caption, notes in the margin, and footnotes of the previous column are not displays.
    """
    left, right = min(above.first.left, below.left), max(above.right, below.right)
    if _turns(above.last, below) or any(_CAPTION.match(paragraph.text) for paragraph in between):
        return False
    return any(
        below.bottom < paragraph.last.bottom < above.last.bottom
        and not paragraph.last.sideways
        and min(paragraph.last.right, right) > max(paragraph.last.left, left)
        for paragraph in between
    )


def _continues(paragraph: Paragraph, line: Line) -> bool:
    """Return whether a line beyond a gap may be the rest of the paragraph's last sentence."""
    if not alike(paragraph.last, line, NEARLY) or paragraph.last.bold != line.bold or paragraph.ends_sentence:
        return False
    if ITEM.match(line.text) or _CAPTION.match(line.text) or _CAPTION.match(paragraph.text):
        return False
    if paragraph.table or max(paragraph.last.cells, line.cells) > 1:
        return False
    prose = paragraph.lines > 1 or len(paragraph.text) > _HALF_LINE
    full = paragraph.last.right > paragraph.right - 2 * _EM * line.size and len(paragraph.last.text) >= _PROSE_LINE
    return prose and (line.text[:1].islower() or full)


def _directly_below(paragraph: Paragraph, line: Line, edges: Edges, *, apart: bool) -> Relation:
    """Return how a line at the usual distance continues; indents, list marks and short lines decide."""
    em = _EM * line.size
    last = paragraph.last
    end = last.right + first_word_width(line)
    early = end < edges.right - em
    if LEADER.search(last.text) or min(last.cells, line.cells) > 1:
        return "newline"
    if ITEM.match(line.text) and (early or paragraph.ends_sentence or _BULLET.match(line.text)):
        return "newline" if paragraph.is_item else "paragraph"
    if paragraph.is_item and "\n" not in paragraph.text and line.left < paragraph.first.left - em / 2:
        return "paragraph"
    if _begins_by_indent(paragraph, line, edges, em) and (early or paragraph.ends_sentence):
        return "paragraph"
    if early and not line.text[:1].islower():
        return "paragraph" if paragraph.ends_sentence and not paragraph.is_item else "newline"
    far = end < edges.left + _HALF_LINE_SHARE * (edges.right - edges.left)
    return "newline" if early and (apart or far) and not paragraph.is_item else "join"


def _begins_by_indent(paragraph: Paragraph, line: Line, edges: Edges, em: float) -> bool:
    """Return whether a line is an indented first line, or an outdented entry after indented lines."""
    last = paragraph.last
    set_in = line.left > edges.left + em and last.left < line.left - em and not paragraph.is_item
    hanging = paragraph.lines > 1 and last.left > paragraph.first.left + em and line.left < last.left - em
    return set_in or hanging


def _goes_on(paragraph: Paragraph, line: Line) -> bool:
    return line.text[:1].islower() and not paragraph.ends_sentence
