"""From printed lines back to paragraphs, headings and lists, across columns and pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf_lines import Line

Relation = Literal["join", "newline", "paragraph"]

_ITEM = re.compile(r"(?:[•▪◦●○■□►‣⁃–—*-]|\(?\d{1,2}[.)]|\(?[a-z][.)]|\[\d{1,3}\])\s+\S")
_BULLET = re.compile(r"[•▪◦●○■□►‣⁃]")
_SENTENCE_END = re.compile(r"[.!?:…。！？][\"'”’»)\]]*\d{0,2}$")
_CAPTION = re.compile(r"(?:fig(?:ure)?|tab(?:le)?|abb(?:ildung)?|tabelle|tableau|chart|scheme)\b\.?\s*\d", re.IGNORECASE)
_LEADER = re.compile(r"(?:\.\s?){4,}\s*\S{0,6}$")
"""The dots of a table of contents."""
_SAME_SIZE = 1.13
_SMALLER = 0.93
_GAP = 1.3
_SLIGHT_GAP = 1.15
_WIDE_GAP = 2.5
_HALF_LINE = 40
_LOOK_BACK = 15
_FAR_FROM_FULL = 0.6
_NEIGHBOURS = 12
_EM = 0.8
"""Of the height of a line: its type size, roughly the width of two letters."""
_USUAL_PITCH = 1.25
_FEWEST_SAMPLES = 5


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together, their words joined."""

    text: str
    first: Line
    last: Line
    page: int
    lines: int = 1
    bold: bool = False
    pages: list[tuple[int, int]] = field(default_factory=list)
    """Offset in the text and index of each page that begins here."""

    right: float = 0.0
    """The right margin where its last line stands."""

    @property
    def ends_sentence(self) -> bool:
        """Whether its last sentence is over."""
        return bool(_SENTENCE_END.search(self.text))

    @property
    def is_item(self) -> bool:
        """Whether its last line that was kept as a line begins with the mark of a list."""
        return bool(_ITEM.match(self.text.rsplit("\n", 1)[-1]))


@dataclass(frozen=True, slots=True)
class _Edges:
    """The margins of the column in which a line stands."""

    left: float
    right: float


def paragraphs(pages: Sequence[Sequence[Line]]) -> list[Paragraph]:
    """The paragraphs of a whole document; a page without words begins where the next paragraph does."""
    joiner = _Joiner(pages)
    for number, lines in enumerate(pages):
        joiner.page(number, lines)
    return joiner.found


def body_size(pages: Sequence[Sequence[Line]]) -> float:
    """The size of type in which most letters are set."""
    letters: Counter[float] = Counter()
    for line in (line for lines in pages for line in lines):
        letters[round(line.size * 2) / 2] += len(line.text)
    return letters.most_common(1)[0][0] if letters else 0.0


class _Joiner:
    """Takes lines in reading order, and decides of each how it goes on from the one before."""

    def __init__(self, pages: Sequence[Sequence[Line]]) -> None:
        self.found: list[Paragraph] = []
        self._pending: list[int] = []
        self._pitch = _pitches(pages)
        self._words = Words.of(line.text for lines in pages for line in lines)

    def page(self, number: int, lines: Sequence[Line]) -> None:
        """Add the lines of a page."""
        self._pending.append(number)
        for edges, line in zip(_edges(lines), lines, strict=True):
            self._add(line, edges, number)

    def _add(self, line: Line, edges: _Edges, page: int) -> None:
        index = len(self.found) - 1
        relation = self._relation(line, edges)
        if relation == "gap":
            index = self._interrupted(line, page)
            relation = "join" if index >= 0 else "paragraph"
        if relation == "paragraph":
            self.found.append(Paragraph(line.text, line, line, page, bold=line.bold, right=edges.right))
            self._mark_pages(self.found[-1], 0)
        else:
            self._step_aside(index, page)
            self._extend(self.found[-1] if relation == "newline" else self.found[self._resumed], line, relation)
            self.found[self._resumed].right = edges.right

    def _mark_pages(self, paragraph: Paragraph, offset: int) -> None:
        paragraph.pages += [(offset, page) for page in self._pending]
        self._pending = []
def _first_word_width(line: Line) -> float:
    """Of the first word and the blank before it, as wide as the line's letters are on average."""
    word = line.text.split(maxsplit=1)[0]
    return (len(word) + 1) * line.width / max(1, len(line.text))


def _overlap(a: Line, b: Line) -> bool:
    return min(a.right, b.right) > max(a.left, b.left)


def _rounded(size: float) -> float:
    return round(size * 2) / 2


def _pitches(pages: Sequence[Sequence[Line]]) -> defaultdict[float, float]:
    """For each size of type, the usual distance from one line to the next."""
    samples: defaultdict[float, list[float]] = defaultdict(list)
    for lines in pages:
        for above, below in zip(lines, lines[1:], strict=False):
            drop = above.bottom - below.bottom
            if _rounded(above.size) == _rounded(below.size) and 0 < drop < 3 * below.size and _overlap(above, below):
                samples[_rounded(below.size)].append(drop)
    known = {size: median(drops) for size, drops in samples.items() if len(drops) >= _FEWEST_SAMPLES}
    sizes = {_rounded(line.size) for lines in pages for line in lines}
    usual = median([pitch / size for size, pitch in known.items() if size]) if any(known) else _USUAL_PITCH
    return defaultdict(lambda: 0.0, {size: known.get(size, usual * size) for size in sizes})


def _compounds(pages: Sequence[Sequence[Line]]) -> frozenset[str]:
    """Words with a hyphen that stand within a line, where no margin can have caused it."""
    return frozenset(
        found.lower() for lines in pages for line in lines for found in _COMPOUND.findall(line.text)
    )


def _edges(lines: Sequence[Line]) -> Iterator[_Edges]:
    """The margins around each line, as far as its neighbours in the same column show them."""
    for index, line in enumerate(lines):
        near = lines[max(0, index - _NEIGHBOURS) : index + _NEIGHBOURS + 1]
        column = [other for other in near if _overlap(other, line) and other.left < line.right]
        yield _Edges(min(map(_left, column)), max(map(_right, column))) if column else _Edges(line.left, line.right)


def _left(line: Line) -> float:
    return line.left


def _right(line: Line) -> float:
    return line.right
