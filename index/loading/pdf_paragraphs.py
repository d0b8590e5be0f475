"""From printed lines back to paragraphs, headings and lists, across columns and pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from statistics import median
from typing import TYPE_CHECKING, Literal

from index.loading.pdf_words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf_lines import Line

Relation = Literal["join", "newline", "paragraph", "gap"]
"""How a line goes on; across a gap it has to be looked for what it goes on with."""

_ITEM = re.compile(r"(?:[•▪◦●○■□►‣⁃–—*-]|\(?\d{1,2}[.)]|\(?[a-z][.)]|\[\d{1,3}\])\s+\S")
_BULLET = re.compile(r"[•▪◦●○■□►‣⁃]")
_SENTENCE_END = re.compile(r"[.!?:…。！？][\"'”’»)\]]*\d{0,2}$")
_CAPTION = re.compile(r"(?:fig(?:ure)?|tab(?:le|leau|elle)?|abb(?:ildung)?|chart)\b\.?\s*\d", re.IGNORECASE)
_LEADER = re.compile(r"(?:\.\s?){4,}\s*\S{0,6}$")
"""The dots of a table of contents."""
_SAME_SIZE = 1.13
_NEARLY = 1.07
_SMALLER = 0.94
_BODY = 1.12
"""Type larger than this times that of the text is a heading, and does not go on elsewhere."""
_GAP = 1.3
_SLIGHT_GAP = 1.15
_WIDE_GAP = 2.5
_RUN_GAP = 2.0
_HALF_LINE = 40
_LOOK_BACK = 15
_TAIL = 20
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
        return bool(_SENTENCE_END.search(self.text[-_TAIL:]))

    @property
    def is_item(self) -> bool:
        """Whether its last line that was kept as a line begins with the mark of a list."""
        return bool(_ITEM.match(self.text.rsplit("\n", 1)[-1]))


@dataclass(frozen=True, slots=True)
class _Edges:
    """The margins of the column in which a line stands."""

    left: float
    right: float


def paragraphs(pages: Sequence[Sequence[Line]], body: float) -> list[Paragraph]:
    """The paragraphs of a document whose text has type of the size `body`; an empty page begins where the next does."""
    joiner = _Joiner(pages, body)
    for number, lines in enumerate(pages):
        joiner.page(number, lines)
    return joiner.finish()


def body_size(pages: Sequence[Sequence[Line]]) -> float:
    """The size of type in which most letters are set."""
    letters: Counter[float] = Counter()
    for line in (line for lines in pages for line in lines):
        letters[round(line.size * 2) / 2] += len(line.text)
    return letters.most_common(1)[0][0] if letters else 0.0


class _Joiner:
    """Takes lines in reading order, and decides of each how it goes on from the one before."""

    def __init__(self, pages: Sequence[Sequence[Line]], body: float) -> None:
        self.found: list[Paragraph] = []
        self._later: list[Paragraph] = []
        self._pending: list[int] = []
        self._pitch = _pitches(pages)
        self._largest = _BODY * body
        self._words = Words.of(line.text for lines in pages for line in lines)

    def page(self, number: int, lines: Sequence[Line]) -> None:
        """Add the lines of a page."""
        self._pending.append(number)
        for edges, line in zip(_edges(lines), lines, strict=True):
            relation = self._relation(line, edges) if self.found else "paragraph"
            if relation == "gap":
                relation = "join" if self._resume(line) else "paragraph"
            if relation == "paragraph":
                self._begin(Paragraph(line.text, line, line, number, bold=line.bold))
            else:
                self._extend(self.found[-1], line, relation)
            self.found[-1].right = edges.right

    def finish(self) -> list[Paragraph]:
        """All paragraphs, with those that were put aside."""
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
        paragraph.lines += 1
        paragraph.bold = paragraph.bold and line.bold

    def _mark_pages(self, offset: int) -> None:
        self.found[-1].pages += [(offset, page) for page in self._pending]
        self._pending = []

    def _resume(self, line: Line) -> bool:
        """Find the paragraph that this line goes on with, behind the notes, captions and stamps that interrupt it.

        They are put before it, where they are on the page on which it begins, else after it.
        """
        index = len(self.found) - 1
        while index > max(-1, len(self.found) - _LOOK_BACK) and not _continues(self.found[index], line):
            if not _interrupts(self.found[index], line):
                return False
            index -= 1
        if index < 0 or not _continues(self.found[index], line):
            return False
        resumed = self.found[index]
        between = self.found[index + 1 :]
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

    def _relation(self, line: Line, edges: _Edges) -> Relation:
        paragraph = self.found[-1]
        last = paragraph.last
        if line.sideways:
            return "paragraph"
        drop = last.bottom - line.bottom
        moved = bool(self._pending) or drop < -0.3 * line.size or not _overlap(last, line)
        if moved or _interrupts(paragraph, line):
            return "gap" if line.size < self._largest else "paragraph"
        if not _alike(last, line) or _CAPTION.match(line.text):
            return "paragraph"
        if paragraph.bold != line.bold and (paragraph.bold or paragraph.ends_sentence):
            return "paragraph"
        if abs(drop) <= 0.3 * line.size:
            return "join"
        pitch = self._pitch[_rounded(line.size)]
        if drop > _GAP * pitch:
            return "join" if drop < _WIDE_GAP * pitch and _goes_on(paragraph, line) else "paragraph"
        return _below(paragraph, line, edges, apart=drop > _SLIGHT_GAP * pitch)


def _alike(last: Line, line: Line, tolerance: float = _SAME_SIZE) -> bool:
    return last.sideways == line.sideways and 1 / tolerance < line.size / max(last.size, 0.1) < tolerance


def _interrupts(paragraph: Paragraph, line: Line) -> bool:
    """Notes at the foot, labels in figures, captions, stamps: what stands between two halves of a sentence."""
    small = paragraph.last.size < _SMALLER * line.size
    return small or paragraph.last.sideways or bool(_CAPTION.match(paragraph.text))


def _continues(paragraph: Paragraph, line: Line) -> bool:
    """Across a gap: whether the paragraph's last sentence is not over, and this may be the rest of it."""
    if not _alike(paragraph.last, line, _NEARLY) or paragraph.last.bold != line.bold or paragraph.ends_sentence:
        return False
    if _ITEM.match(line.text) or _CAPTION.match(line.text) or _CAPTION.match(paragraph.text):
        return False
    if max(paragraph.last.cells, line.cells) > 1:
        return False
    prose = paragraph.lines > 1 or len(paragraph.text) > _HALF_LINE
    full = paragraph.last.right > paragraph.right - 2 * _EM * line.size
    return prose and (line.text[:1].islower() or full)


