"""Measures the typography of a PDF: margins and line spacing, raised note marks, words hyphenated at a margin."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.loading.pdf.lines import Line
    from index.loading.pdf.pdfium import Glyph, PageText, Run

_SIGNS = "*∗†‡§¶"
_MARK = rf"(?:\d{{1,3}}(?:[,–-]\d{{1,3}})*|[{_SIGNS}]+)"
_SOME = re.compile(rf"[\d{_SIGNS}]")
_BEFORE_NOTE = re.compile(rf"(?:^{_MARK}|(?<!\S)[{_SIGNS}]+|(?<!\S)\d{{1,2}}(?=[^\W\d_]{{3}}))(?=[^\W\d_]|[“\"‘'(\\/])")
"""A mark at the beginning of a note, or before a name in a list of affiliations; not in `14C`."""
_WORD_END = r"[^\W\d_]{3}[.,;:!?)\]”’\"»]*"
_AFTER_WORD, _ANNOTATED = re.compile(rf"{_WORD_END}(?={_MARK}(?!\w))"), re.compile(rf"{_WORD_END}$")
"""The word has at least three letters, because `m2` and `x2` have no note."""
_FUNCTION = re.compile(r"(?:sin|cos|tan|cot|sec|csc|log|sinh|cosh|tanh|exp|min|max)$", re.IGNORECASE)
_MARK_TAIL = 20
_SMALLER = 0.85
_RAISED = 0.15
"""The least height of a raised mark above the baseline, as a share of the type size beside it."""
_COMPOUND = re.compile(r"(?<![^\W\d_])[^\W\d_]++(?:-[^\W\d_]++)+")
_WORD = re.compile(r"[^\W\d_]+")
_BROKEN = re.compile(r"([^\W\d_]+(?:-[^\W\d_]+)*)-$")
_SQUARE_SCRIPT = re.compile("[\u2e80-\ua4cf\uf900-\ufaff\uff00-\uffef]")
"""Scripts that are written without blanks between words."""
_WHOLE_WORD = 4
_TAIL = 80
_PREFIXES = {
    "anti",
    "counter",
    "extra",
    "fore",
    "hyper",
    "inter",
    "macro",
    "micro",
    "multi",
    "over",
    "under",
    "semi",
} | {"super", "trans", "with"}
_SAME_SIZE = 1.13
NEARLY = 1.07
"""Two sizes count as equal up to the ratio `_SAME_SIZE`; `NEARLY` is a stricter ratio."""
_RUN_GAP = 2.0
_NEIGHBOURS = 12
_USUAL_PITCH = 1.25
_FEWEST_SAMPLES = 5


def is_mark(text: str) -> bool:
    """Return whether the text is a note mark."""
    return bool(re.fullmatch(_MARK, text))


def is_annotated(text: str) -> bool:
    """Return whether a text ends in a word that can have a note."""
    return bool(_ANNOTATED.search(text[-_MARK_TAIL:])) and not _FUNCTION.search(text)


def is_raised(size: float, baseline: float, beside: float, floor: float) -> bool:
    """Return whether type is smaller than the type `beside` it, and its baseline is above that type's (`floor`)."""
    return size < _SMALLER * beside and baseline > floor + _RAISED * beside


def spaced(page: PageText, run: Run) -> str:
    """Return the words of a run with a blank between each mark and the word beside it."""
    words = run.words
    if not _SOME.search(words):
        return words
    for place in sorted(_seams(page, run), reverse=True):
        words = f"{words[:place]} {words[place:]}"
    return words


def _seams(page: PageText, run: Run) -> Iterator[int]:
    for found in _BEFORE_NOTE.finditer(run.words):
        if _raised(page.glyph(run.start + found.start()), page.glyph(run.start + found.end())):
            yield found.end()
    for found in _AFTER_WORD.finditer(run.words):
        word = page.glyph(run.start + found.start())
        if not _FUNCTION.search(run.words, 0, found.end()) and _raised(page.glyph(run.start + found.end()), word):
            yield found.end()


def _raised(mark: Glyph | None, word: Glyph | None) -> bool:
    """Return whether a mark is raised above a word. False if either is unknown. Assumes text that runs to the right."""
    return mark is not None and word is not None and is_raised(mark.rise[1], mark.y, word.rise[1], word.y)


def gap(text: str, following: str) -> str:
    """Return a blank between two texts; none between letters of a script that is written without blanks."""
    return "" if _SQUARE_SCRIPT.match(text[-1:]) and _SQUARE_SCRIPT.match(following[:1]) else " "


def spaced_words(words: Sequence[str]) -> str:
    """Return words with the gaps between them."""
    return "".join(gap(before, word) * bool(before) + word for before, word in pairwise(["", *words]))


