"""Titles and headings of a PDF, from its outline and the size of its type."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from index.loading.pdf.lines import ITEM, LEADER
from index.loading.pdf.typography import NEARLY, alike, first_word_width, overlap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf.lines import Line
    from index.loading.pdf.paragraphs import Paragraph

_TITLE_LARGER = 1.25
"""The type of a title is at least this many times larger than that of the body."""
_LEVEL, _PITCH = 0.3, 2.0
"""The smallest and the largest distance between the lines of a title, in type sizes."""
_TITLE_MOST_LINES = 4
_EM = 0.8
_REACH = 40
"""The width of a column is measured on this many lines before and after a line."""
_NUMBERED = re.compile(r"(?:chapter\s+)?\d{1,2}(?:\.\d{1,2})*\.?\s", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
"""A colon is not included, because a title often continues after it."""
_LARGER = 1.15
_LONGEST = 160
_LONGEST_BOLD = 90
_MOST_LINES = 4
_OUTLINE_MATCHES = 3
_DEEPEST = 6
_MANY_SHARE = 0.5
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
    near = _LEVEL * below.size < above.bottom - below.bottom < _PITCH * below.size and overlap(above, below)
    same = alike(above, below, NEARLY) and above.bold == below.bold and is_large(below, body)
    apart = (
        above.table or below.table or ITEM.match(below.text) or begins_heading(below, body) or LEADER.search(above.text)
    )
    return near and same and not apart


def _is_title(group: Sequence[Line]) -> bool:
    """Return whether lines are one title: possibly a question, but not several sentences, and no full stop inside."""
    ends = [line for line in group if _SENTENCE_END.search(line.text)]
    inside = [line for line in ends if line.text.endswith(".") and line is not group[-1]]
    return len(group) <= _TITLE_MOST_LINES and len(ends) <= 1 and not inside


def _had_no_room(lines: Sequence[Line], index: int) -> bool:
    """Return whether the line above does not end a sentence and had no room for this line's first word."""
    above, line = lines[index - 1], lines[index]
    column = [other for other in lines[max(0, index - _REACH) : index + _REACH] if overlap(above, other)]
    width = max(other.right for other in column) - min(other.left for other in column)
    full = above.width + first_word_width(line) > width - _EM * line.size
    return full and not _SENTENCE_END.search(above.text)


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
        wanted[entry.page].setdefault(_key(entry.title), min(entry.level, _DEEPEST))
    levels = []
    for paragraph in found:
        page = paragraph.pages[0][1] if paragraph.pages and paragraph.pages[0][0] == 0 else paragraph.page
        short = len(paragraph.text) <= _LONGEST and not paragraph.table
        levels.append(wanted[page].pop(_key(paragraph.text), 0) if short and page in wanted else 0)
    return levels


def _key(text: str) -> str:
    """Return only the letters, without numbering, because outlines often add or omit it."""
    return _NUMBERING.sub("", re.sub(r"[\W_]+", "", text).lower()) or text


def _by_type(found: Sequence[Paragraph], body: float) -> list[int]:
    """Return heading levels by type size: the largest type has level 1; bold type of the body's size comes last."""
    sizes = sorted({round(paragraph.first.size) for paragraph in found if _is_large(paragraph, body)}, reverse=True)
    level = {size: min(rank, _DEEPEST) for rank, size in enumerate(sizes, 1)}
    bold = [_is_bold(paragraph, body) for paragraph in found]
    below = min(len(sizes) + 1, _DEEPEST) if sum(bold) <= _MANY_SHARE * len(found) else 0
    return [
        level[round(paragraph.first.size)] if _is_large(paragraph, body) else below * is_bold
        for paragraph, is_bold in zip(found, bold, strict=True)
    ]


def _is_large(paragraph: Paragraph, body: float) -> bool:
    return (
        paragraph.first.size > _LARGER * body
        and paragraph.lines <= _MOST_LINES
        and len(paragraph.text) <= _LONGEST
        and _worded(paragraph)
        and not paragraph.text.endswith((",", ";", "."))
    )


def _is_bold(paragraph: Paragraph, body: float) -> bool:
    return (
        paragraph.bold
        and paragraph.first.size > body / _LARGER
        and not _is_large(paragraph, body)
        and len(paragraph.text) <= _LONGEST_BOLD
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
