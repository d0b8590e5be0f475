"""Parses plain text: paragraphs, clear headings, and the title, author and date that its head states."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from index.loading import describing
from index.loading.composing import Block, Draft, one_line, paragraph, verbatim
from index.loading.normalising import normalise
from index.loading.unwrapping import Width, unwrap

if TYPE_CHECKING:
    from index.loading.composing import Content

_UNDERLINE = re.compile(r"([=\-~^\"'`#*+.:])\1{2,}")
_CHAPTER = re.compile(
    r"(?:chapter|part|book|section|appendix|act|scene|letter|article)\s+(?:[ivxlcdm]+|\d+|[a-z]|one|two|three|four|five"
    r"|six|seven|eight|nine|ten|the\s+\w+)\b[.:]?(?:\s+(?-i:[^a-z\s]).*)?",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(\d+(?:\.\d+)*)\.?\s+[A-ZÀ-Þ][^.!?;]*[^.!?,;:\s]")
_STARS_ALONE = re.compile(r"^\*+ +\S.*$", re.MULTILINE)
_STARS = re.compile(r"(\*+)\s+(\S.*)")
_HEADING_LENGTH = 100
_CAPITALS_LEVEL = 2
_MEDIA_TYPE_ORG = "text/org"


def read(content: Content, name: str) -> Draft:  # noqa: ARG001 - every format's `read` has this signature
    """Return the draft of plain text, or of Org, whose headings are lines with stars."""
    org = content.media_type == _MEDIA_TYPE_ORG
    found = stanzas(_STARS_ALONE.sub(r"\n\n\g<0>\n\n", content.text) if org else content.text)
    described = describing.describe([[line.strip() for line in stanza] for stanza in found])
    reader = _Reader(described.title, Width.of(found), org=org)
    made = [block for stanza in found for block in reader.blocks(stanza)]
    return Draft(made, described.title, described.author, described.date)


def blocks(text: str) -> list[Block]:
    """Return the blocks of plain text that is embedded in another format."""
    found = stanzas(text)
    reader = _Reader("", Width.of(found), org=False)
    return [block for stanza in found for block in reader.blocks(stanza)]


def stanzas(text: str) -> list[list[str]]:
    """Return the runs of lines between blank lines."""
    return [stanza.split("\n") for stanza in normalise(text).split("\n\n")]


class _Reader:
    """Turns stanzas into blocks, and remembers the heading level of each kind of underline."""

    def __init__(self, title: str, width: Width, *, org: bool) -> None:
        self._title = title
        self._width = width
        self._org = org
        self._underlines: list[str] = []

    def blocks(self, stanza: list[str]) -> list[Block]:
        """Return the headings at the top of a stanza and the paragraphs below them."""
        headings: list[Block] = []
        lines = deque(stanza)
        _drop_overline(lines)
        while len(lines) > 1 and _underlines(lines[1], lines[0]):
            headings.append(paragraph(lines.popleft(), self._underline_level(lines.popleft().strip()[0])))
            _drop_overline(lines)
        return headings + (self._body(list(lines)) if lines else [])

    def _body(self, stanza: list[str]) -> list[Block]:
        level = self._level(stanza[0].strip()) if len(stanza) == 1 else 0
        if level:
            return [paragraph(_STARS.sub(r"\2", stanza[0]) if self._org else stanza[0], level)]
        return [verbatim(text) for text in unwrap(stanza, self._width) if text.strip()]

    def _underline_level(self, mark: str) -> int:
        if mark not in self._underlines:
            self._underlines.append(mark)
        return self._underlines.index(mark) + 1

    def _level(self, line: str) -> int:
        stars = _STARS.fullmatch(line) if self._org else None
        if stars:
            return len(stars.group(1))
        if self._title and one_line(line) == self._title:
            return 1
        if describing.iso_date(line):
            return 0
        if len(line) > _HEADING_LENGTH or line.endswith((".", ",", ";", ":", "!")):
            return 1 if _CHAPTER.fullmatch(line) and len(line) <= _HEADING_LENGTH else 0
        if _CHAPTER.fullmatch(line):
            return 1
        numbered = _NUMBERED.fullmatch(line)
        if numbered:
            return 1 + numbered.group(1).count(".")
        return _CAPITALS_LEVEL if _is_capitals(line) else 0


def _drop_overline(lines: deque[str]) -> None:
    """Remove the upper of two equal rules around a heading."""
    if len(lines) > 2 and _underlines(lines[0], lines[1]) and lines[0].strip() == lines[2].strip():
        lines.popleft()


def _underlines(rule: str, line: str) -> bool:
    rule, line = rule.strip(), line.strip()
    return bool(_UNDERLINE.fullmatch(rule)) and bool(line) and line[0].isalnum() and len(rule) >= len(line) * 0.8


def _is_capitals(line: str) -> bool:
    """Return whether a line is two words or more in capitals: `THE CUSTOMS OF THE SEA`, not `ISBN 3` or `- A`."""
    words = re.findall(r"[^\W\d_]{2,}", line)
    return len(words) > 1 and line.isupper() and line[0].isalnum() and "|" not in line
