"""Finds the headings of a PDF: the entries of its outline, else paragraphs in larger or bolder type."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.loading.pdf_paragraphs import Paragraph

_LARGER = 1.15
_LONGEST = 160
_LONGEST_BOLD = 90
_MOST_LINES = 4
_OUTLINE_MATCHES = 3
_DEEPEST = 6
_MANY_SHARE = 0.5
_LETTERS = 3
_NUMBERING = re.compile(r"^(?:chapter|section|part|appendix)?[\d.ivx]*(?=[a-z])")


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
        short = len(paragraph.text) <= _LONGEST
        levels.append(wanted[page].pop(_key(paragraph.text), 0) if short and page in wanted else 0)
    return levels


def _key(text: str) -> str:
    """Return the letters only, without numbering, which outlines add or leave out."""
    return _NUMBERING.sub("", re.sub(r"[\W_]+", "", text).lower()) or text


def _by_type(found: Sequence[Paragraph], body: float) -> list[int]:
    """Rank headings by type size: the largest first; bold type of the body's size comes last."""
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
        and sum(map(str.isalpha, paragraph.text)) >= _LETTERS
        and paragraph.text[0].isalnum()
    )