def _below(paragraph: Paragraph, line: Line, edges: _Edges, *, apart: bool) -> Relation:
    """Directly below: indents, list marks and lines that end early say what begins anew."""
    em = _EM * line.size
    last = paragraph.last
    end = last.right + _first_word_width(line)
    early = end < edges.right - em
    if _LEADER.search(last.text) or min(last.cells, line.cells) > 1:
        return "newline"
    if _ITEM.match(line.text) and (early or paragraph.ends_sentence or _BULLET.match(line.text)):
        return "newline" if paragraph.is_item else "paragraph"
    if paragraph.is_item and "\n" not in paragraph.text and line.left < paragraph.first.left - em / 2:
        return "paragraph"
    if _begins_by_indent(paragraph, line, edges, em) and (early or paragraph.ends_sentence):
        return "paragraph"
    if early and not line.text[:1].islower():
        return "paragraph" if paragraph.ends_sentence and not paragraph.is_item else "newline"
    far = end < edges.left + _FAR_FROM_FULL * (edges.right - edges.left)
    return "newline" if early and (apart or far) and not paragraph.is_item else "join"


def _begins_by_indent(paragraph: Paragraph, line: Line, edges: _Edges, em: float) -> bool:
    """A first line set in, or an entry set out after lines set in."""
    last = paragraph.last
    set_in = line.left > edges.left + em and last.left < line.left - em and not paragraph.is_item
    hanging = paragraph.lines > 1 and last.left > paragraph.first.left + em and line.left < last.left - em
    return set_in or hanging


def _goes_on(paragraph: Paragraph, line: Line) -> bool:
    return line.text[:1].islower() and not paragraph.ends_sentence


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
        for above, below in pairwise(lines):
            drop = above.bottom - below.bottom
            if _rounded(above.size) == _rounded(below.size) and 0 < drop < 3 * below.size and _overlap(above, below):
                samples[_rounded(below.size)].append(drop)
    known = {size: median(drops) for size, drops in samples.items() if len(drops) >= _FEWEST_SAMPLES}
    sizes = {_rounded(line.size) for lines in pages for line in lines}
    usual = median([pitch / size for size, pitch in known.items() if size]) if any(known) else _USUAL_PITCH
    return defaultdict(lambda: 0.0, {size: known.get(size, usual * size) for size in sizes})


def _edges(lines: Sequence[Line]) -> Iterator[_Edges]:
    """The margins around each line: those of the run of lines of its kind, above and below, in which it stands."""
    for index, line in enumerate(lines):
        above = takewhile(_Beside(line), reversed(lines[max(0, index - _NEIGHBOURS) : index]))
        below = takewhile(_Beside(line), lines[index : index + _NEIGHBOURS])
        run = [line, *above, *below]
        yield _Edges(min(other.left for other in run), max(other.right for other in run))


@dataclass(slots=True)
class _Beside:
    """Whether a line goes on a run of lines in one column and one size, going up or down from the first."""

    last: Line

    def __call__(self, line: Line) -> bool:
        near = abs(self.last.bottom - line.bottom) < _RUN_GAP * line.size
        beside = near and _overlap(self.last, line) and _alike(self.last, line, _NEARLY)
        self.last = line
        return beside
