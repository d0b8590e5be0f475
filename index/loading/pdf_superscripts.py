"""Recognises note marks: superscript figures and signs, which stand beside a word and are no part of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.pdf_runs import Glyph, PageText, Run

_SIGNS = "*∗†‡§¶"
_MARK = rf"(?:\d{{1,3}}(?:[,–-]\d{{1,3}})*|[{_SIGNS}]+)"
_SOME = re.compile(rf"[\d{_SIGNS}]")
_BEFORE_NOTE = re.compile(rf"(?:^{_MARK}|(?<!\S)[{_SIGNS}]+|(?<!\S)\d{{1,2}}(?=[^\W\d_]{{3}}))(?=[^\W\d_]|[“\"‘'(\\/])")
"""A mark at the beginning of a note, or before a name in a list of affiliations; not in `14C`."""
_WORD_END = r"[^\W\d_]{3}[.,;:!?)\]”’\"»]*"
_AFTER_WORD, _ANNOTATED = re.compile(rf"{_WORD_END}(?={_MARK}(?!\w))"), re.compile(rf"{_WORD_END}$")
"""At least three letters: `m2` and `x2` have no note."""
_FUNCTION = re.compile(r"(?:sin|cos|tan|cot|sec|csc|log|sinh|cosh|tanh|exp|min|max)$", re.IGNORECASE)
_TAIL = 20
_SMALLER = 0.85
_RAISED = 0.15
"""A share of the type size beside it."""


def is_mark(text: str) -> bool:
    """Return whether the text is a note mark."""
    return bool(re.fullmatch(_MARK, text))


def is_annotated(text: str) -> bool:
    """Return whether a text ends in a word that can have a note."""
    return bool(_ANNOTATED.search(text[-_TAIL:])) and not _FUNCTION.search(text)


def is_raised(size: float, baseline: float, beside: float, floor: float) -> bool:
    """Return whether type is smaller than that `beside` it, and stands above its baseline, the `floor`."""
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
    """Return whether a mark is raised above a word, in text that runs to the right; other text is not examined."""
    return mark is not None and word is not None and is_raised(mark.rise[1], mark.y, word.rise[1], word.y)