@dataclass(frozen=True, slots=True)
class Words:
    """The words inside of lines: no margin can have caused their hyphens."""

    compounds: frozenset[str]
    plain: frozenset[str]
    inner: frozenset[str]
    """Those that are not the first of their line: no broken word ends in them."""

    @classmethod
    def of(cls, lines: Iterable[str]) -> Words:
        """Collect the words of lines, except a last word that ends in a hyphen."""
        compounds: set[str] = set()
        plain: set[str] = set()
        inner: set[str] = set()
        for line in lines:
            lowered = line.lower()
            compounds.update(_COMPOUND.findall(lowered))
            words = _WORD.findall(lowered.rsplit(" ", 1)[0] if lowered.endswith("-") else lowered)
            plain.update(words)
            inner.update(words[1:])
        return cls(frozenset(compounds), frozenset(plain), frozenset(inner))

    def before(self, text: str, following: str) -> str:
        """Return the text so far, ready for the next line: with a blank, or without the hyphen of a broken word."""
        broken = _BROKEN.search(text[-_TAIL:])
        if broken:
            return text if self._keeps_hyphen(broken.group(1).lower(), following) else text[:-1]
        return text + gap(text, following)

    def may_go_on(self, text: str, following: str) -> bool:
        """Return whether a word broken at the end of a text may end in a line of another column or page.

        It may not if the line begins with a word of its own, and the whole word is nowhere else in the document.
        """
        broken, tail = _BROKEN.search(text[-_TAIL:]), _WORD.match(following)
        if not broken or not tail:
            return True
        head, word = broken.group(1).lower().rsplit("-", 1)[-1], tail.group().lower()
        return head + word in self.plain or head in _PREFIXES or head in self.inner or word not in self.inner

    def _keeps_hyphen(self, head: str, following: str) -> bool:
        """Return whether the hyphen stays: the text elsewhere has this compound, or has its parts only as two words."""
        tail = _WORD.match(following)
        if not tail or not following[0].islower():
            return True
        word = tail.group().lower()
        first = head.rsplit("-", 1)[-1]
        if f"{head}-{word}" in self.compounds:
            return True
        if first + word in self.plain or min(len(first), len(word)) < _WHOLE_WORD or first in _PREFIXES:
            return False
        return first in self.plain and word in self.plain


@dataclass(frozen=True, slots=True)
class Edges:
    """The margins of the column that contains a line."""

    left: float
    right: float


def edges_of(lines: Sequence[Line]) -> Iterator[Edges]:
    """Yield the margins around each line. They are measured on the run of similar lines that contains it."""
    lefts, rights = [line.left for line in lines], [line.right for line in lines]
    joined = [_is_beside(above, below) for above, below in pairwise(lines)]
    for index in range(len(lines)):
        first, last = index, index
        while first > max(0, index - _NEIGHBOURS) and joined[first - 1]:
            first -= 1
        while last < min(len(lines), index + _NEIGHBOURS) - 1 and joined[last]:
            last += 1
        yield Edges(min(lefts[first : last + 1]), max(rights[first : last + 1]))


def pitches(pages: Sequence[Sequence[Line]]) -> defaultdict[float, float]:
    """Return for each type size the usual distance from one line to the next."""
    samples: defaultdict[float, list[float]] = defaultdict(list)
    for lines in pages:
        for above, below in pairwise(lines):
            drop = above.bottom - below.bottom
            if rounded(above.size) == rounded(below.size) and 0 < drop < 3 * below.size and overlap(above, below):
                samples[rounded(below.size)].append(drop)
    known = {size: median(drops) for size, drops in samples.items() if len(drops) >= _FEWEST_SAMPLES}
    sizes = {rounded(line.size) for lines in pages for line in lines}
    usual = median([pitch / size for size, pitch in known.items() if size]) if any(known) else _USUAL_PITCH
    return defaultdict(lambda: 0.0, {size: known.get(size, usual * size) for size in sizes})


def rounded(size: float) -> float:
    """Return the size rounded to half a point."""
    return round(size * 2) / 2


def overlap(a: Line, b: Line) -> bool:
    """Return whether two lines overlap horizontally: one is above the other, at least in part."""
    return min(a.right, b.right) > max(a.left, b.left)


def alike(last: Line, line: Line, tolerance: float = _SAME_SIZE) -> bool:
    """Return whether both lines run in the same direction, in type of one size."""
    return last.sideways == line.sideways and 1 / tolerance < line.size / max(last.size, 0.1) < tolerance


def first_word_width(line: Line) -> float:
    """Return the width of the first word and the blank before it, by the average width of the line's letters."""
    word = line.text.split(maxsplit=1)[0]
    return (len(word) + 1) * line.width / max(1, len(line.text))


def _is_beside(above: Line, below: Line) -> bool:
    """Return whether both lines are neighbours in one column and have one type size."""
    near = abs(above.bottom - below.bottom) < _RUN_GAP * min(above.size, below.size)
    return near and overlap(above, below) and alike(above, below, NEARLY)
